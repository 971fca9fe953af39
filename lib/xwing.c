/* SPDX-License-Identifier: GPL-2.0-only */
#include "xwing.h"

#include <openssl/evp.h>
#include <string.h>
#include <sys/random.h>
#include "mlkem.h"
#include "x25519.h"

DEFINE_CLEANUP(pkey, EVP_PKEY *, EVP_PKEY_free)
DEFINE_CLEANUP(md_ctx, EVP_MD_CTX *, EVP_MD_CTX_free)

_Static_assert(XWING_PK_LEN == MLKEM_EK_LEN + X25519_LEN, "pk = pk_M || pk_X");
_Static_assert(XWING_CT_LEN == MLKEM_CT_LEN + X25519_LEN, "ct = ct_M || ct_X");

/* Section 5.2: what the seed stands for. */
struct expanded {
	uint8_t mlkem_seed[MLKEM_SEED_LEN];
	uint8_t x25519_key[X25519_LEN];
	uint8_t x25519_public[X25519_LEN];
};

static int expand(const uint8_t seed[static XWING_SEED_LEN], struct expanded *ret, struct err *err)
{
	CLEANUP(md_ctx) EVP_MD_CTX *ctx = EVP_MD_CTX_new();
	uint8_t bytes[MLKEM_SEED_LEN + X25519_LEN];
	int r = 0;

	if (!ctx || EVP_DigestInit_ex(ctx, EVP_shake256(), NULL) != 1 ||
	    EVP_DigestUpdate(ctx, seed, XWING_SEED_LEN) != 1 ||
	    EVP_DigestFinalXOF(ctx, bytes, sizeof(bytes)) != 1)
		r = err_set(err, -EIO, "SHAKE-256 failed");
	if (!r) {
		memcpy(ret->mlkem_seed, bytes, MLKEM_SEED_LEN);
		memcpy(ret->x25519_key, bytes + MLKEM_SEED_LEN, X25519_LEN);
		r = x25519_public(ret->x25519_key, ret->x25519_public, err);
	}
	explicit_bzero(bytes, sizeof(bytes));
	return r;
}

/* Section 5.3. */
static int combine(const uint8_t ss_m[static MLKEM_SS_LEN], const uint8_t ss_x[static X25519_LEN],
		   const uint8_t ct_x[static X25519_LEN], const uint8_t pk_x[static X25519_LEN],
		   uint8_t ret_ss[static XWING_SS_LEN], struct err *err)
{
	static const uint8_t label[] = {0x5c, 0x2e, 0x2f, 0x2f, 0x5e, 0x5c}; /* "\.//^\" */
	CLEANUP(md_ctx) EVP_MD_CTX *ctx = EVP_MD_CTX_new();

	if (!ctx || EVP_DigestInit_ex(ctx, EVP_sha3_256(), NULL) != 1 ||
	    EVP_DigestUpdate(ctx, ss_m, MLKEM_SS_LEN) != 1 ||
	    EVP_DigestUpdate(ctx, ss_x, X25519_LEN) != 1 ||
	    EVP_DigestUpdate(ctx, ct_x, X25519_LEN) != 1 ||
	    EVP_DigestUpdate(ctx, pk_x, X25519_LEN) != 1 ||
	    EVP_DigestUpdate(ctx, label, sizeof(label)) != 1 ||
	    EVP_DigestFinal_ex(ctx, ret_ss, NULL) != 1)
		return err_set(err, -EIO, "SHA3-256 failed");
	return 0;
}

int xwing_public(const uint8_t seed[static XWING_SEED_LEN], uint8_t ret_pk[static XWING_PK_LEN],
		 struct err *err)
{
	CLEANUP(pkey) EVP_PKEY *mlkem = NULL;
	struct expanded e;
	int r = expand(seed, &e, err);

	if (!r)
		r = mlkem_key_new(e.mlkem_seed, sizeof(e.mlkem_seed), &mlkem, err);
	if (!r)
		r = mlkem_key_public(mlkem, ret_pk, err);
	if (!r)
		memcpy(ret_pk + MLKEM_EK_LEN, e.x25519_public, X25519_LEN);
	else
		err_prefix(err, "X-Wing key");
	explicit_bzero(&e, sizeof(e));
	return r;
}

/* #syscalls(api): getrandom */
int xwing_encaps(const uint8_t pk[static XWING_PK_LEN], const uint8_t *eseed,
		 uint8_t ret_ct[static XWING_CT_LEN], uint8_t ret_ss[static XWING_SS_LEN],
		 struct err *err)
{
	const uint8_t *pk_x = pk + MLKEM_EK_LEN;
	uint8_t *ct_x = ret_ct + MLKEM_CT_LEN;
	uint8_t drawn[XWING_ESEED_LEN], ss_m[MLKEM_SS_LEN], ss_x[X25519_LEN];
	int r = 0;

	if (eseed)
		memcpy(drawn, eseed, sizeof(drawn));
	else if (getrandom(drawn, sizeof(drawn), 0) != (ssize_t)sizeof(drawn))
		r = err_sys(err, errno ? -errno : -EIO, "getrandom");
	if (!r)
		r = mlkem_encaps(pk, MLKEM_EK_LEN, drawn, ret_ct, ss_m, err);
	if (!r)
		r = x25519_public(drawn + MLKEM_M_LEN, ct_x, err);
	if (!r)
		r = x25519_shared(drawn + MLKEM_M_LEN, pk_x, ss_x, err);
	if (!r)
		r = combine(ss_m, ss_x, ct_x, pk_x, ret_ss, err);
	if (r)
		err_prefix(err, "X-Wing encapsulation");
	explicit_bzero(drawn, sizeof(drawn));
	explicit_bzero(ss_m, sizeof(ss_m));
	explicit_bzero(ss_x, sizeof(ss_x));
	return r;
}

int xwing_decaps(const uint8_t seed[static XWING_SEED_LEN], const uint8_t ct[static XWING_CT_LEN],
		 uint8_t ret_ss[static XWING_SS_LEN], struct err *err)
{
	CLEANUP(pkey) EVP_PKEY *mlkem = NULL;
	const uint8_t *ct_x = ct + MLKEM_CT_LEN;
	uint8_t ss_m[MLKEM_SS_LEN], ss_x[X25519_LEN];
	struct expanded e;
	int r = expand(seed, &e, err);

	if (!r)
		r = mlkem_key_new(e.mlkem_seed, sizeof(e.mlkem_seed), &mlkem, err);
	if (!r)
		r = mlkem_decaps(mlkem, ct, MLKEM_CT_LEN, ss_m, err);
	if (!r)
		r = x25519_shared(e.x25519_key, ct_x, ss_x, err);
	if (!r)
		r = combine(ss_m, ss_x, ct_x, e.x25519_public, ret_ss, err);
	if (r)
		err_prefix(err, "X-Wing decapsulation");
	explicit_bzero(&e, sizeof(e));
	explicit_bzero(ss_m, sizeof(ss_m));
	explicit_bzero(ss_x, sizeof(ss_x));
	return r;
}
