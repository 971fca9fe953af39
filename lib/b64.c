/* SPDX-License-Identifier: GPL-2.0-only */
#include "b64.h"

#include <errno.h>
#include <string.h>

/* All bits set when lo <= c <= hi, without a branch on c. */
static int in_range(int c, int lo, int hi)
{
	return ((lo - 1 - c) & (c - hi - 1)) >> 8;
}

/* Value of one digit or -1; c62 and c63 are the alphabet's last two digits. */
static int digit_value(int c, int c62, int c63)
{
	return -1 + (in_range(c, 'A', 'Z') & (c - 'A' + 1)) +
	       (in_range(c, 'a', 'z') & (c - 'a' + 27)) + (in_range(c, '0', '9') & (c - '0' + 53)) +
	       (in_range(c, c62, c62) & 63) + (in_range(c, c63, c63) & 64);
}

static int digit_char(int v, int c62, int c63)
{
	return (in_range(v, 0, 25) & (v + 'A')) | (in_range(v, 26, 51) & (v - 26 + 'a')) |
	       (in_range(v, 52, 61) & (v - 52 + '0')) | (in_range(v, 62, 62) & c62) |
	       (in_range(v, 63, 63) & c63);
}

/* 43 digits carry 258 bits: 32 bytes and two spare bits, which must be zero. */
static int decode43(const char *text, int c62, int c63, uint8_t ret_key[static KEY_LEN])
{
	uint8_t key[KEY_LEN];
	uint32_t acc = 0;
	int bits = 0, out = 0, bad = 0;

	for (int i = 0; i < 43; i++) {
		int v = digit_value((unsigned char)text[i], c62, c63);

		bad |= v >> 8;
		acc = acc << 6 | (uint32_t)(v & 63);
		bits += 6;
		if (bits >= 8) {
			bits -= 8;
			key[out++] = (uint8_t)(acc >> bits);
		}
	}
	bad |= (int)(acc & 3);
	if (!bad)
		memcpy(ret_key, key, sizeof(key));
	explicit_bzero(key, sizeof(key));
	return bad ? -EINVAL : 0;
}

static void encode43(char *out, int c62, int c63, const uint8_t key[static KEY_LEN])
{
	uint32_t acc = 0;
	int bits = 0, o = 0;

	for (int i = 0; i < KEY_LEN; i++) {
		acc = acc << 8 | key[i];
		bits += 8;
		while (bits >= 6) {
			bits -= 6;
			out[o++] = (char)digit_char((int)(acc >> bits & 63), c62, c63);
		}
	}
	out[o] = (char)digit_char((int)(acc << 2 & 63), c62, c63);
}

int b64_key_parse(const char *text, uint8_t ret_key[static KEY_LEN])
{
	if (strlen(text) != 44 || text[43] != '=')
		return -EINVAL;
	return decode43(text, '+', '/', ret_key);
}

const char *b64_key_text(char out[static KEY_TEXT_LEN], const uint8_t key[static KEY_LEN])
{
	encode43(out, '+', '/', key);
	out[43] = '=';
	out[44] = '\0';
	return out;
}

int b64_pin_parse(const char *text, size_t len, uint8_t ret_pin[static KEY_LEN])
{
	if (len != 43)
		return -EINVAL;
	return decode43(text, '-', '_', ret_pin);
}

const char *b64_pin_text(char out[static PIN_TEXT_LEN], const uint8_t pin[static KEY_LEN])
{
	encode43(out, '-', '_', pin);
	out[43] = '\0';
	return out;
}
