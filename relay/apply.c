/* SPDX-License-Identifier: GPL-2.0-only */
/* The steps of a plan in the kernel: those of one type in as few messages as it takes. */
#include <linux/rtnetlink.h>
#include <string.h>
#include "../lib/log.h"
#include "../lib/nl_link.h"
#include "../lib/nl_route.h"
#include "../lib/nl_wg.h"
#include "net_int.h"
#include "steps.h"

#define WG_CHUNK 64

/* Not what the slot was live with before. */
static void announce(struct net *net, const struct kslot *k, const struct sc_slot *old)
{
	bool was_live = old->flags & SC_SLOT_LIVE;
	struct addr6 v6 = k->v6;
	struct addr4 v4 = k->v4;

	if (was_live && !memcmp(old->v6, &v6, sizeof(v6)))
		v6 = (struct addr6){};
	if (was_live && !memcmp(&old->v4, &v4, sizeof(v4)))
		v4 = (struct addr4){};
	net_announce(net, k->slot, &v6, v4);
}

static int slot_write(struct net *net, const struct kslot *k, bool live, struct err *err)
{
	struct sc_slot v = {.generation = k->generation}, old;
	char name[IFNAMSIZ];
	struct nl_link vrf;
	int r;

	/* The next owner is known by another generation than the one that was here last, whose
	 * counters are still read. */
	if (!live) {
		if (!dp_slot_get(net->dp, k->slot, &old)) {
			v.generation = old.generation;
			v.account = old.account;
		}
		return dp_slot_set(net->dp, k->slot, &v, err);
	}
	r = nl_link_get(net->rtnl, kstate_vrf_name(name, k->table), &vrf, err);
	if (r)
		return r;
	v.flags = SC_SLOT_LIVE;
	if (k->smtp)
		v.flags |= SC_SLOT_SMTP;
	if (k->both)
		v.flags |= SC_SLOT_BOTH;
	/* Rules come before the slot goes live, and with them it is closed should they go missing.
	 */
	if (k->firewall.n) {
		v.flags |= SC_SLOT_FIREWALL;
		r = dp_firewall_set(net->dp, k->slot, &k->firewall, err);
		if (r)
			return r;
	}
	v.in_byte_ps = k->in_byte_ps;
	v.in_packet_ns = k->in_packet_ns;
	v.scan_ns = k->scan_ns;
	v.pace_byte_ps = k->pace_byte_ps;
	memcpy(v.v6, &k->v6, sizeof(v.v6));
	memcpy(&v.v4, &k->v4, sizeof(v.v4));
	v.account = k->account;
	v.wg_ifindex = (uint32_t)net->wg_ifindex[k->wg];
	v.vrf_ifindex = (uint32_t)vrf.ifindex;
	v.class_minor = k->class_minor;
	v.mtu = k->mtu;
	r = dp_slot_get(net->dp, k->slot, &old);
	if (!r)
		r = dp_slot_set(net->dp, k->slot, &v, err);
	if (!r)
		announce(net, k, &old);
	return r;
}

static int vrf_add(struct net *net, const struct kvrf *vrf, struct err *err)
{
	static const uint8_t mac[6] = SC_VRF_MAC;
	char name[IFNAMSIZ];
	struct nl_link link;
	int r;

	kstate_vrf_name(name, vrf->table);
	r = nl_link_add_vrf(net->rtnl, name, vrf->table, mac, err);
	if (!r || r == -EEXIST)
		r = nl_link_get(net->rtnl, name, &link, err);
	return r ? r : nl_link_set_up(net->rtnl, link.ifindex, true, err);
}

static int vrf_del(struct net *net, const struct kvrf *vrf, struct err *err)
{
	char name[IFNAMSIZ];
	struct nl_link link;
	int r = nl_link_get(net->rtnl, kstate_vrf_name(name, vrf->table), &link, err);

	if (r)
		return r == -ENODEV ? 0 : r;
	return nl_link_del(net->rtnl, link.ifindex, err);
}

static void route_put(struct net *net, struct nlmsghdr *nlh, const struct kroute *k)
{
	struct nl_route route = {.family = k->family,
				 .dst_len = k->dst_len,
				 .protocol = KSTATE_RTPROT,
				 .table = k->table,
				 .metric = k->metric,
				 .dst6 = k->dst,
				 .mtu = k->mtu,
				 .mtu_lock = true};

	switch (k->to) {
	case KROUTE_WG0:
	case KROUTE_WG1:
		route.oif = net->wg_ifindex[k->to == KROUTE_WG1];
		break;
	case KROUTE_GATEWAY:
		route.nhid = k->family == AF_INET6 ? KSTATE_NH6 : KSTATE_NH4;
		break;
	case KROUTE_UNREACHABLE:
		route.type = NL_ROUTE_UNREACHABLE;
		break;
	}
	nl_route_put(nlh, &route);
}

static int route_del(struct net *net, const struct kroute *k, struct err *err)
{
	struct nlmsghdr *nlh = nl_msg(net->rtnl, RTM_DELROUTE, 0);
	int r;

	route_put(net, nlh, k);
	r = nl_do(net->rtnl, nlh, err);
	return r == -ESRCH || r == -ENOENT ? 0 : r;
}

static int routes_set(struct net *net, const struct step *s, size_t n, size_t *ret_at,
		      struct err *err)
{
	unsigned int failed = (unsigned int)n;
	struct nl_batch *batch;
	int r;

	if (nl_batch_new(net->rtnl, &batch))
		return err_sys(err, -ENOMEM, "routes");
	for (size_t i = 0; i < n; i++)
		route_put(net, nl_batch_msg(batch, RTM_NEWROUTE, NLM_F_CREATE | NLM_F_REPLACE),
			  &s[i].route);
	r = nl_batch_run(batch, &failed, err);
	nl_batch_free(batch);
	*ret_at = failed;
	return r;
}

static void wg_peer_fill(struct nl_wg_peer *p, const struct step *s)
{
	const struct kwg_peer *k = &s->wg_peer;

	*p = (struct nl_wg_peer){.remove = s->type == STEP_WG_DEL, .has_psk = true};
	memcpy(p->public_key, k->public_key, KEY_LEN);
	memcpy(p->psk, k->psk, KEY_LEN);
	p->has_v6 = !addr6_is_zero(&k->v6);
	p->v6 = (struct prefix6){k->v6, 128};
	p->has_v4 = !addr4_is_zero(k->v4);
	p->v4 = (struct prefix4){k->v4, 32};
	/* Only a peer the kernel does not know: setting it on a live one would undo roaming. */
	if (s->is_new && k->endpoint.family) {
		p->has_endpoint = true;
		p->endpoint = k->endpoint;
		/* Switching the keepalive on sends one at once, and with it a handshake. */
		p->has_keepalive = true;
		p->keepalive_s = 1;
	}
}

/* Peers of one device. Those that were given a keepalive to start a handshake lose it again. */
static int wg_chunk(struct net *net, uint32_t wg, struct nl_wg_peer *peers, size_t n,
		    struct err *err)
{
	struct nl_wg_device dev = {.ifindex = net->wg_ifindex[wg]};
	size_t kick = 0;
	int r = nl_wg_set(net->genl, &dev, peers, n, err);

	for (size_t i = 0; i < n && !r; i++) {
		struct nl_wg_peer off = {.update_only = true, .has_keepalive = true};

		if (!peers[i].has_keepalive)
			continue;
		memcpy(off.public_key, peers[i].public_key, KEY_LEN);
		peers[kick++] = off;
	}
	if (!r && kick)
		r = nl_wg_set(net->genl, &dev, peers, kick, err);
	return r ? err_prefix(err, "wg%u peers", wg) : 0;
}

/* The kernel does not say which peer of a message it refused: one by one, then. */
static int wg_one_by_one(struct net *net, const struct step *s, size_t n, struct nl_wg_peer *peer,
			 size_t *ret_at, struct err *err)
{
	for (size_t i = 0; i < n; i++) {
		int r;

		wg_peer_fill(peer, &s[i]);
		r = wg_chunk(net, s[i].wg_peer.wg, peer, 1, err);
		if (!r)
			continue;
		*ret_at += i;
		return r;
	}
	return 0;
}

static int wg_peers(struct net *net, const struct step *s, size_t n, size_t *ret_at,
		    struct err *err)
{
	struct nl_wg_peer *peers = calloc(WG_CHUNK, sizeof(*peers));
	size_t at = 0;
	int r = 0;

	if (!peers)
		return err_sys(err, -ENOMEM, "WireGuard peers");
	while (!r && at < n) {
		uint32_t wg = s[at].wg_peer.wg;
		size_t k = 0;

		for (; at + k < n && k < WG_CHUNK && s[at + k].wg_peer.wg == wg; k++)
			wg_peer_fill(&peers[k], &s[at + k]);
		*ret_at = at;
		if (wg_chunk(net, wg, peers, k, err))
			r = wg_one_by_one(net, s + at, k, peers, ret_at, err);
		at += k;
	}
	explicit_bzero(peers, WG_CHUNK * sizeof(*peers));
	free(peers);
	return r;
}

static int one(struct net *net, const struct step *s, struct err *err)
{
	switch (s->type) {
	case STEP_VRF_ADD:
		return vrf_add(net, &s->vrf, err);
	case STEP_VRF_DEL:
		return vrf_del(net, &s->vrf, err);
	case STEP_ROUTE_DEL:
		return route_del(net, &s->route, err);
	case STEP_PROXY_DEL:
	case STEP_PROXY_SET:
		return net_proxy_change(net, &s->proxy, s->type == STEP_PROXY_SET, err);
	case STEP_SLOT_CLOSE:
	case STEP_SLOT_SET:
		return slot_write(net, &s->slot, s->type == STEP_SLOT_SET, err);
	default:
		return err_set(err, -EINVAL, "step type %d", s->type);
	}
}

static int run(void *ctx, const struct step *s, size_t n, size_t *ret_at, struct err *err)
{
	struct net *net = ctx;
	char text[128];
	int r = 0;

	for (size_t i = 0; i < n; i++)
		log_debug("%s", step_text(text, sizeof(text), &s[i]));
	if (s->type == STEP_ROUTE_SET)
		return routes_set(net, s, n, ret_at, err);
	if (s->type == STEP_WG_DEL || s->type == STEP_WG_SET)
		return wg_peers(net, s, n, ret_at, err);
	for (size_t i = 0; i < n && !r; i++) {
		r = one(net, &s[i], err);
		*ret_at = i;
	}
	return r;
}

int apply(struct net *net, const struct plan *plan, const struct kstate *wanted,
	  unsigned int *ret_failed, struct err *err)
{
	return steps_run(plan, wanted, run, net, ret_failed, err);
}
