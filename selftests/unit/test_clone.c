/* SPDX-License-Identifier: GPL-2.0-only */
/* What tells two agents with one key from one. */
#include "test.h"
#include <stdio.h>
#include "lib/addr.h"
#include "relay/api_clone.h"

#define SLOTS 4

static struct api_clones *clones;
static struct mono now;

static int set_up(UNUSED void **state)
{
	clones = api_clones_new(SLOTS);
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

/* A packet of slot 1's peer came from there; five seconds pass. */
static bool move(uint32_t generation, const char *from)
{
	struct endpoint e, other;

	assert_int_equal(parse_endpoint(from, &e), 0);
	now.ns += INT64_C(5000000000);
	return api_clone_moved(clones, 1, generation, &e, now, &other);
}

static void a_tunnel_at_two_endpoints_in_turn_is_two(UNUSED void **state)
{
	struct endpoint a, b, other;

	assert_false(move(1, "192.0.2.1:1"));
	assert_false(move(1, "192.0.2.2:1"));
	assert_false(move(1, "192.0.2.1:1"));
	assert_false(move(1, "192.0.2.1:1"));
	assert_false(move(1, "192.0.2.2:1"));
	assert_int_equal(parse_endpoint("192.0.2.1:1", &a), 0);
	assert_int_equal(parse_endpoint("192.0.2.2:1", &b), 0);
	assert_true(api_clone_moved(clones, 1, 1, &a, now, &other));
	assert_true(endpoint_eq(&other, &b));
}

static void two_tunnels_behind_one_nat_are_two(UNUSED void **state)
{
	assert_false(move(1, "192.0.2.1:1"));
	assert_false(move(1, "192.0.2.1:2"));
	assert_false(move(1, "192.0.2.1:1"));
	assert_false(move(1, "192.0.2.1:2"));
	assert_true(move(1, "192.0.2.1:1"));
}

static void it_is_said_once_in_the_window(UNUSED void **state)
{
	int said = 0;

	for (int64_t i = 0; i < API_CLONE_WINDOW_MS / 5000; i++)
		said += move(1, i % 2 ? "192.0.2.1:1" : "192.0.2.2:1");
	assert_int_equal(said, 1);
	for (int64_t i = 0; i < API_CLONE_WINDOW_MS / 5000; i++)
		said += move(1, i % 2 ? "192.0.2.1:1" : "192.0.2.2:1");
	assert_int_equal(said, 2);
}

static void a_tunnel_that_roams_is_one(UNUSED void **state)
{
	char from[32];

	/* A NAT that forgets, a host that moves on, and one that comes back now and then. */
	for (int i = 1; i < 250; i++) {
		snprintf(from, sizeof(from), "192.0.2.1:%d", i);
		assert_false(move(1, from));
	}
	for (int i = 0; i < 20; i++) {
		assert_false(move(1, i % 2 ? "192.0.2.1:1" : "192.0.2.2:1"));
		now.ns += API_CLONE_WINDOW_MS * INT64_C(1000000) / 2;
	}
}

static void another_owner_of_the_slot_begins_anew(UNUSED void **state)
{
	for (uint32_t i = 1; i < 100; i++) {
		assert_false(move(i, "192.0.2.1:1"));
		assert_false(move(i, "192.0.2.2:1"));
		assert_false(move(i, "192.0.2.1:1"));
	}
}

static void what_is_no_endpoint_or_slot_is_passed_over(UNUSED void **state)
{
	struct endpoint e = {}, other;

	assert_false(move(1, "192.0.2.1:1"));
	for (int i = 0; i < 10; i++) {
		assert_false(api_clone_moved(clones, 1, 1, &e, now, &other));
		assert_false(move(1, "192.0.2.1:1"));
	}
	assert_int_equal(parse_endpoint("192.0.2.1:1", &e), 0);
	assert_false(api_clone_moved(clones, SLOTS, 1, &e, now, &other));
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
		TEST(a_tunnel_at_two_endpoints_in_turn_is_two),
		TEST(two_tunnels_behind_one_nat_are_two),
		TEST(it_is_said_once_in_the_window),
		TEST(a_tunnel_that_roams_is_one),
		TEST(another_owner_of_the_slot_begins_anew),
		TEST(what_is_no_endpoint_or_slot_is_passed_over),
	};

	return RUN_TESTS(tests);
}
