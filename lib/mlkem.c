/* SPDX-License-Identifier: GPL-2.0-only */
#include "mlkem.h"

#include <openssl/core_names.h>
#include <openssl/err.h>
#include <openssl/params.h>
#include <stdbool.h>
#include <string.h>

#define NAME "ML-KEM-768"

DEFINE_CLEANUP(pkey, EVP_PKEY *, EVP_PKEY_free)
DEFINE_CLEANUP(pkey_ctx, EVP_PKEY_CTX *, EVP_PKEY_CTX_free)

/* OpenSSL's own reason holds no secret, and says less than our words. */
static int refuse(struct err *err, int code, const char *what)
{
	ERR_clear_error();
	return err_set(err, code, NAME ": %s", what);
}

int mlkem_key_new(const uint8_t *seed, size_t len, EVP_PKEY **ret_key, struct err *err)
{
	CLEANUP(pkey_ctx) EVP_PKEY_CTX *ctx = NULL;
	uint8_t copy[MLKEM_SEED_LEN];
	OSSL_PARAM params[] = {
		OSSL_PARAM_octet_string(OSSL_PKEY_PARAM_ML_KEM_SEED, copy, sizeof(copy)),
		OSSL_PARAM_END};
	bool ok;

	if (len != MLKEM_SEED_LEN)
		return refuse(err, -EINVAL, "a seed has 64 bytes");
	memcpy(copy, seed, sizeof(copy));
	ctx = EVP_PKEY_CTX_new_from_name(NULL, NAME, NULL);
	ok = ctx && EVP_PKEY_fromdata_init(ctx) == 1 &&
	     EVP_PKEY_fromdata(ctx, ret_key, EVP_PKEY_KEYPAIR, params) == 1;
	explicit_bzero(copy, sizeof(copy));
	return ok ? 0 : refuse(err, -EIO, "no key came of the seed");
}

int mlkem_key_public(EVP_PKEY *key, uint8_t ret_ek[static MLKEM_EK_LEN], struct err *err)
{
	size_t len = MLKEM_EK_LEN;

	if (EVP_PKEY_get_raw_public_key(key, ret_ek, &len) != 1 || len != MLKEM_EK_LEN)
		return refuse(err, -EIO, "the key has no public part");
	return 0;
}

int mlkem_encaps(const uint8_t *ek, size_t len, const uint8_t m[static MLKEM_M_LEN],
		 uint8_t ret_ct[static MLKEM_CT_LEN], uint8_t ret_ss[static MLKEM_SS_LEN],
		 struct err *err)
{
	CLEANUP(pkey) EVP_PKEY *key = NULL;
	CLEANUP(pkey_ctx) EVP_PKEY_CTX *ctx = NULL;
	uint8_t copy[MLKEM_M_LEN];
	OSSL_PARAM params[] = {OSSL_PARAM_octet_string(OSSL_KEM_PARAM_IKME, copy, sizeof(copy)),
			       OSSL_PARAM_END};
	size_t ct_len = MLKEM_CT_LEN, ss_len = MLKEM_SS_LEN;
	bool ok;

	if (len != MLKEM_EK_LEN)
		return refuse(err, -EINVAL, "a public key has 1184 bytes");
	key = EVP_PKEY_new_raw_public_key_ex(NULL, NAME, NULL, ek, len);
	if (!key)
		return refuse(err, -EINVAL, "the public key is malformed");
	memcpy(copy, m, sizeof(copy));
	ctx = EVP_PKEY_CTX_new_from_pkey(NULL, key, NULL);
	ok = ctx && EVP_PKEY_encapsulate_init(ctx, params) == 1 &&
	     EVP_PKEY_encapsulate(ctx, ret_ct, &ct_len, ret_ss, &ss_len) == 1 &&
	     ct_len == MLKEM_CT_LEN && ss_len == MLKEM_SS_LEN;
	explicit_bzero(copy, sizeof(copy));
	return ok ? 0 : refuse(err, -EIO, "encapsulation failed");
}

int mlkem_decaps(EVP_PKEY *key, const uint8_t *ct, size_t len, uint8_t ret_ss[static MLKEM_SS_LEN],
		 struct err *err)
{
	CLEANUP(pkey_ctx) EVP_PKEY_CTX *ctx = NULL;
	size_t ss_len = MLKEM_SS_LEN;

	if (len != MLKEM_CT_LEN)
		return refuse(err, -EINVAL, "a ciphertext has 1088 bytes");
	ctx = EVP_PKEY_CTX_new_from_pkey(NULL, key, NULL);
	if (!ctx || EVP_PKEY_decapsulate_init(ctx, NULL) != 1 ||
	    EVP_PKEY_decapsulate(ctx, ret_ss, &ss_len, ct, len) != 1 || ss_len != MLKEM_SS_LEN)
		return refuse(err, -EIO, "decapsulation failed");
	return 0;
}
