/* SPDX-License-Identifier: GPL-2.0-only */
/* apply(): what is behind a route that the kernel refuses is there all the same. */
#include <netinet/in.h>
#include <sched.h>
#include "selftests/unit/test.h"
#include "lib/nl_link.h"
#include "lib/nl_route.h"
#include "relay/net_int.h"

#define ROUTES 2000 /* more than one message of the batch */

static int count_route(UNUSED const struct nl_route *route, void *ctx)
{
	++*(size_t *)ctx;
	return 0;
}

/* "lo" stands for wg0; wg1 does not exist: its routes are refused. */
static void routes_behind_a_refused_one_are_set(void **state UNUSED)
{
	struct kstate wanted = {}, observed = {};
	AUTO_FREE struct net *net = calloc(1, sizeof(*net));
	struct plan plan = {};
	unsigned int failed = 0;
	struct err err = {};
	size_t there = 0;

	assert_non_null(net);
	assert_int_equal(unshare(CLONE_NEWNET), 0);
	assert_int_equal(nl_open(NETLINK_ROUTE, &net->rtnl, NULL), 0);
	assert_int_equal(nl_link_set_up(net->rtnl, 1, true, NULL), 0);
	net->wg_ifindex[0] = 1;
	net->wg_ifindex[1] = 999;
	for (unsigned int i = 0; i < ROUTES; i++) {
		struct kroute k = {
			.table = KSTATE_MAIN,
			.family = AF_INET6,
			.dst_len = 128,
			.dst = {{0x20, 1, 0xd, 0xb8, [14] = (uint8_t)(i >> 8), [15] = (uint8_t)i}},
			.metric = 1024,
			.to = i % 500 == 7 ? KROUTE_WG1 : KROUTE_WG0};

		assert_int_equal(kstate_add_route(&wanted, &k), 0);
	}
	kstate_sort(&wanted);
	assert_int_equal(plan_make(&wanted, &observed, &plan), 0);
	assert_int_equal(apply(net, &plan, &wanted, &failed, &err), -ENODEV);
	assert_int_equal(failed, 4);
	assert_non_null(strstr(err.text, "2001:db8::7/128"));
	assert_int_equal(
		nl_route_dump(net->rtnl, AF_INET6, KSTATE_RTPROT, 0, count_route, &there, NULL), 0);
	assert_int_equal(there, ROUTES - 4);
	plan_clear(&plan);
	kstate_clear(&wanted);
	nl_close(net->rtnl);
}

static int read_route(const struct nl_route *route, void *ctx)
{
	*(struct nl_route *)ctx = *route;
	return 0;
}

/* A route whose MTU is not locked does not hold for IPv6 that is forwarded. */
static void the_mtu_of_a_route_is_locked(void **state UNUSED)
{
	struct kroute k = {.table = KSTATE_MAIN,
			   .family = AF_INET6,
			   .dst_len = 128,
			   .dst = {{0x20, 1, 0xd, 0xb8, [15] = 9}},
			   .metric = 1024,
			   .to = KROUTE_WG0,
			   .mtu = 1360};
	struct kstate wanted = {}, observed = {};
	AUTO_FREE struct net *net = calloc(1, sizeof(*net));
	struct nl_route there = {};
	struct plan plan = {};

	assert_non_null(net);
	assert_int_equal(unshare(CLONE_NEWNET), 0);
	assert_int_equal(nl_open(NETLINK_ROUTE, &net->rtnl, NULL), 0);
	assert_int_equal(nl_link_set_up(net->rtnl, 1, true, NULL), 0);
	net->wg_ifindex[0] = 1;
	for (int v6 = 1; v6 >= 0; v6--) {
		k.family = v6 ? AF_INET6 : AF_INET;
		k.dst_len = v6 ? 128 : 32;
		k.metric = v6 ? 1024 : 0;
		if (!v6)
			k.dst = (struct addr6){{198, 51, 100, 9}};
		assert_int_equal(kstate_add_route(&wanted, &k), 0);
		assert_int_equal(plan_make(&wanted, &observed, &plan), 0);
		assert_int_equal(apply(net, &plan, &wanted, NULL, NULL), 0);
		assert_int_equal(nl_route_dump(net->rtnl, k.family, KSTATE_RTPROT, 0, read_route,
					       &there, NULL),
				 0);
		assert_int_equal(there.mtu, 1360);
		assert_true(there.mtu_lock);
		there.mtu_lock = false;
		assert_int_equal(nl_route_replace(net->rtnl, &there, NULL), 0);
		assert_int_equal(nl_route_dump(net->rtnl, k.family, KSTATE_RTPROT, 0, read_route,
					       &there, NULL),
				 0);
		assert_int_equal(there.mtu, 1360);
		assert_false(there.mtu_lock);
		plan_clear(&plan);
		kstate_clear(&wanted);
	}
	nl_close(net->rtnl);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(routes_behind_a_refused_one_are_set),
		cmocka_unit_test(the_mtu_of_a_route_is_locked),
	};

	return RUN_TESTS(tests);
}
