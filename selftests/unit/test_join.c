/* SPDX-License-Identifier: GPL-2.0-only */
#include "test.h"
#include "lib/join.h"

#define A "pin=AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8"
#define B "pin=-_________________________________________8"
#define C "pin=AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"
#define D "pin=AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAE"
#define E "pin=AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAI"

static void good_strings_come_back(void **state UNUSED)
{
	static const char *const good[] = {
		"sidecar://relay.example:8443/?" A "&" B,	 "sidecar://192.0.2.1:1/?" A "&" B,
		"sidecar://[2001:db8::1]:65535/?" A "&" B "&" C, "sidecar://x:8443/?" B "&" A,
		"sidecar://a-1.b2.c3d:8443/?" B "&" A,
	};
	char out[JOIN_TEXT_LEN];
	struct join join;
	struct err err;

	for (size_t i = 0; i < ARRAY_SIZE(good); i++) {
		if (join_parse(good[i], &join, &err))
			fail_msg("%s: %s", good[i], err.text);
		assert_string_equal(join_text(out, &join), good[i]);
	}
}

static void parts_are_told_apart(void **state UNUSED)
{
	struct join join;

	assert_int_equal(join_parse("sidecar://[2001:db8::1]:8443/?" A "&" B, &join, NULL), 0);
	assert_string_equal(join.host, "2001:db8::1");
	assert_int_equal(join.port, 8443);
	assert_int_equal(join.n_pins, 2);
	assert_int_equal(join.pins[0].sha256[1], 1);
	assert_int_equal(join.pins[1].sha256[0], 0xfb);
}

static void mistakes_are_told(void **state UNUSED)
{
	static const struct {
		const char *text, *why;
	} cases[] = {
		{"", "does not begin with sidecar://"},
		{"https://relay:8443/?" A "&" B, "does not begin with"},
		{"sidecar://relay:8443", "no \"/?pin=\""},
		{"sidecar://relay:8443/", "no \"/?pin=\""},
		{"sidecar://relay/?" A "&" B, "no port"},
		{"sidecar://[::1]/?" A "&" B, "no port"},
		{"sidecar://[::1/?" A "&" B, "no port"},
		{"sidecar://[::1]x:1/?" A "&" B, "no port"},
		{"sidecar://:8443/?" A "&" B, "host name missing"},
		{"sidecar://[]:8443/?" A "&" B, "host name missing"},
		{"sidecar://relay:/?" A "&" B, "port is not a number"},
		{"sidecar://relay:0/?" A "&" B, "port is not a number"},
		{"sidecar://relay:65536/?" A "&" B, "port is not a number"},
		{"sidecar://relay:123456/?" A "&" B, "port is not a number"},
		{"sidecar://relay: 1/?" A "&" B, "port is not a number"},
		{"sidecar://::1:1/?" A "&" B, "host name missing"},
		{"sidecar://a::1/?" A "&" B, "port is not a number"},
		{"sidecar://[relay]:1/?" A "&" B, "not a host name"},
		{"sidecar://[::1%eth0]:1/?" A "&" B, "not a host name"},
		{"sidecar://-relay:1/?" A "&" B, "not a host name"},
		{"sidecar://relay-:1/?" A "&" B, "not a host name"},
		{"sidecar://re..lay:1/?" A "&" B, "not a host name"},
		{"sidecar://relay.:1/?" A "&" B, "not a host name"},
		{"sidecar://user@relay:1/?" A "&" B, "not a host name"},
		{"sidecar://1.2.3:1/?" A "&" B, "not a host name"},
		{"sidecar://1.2.3.256:1/?" A "&" B, "not a host name"},
		{"sidecar://re\nlay:1/?" A "&" B, "not a host name"},
		{"sidecar://relay:1/?" A, "needs two pins"},
		{"sidecar://relay:1/?" A "&" A, "pins 1 and 2 are the same"},
		{"sidecar://relay:1/?" A "&" B "&", "only pin="},
		{"sidecar://relay:1/?" A "&x=1", "only pin="},
		{"sidecar://relay:1/?", "only pin="},
		{"sidecar://relay:1/?" A "&" B "\n", "pin 2 is not"},
		{"sidecar://relay:1/?" A "&pin=AAAA", "pin 2 is not"},
		{"sidecar://relay:1/?" A "&" B "&" C "&" D "&" E, "more than 4 pins"},
	};
	struct join join = {.port = 7};
	struct err err;

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		assert_int_equal(join_parse(cases[i].text, &join, &err), -EINVAL);
		if (!strstr(err.text, cases[i].why))
			fail_msg("%s: \"%s\", not \"%s\"", cases[i].text, err.text, cases[i].why);
	}
	assert_int_equal(join.port, 7);
}

static void a_string_cut_anywhere_is_refused(void **state UNUSED)
{
	static const char whole[] = "sidecar://relay.example:8443/?" A "&" B;
	char text[sizeof(whole)];
	struct join join;

	for (size_t len = 0; len < sizeof(whole) - 1; len++) {
		memcpy(text, whole, len);
		text[len] = '\0';
		assert_int_equal(join_parse(text, &join, NULL), -EINVAL);
	}
}

static void the_longest_host_fits(void **state UNUSED)
{
	char text[JOIN_TEXT_LEN], out[JOIN_TEXT_LEN];
	struct join join;
	size_t n = strlen("sidecar://");

	strcpy(text, "sidecar://"); /* lint: our own text */
	for (int i = 0; i < 253; i++)
		text[n++] = i % 64 == 63 ? '.' : 'a';
	strcpy(text + n, ":65535/?" A "&" B "&" C "&" D); /* lint: our own text */
	assert_int_equal(join_parse(text, &join, NULL), 0);
	assert_string_equal(join_text(out, &join), text);
	memmove(text + n + 1, text + n, strlen(text + n) + 1);
	text[n] = 'a';
	assert_int_equal(join_parse(text, &join, NULL), -EINVAL);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(good_strings_come_back),
		cmocka_unit_test(parts_are_told_apart),
		cmocka_unit_test(mistakes_are_told),
		cmocka_unit_test(a_string_cut_anywhere_is_refused),
		cmocka_unit_test(the_longest_host_fits),
	};

	return RUN_TESTS(tests);
}
