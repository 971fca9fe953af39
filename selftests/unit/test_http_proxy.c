/* SPDX-License-Identifier: GPL-2.0-only */
#include "test.h"
#include "lib/http_client_int.h"

static void proxy_addresses_are_parsed(void **state UNUSED)
{
	static const char *const bad[] = {"",
					  "proxy:1",
					  "https://p",
					  "http://",
					  "http://:1",
					  "http://p:0",
					  "http://p:x",
					  "http://p/path",
					  "http://[::1",
					  "http://a%2@p",
					  "http://a%00@p",
					  "http://a b"};
	struct http_proxy proxy;
	struct err err;

	assert_int_equal(http_proxy_parse("http://p", &proxy, NULL), 0);
	assert_string_equal(proxy.host, "p");
	assert_int_equal(proxy.port, 8080);
	assert_int_equal(http_proxy_parse("http://u:secret@[::1]:3128/", &proxy, NULL), 0);
	assert_string_equal(proxy.host, "::1");
	assert_int_equal(proxy.port, 3128);
	for (size_t i = 0; i < ARRAY_SIZE(bad); i++) {
		if (http_proxy_parse(bad[i], &proxy, &err) != -EINVAL)
			fail_msg("accepted: %s", bad[i]);
	}
	http_proxy_parse("http://u:secret@p:x", &proxy, &err);
	assert_null(strstr(err.text, "secret"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(proxy_addresses_are_parsed),
	};

	return RUN_TESTS(tests);
}
