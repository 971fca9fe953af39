/* SPDX-License-Identifier: GPL-2.0-only */
/* What the kernel holds of ours, as a struct kstate. */
#include <string.h>
#include "../lib/nl_link.h"
#include "../lib/nl_route.h"
#include "../lib/nl_wg.h"
#include "net_int.h"

struct vrf_index {
	int ifindex;
	uint32_t table;
};

struct walk {
	struct net *net;
	struct kstate *state;
	uint32_t wg;		/* which device is being dumped */
	struct vrf_index *vrfs; /* ifindex -> table, for the slots */
	size_t n_vrfs, cap_vrfs;
};

static int vrf_cb(const struct nl_link *link, void *ctx)
{
	struct walk *walk = ctx;
	struct kvrf vrf = {.table = link->vrf_table};

	if (link->kind != NL_LINK_VRF || strncmp(link->name, "sc-", 3))
		return 0;
	if (walk->n_vrfs == walk->cap_vrfs) {
		size_t cap = walk->cap_vrfs ? walk->cap_vrfs * 2 : 64;
		struct vrf_index *bigger = reallocarray(walk->vrfs, cap, sizeof(*bigger));

		if (!bigger)
			return -ENOMEM;
		walk->vrfs = bigger;
		walk->cap_vrfs = cap;
	}
	walk->vrfs[walk->n_vrfs++] = (struct vrf_index){link->ifindex, link->vrf_table};
	/* A device that is down was left half made: it is not there, ADD brings it up. */
	return link->up ? kstate_add_vrf(walk->state, &vrf) : 0;
}

static uint32_t table_of(const struct walk *walk, uint32_t ifindex)
{
	for (size_t i = 0; i < walk->n_vrfs; i++) {
		if (walk->vrfs[i].ifindex == (int)ifindex)
			return walk->vrfs[i].table;
	}
	return 0;
}

static int route_cb(const struct nl_route *route, void *ctx)
{
	struct walk *walk = ctx;
	struct kroute k = {.table = route->table,
			   .family = route->family,
			   .dst_len = route->dst_len,
			   .metric = route->metric,
			   .mtu = route->mtu};

	/* One that is not locked does not hold for what is forwarded: it is set again. */
	if (route->mtu && !route->mtu_lock)
		k.mtu = UINT32_MAX;
	memcpy(&k.dst, &route->dst6, route->family == AF_INET6 ? 16 : 4);
	if (route->type == NL_ROUTE_UNREACHABLE)
		k.to = KROUTE_UNREACHABLE;
	else if (route->nhid == KSTATE_NH4 || route->nhid == KSTATE_NH6)
		k.to = KROUTE_GATEWAY;
	else if (route->oif == walk->net->wg_ifindex[0])
		k.to = KROUTE_WG0;
	else if (route->oif == walk->net->wg_ifindex[1])
		k.to = KROUTE_WG1;
	else
		return 0; /* by a device that has gone: as good as none, SET replaces it */
	return kstate_add_route(walk->state, &k);
}

static int peer_cb(const struct nl_wg_peer *p, void *ctx)
{
	struct walk *walk = ctx;
	struct kwg_peer k = {.wg = walk->wg};
	int r;

	memcpy(k.public_key, p->public_key, KEY_LEN);
	memcpy(k.psk, p->psk, KEY_LEN);
	if (p->has_v6)
		k.v6 = p->v6.addr;
	if (p->has_v4)
		k.v4 = p->v4.addr;
	if (p->has_endpoint)
		k.endpoint = p->endpoint;
	r = kstate_add_wg_peer(walk->state, &k);
	explicit_bzero(&k, sizeof(k));
	return r;
}

static int observe_slots(struct walk *walk)
{
	struct net *net = walk->net;
	int r = 0;

	for (uint32_t slot = 0; slot < net->conf.slots && !r; slot++) {
		struct kslot k = {.slot = slot};
		struct sc_slot v;

		if (dp_slot_get(net->dp, slot, &v) || !(v.flags & SC_SLOT_LIVE))
			continue;
		k.generation = v.generation;
		memcpy(&k.v6, v.v6, sizeof(k.v6));
		memcpy(&k.v4, &v.v4, sizeof(k.v4));
		k.account = v.account;
		k.wg = (int)v.wg_ifindex == net->wg_ifindex[0]	 ? 0
		       : (int)v.wg_ifindex == net->wg_ifindex[1] ? 1
								 : 2;
		k.table = table_of(walk, v.vrf_ifindex);
		k.mtu = v.mtu;
		k.class_minor = (uint16_t)v.class_minor;
		k.smtp = v.flags & SC_SLOT_SMTP;
		k.both = v.flags & SC_SLOT_BOTH;
		k.in_byte_ps = v.in_byte_ps;
		k.in_packet_ns = v.in_packet_ns;
		k.scan_ns = v.scan_ns;
		k.pace_byte_ps = v.pace_byte_ps;
		if (v.flags & SC_SLOT_FIREWALL)
			dp_firewall_get(net->dp, slot, &k.firewall);
		r = kstate_add_slot(walk->state, &k);
	}
	return r;
}

int observe(struct net *net, struct kstate *ret_state, struct err *err)
{
	struct kstate state = {};
	struct walk walk = {.net = net, .state = &state};
	int r = nl_link_dump(net->rtnl, "vrf", vrf_cb, &walk, err);

	if (!r)
		r = nl_route_dump(net->rtnl, AF_INET, KSTATE_RTPROT, 0, route_cb, &walk, err);
	if (!r)
		r = nl_route_dump(net->rtnl, AF_INET6, KSTATE_RTPROT, 0, route_cb, &walk, err);
	for (; !r && walk.wg < 2; walk.wg++)
		r = nl_wg_dump(net->genl, net->wg_ifindex[walk.wg], NULL, peer_cb, &walk, err);
	if (!r)
		r = observe_slots(&walk);
	if (!r)
		r = net_proxy_observe(net, &state, err);
	free(walk.vrfs);
	if (r) {
		kstate_clear(&state);
		return r;
	}
	kstate_sort(&state);
	*ret_state = state;
	return 0;
}
