/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The uplink: programs attached, its gateways as two next hop objects that every VRF's default
 * routes share, and the relay's own addresses, which no tunnel may reach.
 */
#include "net_int.h"

#include <stdio.h>
#include <string.h>
#include "../lib/file.h"
#include "../lib/log.h"
#include "../lib/nl_addr.h"
#include "../lib/nl_link.h"
#include "../lib/nl_route.h"
#include "../lib/parse.h"
#include "dp.h"

/* Solicitations go to groups of their own, of which the device need not pass on all. A flag of the
 * device's, not of a socket: it stays when relayd goes. */
static int set_allmulti(struct net *net, const struct nl_link *link, struct err *err)
{
	bool answers = false;

	for (size_t i = 0; i < net->conf.n_pool6; i++)
		answers |= net->conf.pool6[i].mode != CONF_POOL_ROUTED;
	if (!answers || link->allmulti)
		return 0;
	return nl_link_set_allmulti(net->rtnl, link->ifindex, true, err);
}

int net_uplink_start(struct net *net, struct err *err)
{
	struct nl_link link;
	int r = nl_link_get(net->rtnl, net->conf.uplink, &link, err);

	if (r)
		return err_prefix(err, "uplink");
	net->uplink_ifindex = link.ifindex;
	memcpy(net->uplink_mac, link.mac, sizeof(net->uplink_mac));
	r = dp_attach_uplink(net->dp, link.ifindex, err);
	if (!r)
		r = set_allmulti(net, &link, err);
	if (!r)
		net_vlan_uplink(net);
	return r ? err_prefix(err, "uplink %s", net->conf.uplink) : 0;
}

/*
 * A device that was removed and came back is another one: nothing of ours is on it. One that has
 * another MAC (a bond's other port) must be answered for by that one.
 */
int net_uplink_follow(struct net *net, struct err *err)
{
	int devices[HTB_DEVICES] = {net->wg_ifindex[0], net->wg_ifindex[1]};
	struct nl_link link;
	int r = nl_link_get(net->rtnl, net->conf.uplink, &link, err);

	if (r)
		return r;
	if (link.ifindex == net->uplink_ifindex &&
	    !memcmp(link.mac, net->uplink_mac, sizeof(link.mac)))
		return set_allmulti(net, &link, err);
	devices[2] = link.ifindex;
	r = net_base_sysctls(&net->conf, err);
	if (!r)
		r = net_uplink_start(net, err);
	if (!r)
		r = net_shaper_devices(net, devices, err);
	if (r) {
		net->uplink_ifindex = 0; /* once more at the next look */
		return r;
	}
	log_info("uplink %s has changed: the data plane follows", net->conf.uplink);
	net_announce_all(net);
	return 0;
}

struct default_walk {
	int oif;
	bool found;
	struct nl_route best;
};

static int default_cb(const struct nl_route *route, void *ctx)
{
	struct default_walk *walk = ctx;

	if (route->dst_len || route->type != NL_ROUTE_UNICAST || route->oif != walk->oif)
		return 0;
	if (!walk->found || route->metric < walk->best.metric)
		walk->best = *route;
	walk->found = true;
	return 0;
}

static bool nexthop_eq(const struct nl_nexthop *a, const struct nl_nexthop *b)
{
	if (a->family != b->family || a->oif != b->oif || a->has_gateway != b->has_gateway)
		return false;
	return a->family == AF_INET6 ? addr6_eq(&a->gateway6, &b->gateway6)
				     : addr4_eq(a->gateway4, b->gateway4);
}

/*
 * Follows the main table's default route of one family. Without one the last gateway stays. What
 * the kernel has is asked each time: it drops next hop objects, and all routes by them, as soon as
 * the device goes down or loses its carrier, and nobody is told.
 */
static int follow_default(struct net *net, uint16_t family, bool *ret_there,
			  struct nl_nexthop *ret_nh, bool *ret_changed, struct err *err)
{
	struct default_walk walk = {.oif = net->uplink_ifindex};
	struct nl_nexthop have, nh = {.id = family == AF_INET6 ? KSTATE_NH6 : KSTATE_NH4,
				      .family = family,
				      .oif = net->uplink_ifindex};
	int r = nl_route_dump(net->rtnl, family, 0, KSTATE_MAIN, default_cb, &walk, err);
	bool there;

	if (!r)
		r = nl_nexthop_get(net->rtnl, nh.id, &have, err);
	if (r && r != -ENOENT)
		return r;
	*ret_there = there = !r;
	/* IPv4 routes may have an IPv6 router, and next hops of that family. */
	nh.family = walk.best.via6 ? AF_INET6 : family;
	nh.has_gateway = walk.best.has_gateway;
	nh.gateway6 = walk.best.gateway6;
	if (nh.has_gateway && nh.family == AF_INET && !addr4_eq(net->router4, nh.gateway4)) {
		net->router4 = nh.gateway4;
		net_api_send_relay(net);
	}
	if (there)
		*ret_nh = have;
	if (!walk.found || (there && nexthop_eq(&nh, &have)))
		return 0;
	r = nl_nexthop_replace(net->rtnl, &nh, KSTATE_RTPROT, err);
	/* No carrier: a device that has one again tells. */
	if (r == -ENETDOWN)
		return 0;
	if (r)
		return err_prefix(err, "next hop");
	*ret_there = true;
	*ret_changed = true;
	log_info("IPv%d gateway of %s is in place", family == AF_INET6 ? 6 : 4, net->conf.uplink);
	*ret_nh = nh;
	return 0;
}

int net_uplink_gateways(struct net *net, bool *ret_changed, struct err *err)
{
	int r = follow_default(net, AF_INET, &net->gateway4, &net->nexthop4, ret_changed, err);

	return r ? r
		 : follow_default(net, AF_INET6, &net->gateway6, &net->nexthop6, ret_changed, err);
}

/* A router's advertisement may say so (RFC 4861 section 4.6.4); for IPv4 there is no such thing. */
static bool link_mtu_is_small(const struct net *net)
{
	AUTO_FREE char *text = NULL;
	char path[128];
	uint32_t mtu;

	snprintf(path, sizeof(path), "/proc/sys/net/ipv6/conf/%s/mtu", net->conf.uplink);
	if (file_read(path, 64, &text, NULL, NULL))
		return false;
	text[strcspn(text, "\n")] = '\0';
	return !parse_u32(text, 0, UINT32_MAX, &mtu) && mtu < net->conf.mtu;
}

/*
 * The programs send to it without a look at any route: only while the VRFs' routes lead there, and
 * not where the kernel has to say that packets are too big.
 */
static int tell_programs(struct net *net, uint16_t family, const struct nl_nexthop *nh, bool there,
			 struct err *err)
{
	const void *v6 = &nh->gateway6, *router = nh->family == AF_INET6 ? v6 : &nh->gateway4;

	if (!there || !nh->has_gateway || nh->oif != net->uplink_ifindex ||
	    (family == AF_INET6 && link_mtu_is_small(net)))
		router = NULL;
	return dp_gateway_set(net->dp, family, nh->family, router, err);
}

struct own_walk {
	struct sc_own_key keys[SC_MAX_OWN];
	size_t n;
	bool full;
};

static int own_cb(const struct nl_addr *addr, void *ctx)
{
	struct own_walk *own = ctx;
	struct sc_own_key *key = &own->keys[own->n];

	if (own->n == SC_MAX_OWN) {
		own->full = true;
		return 0;
	}
	memset(key, 0, sizeof(*key));
	if (addr->family == AF_INET6) {
		memcpy(key->addr, &addr->v6, 16);
	} else {
		key->addr[10] = key->addr[11] = 0xff;
		memcpy(key->addr + 12, &addr->v4, 4);
	}
	/* Link-local addresses are refused as destinations anyway, and each VRF device has one. */
	if (!(key->addr[0] == 0xfe && (key->addr[1] & 0xc0) == 0x80))
		own->n++;
	return 0;
}

int net_uplink_refresh(struct net *net, bool *ret_changed, struct err *err)
{
	struct own_walk own = {};
	int r = nl_addr_dump(net->rtnl, own_cb, &own, err);

	*ret_changed = false;
	if (!r && own.full)
		r = err_set(err, -E2BIG, "this machine has more than %d addresses", SC_MAX_OWN);
	if (!r)
		r = dp_own_set(net->dp, own.keys, own.n, err);
	if (!r)
		r = net_pool_look(net, ret_changed, err);
	if (!r)
		r = net_uplink_gateways(net, ret_changed, err);
	/* At the start, or when the uplink could not be followed: what the programs have holds. */
	if (r || !net->uplink_ifindex)
		return r;
	r = tell_programs(net, AF_INET, &net->nexthop4, net->gateway4, err);
	return r ? r : tell_programs(net, AF_INET6, &net->nexthop6, net->gateway6, err);
}
