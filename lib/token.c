/* SPDX-License-Identifier: GPL-2.0-only */
#include "token.h"

#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <stdbool.h>
#include <string.h>
#include <sys/random.h>

#define PREFIX_LEN (sizeof(TOKEN_PREFIX) - 1)
#define RANDOM_LEN 30
#define CHECK_LEN 6
#define BODY_LEN (PREFIX_LEN + RANDOM_LEN)

static const char digits[] = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";

static bool is_digit62(char c)
{
	return c && strchr(digits, c);
}

/* CRC-32 of IEEE 802.3, reflected, as in gzip. */
static uint32_t crc32_of(const char *text, size_t len)
{
	uint32_t crc = 0xffffffff;

	for (size_t i = 0; i < len; i++) {
		crc ^= (unsigned char)text[i];
		for (int bit = 0; bit < 8; bit++)
			crc = crc >> 1 ^ (crc & 1 ? 0xedb88320 : 0);
	}
	return ~crc;
}

static void check_digits(const char *body, char out[static CHECK_LEN])
{
	uint32_t crc = crc32_of(body, BODY_LEN);

	for (int i = CHECK_LEN - 1; i >= 0; i--) {
		out[i] = digits[crc % 62];
		crc /= 62;
	}
}

/* Random bytes of 248 (4 * 62) and more are thrown away, so that every digit is as likely.
 * #syscalls(api): getrandom
 */
int token_make(char out[static TOKEN_LEN], struct err *err)
{
	uint8_t pool[64];
	size_t n = 0;
	int r = 0;

	memcpy(out, TOKEN_PREFIX, PREFIX_LEN);
	while (!r && n < RANDOM_LEN) {
		if (getrandom(pool, sizeof(pool), 0) != (ssize_t)sizeof(pool))
			r = err_sys(err, errno ? -errno : -EIO, "random bytes for a token");
		for (size_t i = 0; !r && i < sizeof(pool) && n < RANDOM_LEN; i++) {
			if (pool[i] < 248)
				out[PREFIX_LEN + n++] = digits[pool[i] % 62];
		}
	}
	explicit_bzero(pool, sizeof(pool));
	if (r) {
		explicit_bzero(out, TOKEN_LEN);
		return r;
	}
	check_digits(out, out + BODY_LEN);
	out[TOKEN_LEN - 1] = '\0';
	return 0;
}

int token_check(const char *text, struct err *err)
{
	char check[CHECK_LEN];

	if (strncmp(text, TOKEN_PREFIX, PREFIX_LEN))
		return err_set(err, -EINVAL, "token does not begin with %s", TOKEN_PREFIX);
	for (const char *p = text + PREFIX_LEN; *p; p++) {
		if (!is_digit62(*p))
			return err_set(err, -EINVAL,
				       "token: character %zu is neither a letter nor a digit",
				       (size_t)(p - text) + 1);
	}
	if (strlen(text) != TOKEN_LEN - 1)
		return err_set(err, -EINVAL, "token has %zu characters instead of %d", strlen(text),
			       TOKEN_LEN - 1);
	check_digits(text, check);
	if (memcmp(check, text + BODY_LEN, CHECK_LEN))
		return err_set(err, -EINVAL, "token: checksum does not fit, a character is wrong");
	return 0;
}

int token_hmac(const uint8_t key[static 32], const char *token, uint8_t ret_hmac[static 32])
{
	unsigned int len = TOKEN_HMAC_LEN;

	if (!HMAC(EVP_sha256(), key, 32, (const unsigned char *)token, strlen(token), ret_hmac,
		  &len))
		return -EIO;
	return 0;
}
