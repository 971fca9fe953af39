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

int b64_parse(const char *text, uint8_t *ret_bytes, size_t len)
{
	size_t pad = (3 - len % 3) % 3, n = (len + 2) / 3 * 4, out = 0;
	uint32_t acc = 0;
	int bits = 0, bad = 0;

	if (strlen(text) != n || strspn(text + n - pad, "=") != pad)
		return -EINVAL;
	for (size_t i = 0; i < n - pad; i++) {
		int v = digit_value((unsigned char)text[i], '+', '/');

		bad |= v >> 8;
		acc = acc << 6 | (uint32_t)(v & 63);
		bits += 6;
		if (bits >= 8) {
			bits -= 8;
			ret_bytes[out++] = (uint8_t)(acc >> bits);
		}
	}
	/* Spare bits are zero. */
	bad |= (int)(acc & ((1u << bits) - 1));
	return bad ? -EINVAL : 0;
}

const char *b64_text(char *out, size_t out_len, const void *bytes, size_t len)
{
	const uint8_t *in = bytes;
	size_t o = 0;

	if (out_len < B64_TEXT_LEN(len))
		return NULL;
	for (size_t i = 0; i < len; i += 3) {
		size_t left = len - i;
		uint32_t v = (uint32_t)in[i] << 16 | (left > 1 ? (uint32_t)in[i + 1] << 8 : 0) |
			     (left > 2 ? in[i + 2] : 0);

		out[o++] = (char)digit_char((int)(v >> 18), '+', '/');
		out[o++] = (char)digit_char((int)(v >> 12 & 63), '+', '/');
		out[o++] = (char)(left > 1 ? digit_char((int)(v >> 6 & 63), '+', '/') : '=');
		out[o++] = (char)(left > 2 ? digit_char((int)(v & 63), '+', '/') : '=');
	}
	out[o] = '\0';
	return out;
}
