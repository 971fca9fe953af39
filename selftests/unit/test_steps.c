/* SPDX-License-Identifier: GPL-2.0-only */
/* steps_run(): one peer's failing step costs that peer its slot, and no other peer anything. */
#include "test.h"
#include "relay/steps.h"

static const struct kstate_env env = {.gateway4 = true, .gateway6 = true, .device_mtu = 1420};
static const struct kstate_env env_account = {
	.isolation = CONF_ISOLATION_ACCOUNT, .gateway4 = true, .device_mtu = 1420};

#define MAX_FAIL 4

struct kernel {
	const char *fail[MAX_FAIL]; /* texts of the steps it refuses */
	const char *broken_at;	    /* from this step on nothing goes */
	bool open[16];
	unsigned int done;
};

static bool refuses(const struct kernel *k, const char *text)
{
	for (size_t i = 0; i < MAX_FAIL && k->fail[i]; i++) {
		if (!strcmp(k->fail[i], text))
			return true;
	}
	return false;
}

static int run(void *ctx, const struct step *s, size_t n, size_t *ret_at, struct err *err)
{
	struct kernel *k = ctx;
	char text[128];

	for (size_t i = 0; i < n; i++) {
		assert_int_equal(s[i].type, s->type);
		step_text(text, sizeof(text), &s[i]);
		if (k->broken_at && !strcmp(k->broken_at, text)) {
			*ret_at = n;
			return err_set(err, -EPIPE, "broken");
		}
		if (refuses(k, text)) {
			*ret_at = i;
			return err_set(err, -EPERM, "refused");
		}
		k->done++;
		if (s->type == STEP_SLOT_SET || s->type == STEP_SLOT_CLOSE)
			k->open[s[i].slot.slot] = s->type == STEP_SLOT_SET;
	}
	return 0;
}

static struct peer peer_of(uint32_t slot, uint8_t key)
{
	struct peer p = {.slot = slot, .generation = 1, .account = 7, .mtu = 1420};

	assert_int_equal(parse_addr6("2001:db8::", &p.v6), 0);
	p.v6.b[15] = (uint8_t)slot;
	p.v4 = (struct addr4){{192, 0, 2, (uint8_t)slot}};
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

/* From `observed` (taken over) to the peers; the number of steps that failed. */
static unsigned int go(struct kernel *k, const struct kstate_env *e, const struct peer *peers,
		       size_t n, struct kstate observed, struct err *err)
{
	struct kstate wanted = state_of(e, peers, n);
	struct plan plan = {};
	unsigned int failed = 0;
	int r;

	for (size_t i = 0; i < observed.n_slots; i++)
		k->open[observed.slots[i].slot] = true;
	assert_int_equal(plan_make(&wanted, &observed, &plan), 0);
	r = steps_run(&plan, &wanted, run, k, &failed, err);
	assert_int_equal(r, failed ? -EPERM : 0);
	plan_clear(&plan);
	kstate_clear(&wanted);
	kstate_clear(&observed);
	return failed;
}

static void with_no_failure_all_slots_open(void **state UNUSED)
{
	struct peer p[] = {peer_of(1, 1), peer_of(2, 2), peer_of(3, 3)};
	struct kernel k = {};

	assert_int_equal(go(&k, &env, p, 3, (struct kstate){}, NULL), 0);
	assert_true(k.open[1] && k.open[2] && k.open[3]);
}

/* Each step of peer 2 alone. */
static void a_failing_step_closes_its_peer_only(void **state UNUSED)
{
	static const char *const steps[] = {
		"vrf add sc-2",
		"route set 2001:db8::2/128 table 254 wg0",
		"route set 192.0.2.2/32 table 254 wg0",
		"route set 2001:db8::2/128 table 100002 wg0",
		"route set ::/0 table 100002 unreachable",
		"route set 0.0.0.0/0 table 100002 gateway",
		"wg0 set AgICAgIC",
		"slot set 2",
	};
	struct peer p[] = {peer_of(1, 1), peer_of(2, 2), peer_of(3, 3)};

	for (size_t i = 0; i < sizeof(steps) / sizeof(*steps); i++) {
		struct kernel k = {.fail = {steps[i]}};
		struct err err = {};

		assert_int_equal(go(&k, &env, p, 3, (struct kstate){}, &err), 1);
		assert_non_null(strstr(err.text, steps[i]));
		assert_true(k.open[1] && !k.open[2] && k.open[3]);
	}
}

static void several_failing_elements_of_one_batch_are_passed_over(void **state UNUSED)
{
	struct peer p[] = {peer_of(1, 1), peer_of(2, 2), peer_of(3, 3), peer_of(4, 4)};
	struct kernel k = {.fail = {"wg0 set AQEBAQEB", "wg0 set AgICAgIC", "wg0 set BAQEBAQE"}};

	assert_int_equal(go(&k, &env, p, 4, (struct kstate){}, NULL), 3);
	assert_true(!k.open[1] && !k.open[2] && k.open[3] && !k.open[4]);
}

static void a_slot_that_is_live_is_closed_when_a_repair_fails(void **state UNUSED)
{
	struct peer p[] = {peer_of(1, 1), peer_of(2, 2)};
	struct kstate observed = state_of(&env, p, 2);
	struct kernel k = {.fail = {"route set 192.0.2.1/32 table 254 wg0"}};

	/* Sorted by table: those of the main table come first, IPv4 before IPv6. */
	observed.n_routes--;
	memmove(observed.routes, observed.routes + 1, observed.n_routes * sizeof(*observed.routes));
	assert_int_equal(go(&k, &env, p, 2, observed, NULL), 1);
	assert_true(!k.open[1] && k.open[2]);
}

static void an_old_owner_that_cannot_be_removed_hinders_nobody_else(void **state UNUSED)
{
	struct peer was[] = {peer_of(1, 1), peer_of(2, 2)}, now = peer_of(2, 2);
	struct kernel k = {.fail = {"wg0 del AQEBAQEB", "vrf del sc-1"}};

	assert_int_equal(go(&k, &env, &now, 1, state_of(&env, was, 2), NULL), 2);
	assert_true(!k.open[1] && k.open[2]);
}

static void a_shared_vrf_that_fails_closes_all_who_share_it(void **state UNUSED)
{
	struct peer p[] = {peer_of(1, 1), peer_of(2, 2), peer_of(3, 3)};
	struct kernel k = {.fail = {"vrf add sc-a7"}};

	p[2].account = 8;
	assert_int_equal(go(&k, &env_account, p, 3, (struct kstate){}, NULL), 1);
	assert_true(!k.open[1] && !k.open[2] && k.open[3]);
}

static void a_peers_route_in_a_shared_vrf_is_its_own_affair(void **state UNUSED)
{
	struct peer p[] = {peer_of(1, 1), peer_of(2, 2)};
	struct kernel k = {.fail = {"route set 192.0.2.1/32 table 1000007 wg0"}};

	assert_int_equal(go(&k, &env_account, p, 2, (struct kstate){}, NULL), 1);
	assert_true(!k.open[1] && k.open[2]);
}

static void when_nothing_more_can_be_run_nothing_opens(void **state UNUSED)
{
	struct peer p[] = {peer_of(1, 1), peer_of(2, 2)};
	struct kstate wanted = state_of(&env, p, 2), observed = {};
	struct kernel k = {.broken_at = "wg0 set AQEBAQEB"};
	struct plan plan = {};
	struct err err = {};

	assert_int_equal(plan_make(&wanted, &observed, &plan), 0);
	assert_int_equal(steps_run(&plan, &wanted, run, &k, NULL, &err), -EPIPE);
	assert_true(!k.open[1] && !k.open[2]);
	plan_clear(&plan);
	kstate_clear(&wanted);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(with_no_failure_all_slots_open),
		cmocka_unit_test(a_failing_step_closes_its_peer_only),
		cmocka_unit_test(several_failing_elements_of_one_batch_are_passed_over),
		cmocka_unit_test(a_slot_that_is_live_is_closed_when_a_repair_fails),
		cmocka_unit_test(an_old_owner_that_cannot_be_removed_hinders_nobody_else),
		cmocka_unit_test(a_shared_vrf_that_fails_closes_all_who_share_it),
		cmocka_unit_test(a_peers_route_in_a_shared_vrf_is_its_own_affair),
		cmocka_unit_test(when_nothing_more_can_be_run_nothing_opens),
	};

	return RUN_TESTS(tests);
}
