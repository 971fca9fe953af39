/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * API tokens: "sct_live_" + 30 base62 digits (random) + 6 base62 digits (CRC-32 of all before
 * them, most significant digit first; digits are 0-9A-Za-z), so that a typing error is told from a
 * revoked token.
 */
#ifndef LIB_TOKEN_H
#define LIB_TOKEN_H

#include <stdint.h>
#include "err.h"

#define TOKEN_PREFIX "sct_live_"
#define TOKEN_LEN 46 /* 9 + 30 + 6 + NUL */
#define TOKEN_HMAC_LEN 32

int token_make(char out[static TOKEN_LEN], struct err *err);
/* -EINVAL and in err the mistake's name: prefix, length, foreign character, checksum. The text of
 * the error never holds the token. */
int token_check(const char *text, struct err *err);
/* HMAC-SHA-256 under the relay's token key: what the database holds. */
int token_hmac(const uint8_t key[static 32], const char *token, uint8_t ret_hmac[static 32]);

#endif
