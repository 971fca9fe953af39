/* SPDX-License-Identifier: GPL-2.0-only */
/* plan_make(): the steps from observed to wanted, as text, one table per case. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <cmocka.h>
#include "relay/plan.h"

static const struct kstate_env env = {.gateway4 = true, .gateway6 = true, .device_mtu = 1420};
static const struct kstate_env env_account = {.isolation = CONF_ISOLATION_ACCOUNT,
					      .gateway4 = true,
					      .gateway6 = true,
					      .device_mtu = 1420};

static struct peer peer_of(uint32_t slot, uint8_t key)
{
	struct peer p = {.slot = slot, .generation = 1, .account = 7, .mtu = 1420};

	assert_int_equal(parse_addr6("2001:db8::", &p.v6), 0);
	p.v6.b[15] = (uint8_t)slot;
	memset(p.public_key, key, KEY_LEN);
	return p;
}

static struct kstate state_of(const struct kstate_env *e, const struct peer *peers, size_t n)
{
	struct kstate s = {};

	for (size_t i = 0; i < n; i++)
		assert_int_equal(kstate_want(&s, &peers[i], 0, e), 0);
	kstate_sort(&s);
	return s;
}

/* The steps as text, one a line. */
static void expect(struct kstate wanted, struct kstate observed, const char *steps)
{
	struct plan plan = {};
	char all[4096] = "", line[160];

	assert_int_equal(plan_make(&wanted, &observed, &plan), 0);
	for (size_t i = 0; i < plan.n; i++) {
		step_text(line, sizeof(line), &plan.steps[i]);
		strncat(all, line, sizeof(all) - strlen(all) - 2);
		strncat(all, "\n", sizeof(all) - strlen(all) - 1);
	}
	assert_string_equal(all, steps);
	plan_clear(&plan);
	kstate_clear(&wanted);
	kstate_clear(&observed);
}

static void adding_a_peer_opens_its_slot_last(void **state)
{
	struct peer p = peer_of(5, 1);

	(void)state;
	expect(state_of(&env, &p, 1), (struct kstate){},
	       "vrf add sc-5\n"
	       "route set 2001:db8::5/128 table 254 wg0\n"
	       "route set 0.0.0.0/0 table 100005 gateway\n"
	       "route set 0.0.0.0/0 table 100005 unreachable\n"
	       "route set ::/0 table 100005 gateway\n"
	       "route set ::/0 table 100005 unreachable\n"
	       "route set 2001:db8::5/128 table 100005 wg0\n"
	       "wg0 set AQEBAQEB\n"
	       "slot set 5\n");
}

/* The kernel answers for nobody whose slot is not open. */
static void proxy_entries_come_last_and_go_first(void **state)
{
	struct kstate_env e = env;
	struct peer p = peer_of(5, 1), none = peer_of(6, 2);

	(void)state;
	e.proxy6 = e.proxy4 = true;
	assert_int_equal(parse_addr4("192.0.2.5", &p.v4), 0);
	expect(state_of(&e, &p, 1), state_of(&env, &p, 1),
	       "proxy set 192.0.2.5\n"
	       "proxy set 2001:db8::5\n");
	expect(state_of(&env, &p, 1), state_of(&e, &p, 1),
	       "proxy del 192.0.2.5\n"
	       "proxy del 2001:db8::5\n");
	expect(state_of(&e, &p, 1), state_of(&e, &p, 1), "");
	expect((struct kstate){}, state_of(&e, &none, 1),
	       "slot close 6\n"
	       "proxy del 2001:db8::6\n"
	       "wg0 del AgICAgIC\n"
	       "route del 2001:db8::6/128 table 254 wg0\n"
	       "route del 0.0.0.0/0 table 100006 gateway\n"
	       "route del 0.0.0.0/0 table 100006 unreachable\n"
	       "route del ::/0 table 100006 gateway\n"
	       "route del ::/0 table 100006 unreachable\n"
	       "route del 2001:db8::6/128 table 100006 wg0\n"
	       "vrf del sc-6\n");
}

static void removing_a_peer_closes_its_slot_first(void **state)
{
	struct peer p = peer_of(5, 1);

	(void)state;
	expect((struct kstate){}, state_of(&env, &p, 1),
	       "slot close 5\n"
	       "wg0 del AQEBAQEB\n"
	       "route del 2001:db8::5/128 table 254 wg0\n"
	       "route del 0.0.0.0/0 table 100005 gateway\n"
	       "route del 0.0.0.0/0 table 100005 unreachable\n"
	       "route del ::/0 table 100005 gateway\n"
	       "route del ::/0 table 100005 unreachable\n"
	       "route del 2001:db8::5/128 table 100005 wg0\n"
	       "vrf del sc-5\n");
}

static void what_is_there_already_needs_no_step(void **state)
{
	struct peer p[] = {peer_of(5, 1), peer_of(6, 2)};

	(void)state;
	expect(state_of(&env, p, 2), state_of(&env, p, 2), "");
}

static void a_new_key_replaces_the_old_one_and_keeps_the_slot_open(void **state)
{
	struct peer old = peer_of(5, 1), new = peer_of(5, 2);

	(void)state;
	expect(state_of(&env, &new, 1), state_of(&env, &old, 1),
	       "wg0 del AQEBAQEB\n"
	       "wg0 set AgICAgIC\n");
}

static void a_changed_mtu_changes_routes_and_slot_only(void **state)
{
	struct peer old = peer_of(5, 1), new = peer_of(5, 1);

	(void)state;
	new.mtu = 1280;
	expect(state_of(&env, &new, 1), state_of(&env, &old, 1),
	       "route set 2001:db8::5/128 table 254 wg0\n"
	       "route set 2001:db8::5/128 table 100005 wg0\n"
	       "slot set 5\n");
}

static void a_new_owner_finds_the_slot_closed_in_between(void **state)
{
	struct peer old = peer_of(5, 1), new = peer_of(5, 2);

	(void)state;
	new.generation = 2;
	expect(state_of(&env, &new, 1), state_of(&env, &old, 1),
	       "slot close 5\n"
	       "wg0 del AQEBAQEB\n"
	       "wg0 set AgICAgIC\n"
	       "slot set 5\n");
}

static void a_move_to_the_other_device_rewrites_routes_and_slot(void **state)
{
	struct peer old = peer_of(5, 1), new = peer_of(5, 1);

	(void)state;
	new.wg = 1;
	expect(state_of(&env, &new, 1), state_of(&env, &old, 1),
	       "wg0 del AQEBAQEB\n"
	       "route set 2001:db8::5/128 table 254 wg1\n"
	       "route set 2001:db8::5/128 table 100005 wg1\n"
	       "wg1 set AQEBAQEB\n"
	       "slot set 5\n");
}

static void an_ipv4_address_adds_its_routes(void **state)
{
	struct peer old = peer_of(5, 1), new = peer_of(5, 1);

	(void)state;
	assert_int_equal(parse_addr4("192.0.2.9", &new.v4), 0);
	expect(state_of(&env, &new, 1), state_of(&env, &old, 1),
	       "slot close 5\n"
	       "route set 192.0.2.9/32 table 254 wg0\n"
	       "route set 192.0.2.9/32 table 100005 wg0\n"
	       "wg0 set AQEBAQEB\n"
	       "slot set 5\n");
}

static void one_of_two_peers_of_an_account_leaves_their_vrf(void **state)
{
	struct peer p[] = {peer_of(5, 1), peer_of(6, 2)};

	(void)state;
	expect(state_of(&env_account, &p[1], 1), state_of(&env_account, p, 2),
	       "slot close 5\n"
	       "wg0 del AQEBAQEB\n"
	       "route del 2001:db8::5/128 table 254 wg0\n"
	       "route del 2001:db8::5/128 table 1000007 wg0\n");
}

static void without_a_gateway_only_the_unreachable_default_is_set(void **state)
{
	struct kstate_env no_gateway = env;
	struct peer p = peer_of(5, 1);

	(void)state;
	no_gateway.gateway4 = no_gateway.gateway6 = false;
	expect(state_of(&env, &p, 1), state_of(&no_gateway, &p, 1),
	       "route set 0.0.0.0/0 table 100005 gateway\n"
	       "route set ::/0 table 100005 gateway\n");
}

/* What a tier or the peer's own rules change is one atomic write of the slot, nothing else. */
static void limits_and_rules_change_the_slot_only(void **state)
{
	struct peer before = peer_of(5, 1), after[4];

	(void)state;
	before.ceil_kbps = 50000;
	for (size_t i = 0; i < ARRAY_SIZE(after); i++)
		after[i] = before;
	after[0].smtp = 1;
	after[1].scan_per_s = 50;
	after[2].ceil_kbps = 100000;
	after[3].firewall.n = 1;
	after[3].firewall.rule[0].flags = SC_RULE_IN;
	for (size_t i = 0; i < ARRAY_SIZE(after); i++)
		expect(state_of(&env, &after[i], 1), state_of(&env, &before, 1), "slot set 5\n");
}

static void abuse_ceiling_follows_the_tier(void **state)
{
	static const struct {
		uint32_t ceil_kbps, byte_ps, packet_ns;
	} cases[] = {
		{0, 0, 0},	       /* unshaped: no ceiling */
		{10000, 80000, 10240}, /* at least 100 Mbit/s */
		{25000, 80000, 10240},
		{100000, 20000, 2560}, /* four times the tier */
		{10000000, 200, 25},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		struct peer p = peer_of(5, 1);
		struct kstate s;

		p.ceil_kbps = cases[i].ceil_kbps;
		s = state_of(&env, &p, 1);
		assert_int_equal(s.slots[0].in_byte_ps, cases[i].byte_ps);
		assert_int_equal(s.slots[0].in_packet_ns, cases[i].packet_ns);
		kstate_clear(&s);
	}
}

/* With HTB a class holds the rate, with fq the slot does. A guarantee is never below the ceiling.
 */
static void pace_follows_the_tier(void **state)
{
	static const struct {
		enum conf_shaper shaper;
		uint32_t ceil_kbps, rate_kbps, byte_ps;
	} cases[] = {
		{CONF_SHAPER_HTB, 10000, 0, 0},		{CONF_SHAPER_EDT, 0, 0, 0},
		{CONF_SHAPER_EDT, 0, 10000, 0},		{CONF_SHAPER_EDT, 10000, 0, 800000},
		{CONF_SHAPER_EDT, 10000, 5000, 800000}, {CONF_SHAPER_EDT, 10000, 50000, 160000},
		{CONF_SHAPER_EDT, 1, 0, 1000000000}, /* 8 kbit/s at least */
		{CONF_SHAPER_EDT, 100000000, 0, 80},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		struct kstate_env e = env;
		struct peer p = peer_of(5, 1);
		struct kstate s;

		e.shaper = cases[i].shaper;
		p.ceil_kbps = cases[i].ceil_kbps;
		p.rate_kbps = cases[i].rate_kbps;
		s = state_of(&e, &p, 1);
		assert_int_equal(s.slots[0].pace_byte_ps, cases[i].byte_ps);
		kstate_clear(&s);
	}
}

/* Neither key nor route nor device: one slot, whose owner stays. */
static void another_tier_touches_the_slot_alone(void **state)
{
	struct kstate_env e = env;
	struct peer before = peer_of(5, 1), after = peer_of(5, 1);

	(void)state;
	before.ceil_kbps = 50000;
	after.ceil_kbps = 60000;
	after.smtp = 1;
	expect(state_of(&e, &after, 1), state_of(&e, &before, 1), "slot set 5\n");
	e.shaper = CONF_SHAPER_EDT;
	after.smtp = 0;
	before.ceil_kbps = 1000;
	after.ceil_kbps = 2000; /* the abuse ceiling is the same */
	expect(state_of(&e, &after, 1), state_of(&e, &before, 1), "slot set 5\n");
	e.shaper = CONF_SHAPER_HTB; /* its class changes, nothing else */
	expect(state_of(&e, &after, 1), state_of(&e, &before, 1), "");
}

/* Its next key waits on the other device: nothing else is touched. */
static void a_rotation_begins_beside_what_runs(void **state)
{
	struct peer old = peer_of(5, 1), both = peer_of(5, 1);

	(void)state;
	both.has_other = 1;
	memset(both.other_key, 2, KEY_LEN);
	expect(state_of(&env, &both, 1), state_of(&env, &old, 1),
	       "wg1 set AgICAgIC\n"
	       "slot set 5\n");
	expect(state_of(&env, &old, 1), state_of(&env, &both, 1),
	       "wg1 del AgICAgIC\n"
	       "slot set 5\n");
}

static void a_rotation_turns_over_without_touching_a_key(void **state)
{
	struct peer before = peer_of(5, 1), after = peer_of(5, 2), done;

	(void)state;
	before.has_other = after.has_other = 1;
	memset(before.other_key, 2, KEY_LEN);
	memset(after.other_key, 1, KEY_LEN);
	after.wg = 1;
	done = after;
	done.has_other = 0;
	expect(state_of(&env, &after, 1), state_of(&env, &before, 1),
	       "route set 2001:db8::5/128 table 254 wg1\n"
	       "route set 2001:db8::5/128 table 100005 wg1\n"
	       "slot set 5\n");
	expect(state_of(&env, &done, 1), state_of(&env, &after, 1),
	       "wg0 del AQEBAQEB\n"
	       "slot set 5\n");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(adding_a_peer_opens_its_slot_last),
		cmocka_unit_test(proxy_entries_come_last_and_go_first),
		cmocka_unit_test(removing_a_peer_closes_its_slot_first),
		cmocka_unit_test(what_is_there_already_needs_no_step),
		cmocka_unit_test(a_new_key_replaces_the_old_one_and_keeps_the_slot_open),
		cmocka_unit_test(a_changed_mtu_changes_routes_and_slot_only),
		cmocka_unit_test(a_new_owner_finds_the_slot_closed_in_between),
		cmocka_unit_test(a_move_to_the_other_device_rewrites_routes_and_slot),
		cmocka_unit_test(an_ipv4_address_adds_its_routes),
		cmocka_unit_test(one_of_two_peers_of_an_account_leaves_their_vrf),
		cmocka_unit_test(without_a_gateway_only_the_unreachable_default_is_set),
		cmocka_unit_test(limits_and_rules_change_the_slot_only),
		cmocka_unit_test(a_rotation_begins_beside_what_runs),
		cmocka_unit_test(a_rotation_turns_over_without_touching_a_key),
		cmocka_unit_test(abuse_ceiling_follows_the_tier),
		cmocka_unit_test(pace_follows_the_tier),
		cmocka_unit_test(another_tier_touches_the_slot_alone),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests_name("plan", tests, NULL, NULL);
}
