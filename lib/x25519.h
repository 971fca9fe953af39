/* SPDX-License-Identifier: GPL-2.0-only */
/* X25519 (RFC 7748 section 5) by OpenSSL. */
#ifndef LIB_X25519_H
#define LIB_X25519_H

#include <stdint.h>
#include "err.h"

#define X25519_LEN 32

int x25519_public(const uint8_t private_key[static X25519_LEN],
		  uint8_t ret_public[static X25519_LEN], struct err *err);
/* -EINVAL: the other side's key has a small order, the result would be all zero (section 6.1). */
int x25519_shared(const uint8_t private_key[static X25519_LEN],
		  const uint8_t public_key[static X25519_LEN],
		  uint8_t ret_shared[static X25519_LEN], struct err *err);

#endif
