/* SPDX-License-Identifier: GPL-2.0-only */
#include "test.h"
#include "lib/time_text.h"

static const struct {
	const char *text;
	int64_t seconds; /* -1 = refused */
} cases[] = {
	{"1970-01-01", 0},
	{"1970-01-01T00:00:01Z", 1},
	{"2024-02-29", 1709164800},
	{"2026-11-26T02:08:26Z", 1795658906},
	{"9999-12-31T23:59:59Z", 253402300799},
	{"2026-02-29", -1},
	{"2026-13-01", -1},
	{"2026-00-10", -1},
	{"2026-01-00", -1},
	{"1969-12-31", -1},
	{"2026-01-01T24:00:00Z", -1},
	{"2026-01-01T23:60:00Z", -1},
	{"2026-01-01T23:59:60Z", -1},
	{"2026-01-01T23:59:59", -1},
	{"2026-01-01T23:59:59+00:00", -1},
	{"2026-01-01 23:59:59Z", -1},
	{"2026-1-1", -1},
	{"+026-01-01", -1},
	{"", -1},
	{"2026-01-01x", -1},
};

static void test_parse(UNUSED void **state)
{
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		int64_t v = -7;
		int r = parse_time(cases[i].text, &v);

		assert_int_equal(r, cases[i].seconds < 0 ? -EINVAL : 0);
		assert_int_equal(v, cases[i].seconds < 0 ? -7 : cases[i].seconds);
	}
}

static void test_text_parses_again(UNUSED void **state)
{
	char text[TIME_TEXT_LEN];
	int64_t v;

	for (int64_t t = 0; t < 253402300800; t += 86399 * 1009) {
		assert_int_equal(parse_time(time_text(text, t), &v), 0);
		assert_int_equal(v, t);
	}
}

static void test_month(UNUSED void **state)
{
	static const char *const bad[] = {"",	     "2026",	"2026-1",   "2026-00",
					  "2026-13", "2026-1x", "2026-111", "1969-12"};
	char text[MONTH_TEXT_LEN];
	uint32_t month;

	assert_int_equal(month_of(0), 1970 * 12);
	assert_int_equal(month_of(1795658906), 2026 * 12 + 10);
	assert_int_equal(month_of(1735689599), 2024 * 12 + 11); /* a second before 2025 */
	assert_int_equal(month_of(1735689600), 2025 * 12);
	for (uint32_t m = 1970 * 12; m < 2100 * 12; m++) {
		assert_int_equal(parse_month(month_text(text, m), &month), 0);
		assert_int_equal(month, m);
	}
	for (size_t i = 0; i < ARRAY_SIZE(bad); i++)
		assert_int_equal(parse_month(bad[i], &month), -EINVAL);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_parse),
		cmocka_unit_test(test_text_parses_again),
		cmocka_unit_test(test_month),
	};

	return RUN_TESTS(tests);
}
