/* SPDX-License-Identifier: GPL-2.0-only */
#include "test.h"
#include "lib/addr.h"

static struct prefix6 p6(const char *text)
{
	struct prefix6 p;

	assert_int_equal(parse_prefix6(text, &p), 0);
	return p;
}

static struct prefix4 p4(const char *text)
{
	struct prefix4 p;

	assert_int_equal(parse_prefix4(text, &p), 0);
	return p;
}

static struct addr6 a6(const char *text)
{
	struct addr6 a;

	assert_int_equal(parse_addr6(text, &a), 0);
	return a;
}

static struct addr4 a4(const char *text)
{
	struct addr4 a;

	assert_int_equal(parse_addr4(text, &a), 0);
	return a;
}

static void addresses_parse_whole_or_not(void **state UNUSED)
{
	static const char *const bad4[] = {"",		"1.2.3",     "1.2.3.4.5",
					   "1.2.3.256", "01.2.3.4",  "1.2.3.4 ",
					   " 1.2.3.4",	"1.2.3.4/8", "0x1.2.3.4"};
	static const char *const bad6[] = {
		"",	 ":",	   ":::",	    "1::2::3", "fe80::1%eth0",
		"[::1]", "::1/64", "1:2:3:4:5:6:7", "12345::"};
	struct addr4 v4 = {};
	struct addr6 v6 = {};

	for (size_t i = 0; i < ARRAY_SIZE(bad4); i++)
		assert_int_equal(parse_addr4(bad4[i], &v4), -EINVAL);
	for (size_t i = 0; i < ARRAY_SIZE(bad6); i++)
		assert_int_equal(parse_addr6(bad6[i], &v6), -EINVAL);
	assert_true(addr4_is_zero(v4));
	assert_true(addr6_is_zero(&v6));
}

static void text_comes_back(void **state UNUSED)
{
	char out[ADDR_TEXT_LEN];
	struct addr6 v6 = a6("2001:db8:0:0::1");

	assert_string_equal(addr6_text(out, &v6), "2001:db8::1");
	assert_string_equal(addr4_text(out, a4("192.0.2.1")), "192.0.2.1");
}

static void v4_is_a_number_and_back(void **state UNUSED)
{
	assert_int_equal(addr4_to_u32(a4("192.0.2.1")), 0xc0000201);
	assert_true(addr4_eq(addr4_from_u32(0xc0000201), a4("192.0.2.1")));
}

static void host_bits_are_refused(void **state UNUSED)
{
	struct prefix4 v4 = {};
	struct prefix6 v6 = {};

	assert_int_equal(parse_prefix4("10.0.0.1/8", &v4), -EINVAL);
	assert_int_equal(parse_prefix4("10.0.0.128/24", &v4), -EINVAL);
	assert_int_equal(parse_prefix6("2001:db8::1/64", &v6), -EINVAL);
	assert_int_equal(parse_prefix6("2001:db8:0:0:8000::/64", &v6), -EINVAL);
}

static void prefix_lengths_are_bounded(void **state UNUSED)
{
	static const char *const bad[] = {"10.0.0.0/33", "10.0.0.0/",	"10.0.0.0",    "/8",
					  "10.0.0.0/-1", "10.0.0.0/08", "10.0.0.0/8/8"};
	struct prefix6 v6 = {};
	struct prefix4 v4 = {};

	for (size_t i = 0; i < ARRAY_SIZE(bad); i++)
		assert_int_equal(parse_prefix4(bad[i], &v4), -EINVAL);
	assert_int_equal(parse_prefix6("::/129", &v6), -EINVAL);
	assert_int_equal(p4("0.0.0.0/0").len, 0);
	assert_int_equal(p4("1.2.3.4/32").len, 32);
	assert_int_equal(p6("::1/128").len, 128);
}

static void a_prefix_has_its_addresses_only(void **state UNUSED)
{
	struct prefix6 p = p6("2001:db8:0:8000::/49");
	struct prefix4 q = p4("10.0.0.128/25"), all = p4("0.0.0.0/0");
	struct addr6 in = a6("2001:db8:0:ffff::1"), out = a6("2001:db8:0:7fff::1");

	assert_true(prefix6_has(&p, &in));
	assert_false(prefix6_has(&p, &out));
	assert_true(prefix4_has(&q, a4("10.0.0.255")));
	assert_false(prefix4_has(&q, a4("10.0.0.127")));
	assert_true(prefix4_has(&all, a4("255.255.255.255")));
}

static void overlap_is_symmetric(void **state UNUSED)
{
	struct prefix4 big = p4("10.0.0.0/8"), small = p4("10.1.2.0/24"), other = p4("11.0.0.0/8");
	struct prefix6 big6 = p6("2001:db8::/32"), small6 = p6("2001:db8:1::/48");
	struct prefix6 other6 = p6("2001:db9::/32");

	assert_true(prefix4_overlap(&big, &small) && prefix4_overlap(&small, &big));
	assert_false(prefix4_overlap(&big, &other) || prefix4_overlap(&other, &small));
	assert_true(prefix6_overlap(&big6, &small6) && prefix6_overlap(&small6, &big6));
	assert_false(prefix6_overlap(&big6, &other6) || prefix6_overlap(&other6, &small6));
}

static void endpoints_go_both_ways(void **state UNUSED)
{
	static const char *const good[] = {"192.0.2.1:51820", "[2001:db8::1]:1", "[::]:8443"};
	char out[ENDPOINT_TEXT_LEN];
	struct endpoint e;

	for (size_t i = 0; i < ARRAY_SIZE(good); i++) {
		assert_int_equal(parse_endpoint(good[i], &e), 0);
		assert_string_equal(endpoint_text(out, &e), good[i]);
	}
	e.family = 0;
	assert_string_equal(endpoint_text(out, &e), "");
}

static void bad_endpoints_are_refused(void **state UNUSED)
{
	static const char *const bad[] = {
		"",	  ":",	     "1.2.3.4",	     "1.2.3.4:",  "1.2.3.4:0", "1.2.3.4:65536",
		"::1:80", "[::1]",   "[::1]80",	     "[::1:80",	  "[]:80",     "[:80",
		":80",	  "name:80", "[1.2.3.4]:80", "[::1]x:80", "[",	       "[]",
		"]:1",	  "[:",	     "[1.2.3.4:5"};
	struct endpoint e = {};

	for (size_t i = 0; i < ARRAY_SIZE(bad); i++)
		assert_int_equal(parse_endpoint(bad[i], &e), -EINVAL);
	assert_int_equal(e.family, 0);
}

static void endpoints_are_compared_by_what_counts(void **state UNUSED)
{
	struct endpoint a, b;

	/* What is left over in the other family's bytes does not count. */
	memset(&a, 0x11, sizeof(a));
	memset(&b, 0x22, sizeof(b));
	a.family = b.family = AF_INET;
	a.port = b.port = 1;
	a.v4 = b.v4 = (struct addr4){{192, 0, 2, 1}};
	assert_true(endpoint_eq(&a, &b));
	b.port = 2;
	assert_false(endpoint_eq(&a, &b));
	assert_int_equal(parse_endpoint("[2001:db8::1]:1", &a), 0);
	assert_int_equal(parse_endpoint("[2001:db8::1]:1", &b), 0);
	assert_true(endpoint_eq(&a, &b));
	b.v6.b[15] = 2;
	assert_false(endpoint_eq(&a, &b));
	assert_int_equal(parse_endpoint("192.0.2.1:1", &b), 0);
	assert_false(endpoint_eq(&a, &b));
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(addresses_parse_whole_or_not),
		cmocka_unit_test(text_comes_back),
		cmocka_unit_test(v4_is_a_number_and_back),
		cmocka_unit_test(host_bits_are_refused),
		cmocka_unit_test(prefix_lengths_are_bounded),
		cmocka_unit_test(a_prefix_has_its_addresses_only),
		cmocka_unit_test(overlap_is_symmetric),
		cmocka_unit_test(endpoints_go_both_ways),
		cmocka_unit_test(bad_endpoints_are_refused),
		cmocka_unit_test(endpoints_are_compared_by_what_counts),
	};

	return RUN_TESTS(tests);
}
