/* SPDX-License-Identifier: GPL-2.0-only */
/* Curve25519 keys of WireGuard, by OpenSSL. */
#include "nl_wg.h"

#include <openssl/evp.h>
#include <sys/random.h>

DEFINE_CLEANUP(pkey, EVP_PKEY *, EVP_PKEY_free)

int wg_key_make(uint8_t ret_private[static KEY_LEN])
{
	if (getrandom(ret_private, KEY_LEN, 0) != KEY_LEN)
		return -EIO;
	ret_private[0] &= 248;
	ret_private[31] = (uint8_t)((ret_private[31] & 127) | 64);
	return 0;
}

int wg_key_public(const uint8_t private_key[static KEY_LEN], uint8_t ret_public[static KEY_LEN])
{
	CLEANUP(pkey)
	EVP_PKEY *key = EVP_PKEY_new_raw_private_key(EVP_PKEY_X25519, NULL, private_key, KEY_LEN);
	size_t len = KEY_LEN;

	if (!key || EVP_PKEY_get_raw_public_key(key, ret_public, &len) != 1 || len != KEY_LEN)
		return -EINVAL;
	return 0;
}
