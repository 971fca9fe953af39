/* SPDX-License-Identifier: GPL-2.0-only */
/* Whether a pool is on-link or routed: what is configured, and what the uplink says of it. */
#include <linux/rtnetlink.h>
#include "selftests/unit/test.h"
#include "lib/nl_addr.h"
#include "lib/nl_route.h"
#include "uplink.h"

static void pools_are(struct net *net, enum pool_why why6, enum pool_why why4)
{
	struct addr6 v6 = net->conf.pool6[0].prefix.addr;
	bool changed = false;

	assert_int_equal(net_pool_look(net, &changed, NULL), 0);
	assert_int_equal(net->pool6_why[0], why6);
	assert_int_equal(net->pool4_why[0], why4);
	v6.b[15] = 7;
	assert_int_equal(net_pool_onlink6(net, &v6), why6 >= POOL_ADDRESS);
	/* Told once. */
	changed = false;
	assert_int_equal(net_pool_look(net, &changed, NULL), 0);
	assert_false(changed);
}

static void add_address(struct net *net, const char *text, uint8_t len)
{
	struct nl_addr addr = {.family = strchr(text, ':') ? AF_INET6 : AF_INET,
			       .prefix_len = len,
			       .ifindex = net->uplink_ifindex};

	assert_int_equal(addr.family == AF_INET ? parse_addr4(text, &addr.v4)
						: parse_addr6(text, &addr.v6),
			 0);
	assert_int_equal(nl_addr_add(net->rtnl, &addr, NULL), 0);
}

static void a_pool_that_nothing_speaks_for_is_routed(void **state)
{
	struct net *net = *state;

	uplink_pools(net, CONF_POOL_AUTO);
	uplink_default4(net);
	uplink_default6(net);
	pools_are(net, POOL_UNSEEN, POOL_UNSEEN);
}

static void a_pool_in_a_subnet_of_the_uplink_is_onlink(void **state)
{
	struct net *net = *state;

	uplink_pools(net, CONF_POOL_AUTO);
	pools_are(net, POOL_UNSEEN, POOL_UNSEEN);
	add_address(net, "2001:db8:5::2", 64);
	add_address(net, "203.0.113.2", 24);
	pools_are(net, POOL_ADDRESS, POOL_ADDRESS);
}

/* As of a routed prefix that is given to the device address by address. */
static void a_single_address_of_a_pool_says_nothing(void **state)
{
	struct net *net = *state;

	uplink_pools(net, CONF_POOL_AUTO);
	add_address(net, "2001:db8:5::2", 128);
	add_address(net, "203.0.113.130", 32);
	pools_are(net, POOL_UNSEEN, POOL_UNSEEN);
}

static void a_connected_route_makes_a_pool_onlink(void **state)
{
	struct net *net = *state;
	struct nl_route direct = {.family = AF_INET6,
				  .dst_len = 48,
				  .table = KSTATE_MAIN,
				  .oif = net->uplink_ifindex,
				  .dst6 = {{0x20, 1, 0xd, 0xb8}}};
	struct nl_route via = {.family = AF_INET,
			       .dst_len = 24,
			       .table = KSTATE_MAIN,
			       .oif = net->uplink_ifindex,
			       .has_gateway = true,
			       .dst4 = {{203, 0, 113, 0}},
			       .gateway4 = {{192, 0, 2, 1}}};

	uplink_pools(net, CONF_POOL_AUTO);
	direct.dst6.b[5] = 0;
	assert_int_equal(nl_route_replace(net->rtnl, &direct, NULL), 0);
	assert_int_equal(nl_route_replace(net->rtnl, &via, NULL), 0);
	pools_are(net, POOL_UNSEEN, POOL_UNSEEN); /* of 2001:db8:0::/48 */
	direct.dst6.b[4] = 0;
	direct.dst6.b[5] = 5;
	assert_int_equal(nl_route_replace(net->rtnl, &direct, NULL), 0);
	pools_are(net, POOL_ROUTE, POOL_UNSEEN);
}

static void another_devices_subnet_says_nothing(void **state)
{
	struct net *net = *state;
	struct nl_addr addr = {
		.family = AF_INET, .prefix_len = 24, .v4 = {{203, 0, 113, 2}}, .ifindex = 1};

	uplink_pools(net, CONF_POOL_AUTO);
	assert_int_equal(nl_addr_add(net->rtnl, &addr, NULL), 0);
	pools_are(net, POOL_UNSEEN, POOL_UNSEEN);
}

static void what_is_configured_is_not_looked_for(void **state)
{
	struct net *net = *state;
	struct addr6 v6 = {{0x20, 1, 0xd, 0xb8, 0, 5, [15] = 9}};
	bool changed = false;

	uplink_pools(net, CONF_POOL_ROUTED);
	add_address(net, "2001:db8:5::2", 64);
	add_address(net, "203.0.113.2", 24);
	pools_are(net, POOL_CONF_ROUTED, POOL_CONF_ROUTED);
	uplink_pools(net, CONF_POOL_ONLINK);
	assert_int_equal(net_pool_look(net, &changed, NULL), 0);
	assert_true(changed);
	assert_true(net_pool_onlink6(net, &v6));
	assert_true(net_pool_onlink4(net, (struct addr4){{203, 0, 113, 140}}));
	assert_false(net_pool_onlink4(net, (struct addr4){{203, 0, 113, 1}}));
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		UPLINK_TEST(a_pool_that_nothing_speaks_for_is_routed),
		UPLINK_TEST(a_pool_in_a_subnet_of_the_uplink_is_onlink),
		UPLINK_TEST(a_single_address_of_a_pool_says_nothing),
		UPLINK_TEST(a_connected_route_makes_a_pool_onlink),
		UPLINK_TEST(another_devices_subnet_says_nothing),
		UPLINK_TEST(what_is_configured_is_not_looked_for),
	};

	return RUN_TESTS(tests);
}
