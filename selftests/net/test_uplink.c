/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * How the relay follows its uplink, on a veth pair in a namespace of its own:
 *
 *	up0 (the uplink) 192.0.2.2/24, 2001:db8::2/64 ---- far (its switch)
 *	default routes by 192.0.2.1 and fe80::1
 */
#include <fcntl.h>
#include <linux/rtnetlink.h>
#include <net/if.h>
#include <poll.h>
#include <sched.h>
#include <stdio.h>
#include "selftests/unit/test.h"
#include "lib/mono.h"
#include "lib/nl_addr.h"
#include "lib/nl_link.h"
#include "lib/nl_neigh.h"
#include "lib/nl_route.h"
#include "relay/net_int.h"
#include "veth.h"

static int index_of(struct nl *nl, const char *name)
{
	struct nl_link link;

	assert_int_equal(nl_link_get(nl, name, &link, NULL), 0);
	return link.ifindex;
}

static void set_device(struct nl *nl, const char *name, bool up)
{
	assert_int_equal(nl_link_set_up(nl, index_of(nl, name), up, NULL), 0);
}

static void add_default4(struct net *net)
{
	struct nl_route route = {.family = AF_INET,
				 .table = KSTATE_MAIN,
				 .oif = net->uplink_ifindex,
				 .has_gateway = true,
				 .gateway4 = {{192, 0, 2, 1}}};

	assert_int_equal(nl_route_replace(net->rtnl, &route, NULL), 0);
}

static void add_default6(struct net *net)
{
	struct nl_route route = {.family = AF_INET6,
				 .table = KSTATE_MAIN,
				 .oif = net->uplink_ifindex,
				 .has_gateway = true,
				 .gateway6 = {{0xfe, 0x80, [15] = 1}}};

	assert_int_equal(nl_route_replace(net->rtnl, &route, NULL), 0);
}

static int set_up(void **state)
{
	struct net *net = calloc(1, sizeof(*net));
	struct nl_addr addr = {.family = AF_INET, .prefix_len = 24, .v4 = {{192, 0, 2, 2}}};

	assert_non_null(net);
	assert_int_equal(unshare(CLONE_NEWNET), 0);
	assert_int_equal(nl_open(NETLINK_ROUTE, &net->rtnl, NULL), 0);
	veth_add(net->rtnl, "up0", "far");
	set_device(net->rtnl, "far", true);
	set_device(net->rtnl, "up0", true);
	snprintf(net->conf.uplink, sizeof(net->conf.uplink), "up0");
	net->uplink_ifindex = addr.ifindex = index_of(net->rtnl, "up0");
	assert_int_equal(nl_addr_add(net->rtnl, &addr, NULL), 0);
	*state = net;
	return 0;
}

static int tear_down(void **state)
{
	struct net *net = *state;

	nl_close(net->rtnl);
	free(net);
	return 0;
}

static bool look(struct net *net)
{
	bool changed = false;

	assert_int_equal(net_uplink_gateways(net, &changed, NULL), 0);
	return changed;
}

static void there_is_no_gateway_without_a_default_route(void **state)
{
	struct net *net = *state;

	assert_false(look(net));
	assert_false(net->gateway4);
	assert_false(net->gateway6);
}

static void each_family_has_its_gateway(void **state)
{
	struct net *net = *state;
	struct nl_nexthop nh;

	add_default6(net);
	assert_true(look(net));
	assert_false(net->gateway4);
	assert_true(net->gateway6);
	add_default4(net);
	assert_true(look(net));
	assert_true(net->gateway4);
	assert_int_equal(nl_nexthop_get(net->rtnl, KSTATE_NH4, &nh, NULL), 0);
	assert_int_equal(nh.oif, net->uplink_ifindex);
	assert_int_equal(addr4_to_u32(nh.gateway4), 0xc0000201);
	assert_int_equal(addr4_to_u32(net->router4), 0xc0000201);
	assert_int_equal(nl_nexthop_get(net->rtnl, KSTATE_NH6, &nh, NULL), 0);
	assert_int_equal(nh.gateway6.b[15], 1);
}

static void a_second_look_changes_nothing(void **state)
{
	struct net *net = *state;

	add_default4(net);
	add_default6(net);
	assert_true(look(net));
	assert_false(look(net));
}

/* The kernel tells itself of a carrier's change a moment later. */
static bool within_5_s(struct net *net, bool (*holds)(struct net *net))
{
	struct mono began = mono_now();

	while (!holds(net)) {
		if (mono_ms_since(began) > 5000)
			return false;
		poll(NULL, 0, 10);
	}
	return true;
}

static bool next_hop_is_gone(struct net *net)
{
	struct nl_nexthop nh;

	return nl_nexthop_get(net->rtnl, KSTATE_NH4, &nh, NULL) == -ENOENT;
}

static void a_gateway_comes_back_with_the_carrier(void **state)
{
	struct net *net = *state;
	struct nl_nexthop nh;

	add_default4(net);
	assert_true(look(net));
	set_device(net->rtnl, "far", false);
	assert_true(within_5_s(net, next_hop_is_gone));
	/* The default route stays, without a carrier; a next hop cannot be made. */
	look(net);
	assert_false(net->gateway4);
	set_device(net->rtnl, "far", true);
	assert_true(within_5_s(net, look));
	assert_true(net->gateway4);
	assert_int_equal(nl_nexthop_get(net->rtnl, KSTATE_NH4, &nh, NULL), 0);
}

static void a_gateway_comes_back_with_the_device(void **state)
{
	struct net *net = *state;

	add_default4(net);
	add_default6(net);
	assert_true(look(net));
	set_device(net->rtnl, "up0", false);
	look(net);
	assert_false(net->gateway4);
	assert_false(net->gateway6);
	set_device(net->rtnl, "up0", true);
	add_default4(net);
	add_default6(net);
	assert_true(look(net));
	assert_true(net->gateway4);
	assert_true(net->gateway6);
}

static void the_last_gateway_stays_when_the_default_route_goes(void **state)
{
	struct net *net = *state;
	struct nl_route route = {.family = AF_INET, .table = KSTATE_MAIN};
	struct nl_nexthop nh;

	add_default4(net);
	assert_true(look(net));
	assert_int_equal(nl_route_del(net->rtnl, &route, NULL), 0);
	assert_false(look(net));
	assert_true(net->gateway4);
	assert_int_equal(nl_nexthop_get(net->rtnl, KSTATE_NH4, &nh, NULL), 0);
}

static void a_default_route_by_a_next_hop_object_counts(void **state)
{
	struct net *net = *state;
	struct nl_nexthop nh = {.id = 7,
				.family = AF_INET,
				.oif = net->uplink_ifindex,
				.has_gateway = true,
				.gateway4 = {{192, 0, 2, 9}}};
	struct nl_route route = {.family = AF_INET, .table = KSTATE_MAIN, .nhid = 7};

	assert_int_equal(nl_nexthop_replace(net->rtnl, &nh, RTPROT_STATIC, NULL), 0);
	assert_int_equal(nl_route_replace(net->rtnl, &route, NULL), 0);
	assert_true(look(net));
	assert_int_equal(nl_nexthop_get(net->rtnl, KSTATE_NH4, &nh, NULL), 0);
	assert_int_equal(addr4_to_u32(nh.gateway4), 0xc0000209);
	assert_int_equal(nl_route_del(net->rtnl, &route, NULL), 0);
}

static void put_hop(struct nlmsghdr *nlh, int oif, uint8_t last)
{
	struct rtnexthop *hop = mnl_nlmsg_get_payload_tail(nlh);
	struct addr6 gateway = {{0xfe, 0x80, [15] = last}};

	nlh->nlmsg_len += sizeof(*hop);
	*hop = (struct rtnexthop){.rtnh_ifindex = oif};
	mnl_attr_put(nlh, RTA_GATEWAY, sizeof(gateway), &gateway);
	hop->rtnh_len = (uint16_t)((char *)mnl_nlmsg_get_payload_tail(nlh) - (char *)hop);
}

static void of_two_routers_one_is_the_gateway(void **state)
{
	struct net *net = *state;
	struct nlmsghdr *nlh = nl_msg(net->rtnl, RTM_NEWROUTE, NLM_F_CREATE);
	struct rtmsg *rtm = mnl_nlmsg_put_extra_header(nlh, sizeof(*rtm));
	struct nlattr *hops;
	struct nl_nexthop nh;

	*rtm = (struct rtmsg){.rtm_family = AF_INET6,
			      .rtm_table = KSTATE_MAIN,
			      .rtm_protocol = RTPROT_RA,
			      .rtm_type = RTN_UNICAST};
	hops = mnl_attr_nest_start(nlh, RTA_MULTIPATH);
	put_hop(nlh, net->uplink_ifindex, 3);
	put_hop(nlh, net->uplink_ifindex, 4);
	mnl_attr_nest_end(nlh, hops);
	assert_int_equal(nl_do(net->rtnl, nlh, NULL), 0);
	assert_true(look(net));
	assert_true(net->gateway6);
	assert_int_equal(nl_nexthop_get(net->rtnl, KSTATE_NH6, &nh, NULL), 0);
	assert_in_range(nh.gateway6.b[15], 3, 4);
}

static void ipv4_may_have_an_ipv6_router(void **state)
{
	struct net *net = *state;
	struct nlmsghdr *nlh = nl_msg(net->rtnl, RTM_NEWROUTE, NLM_F_CREATE);
	struct rtmsg *rtm = mnl_nlmsg_put_extra_header(nlh, sizeof(*rtm));
	struct {
		uint16_t family;
		struct addr6 addr;
	} via = {AF_INET6, {{0xfe, 0x80, [15] = 7}}};
	struct nl_route user = {
		.family = AF_INET, .table = 77, .nhid = KSTATE_NH4, .protocol = KSTATE_RTPROT};
	struct nl_nexthop nh;

	*rtm = (struct rtmsg){.rtm_family = AF_INET,
			      .rtm_table = KSTATE_MAIN,
			      .rtm_protocol = RTPROT_STATIC,
			      .rtm_type = RTN_UNICAST};
	mnl_attr_put_u32(nlh, RTA_OIF, (uint32_t)net->uplink_ifindex);
	mnl_attr_put(nlh, RTA_VIA, sizeof(via), &via);
	assert_int_equal(nl_do(net->rtnl, nlh, NULL), 0);
	assert_true(look(net));
	assert_true(net->gateway4);
	assert_int_equal(nl_nexthop_get(net->rtnl, KSTATE_NH4, &nh, NULL), 0);
	assert_int_equal(nh.family, AF_INET6);
	assert_int_equal(nh.gateway6.b[15], 7);
	assert_true(addr4_is_zero(net->router4));
	assert_int_equal(nl_route_replace(net->rtnl, &user, NULL), 0);
	assert_false(look(net));
}

static void set_pools(struct net *net, enum conf_pool_mode mode)
{
	struct conf *conf = &net->conf;

	conf->n_pool6 = conf->n_pool4 = 1;
	assert_int_equal(parse_prefix6("2001:db8:5::/64", &conf->pool6[0].prefix), 0);
	assert_int_equal(parse_prefix4("203.0.113.128/26", &conf->pool4[0].prefix), 0);
	conf->pool6[0].mode = conf->pool4[0].mode = mode;
}

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

	set_pools(net, CONF_POOL_AUTO);
	add_default4(net);
	add_default6(net);
	pools_are(net, POOL_UNSEEN, POOL_UNSEEN);
}

static void a_pool_in_a_subnet_of_the_uplink_is_onlink(void **state)
{
	struct net *net = *state;

	set_pools(net, CONF_POOL_AUTO);
	pools_are(net, POOL_UNSEEN, POOL_UNSEEN);
	add_address(net, "2001:db8:5::2", 64);
	add_address(net, "203.0.113.2", 24);
	pools_are(net, POOL_ADDRESS, POOL_ADDRESS);
}

/* As of a routed prefix that is given to the device address by address. */
static void a_single_address_of_a_pool_says_nothing(void **state)
{
	struct net *net = *state;

	set_pools(net, CONF_POOL_AUTO);
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

	set_pools(net, CONF_POOL_AUTO);
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

	set_pools(net, CONF_POOL_AUTO);
	assert_int_equal(nl_addr_add(net->rtnl, &addr, NULL), 0);
	pools_are(net, POOL_UNSEEN, POOL_UNSEEN);
}

static void what_is_configured_is_not_looked_for(void **state)
{
	struct net *net = *state;
	struct addr6 v6 = {{0x20, 1, 0xd, 0xb8, 0, 5, [15] = 9}};
	bool changed = false;

	set_pools(net, CONF_POOL_ROUTED);
	add_address(net, "2001:db8:5::2", 64);
	add_address(net, "203.0.113.2", 24);
	pools_are(net, POOL_CONF_ROUTED, POOL_CONF_ROUTED);
	set_pools(net, CONF_POOL_ONLINK);
	assert_int_equal(net_pool_look(net, &changed, NULL), 0);
	assert_true(changed);
	assert_true(net_pool_onlink6(net, &v6));
	assert_true(net_pool_onlink4(net, (struct addr4){{203, 0, 113, 140}}));
	assert_false(net_pool_onlink4(net, (struct addr4){{203, 0, 113, 1}}));
}

static bool allmulti(struct net *net)
{
	struct nl_link link;

	assert_int_equal(nl_link_get(net->rtnl, "up0", &link, NULL), 0);
	return link.allmulti;
}

/* A flag of the device: nobody must hold anything open for it. */
static void all_groups_are_let_in_where_pools_may_be_onlink(void **state)
{
	struct net *net = *state;
	struct nl_link link;

	assert_int_equal(nl_link_get(net->rtnl, "up0", &link, NULL), 0);
	memcpy(net->uplink_mac, link.mac, sizeof(net->uplink_mac));
	set_pools(net, CONF_POOL_ROUTED);
	assert_int_equal(net_uplink_follow(net, NULL), 0);
	assert_false(allmulti(net));
	set_pools(net, CONF_POOL_AUTO);
	assert_int_equal(net_uplink_follow(net, NULL), 0);
	assert_true(allmulti(net));
	/* Somebody takes it away: the next look puts it back. */
	assert_int_equal(nl_link_set_allmulti(net->rtnl, link.ifindex, false, NULL), 0);
	assert_false(allmulti(net));
	assert_int_equal(net_uplink_follow(net, NULL), 0);
	nl_close(net->rtnl);
	assert_int_equal(nl_open(NETLINK_ROUTE, &net->rtnl, NULL), 0);
	assert_true(allmulti(net));
}

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
	set_device(net->rtnl, "up0", false);
	assert_int_equal(proxies(net, NULL), 0);
	set_device(net->rtnl, "up0", true);
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
	set_pools(net, CONF_POOL_ROUTED);
	assert_int_equal(net_pool_look(net, &changed, NULL), 0);
	assert_false(net_proxy_wants6(net, &p));
	set_pools(net, CONF_POOL_ONLINK);
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

/* A kernel without WireGuard cannot tell whose device of that kind it is. */
static void a_device_called_wg0_of_another_kind_is_refused(void **state)
{
	struct net *net = *state;
	struct err err = {};

	assert_int_equal(net_wg_check(net, &err), 0);
	veth_add(net->rtnl, "wg0", "wg0-far");
	assert_int_equal(net_wg_check(net, &err), -EEXIST);
	assert_non_null(strstr(err.text, "wg0 exists"));
}

#define T(test) cmocka_unit_test_setup_teardown(test, set_up, tear_down)

int main(void)
{
	static const struct CMUnitTest tests[] = {
		T(there_is_no_gateway_without_a_default_route),
		T(each_family_has_its_gateway),
		T(a_second_look_changes_nothing),
		T(a_gateway_comes_back_with_the_carrier),
		T(a_gateway_comes_back_with_the_device),
		T(the_last_gateway_stays_when_the_default_route_goes),
		T(a_default_route_by_a_next_hop_object_counts),
		T(of_two_routers_one_is_the_gateway),
		T(ipv4_may_have_an_ipv6_router),
		T(a_pool_that_nothing_speaks_for_is_routed),
		T(a_pool_in_a_subnet_of_the_uplink_is_onlink),
		T(a_single_address_of_a_pool_says_nothing),
		T(a_connected_route_makes_a_pool_onlink),
		T(another_devices_subnet_says_nothing),
		T(what_is_configured_is_not_looked_for),
		T(all_groups_are_let_in_where_pools_may_be_onlink),
		T(proxy_entries_follow_the_peers),
		T(a_peer_has_a_group_where_its_pool_is_onlink),
		T(a_device_called_wg0_of_another_kind_is_refused),
	};

	return RUN_TESTS(tests);
}
