/* SPDX-License-Identifier: GPL-2.0-only */
/* Proxy entries on the uplink: those of the peers and no others; and who has one. */
#include <linux/rtnetlink.h>
#include <stdlib.h>
#include "selftests/unit/test.h"
#include "lib/nl_neigh.h"
#include "uplink.h"

static size_t proxies(struct net *net, const char *first)
{
	struct kstate s = {};
	struct addr6 want;
	size_t n;

	assert_int_equal(net_proxy_observe(net, &s, NULL), 0);
	kstate_sort(&s);
	n = s.n_proxys;
	if (first) {
		assert_int_equal(parse_addr6(first, &want), 0);
		assert_true(n && addr6_eq(&s.proxys[n - 1].addr, &want));
	}
	kstate_clear(&s);
	return n;
}

static void run_plan(struct net *net, struct kstate *wanted)
{
	struct kstate observed = {};
	struct plan plan = {};

	kstate_sort(wanted);
	assert_int_equal(net_proxy_observe(net, &observed, NULL), 0);
	kstate_sort(&observed);
	assert_int_equal(plan_make(wanted, &observed, &plan), 0);
	assert_int_equal(apply(net, &plan, wanted, NULL, NULL), 0);
	plan_clear(&plan);
	kstate_clear(&observed);
}

/* Entries follow what is wanted; those of others are left alone; a device that was down has them
 * again. */
static void proxy_entries_follow_the_peers(void **state)
{
	struct net *net = *state;
	struct kproxy six = {.family = AF_INET6, .addr = {{0x20, 1, 0xd, 0xb8, 0, 5, [15] = 7}}};
	struct kproxy four = {.family = AF_INET, .addr = {{203, 0, 113, 140}}};
	struct nl_proxy others = {.family = AF_INET6,
				  .ifindex = net->uplink_ifindex,
				  .protocol = RTPROT_STATIC,
				  .v6 = {{0x20, 1, 0xd, 0xb8, [15] = 1}}};
	struct kstate wanted = {};

	assert_int_equal(nl_proxy_add(net->rtnl, &others, NULL), 0);
	assert_int_equal(kstate_add_proxy(&wanted, &six), 0);
	assert_int_equal(kstate_add_proxy(&wanted, &four), 0);
	run_plan(net, &wanted);
	assert_int_equal(proxies(net, "2001:db8:5::7"), 2);
	run_plan(net, &wanted);
	assert_int_equal(proxies(net, NULL), 2);
	uplink_device(net, "up0", false);
	assert_int_equal(proxies(net, NULL), 0);
	uplink_device(net, "up0", true);
	run_plan(net, &wanted);
	assert_int_equal(proxies(net, "2001:db8:5::7"), 2);
	kstate_clear(&wanted);
	run_plan(net, &wanted);
	assert_int_equal(proxies(net, NULL), 0);
	/* Flushed are ours alone. */
	assert_int_equal(nl_proxy_add(net->rtnl, &others, NULL), 0);
	assert_int_equal(net_proxy_change(net, &six, true, NULL), 0);
	assert_int_equal(net_proxy_flush(net->rtnl, NULL), 0);
	assert_int_equal(proxies(net, NULL), 0);
	others.protocol = KSTATE_RTPROT; /* it was there, then: now it is ours */
	assert_int_equal(nl_proxy_add(net->rtnl, &others, NULL), 0);
	assert_int_equal(proxies(net, "2001:db8::1"), 1);
}

static void a_peer_has_a_group_where_its_pool_is_onlink(void **state)
{
	struct net *net = *state;
	struct peer p = {.slot = 7,
			 .v6 = {{0x20, 1, 0xd, 0xb8, 0, 5, [15] = 7}},
			 .v4 = {{203, 0, 113, 140}}};
	bool changed;

	net->conf.slots = 64;
	net->conf.mld = true;
	uplink_pools(net, CONF_POOL_ROUTED);
	assert_int_equal(net_pool_look(net, &changed, NULL), 0);
	assert_false(net_proxy_wants6(net, &p));
	uplink_pools(net, CONF_POOL_ONLINK);
	assert_int_equal(net_pool_look(net, &changed, NULL), 0);
	assert_true(net_proxy_wants6(net, &p));
	assert_false(net_proxy_wants4(net, &p));
	net->conf.mld = false;
	assert_false(net_proxy_wants6(net, &p));
	net->conf.xdp = DP_XDP_PROXY;
	assert_true(net_proxy_wants6(net, &p));
	assert_true(net_proxy_wants4(net, &p));
	net_proxy_release(net, 7);
	free(net->grouped);
	net->grouped = NULL;
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		UPLINK_TEST(proxy_entries_follow_the_peers),
		UPLINK_TEST(a_peer_has_a_group_where_its_pool_is_onlink),
	};

	return RUN_TESTS(tests);
}
