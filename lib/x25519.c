/* SPDX-License-Identifier: GPL-2.0-only */
#include "x25519.h"

#include <openssl/err.h>
#include <openssl/evp.h>

DEFINE_CLEANUP(pkey, EVP_PKEY *, EVP_PKEY_free)
DEFINE_CLEANUP(pkey_ctx, EVP_PKEY_CTX *, EVP_PKEY_CTX_free)

static int refuse(struct err *err, int code, const char *what)
{
	ERR_clear_error();
	return err_set(err, code, "X25519: %s", what);
}

int x25519_public(const uint8_t private_key[static X25519_LEN],
		  uint8_t ret_public[static X25519_LEN], struct err *err)
{
	CLEANUP(pkey)
	EVP_PKEY *key =
		EVP_PKEY_new_raw_private_key(EVP_PKEY_X25519, NULL, private_key, X25519_LEN);
	size_t len = X25519_LEN;

	if (!key || EVP_PKEY_get_raw_public_key(key, ret_public, &len) != 1 || len != X25519_LEN)
		return refuse(err, -EIO, "no public key came of the private one");
	return 0;
}

/* OpenSSL itself compares the result with zero and fails. */
int x25519_shared(const uint8_t private_key[static X25519_LEN],
		  const uint8_t public_key[static X25519_LEN],
		  uint8_t ret_shared[static X25519_LEN], struct err *err)
{
	CLEANUP(pkey)
	EVP_PKEY *own =
		EVP_PKEY_new_raw_private_key(EVP_PKEY_X25519, NULL, private_key, X25519_LEN);
	CLEANUP(pkey)
	EVP_PKEY *other =
		EVP_PKEY_new_raw_public_key(EVP_PKEY_X25519, NULL, public_key, X25519_LEN);
	CLEANUP(pkey_ctx) EVP_PKEY_CTX *ctx = own ? EVP_PKEY_CTX_new(own, NULL) : NULL;
	size_t len = X25519_LEN;

	if (!ctx || !other || EVP_PKEY_derive_init(ctx) != 1 ||
	    EVP_PKEY_derive_set_peer(ctx, other) != 1)
		return refuse(err, -EIO, "a key was not accepted");
	if (EVP_PKEY_derive(ctx, ret_shared, &len) != 1 || len != X25519_LEN)
		return refuse(err, -EINVAL, "the other side's key has a small order");
	return 0;
}
