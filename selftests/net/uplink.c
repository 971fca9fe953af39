/* SPDX-License-Identifier: GPL-2.0-only */
#include "uplink.h"

#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include "selftests/unit/test.h"
#include "lib/nl_addr.h"
#include "lib/nl_link.h"
#include "lib/nl_route.h"
#include "veth.h"

static int index_of(struct nl *nl, const char *name)
{
	struct nl_link link;

	assert_int_equal(nl_link_get(nl, name, &link, NULL), 0);
	return link.ifindex;
}

void uplink_device(struct net *net, const char *name, bool up)
{
	assert_int_equal(nl_link_set_up(net->rtnl, index_of(net->rtnl, name), up, NULL), 0);
}

int uplink_set_up(void **state)
{
	struct net *net = calloc(1, sizeof(*net));
	struct nl_addr addr = {.family = AF_INET, .prefix_len = 24, .v4 = {{192, 0, 2, 2}}};

	assert_non_null(net);
	assert_int_equal(unshare(CLONE_NEWNET), 0);
	assert_int_equal(nl_open(NETLINK_ROUTE, &net->rtnl, NULL), 0);
	veth_add(net->rtnl, "up0", "far");
	uplink_device(net, "far", true);
	uplink_device(net, "up0", true);
	snprintf(net->conf.uplink, sizeof(net->conf.uplink), "up0");
	net->uplink_ifindex = addr.ifindex = index_of(net->rtnl, "up0");
	assert_int_equal(nl_addr_add(net->rtnl, &addr, NULL), 0);
	*state = net;
	return 0;
}

int uplink_tear_down(void **state)
{
	struct net *net = *state;

	nl_close(net->rtnl);
	free(net);
	return 0;
}

void uplink_default4(struct net *net)
{
	struct nl_route route = {.family = AF_INET,
				 .table = KSTATE_MAIN,
				 .oif = net->uplink_ifindex,
				 .has_gateway = true,
				 .gateway4 = {{192, 0, 2, 1}}};

	assert_int_equal(nl_route_replace(net->rtnl, &route, NULL), 0);
}

void uplink_default6(struct net *net)
{
	struct nl_route route = {.family = AF_INET6,
				 .table = KSTATE_MAIN,
				 .oif = net->uplink_ifindex,
				 .has_gateway = true,
				 .gateway6 = {{0xfe, 0x80, [15] = 1}}};

	assert_int_equal(nl_route_replace(net->rtnl, &route, NULL), 0);
}

void uplink_pools(struct net *net, enum conf_pool_mode mode)
{
	struct conf *conf = &net->conf;

	conf->n_pool6 = conf->n_pool4 = 1;
	assert_int_equal(parse_prefix6("2001:db8:5::/64", &conf->pool6[0].prefix), 0);
	assert_int_equal(parse_prefix4("203.0.113.128/26", &conf->pool4[0].prefix), 0);
	conf->pool6[0].mode = conf->pool4[0].mode = mode;
}
