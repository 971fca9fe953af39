/* SPDX-License-Identifier: GPL-2.0-only */
/* How the relay follows its uplink: the routers it has, the groups it lets in. */
#include <linux/rtnetlink.h>
#include <poll.h>
#include "selftests/unit/test.h"
#include "lib/mono.h"
#include "lib/nl_link.h"
#include "lib/nl_route.h"
#include "uplink.h"

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

	uplink_default6(net);
	assert_true(look(net));
	assert_false(net->gateway4);
	assert_true(net->gateway6);
	uplink_default4(net);
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

	uplink_default4(net);
	uplink_default6(net);
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

	uplink_default4(net);
	assert_true(look(net));
	uplink_device(net, "far", false);
	assert_true(within_5_s(net, next_hop_is_gone));
	/* The default route stays, without a carrier; a next hop cannot be made. */
	look(net);
	assert_false(net->gateway4);
	uplink_device(net, "far", true);
	assert_true(within_5_s(net, look));
	assert_true(net->gateway4);
	assert_int_equal(nl_nexthop_get(net->rtnl, KSTATE_NH4, &nh, NULL), 0);
}

static void a_gateway_comes_back_with_the_device(void **state)
{
	struct net *net = *state;

	uplink_default4(net);
	uplink_default6(net);
	assert_true(look(net));
	uplink_device(net, "up0", false);
	look(net);
	assert_false(net->gateway4);
	assert_false(net->gateway6);
	uplink_device(net, "up0", true);
	uplink_default4(net);
	uplink_default6(net);
	assert_true(look(net));
	assert_true(net->gateway4);
	assert_true(net->gateway6);
}

static void the_last_gateway_stays_when_the_default_route_goes(void **state)
{
	struct net *net = *state;
	struct nl_route route = {.family = AF_INET, .table = KSTATE_MAIN};
	struct nl_nexthop nh;

	uplink_default4(net);
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
	uplink_pools(net, CONF_POOL_ROUTED);
	assert_int_equal(net_uplink_follow(net, NULL), 0);
	assert_false(allmulti(net));
	uplink_pools(net, CONF_POOL_AUTO);
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

int main(void)
{
	static const struct CMUnitTest tests[] = {
		UPLINK_TEST(there_is_no_gateway_without_a_default_route),
		UPLINK_TEST(each_family_has_its_gateway),
		UPLINK_TEST(a_second_look_changes_nothing),
		UPLINK_TEST(a_gateway_comes_back_with_the_carrier),
		UPLINK_TEST(a_gateway_comes_back_with_the_device),
		UPLINK_TEST(the_last_gateway_stays_when_the_default_route_goes),
		UPLINK_TEST(a_default_route_by_a_next_hop_object_counts),
		UPLINK_TEST(of_two_routers_one_is_the_gateway),
		UPLINK_TEST(ipv4_may_have_an_ipv6_router),
		UPLINK_TEST(all_groups_are_let_in_where_pools_may_be_onlink),
	};

	return RUN_TESTS(tests);
}
