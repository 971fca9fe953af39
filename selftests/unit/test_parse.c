/* SPDX-License-Identifier: GPL-2.0-only */
#include "test.h"
#include "lib/parse.h"

static void numbers_are_read_whole(void **state UNUSED)
{
	uint64_t v = 7;

	assert_int_equal(parse_u64("0", 0, UINT64_MAX, &v), 0);
	assert_int_equal(v, 0);
	assert_int_equal(parse_u64("18446744073709551615", 0, UINT64_MAX, &v), 0);
	assert_true(v == UINT64_MAX);
}

static void other_forms_are_no_numbers(void **state UNUSED)
{
	static const char *const bad[] = {"",	 " 1",	"1 ",  "+1", "-1",  "01", "00",
					  "0x1", "1.0", "1e3", "a",  "1\n", "٣"};
	uint64_t v = 7;

	for (size_t i = 0; i < ARRAY_SIZE(bad); i++)
		assert_int_equal(parse_u64(bad[i], 0, UINT64_MAX, &v), -EINVAL);
	assert_int_equal(v, 7);
}

static void range_is_kept(void **state UNUSED)
{
	uint64_t v = 7;
	uint32_t u32 = 7;
	uint16_t u16 = 7;

	assert_int_equal(parse_u64("18446744073709551616", 0, UINT64_MAX, &v), -ERANGE);
	assert_int_equal(parse_u64("99999999999999999999999", 0, UINT64_MAX, &v), -ERANGE);
	assert_int_equal(parse_u64("9", 10, 20, &v), -ERANGE);
	assert_int_equal(parse_u64("21", 10, 20, &v), -ERANGE);
	assert_int_equal(parse_u32("4294967296", 0, UINT32_MAX, &u32), -ERANGE);
	assert_int_equal(parse_u16("65536", 0, UINT16_MAX, &u16), -ERANGE);
	assert_int_equal(v, 7);
	assert_int_equal(u32, 7);
	assert_int_equal(u16, 7);
	assert_int_equal(parse_u16("65535", 0, UINT16_MAX, &u16), 0);
	assert_int_equal(u16, 65535);
}

static void bool_is_true_or_false_only(void **state UNUSED)
{
	static const char *const bad[] = {"", "True", "TRUE", "1", "yes", "on", "true ", "truex"};
	bool b = false;

	assert_int_equal(parse_bool("true", &b), 0);
	assert_true(b);
	for (size_t i = 0; i < ARRAY_SIZE(bad); i++)
		assert_int_equal(parse_bool(bad[i], &b), -EINVAL);
	assert_true(b);
	assert_int_equal(parse_bool("false", &b), 0);
	assert_false(b);
}

static void names_give_their_index(void **state UNUSED)
{
	static const char *const names[] = {"auto", "native", NULL};
	int i = 7;

	assert_int_equal(parse_name("native", names, &i), 0);
	assert_int_equal(i, 1);
	assert_int_equal(parse_name("nat", names, &i), -EINVAL);
	assert_int_equal(parse_name("", names, &i), -EINVAL);
	assert_int_equal(i, 1);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(numbers_are_read_whole),
		cmocka_unit_test(other_forms_are_no_numbers),
		cmocka_unit_test(range_is_kept),
		cmocka_unit_test(bool_is_true_or_false_only),
		cmocka_unit_test(names_give_their_index),
	};

	return RUN_TESTS(tests);
}
