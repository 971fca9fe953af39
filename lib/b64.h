/* SPDX-License-Identifier: GPL-2.0-only */
/* Base64 (RFC 4648): section 4 with padding for keys, section 5 without padding for pins. */
#ifndef LIB_B64_H
#define LIB_B64_H

#include <stddef.h>
#include <stdint.h>

#define KEY_LEN 32	/* WireGuard keys and SHA-256 pins */
#define KEY_TEXT_LEN 45 /* 43 digits, '=', NUL */
#define PIN_TEXT_LEN 44 /* 43 digits, NUL */

/*
 * Strict: exactly one text per key. Wrong length, foreign digits, missing padding or non-zero
 * spare bits are -EINVAL. Constant time in the key's bytes.
 */
int b64_key_parse(const char *text, uint8_t ret_key[static KEY_LEN]);
const char *b64_key_text(char out[static KEY_TEXT_LEN], const uint8_t key[static KEY_LEN]);

int b64_pin_parse(const char *text, size_t len, uint8_t ret_pin[static KEY_LEN]);
const char *b64_pin_text(char out[static PIN_TEXT_LEN], const uint8_t pin[static KEY_LEN]);

/* Any number of bytes, with padding. The text's bytes are as long as they must be, or -EINVAL. */
#define B64_TEXT_LEN(len) (((len) + 2) / 3 * 4 + 1)
int b64_parse(const char *text, uint8_t *ret_bytes, size_t len);
const char *b64_text(char *out, size_t out_len, const void *bytes, size_t len);

#endif
