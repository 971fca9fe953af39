/* SPDX-License-Identifier: GPL-2.0-only */
#include "test.h"
#include "lib/b64.h"

static void all_bytes_go_both_ways(void **state UNUSED)
{
	uint8_t key[KEY_LEN], back[KEY_LEN];
	char text[KEY_TEXT_LEN], pin[PIN_TEXT_LEN];

	for (int v = 0; v < 256; v++) {
		for (int i = 0; i < KEY_LEN; i++)
			key[i] = (uint8_t)(v + i * 37);
		assert_int_equal(b64_key_parse(b64_key_text(text, key), back), 0);
		assert_memory_equal(key, back, KEY_LEN);
		assert_int_equal(b64_pin_parse(b64_pin_text(pin, key), 43, back), 0);
		assert_memory_equal(key, back, KEY_LEN);
	}
}

/* Made by: printf '\0\1...\37' | base64, and with tr +/ -_ for the pin. */
static void text_is_that_of_base64(void **state UNUSED)
{
	uint8_t key[KEY_LEN];
	char text[KEY_TEXT_LEN], pin[PIN_TEXT_LEN];

	for (int i = 0; i < KEY_LEN; i++)
		key[i] = (uint8_t)i;
	assert_string_equal(b64_key_text(text, key),
			    "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=");
	memset(key, 0xff, sizeof(key));
	key[0] = 0xfb;
	assert_string_equal(b64_key_text(text, key),
			    "+/////////////////////////////////////////8=");
	assert_string_equal(b64_pin_text(pin, key), "-_________________________________________8");
}

static void mistakes_are_refused(void **state UNUSED)
{
	static const char *const bad[] = {
		"",
		"AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8",
		"AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8==",
		"AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh9=", /* spare bits set */
		"AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh-=",
		"AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdH =8",
		"AAECAwQFBgcICQoLDA0O\nxAREhMUFRYXGBkaGxwdHh8=",
		"AAECAwQFBgcICQoLDA0O\xc3xAREhMUFRYXGBkaGxwdHh8=",
	};
	uint8_t key[KEY_LEN] = {7};

	for (size_t i = 0; i < ARRAY_SIZE(bad); i++)
		assert_int_equal(b64_key_parse(bad[i], key), -EINVAL);
	assert_int_equal(key[0], 7);
}

/* The comparison without branches, against the plain one. */
static void every_byte_is_a_digit_or_not(void **state UNUSED)
{
	static const char digits[] =
		"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
	char text[KEY_TEXT_LEN] = "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=";
	uint8_t key[KEY_LEN];

	for (int c = 1; c < 256; c++) {
		const char *digit = strchr(digits, c);

		text[0] = (char)c;
		assert_int_equal(b64_key_parse(text, key), digit ? 0 : -EINVAL);
		if (digit)
			assert_int_equal(key[0], (digit - digits) << 2);
	}
}

static void pin_length_counts(void **state UNUSED)
{
	char pin[PIN_TEXT_LEN];
	uint8_t key[KEY_LEN] = {};

	b64_pin_text(pin, key);
	assert_int_equal(b64_pin_parse(pin, 42, key), -EINVAL);
	assert_int_equal(b64_pin_parse(pin, 44, key), -EINVAL);
	assert_int_equal(b64_pin_parse(pin, 43, key), 0);
}

/* RFC 4648 section 10. */
static void any_length_has_the_rfc_s_text(void **state UNUSED)
{
	static const char *const want[] = {"",	       "Zg==",	   "Zm8=",    "Zm9v",
					   "Zm9vYg==", "Zm9vYmE=", "Zm9vYmFy"};
	char text[16];
	uint8_t got[8];

	for (size_t len = 0; len < ARRAY_SIZE(want); len++) {
		assert_string_equal(b64_text(text, sizeof(text), "foobar", len), want[len]);
		assert_int_equal(b64_parse(want[len], got, len), 0);
		assert_memory_equal(got, "foobar", len);
	}
	assert_null(b64_text(text, 8, "foobar", 6));
}

static void any_length_is_parsed_strictly(void **state UNUSED)
{
	uint8_t got[8];

	assert_int_equal(b64_parse("Zm9v", got, 2), -EINVAL);
	assert_int_equal(b64_parse("Zm9v", got, 4), -EINVAL);
	assert_int_equal(b64_parse("Zm8", got, 2), -EINVAL);
	assert_int_equal(b64_parse("Zm9=", got, 2), -EINVAL);
	assert_int_equal(b64_parse("Zm=v", got, 3), -EINVAL);
	assert_int_equal(b64_parse("Zm8=", got, 3), -EINVAL);
	assert_int_equal(b64_parse("Zm-v", got, 3), -EINVAL);
	assert_int_equal(b64_parse(" m9v", got, 3), -EINVAL);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(all_bytes_go_both_ways),
		cmocka_unit_test(text_is_that_of_base64),
		cmocka_unit_test(mistakes_are_refused),
		cmocka_unit_test(every_byte_is_a_digit_or_not),
		cmocka_unit_test(pin_length_counts),
		cmocka_unit_test(any_length_has_the_rfc_s_text),
		cmocka_unit_test(any_length_is_parsed_strictly),
	};

	return RUN_TESTS(tests);
}
