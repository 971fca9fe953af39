/* SPDX-License-Identifier: GPL-2.0-only */
#include "test.h"
#include <stdlib.h>
#include "lib/token.h"

/* The checksum comes from Python's zlib.crc32(), the HMAC from its hmac module. */
#define GOOD "sct_live_0123456789ABCDEFGHIJabcdefghij2TWdCS"

static const char *why_not(const char *text)
{
	static struct err err;

	assert_int_equal(token_check(text, &err), -EINVAL);
	return err.text;
}

static void a_known_token_is_good(void **state UNUSED)
{
	assert_int_equal(token_check(GOOD, NULL), 0);
}

static void made_tokens_are_good_and_differ(void **state UNUSED)
{
	char a[TOKEN_LEN], b[TOKEN_LEN];

	for (int i = 0; i < 100; i++) {
		assert_int_equal(token_make(a, NULL), 0);
		assert_int_equal(token_make(b, NULL), 0);
		assert_int_equal(strlen(a), TOKEN_LEN - 1);
		assert_int_equal(token_check(a, NULL), 0);
		assert_string_not_equal(a, b);
	}
}

static void each_mistake_has_its_name(void **state UNUSED)
{
	assert_non_null(strstr(why_not(""), "begin with sct_live_"));
	assert_non_null(strstr(why_not("sct_test_0123456789ABCDEFGHIJabcdefghij2TWdCS"), "begin"));
	assert_non_null(strstr(why_not("SCT_LIVE_0123456789ABCDEFGHIJabcdefghij2TWdCS"), "begin"));
	assert_string_equal(why_not("sct_live_"), "token has 9 characters instead of 45");
	assert_string_equal(why_not(GOOD "0"), "token has 46 characters instead of 45");
	assert_string_equal(why_not(GOOD "\n"),
			    "token: character 46 is neither a letter nor a digit");
	assert_non_null(strstr(why_not("sct_live_ 123456789ABCDEFGHIJabcdefghij2TWdCS"),
			       "character 10 is neither"));
	assert_non_null(
		strstr(why_not("sct_live_0123456789ABCDEFGHIJabcdefghij2TWdCT"), "checksum"));
}

static void every_changed_character_is_noticed(void **state UNUSED)
{
	char text[TOKEN_LEN] = GOOD;

	for (size_t i = 9; i < TOKEN_LEN - 1; i++) {
		text[i] = text[i] == 'x' ? 'y' : 'x';
		why_not(text);
		text[i] = GOOD[i];
	}
}

static void two_swapped_characters_are_noticed(void **state UNUSED)
{
	char text[TOKEN_LEN] = GOOD;

	text[20] = GOOD[21];
	text[21] = GOOD[20];
	why_not(text);
}

static void errors_never_hold_the_token(void **state UNUSED)
{
	assert_null(strstr(why_not("sct_live_0123456789ABCDEFGHIJabcdefghij2TWdCT"), "0123"));
	assert_null(strstr(why_not("secretsecretsecret"), "secret"));
}

static void hmac_is_that_of_rfc_2104(void **state UNUSED)
{
	static const uint8_t want[TOKEN_HMAC_LEN] = {
		0xe3, 0xf5, 0xf1, 0x1f, 0x3e, 0xfc, 0xf9, 0xe3, 0xb2, 0xd9, 0x21,
		0x86, 0x2a, 0xf2, 0x05, 0x9a, 0xda, 0x91, 0xe2, 0xcb, 0x49, 0x3d,
		0x55, 0x73, 0x39, 0xdd, 0x97, 0x62, 0x79, 0x47, 0x35, 0x38,
	};
	uint8_t key[32], got[TOKEN_HMAC_LEN];

	for (int i = 0; i < 32; i++)
		key[i] = (uint8_t)i;
	assert_int_equal(token_hmac(key, GOOD, got), 0);
	assert_memory_equal(got, want, sizeof(want));
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_known_token_is_good),
		cmocka_unit_test(made_tokens_are_good_and_differ),
		cmocka_unit_test(each_mistake_has_its_name),
		cmocka_unit_test(every_changed_character_is_noticed),
		cmocka_unit_test(two_swapped_characters_are_noticed),
		cmocka_unit_test(errors_never_hold_the_token),
		cmocka_unit_test(hmac_is_that_of_rfc_2104),
	};

	return RUN_TESTS(tests);
}
