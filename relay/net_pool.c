/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Whether neighbours on the uplink ask for a pool's addresses (on-link), or their router sends the
 * prefix here (routed). What the configuration leaves open is decided by what there is to see: a
 * subnet of the uplink that overlaps the pool, or somebody who asks. Solicitations are answered
 * either way, so nothing is lost until then.
 */
#include <string.h>
#include "../lib/log.h"
#include "../lib/nl_addr.h"
#include "../lib/nl_route.h"
#include "net_int.h"

struct look {
	const struct net *net;
	uint8_t why6[SC_MAX_POOLS], why4[SC_MAX_POOLS];
};

static void see6(struct look *look, const struct prefix6 *subnet, enum pool_why why)
{
	for (size_t i = 0; i < look->net->conf.n_pool6; i++) {
		if (look->why6[i] == POOL_UNSEEN &&
		    prefix6_overlap(&look->net->conf.pool6[i].prefix, subnet))
			look->why6[i] = why;
	}
}

static void see4(struct look *look, const struct prefix4 *subnet, enum pool_why why)
{
	for (size_t i = 0; i < look->net->conf.n_pool4; i++) {
		if (look->why4[i] == POOL_UNSEEN &&
		    prefix4_overlap(&look->net->conf.pool4[i].prefix, subnet))
			look->why4[i] = why;
	}
}

/* A single address says nothing: that of a routed prefix may be given to the device as well. */
static int addr_cb(const struct nl_addr *addr, void *ctx)
{
	struct look *look = ctx;
	bool v6 = addr->family == AF_INET6;

	if (addr->ifindex != look->net->uplink_ifindex || addr->prefix_len == (v6 ? 128 : 32))
		return 0;
	if (v6)
		see6(look, &(struct prefix6){addr->v6, addr->prefix_len}, POOL_ADDRESS);
	else
		see4(look, &(struct prefix4){addr->v4, addr->prefix_len}, POOL_ADDRESS);
	return 0;
}

/* As router advertisements make it for a prefix that is on-link (RFC 4861 section 6.3.4). */
static int route_cb(const struct nl_route *route, void *ctx)
{
	struct look *look = ctx;
	bool v6 = route->family == AF_INET6;

	if (route->oif != look->net->uplink_ifindex || route->has_gateway || route->nhid ||
	    route->type != NL_ROUTE_UNICAST || !route->dst_len || route->dst_len == (v6 ? 128 : 32))
		return 0;
	if (v6)
		see6(look, &(struct prefix6){route->dst6, route->dst_len}, POOL_ROUTE);
	else
		see4(look, &(struct prefix4){route->dst4, route->dst_len}, POOL_ROUTE);
	return 0;
}

static enum pool_why why_conf(enum conf_pool_mode mode)
{
	return mode == CONF_POOL_AUTO	  ? POOL_UNSEEN
	       : mode == CONF_POOL_ONLINK ? POOL_CONF_ONLINK
					  : POOL_CONF_ROUTED;
}

static int look_around(struct look *look, struct err *err)
{
	struct net *net = (struct net *)(uintptr_t)look->net;
	uint64_t asked[2 * SC_MAX_POOLS] = {};
	int r = nl_addr_dump(net->rtnl, addr_cb, look, err);

	if (!r)
		r = nl_route_dump(net->rtnl, AF_INET6, 0, KSTATE_MAIN, route_cb, look, err);
	if (!r)
		r = nl_route_dump(net->rtnl, AF_INET, 0, KSTATE_MAIN, route_cb, look, err);
	if (!r && net->dp)
		r = dp_asked(net->dp, asked, err);
	for (size_t i = 0; i < SC_MAX_POOLS && !r; i++) {
		if (look->why6[i] == POOL_UNSEEN && asked[i])
			look->why6[i] = POOL_ASKED;
		if (look->why4[i] == POOL_UNSEEN && asked[SC_MAX_POOLS + i])
			look->why4[i] = POOL_ASKED;
	}
	return r;
}

static void tell(const char *prefix, enum pool_why why)
{
	static const char *const reasons[] = {
		[POOL_CONF_ROUTED] = "as configured",
		[POOL_CONF_ONLINK] = "as configured",
		[POOL_UNSEEN] = "the uplink has no such subnet, and nobody asks",
		[POOL_ADDRESS] = "the uplink has an address of that subnet",
		[POOL_ROUTE] = "the uplink has a route to that subnet without a gateway",
		[POOL_ASKED] = "a neighbour asks for an address of it",
	};

	log_info("pool %s: %s: %s", prefix, pool_onlink(why) ? "on-link" : "routed", reasons[why]);
}

/* As when the device was made anew and has its subnet a little later. */
static bool turned_onlink(const struct net *net, const struct look *look)
{
	bool turned = false;

	for (size_t i = 0; i < SC_MAX_POOLS; i++) {
		turned |= net->pool6_why[i] == POOL_UNSEEN && pool_onlink(look->why6[i]);
		turned |= net->pool4_why[i] == POOL_UNSEEN && pool_onlink(look->why4[i]);
	}
	return turned;
}

int net_pool_look(struct net *net, bool *ret_changed, struct err *err)
{
	const struct conf *conf = &net->conf;
	struct look look = {.net = net};
	char text[PREFIX_TEXT_LEN];
	int r;

	if (!net->uplink_ifindex)
		return 0;
	for (size_t i = 0; i < conf->n_pool6; i++)
		look.why6[i] = why_conf(conf->pool6[i].mode);
	for (size_t i = 0; i < conf->n_pool4; i++)
		look.why4[i] = why_conf(conf->pool4[i].mode);
	r = look_around(&look, err);
	if (r)
		return err_prefix(err, "pools");
	for (size_t i = 0; i < conf->n_pool6; i++) {
		if (look.why6[i] != net->pool6_why[i])
			tell(prefix6_text(text, &conf->pool6[i].prefix), look.why6[i]);
	}
	for (size_t i = 0; i < conf->n_pool4; i++) {
		if (look.why4[i] != net->pool4_why[i])
			tell(prefix4_text(text, &conf->pool4[i].prefix), look.why4[i]);
	}
	if (!memcmp(look.why6, net->pool6_why, sizeof(look.why6)) &&
	    !memcmp(look.why4, net->pool4_why, sizeof(look.why4)))
		return 0;
	if (turned_onlink(net, &look))
		net_announce_all(net);
	memcpy(net->pool6_why, look.why6, sizeof(look.why6));
	memcpy(net->pool4_why, look.why4, sizeof(look.why4));
	*ret_changed = true;
	net_api_send_relay(net);
	return 0;
}

bool net_pool_onlink6(const struct net *net, const struct addr6 *v6)
{
	for (size_t i = 0; i < net->conf.n_pool6; i++) {
		if (prefix6_has(&net->conf.pool6[i].prefix, v6))
			return pool_onlink(net->pool6_why[i]);
	}
	return false;
}

bool net_pool_onlink4(const struct net *net, struct addr4 v4)
{
	for (size_t i = 0; i < net->conf.n_pool4 && !addr4_is_zero(v4); i++) {
		if (prefix4_has(&net->conf.pool4[i].prefix, v4))
			return pool_onlink(net->pool4_why[i]);
	}
	return false;
}
