/* SPDX-License-Identifier: GPL-2.0-only */
#include "psk.h"

#include <openssl/core_names.h>
#include <openssl/evp.h>
#include <openssl/kdf.h>
#include <openssl/params.h>
#include <stdbool.h>
#include <string.h>
#include "buf.h"

#define VERSION "sidecar psk 1"
#define HASH_LEN 32
#define MAX_IDS_LEN 256

DEFINE_CLEANUP(md_ctx, EVP_MD_CTX *, EVP_MD_CTX_free)
DEFINE_CLEANUP(kdf, EVP_KDF *, EVP_KDF_free)
DEFINE_CLEANUP(kdf_ctx, EVP_KDF_CTX *, EVP_KDF_CTX_free)

/* The name is the only part whose length varies, and it is led by its length. */
static void put_ids(struct buf_writer *w, const struct psk_ids *ids, uint64_t epoch)
{
	size_t len = strnlen(ids->relay, sizeof(ids->relay));

	buf_write(w, VERSION, sizeof(VERSION) - 1);
	buf_write_u8(w, (uint8_t)len);
	buf_write(w, ids->relay, len);
	buf_write(w, &ids->peer, sizeof(ids->peer));
	buf_write(w, ids->agent_key, KEY_LEN);
	buf_write(w, ids->relay_key, KEY_LEN);
	buf_write_u64(w, epoch);
}

static bool hash(const struct buf_writer *ids, const uint8_t *pk, const uint8_t *ct,
		 uint8_t ret_hash[static HASH_LEN])
{
	CLEANUP(md_ctx) EVP_MD_CTX *ctx = EVP_MD_CTX_new();

	return ctx && EVP_DigestInit_ex(ctx, EVP_sha256(), NULL) == 1 &&
	       EVP_DigestUpdate(ctx, ids->data, ids->len) == 1 &&
	       EVP_DigestUpdate(ctx, pk, XWING_PK_LEN) == 1 &&
	       EVP_DigestUpdate(ctx, ct, XWING_CT_LEN) == 1 &&
	       EVP_DigestFinal_ex(ctx, ret_hash, NULL) == 1;
}

static bool hkdf(uint8_t *secret, uint8_t *info, size_t info_len, void *out, size_t len)
{
	CLEANUP(kdf) EVP_KDF *kdf = EVP_KDF_fetch(NULL, "HKDF", NULL);
	CLEANUP(kdf_ctx) EVP_KDF_CTX *ctx = kdf ? EVP_KDF_CTX_new(kdf) : NULL;
	char digest[] = "SHA256";
	OSSL_PARAM params[] = {
		OSSL_PARAM_construct_utf8_string(OSSL_KDF_PARAM_DIGEST, digest, 0),
		OSSL_PARAM_construct_octet_string(OSSL_KDF_PARAM_KEY, secret, XWING_SS_LEN),
		OSSL_PARAM_construct_octet_string(OSSL_KDF_PARAM_INFO, info, info_len),
		OSSL_PARAM_construct_end(),
	};

	return ctx && EVP_KDF_derive(ctx, out, len, params) == 1;
}

int psk_derive(const struct psk_ids *ids, uint64_t epoch, const uint8_t pk[static XWING_PK_LEN],
	       const uint8_t ct[static XWING_CT_LEN], const uint8_t ss[static XWING_SS_LEN],
	       struct psk_keys *ret_keys, struct err *err)
{
	uint8_t info[MAX_IDS_LEN], transcript[HASH_LEN], secret[XWING_SS_LEN];
	struct buf_writer w = buf_writer_new(info, sizeof(info));
	struct psk_keys keys;
	bool ok;

	_Static_assert(sizeof(keys) == 3 * 32, "one run of bytes");
	memcpy(secret, ss, sizeof(secret));
	put_ids(&w, ids, epoch);
	ok = hash(&w, pk, ct, transcript);
	buf_write(&w, transcript, sizeof(transcript));
	ok = ok && !buf_write_end(&w) && hkdf(secret, info, w.len, &keys, sizeof(keys));
	if (ok)
		*ret_keys = keys;
	explicit_bzero(secret, sizeof(secret));
	explicit_bzero(&keys, sizeof(keys));
	return ok ? 0 : err_set(err, -EIO, "deriving a pre-shared key failed");
}
