/* SPDX-License-Identifier: GPL-2.0-only */
/* What tells two agents with one key from one. */
#include "test.h"
#include <stdio.h>
#include "lib/addr.h"
#include "relay/api_clone.h"

static struct api_clones *clones;
static struct mono now;

static int set_up(UNUSED void **state)
{
	clones = api_clones_new();
	now.ns = 1;
	return clones ? 0 : -1;
}

static int tear_down(UNUSED void **state)
{
	api_clones_free(clones);
	return 0;
}

/* A use of machine 7's session `serial` from an address; a second passes. */
static bool use(uint64_t serial, const char *from)
{
	struct endpoint e;

	assert_int_equal(parse_endpoint(from, &e), 0);
	now.ns += 1000000000;
	return api_clone_seen(clones, 7, serial, &e, now);
}

static void one_agent_that_connects_again_and_again_is_one(UNUSED void **state)
{
	for (uint64_t i = 1; i < 100; i++) {
		assert_int_equal(api_clone_next(clones), i);
		assert_false(use(i, "192.0.2.1:1000"));
		assert_false(use(i, "192.0.2.1:1001"));
	}
}

static void an_agent_that_moves_on_is_one(UNUSED void **state)
{
	char from[32];

	for (int i = 1; i < 100; i++) {
		snprintf(from, sizeof(from), "192.0.2.%d:5", i);
		assert_false(use((uint64_t)i, from));
	}
}

static void two_connections_at_work_in_turn_are_two(UNUSED void **state)
{
	assert_false(use(1, "192.0.2.1:1"));
	assert_false(use(2, "192.0.2.1:2"));
	assert_false(use(1, "192.0.2.1:1"));
	assert_false(use(2, "192.0.2.1:2"));
	assert_false(use(1, "192.0.2.1:1"));
	assert_false(use(2, "192.0.2.1:2"));
	assert_true(use(1, "192.0.2.1:1"));
	/* Then the counting begins anew. */
	assert_false(use(1, "192.0.2.1:1"));
	assert_false(use(1, "192.0.2.1:1"));
	assert_true(use(1, "192.0.2.1:1"));
}

static void two_addresses_in_turn_are_two(UNUSED void **state)
{
	assert_false(use(1, "192.0.2.1:1"));
	assert_false(use(2, "192.0.2.2:1"));
	assert_false(use(3, "192.0.2.1:1"));
	assert_false(use(4, "192.0.2.2:1"));
	assert_true(use(5, "192.0.2.1:1"));
}

static void what_happens_seldom_is_no_sign_of_it(UNUSED void **state)
{
	assert_false(use(2, "192.0.2.1:1"));
	for (int i = 0; i < 100; i++) {
		assert_false(use(1, "192.0.2.1:1"));
		assert_false(use(1, "192.0.2.1:1"));
		now.ns += API_CLONE_WINDOW_MS * INT64_C(1000000);
	}
}

static void machines_are_told_apart(UNUSED void **state)
{
	struct endpoint a, b;

	assert_int_equal(parse_endpoint("192.0.2.1:1", &a), 0);
	assert_int_equal(parse_endpoint("192.0.2.2:1", &b), 0);
	for (uint64_t i = 1; i < 100; i++) {
		assert_false(api_clone_seen(clones, 1, i, &a, now));
		assert_false(api_clone_seen(clones, 2, i, &b, now));
		/* One that shares its place. */
		assert_false(api_clone_seen(clones, 1 + API_CLONE_PLACES, i, &b, now));
	}
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
	static const struct CMUnitTest tests[] = {
		TEST(one_agent_that_connects_again_and_again_is_one),
		TEST(an_agent_that_moves_on_is_one),
		TEST(two_connections_at_work_in_turn_are_two),
		TEST(two_addresses_in_turn_are_two),
		TEST(what_happens_seldom_is_no_sign_of_it),
		TEST(machines_are_told_apart),
	};

	return RUN_TESTS(tests);
}
