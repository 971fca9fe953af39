/* SPDX-License-Identifier: GPL-2.0-only */
#include "machine.h"

#include <openssl/crypto.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <string.h>
#include "buf.h"

#define VALUE_MAX 1024
#define PROOF_MAX 256

static const char context[] = "sidecar machine 1";

DEFINE_CLEANUP(pkey, EVP_PKEY *, EVP_PKEY_free)
DEFINE_CLEANUP(md_ctx, EVP_MD_CTX *, EVP_MD_CTX_free)

static int refuse(struct err *err, int code, const char *what)
{
	ERR_clear_error();
	return err_set(err, code, "machine key: %s", what);
}

int machine_public(const uint8_t seed[static KEY_LEN], uint8_t ret_public[static KEY_LEN],
		   struct err *err)
{
	CLEANUP(pkey)
	EVP_PKEY *key = EVP_PKEY_new_raw_private_key(EVP_PKEY_ED25519, NULL, seed, KEY_LEN);
	size_t len = KEY_LEN;

	if (!key || EVP_PKEY_get_raw_public_key(key, ret_public, &len) != 1 || len != KEY_LEN)
		return refuse(err, -EIO, "no public key came of the private one");
	return 0;
}

/* Every part has a length of its own or a fixed one: no two proofs have the same text. */
static int proof_text(const struct machine_proof *p, uint8_t out[static PROOF_MAX], size_t *ret_len)
{
	struct buf_writer w = buf_writer_new(out, PROOF_MAX);
	size_t len = strlen(p->name);

	if (len >= MACHINE_NAME_LEN)
		return -EINVAL;
	buf_write(&w, context, sizeof(context));
	buf_write(&w, p->exporter, sizeof(p->exporter));
	buf_write_u8(&w, (uint8_t)len);
	buf_write(&w, p->name, len);
	buf_write(&w, p->factors.hash, sizeof(p->factors.hash));
	*ret_len = w.len;
	return buf_write_end(&w);
}

int machine_sign(const uint8_t seed[static KEY_LEN], const struct machine_proof *proof,
		 uint8_t ret_sig[static MACHINE_SIG_LEN], struct err *err)
{
	CLEANUP(pkey)
	EVP_PKEY *key = EVP_PKEY_new_raw_private_key(EVP_PKEY_ED25519, NULL, seed, KEY_LEN);
	CLEANUP(md_ctx) EVP_MD_CTX *ctx = EVP_MD_CTX_new();
	size_t text_len, len = MACHINE_SIG_LEN;
	uint8_t text[PROOF_MAX];

	if (proof_text(proof, text, &text_len))
		return refuse(err, -EINVAL, "the machine's name is too long");
	if (!key || !ctx || EVP_DigestSignInit(ctx, NULL, NULL, NULL, key) != 1 ||
	    EVP_DigestSign(ctx, ret_sig, &len, text, text_len) != 1 || len != MACHINE_SIG_LEN)
		return refuse(err, -EIO, "no signature");
	return 0;
}

int machine_verify(const uint8_t public_key[static KEY_LEN], const struct machine_proof *proof,
		   const uint8_t sig[static MACHINE_SIG_LEN], struct err *err)
{
	CLEANUP(pkey)
	EVP_PKEY *key = EVP_PKEY_new_raw_public_key(EVP_PKEY_ED25519, NULL, public_key, KEY_LEN);
	CLEANUP(md_ctx) EVP_MD_CTX *ctx = EVP_MD_CTX_new();
	uint8_t text[PROOF_MAX];
	size_t text_len;

	if (proof_text(proof, text, &text_len))
		return refuse(err, -EINVAL, "the machine's name is too long");
	if (!key || !ctx || EVP_DigestVerifyInit(ctx, NULL, NULL, NULL, key) != 1)
		return refuse(err, -EIO, "not usable");
	if (EVP_DigestVerify(ctx, sig, MACHINE_SIG_LEN, text, text_len) != 1)
		return refuse(err, -EKEYREJECTED,
			      "the signature is not its own, or of another connection");
	return 0;
}

static int hmac(const void *key, size_t key_len, const void *data, size_t len,
		uint8_t ret_hash[static MACHINE_FACTOR_LEN])
{
	unsigned int hash_len = MACHINE_FACTOR_LEN;

	return HMAC(EVP_sha256(), key, (int)key_len, data, len, ret_hash, &hash_len) ? 0 : -EIO;
}

int machine_factor(const char *pepper, const char *kind, const char *value,
		   uint8_t ret_hash[static MACHINE_FACTOR_LEN])
{
	uint8_t text[VALUE_MAX];
	struct buf_writer w = buf_writer_new(text, sizeof(text));

	memset(ret_hash, 0, MACHINE_FACTOR_LEN);
	if (!value[0])
		return 0;
	buf_write(&w, kind, strlen(kind) + 1);
	buf_write(&w, value, strlen(value));
	if (buf_write_end(&w))
		return -EINVAL;
	return hmac(pepper, strlen(pepper), text, w.len, ret_hash);
}

static bool is_there(const struct machine_factors *f, unsigned int i)
{
	static const uint8_t zero[MACHINE_FACTOR_LEN];

	return CRYPTO_memcmp(f->hash[i], zero, sizeof(zero)) != 0;
}

int machine_factors_salt(const struct machine_factors *inner, const uint8_t salt[static KEY_LEN],
			 struct machine_factors *ret)
{
	int r = 0;

	*ret = (struct machine_factors){};
	for (unsigned int i = 0; !r && i < MACHINE_FACTORS; i++) {
		if (is_there(inner, i))
			r = hmac(salt, KEY_LEN, inner->hash[i], MACHINE_FACTOR_LEN, ret->hash[i]);
	}
	return r;
}

unsigned int machine_factors_count(const struct machine_factors *f)
{
	unsigned int n = 0;

	for (unsigned int i = 0; i < MACHINE_FACTORS; i++)
		n += is_there(f, i);
	return n;
}

bool machine_factors_match(const struct machine_factors *was, const struct machine_factors *now,
			   bool *ret_changed)
{
	unsigned int had = machine_factors_count(was), same = 0, agree = 0;

	for (unsigned int i = 0; i < MACHINE_FACTORS; i++) {
		bool equal = !CRYPTO_memcmp(was->hash[i], now->hash[i], MACHINE_FACTOR_LEN);

		agree += equal;
		same += equal && is_there(was, i);
	}
	*ret_changed = agree != MACHINE_FACTORS;
	return same > 0 && same >= (had < 2 ? had : 2);
}
