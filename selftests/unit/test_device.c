/* SPDX-License-Identifier: GPL-2.0-only */
#include "test.h"
#include "relay/api_device.h"
#include "relay/api_rate.h"

#define S INT64_C(1000000000)

static struct mono at(int64_t s)
{
	return (struct mono){.ns = (1000000 + s) * S};
}

static struct api_device ask_from(uint32_t n)
{
	struct api_device ask = {.scopes = DB_SCOPES_DEFAULT};

	ask.remote.family = AF_INET;
	memcpy(&ask.remote.v4, &n, sizeof(n));
	return ask;
}

static int add(struct api_devices *ds, uint32_t from, int64_t s, char code[API_DEVICE_CODE_LEN],
	       struct api_device **ret)
{
	struct api_device ask = ask_from(from);

	return api_device_add(ds, &ask, at(s), code, ret);
}

static void test_codes(UNUSED void **state)
{
	struct api_devices *ds = api_devices_new();
	char code[API_DEVICE_CODE_LEN], text[16];
	struct api_device *d, *other;

	assert_int_equal(add(ds, 1, 0, code, &d), 0);
	assert_int_equal(strlen(code), API_DEVICE_CODE_LEN - 1);
	assert_ptr_equal(api_device_find(ds, code), d);
	assert_ptr_equal(api_device_find_user(ds, d->user_code, at(1)), d);
	/* Small letters, no dash, spaces. */
	snprintf(text, sizeof(text), "%.4s %s", d->user_code, d->user_code + 5);
	for (char *p = text; *p; p++)
		*p = *p == ' ' ? ' ' : (char)(*p | 0x20);
	assert_ptr_equal(api_device_find_user(ds, text, at(1)), d);
	assert_null(api_device_find_user(ds, "", at(1)));
	assert_null(api_device_find_user(ds, "AAAA-AAAA", at(1)));
	assert_null(api_device_find_user(ds, "BCDF-GHJKK", at(1)));
	assert_int_equal(add(ds, 1, 0, code, &other), 0);
	assert_string_not_equal(d->user_code, other->user_code);
	api_devices_free(ds);
}

static void test_too_old(UNUSED void **state)
{
	struct api_devices *ds = api_devices_new();
	char code[API_DEVICE_CODE_LEN], user[API_DEVICE_USER_CODE_LEN];
	struct api_device *d;

	assert_int_equal(add(ds, 1, 0, code, &d), 0);
	memcpy(user, d->user_code, sizeof(user));
	assert_non_null(api_device_find_user(ds, user, at(API_DEVICE_TTL_S - 1)));
	assert_null(api_device_find_user(ds, user, at(API_DEVICE_TTL_S)));
	/* The device is still told that it is too old. */
	assert_ptr_equal(api_device_find(ds, code), d);
	assert_true(api_device_old(d, at(API_DEVICE_TTL_S)));
	assert_int_equal(api_devices_waiting(ds, at(0)), 1);
	assert_int_equal(api_devices_waiting(ds, at(API_DEVICE_TTL_S)), 0);
	api_devices_free(ds);
}

static void test_an_address_has_its_share(UNUSED void **state)
{
	struct api_devices *ds = api_devices_new();
	char code[API_DEVICE_CODE_LEN];
	struct api_device *d;

	for (int i = 0; i < API_DEVICE_MAX_ADDR; i++)
		assert_int_equal(add(ds, 1, i, code, &d), 0);
	assert_int_equal(add(ds, 1, 100, code, &d), -EDQUOT);
	assert_int_equal(add(ds, 2, 100, code, &d), 0);
	assert_int_equal(add(ds, 1, API_DEVICE_TTL_S, code, &d), 0);
	api_devices_free(ds);
}

static void test_full(UNUSED void **state)
{
	struct api_devices *ds = api_devices_new();
	char code[API_DEVICE_CODE_LEN];
	struct api_device *d;

	for (uint32_t i = 0; i < API_DEVICE_MAX; i++)
		assert_int_equal(add(ds, i, 0, code, &d), 0);
	assert_int_equal(add(ds, 9999, 1, code, &d), -EBUSY);
	api_device_end(d);
	assert_int_equal(add(ds, 9999, 1, code, &d), 0);
	assert_int_equal(add(ds, 9998, API_DEVICE_TTL_S, code, &d), 0);
	api_devices_free(ds);
}

static void test_poll(UNUSED void **state)
{
	struct api_devices *ds = api_devices_new();
	char code[API_DEVICE_CODE_LEN];
	struct api_device *d;

	assert_int_equal(add(ds, 1, 0, code, &d), 0);
	assert_false(api_device_poll(d, at(0)));
	assert_true(api_device_poll(d, at(4)));
	/* RFC 8628 section 3.5: 5 s more, for this and all subsequent requests. */
	assert_int_equal(d->interval_s, 10);
	assert_true(api_device_poll(d, at(13)));
	assert_false(api_device_poll(d, at(28)));
	for (int i = 0; i < 100; i++)
		api_device_poll(d, at(28));
	assert_int_equal(d->interval_s, API_DEVICE_INTERVAL_MAX_S);
	api_devices_free(ds);
}

static void test_rate(UNUSED void **state)
{
	struct api_rate *rate = api_rate_new(3, 1000);
	struct endpoint a = {.family = AF_INET, .v4 = {{1, 2, 3, 4}}}, unix_socket = {};

	for (int i = 0; i < 3; i++)
		assert_false(api_rate_add(rate, &a, at(0)));
	assert_true(api_rate_full(rate, &a, at(0)));
	assert_true(api_rate_add(rate, &a, at(0)));
	a.port = 99; /* another port is the same address */
	assert_true(api_rate_add(rate, &a, at(0)));
	assert_false(api_rate_add(rate, &a, at(1)));
	assert_true(api_rate_add(rate, &a, at(1)));
	a.v4.b[3] = 5;
	assert_false(api_rate_full(rate, &a, at(1)));
	assert_false(api_rate_add(rate, &a, at(1)));
	for (int i = 0; i < 9; i++)
		assert_false(api_rate_add(rate, &unix_socket, at(1)));
	for (int i = 0; i < 3; i++)
		assert_false(api_rate_add_id(rate, 7, at(1)));
	assert_true(api_rate_add_id(rate, 7, at(1)));
	assert_false(api_rate_add_id(rate, 8, at(1)));
	api_rate_free(rate);
}

static void test_rate_by_64(UNUSED void **state)
{
	struct api_rate *rate = api_rate_new(1, 1000);
	struct endpoint a = {.family = AF_INET6}, b = {.family = AF_INET6},
			c = {.family = AF_INET6};

	assert_int_equal(parse_addr6("2001:db8:1:2::1", &a.v6), 0);
	assert_int_equal(parse_addr6("2001:db8:1:2:ffff::2", &b.v6), 0);
	assert_int_equal(parse_addr6("2001:db8:1:3::1", &c.v6), 0);
	assert_false(api_rate_add(rate, &a, at(0)));
	assert_true(api_rate_add(rate, &b, at(0)));
	assert_false(api_rate_add(rate, &c, at(0)));
	api_rate_free(rate);
}

/* Strangers cannot push the table full: whoever did it longest ago makes room. */
static void test_rate_full_table(UNUSED void **state)
{
	struct api_rate *rate = api_rate_new(1, 2000000);

	for (int64_t i = 0; i < API_RATE_MAX_KEYS; i++)
		assert_false(api_rate_add_id(rate, i, at(0)));
	assert_true(api_rate_add_id(rate, 0, at(0)));
	assert_false(api_rate_add_id(rate, -1, at(0)));
	assert_false(api_rate_add_id(rate, 0, at(0)));
	assert_true(api_rate_add_id(rate, API_RATE_MAX_KEYS - 1, at(0)));
	api_rate_free(rate);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_codes),
		cmocka_unit_test(test_too_old),
		cmocka_unit_test(test_an_address_has_its_share),
		cmocka_unit_test(test_full),
		cmocka_unit_test(test_poll),
		cmocka_unit_test(test_rate),
		cmocka_unit_test(test_rate_by_64),
		cmocka_unit_test(test_rate_full_table),
	};

	return RUN_TESTS(tests);
}
