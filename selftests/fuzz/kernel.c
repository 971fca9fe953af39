/* SPDX-License-Identifier: GPL-2.0-only */
#include "kernel.h"

#include <assert.h>
#include <linux/rtnetlink.h>
#include <stdlib.h>
#include <string.h>
#include "lib/nl_addr.h"
#include "lib/nl_link.h"
#include "lib/nl_neigh.h"
#include "lib/nl_route.h"
#include "lib/nl_tc.h"
#include "lib/nl_wg.h"
#include "relay/alloc.h"

#define MAX_DEVICES 256
#define MAX_ROUTES 1024
#define MAX_WG_PEERS 256

static struct kernel {
	const struct net *net;
	unsigned int fail_in;
	int next_ifindex;
	struct nl_link links[MAX_DEVICES];
	size_t n_links;
	struct nl_route routes[MAX_ROUTES];
	size_t n_routes;
	struct nl_wg_peer peers[2][MAX_WG_PEERS];
	size_t n_peers[2];
	struct sc_slot slots[KERNEL_SLOTS];
	struct sc_firewall rules[KERNEL_SLOTS];
} k;

void kernel_reset(const struct net *net)
{
	k = (struct kernel){.net = net, .next_ifindex = 100};
}

void kernel_fail(unsigned int call)
{
	k.fail_in = call;
}

static int fails(struct err *err)
{
	return k.fail_in && !--k.fail_in ? err_set(err, -EIO, "fails on purpose") : 0;
}

/* ---- devices ---- */

static struct nl_link *find_link(const char *name)
{
	for (size_t i = 0; i < k.n_links; i++) {
		if (!strcmp(k.links[i].name, name))
			return &k.links[i];
	}
	return NULL;
}

int nl_link_get(UNUSED struct nl *nl, const char *name, struct nl_link *ret_link, struct err *err)
{
	const struct nl_link *link = find_link(name);

	if (!strcmp(name, "wg0") || !strcmp(name, "wg1"))
		*ret_link = (struct nl_link){.ifindex = KERNEL_WG0 + (name[2] - '0')};
	else if (!link)
		return err_set(err, -ENODEV, "no such device");
	else
		*ret_link = *link;
	return 0;
}

int nl_link_add_vrf(UNUSED struct nl *nl, const char *name, uint32_t table,
		    UNUSED const uint8_t mac[6], struct err *err)
{
	int r = fails(err);

	assert(table >= KSTATE_TABLE_PEER && strlen(name) < IFNAMSIZ && !strncmp(name, "sc-", 3));
	if (r)
		return r;
	if (find_link(name))
		return err_set(err, -EEXIST, "there is one");
	assert(k.n_links < MAX_DEVICES);
	k.links[k.n_links] = (struct nl_link){
		.ifindex = k.next_ifindex++, .kind = NL_LINK_VRF, .vrf_table = table};
	strcpy(k.links[k.n_links++].name, name); /* lint: our own text */
	return 0;
}

static struct nl_link *by_index(int ifindex)
{
	for (size_t i = 0; i < k.n_links; i++) {
		if (k.links[i].ifindex == ifindex)
			return &k.links[i];
	}
	abort();
}

int nl_link_set_up(UNUSED struct nl *nl, int ifindex, bool up, struct err *err)
{
	by_index(ifindex)->up = up;
	return fails(err);
}

/* A VRF's routes go with it. */
int nl_link_del(UNUSED struct nl *nl, int ifindex, struct err *err)
{
	struct nl_link *link = by_index(ifindex);
	int r = fails(err);

	if (!r)
		*link = k.links[--k.n_links];
	return r;
}

int nl_link_dump(UNUSED struct nl *nl, UNUSED const char *kind, nl_link_cb *cb, void *ctx,
		 UNUSED struct err *err)
{
	for (size_t i = 0; i < k.n_links; i++)
		cb(&k.links[i], ctx);
	return 0;
}

/* ---- messages: a route is done as soon as it is written ---- */

static struct nlmsghdr message;

struct nlmsghdr *nl_msg(UNUSED struct nl *nl, uint16_t type, UNUSED uint16_t flags)
{
	message = (struct nlmsghdr){.nlmsg_type = type};
	return &message;
}

int nl_do(UNUSED struct nl *nl, UNUSED struct nlmsghdr *nlh, struct err *err)
{
	return fails(err);
}

int nl_batch_new(UNUSED struct nl *nl, struct nl_batch **ret_batch)
{
	*ret_batch = (struct nl_batch *)&message;
	return 0;
}

struct nlmsghdr *nl_batch_msg(UNUSED struct nl_batch *b, uint16_t type, uint16_t flags)
{
	return nl_msg(NULL, type, flags);
}

int nl_batch_run(UNUSED struct nl_batch *b, UNUSED unsigned int *ret_failed, struct err *err)
{
	return fails(err);
}

void nl_batch_free(UNUSED struct nl_batch *b)
{
}

/* The host's own tables hold peers' addresses and nothing else of ours. */
static void check_route(const struct nl_route *r)
{
	struct addr4 v4 = r->dst4;
	uint32_t slot;

	assert(r->family == AF_INET || r->family == AF_INET6);
	assert(r->dst_len <= (r->family == AF_INET ? 32 : 128));
	assert(r->table == KSTATE_MAIN || r->table >= KSTATE_TABLE_PEER);
	if (!r->dst_len) {
		assert(r->table != KSTATE_MAIN);
	} else if (r->family == AF_INET) {
		assert(r->dst_len == 32 && alloc_v4_ours(&k.net->conf, v4));
	} else {
		assert(r->dst_len == 128 && !net_peer_slot_of(&k.net->conf, &r->dst6, &slot));
	}
}

void nl_route_put(struct nlmsghdr *nlh, const struct nl_route *route)
{
	size_t i = 0;

	check_route(route);
	while (i < k.n_routes &&
	       (k.routes[i].table != route->table || k.routes[i].family != route->family ||
		k.routes[i].dst_len != route->dst_len || k.routes[i].metric != route->metric ||
		memcmp(&k.routes[i].dst6, &route->dst6, route->family == AF_INET ? 4 : 16)))
		i++;
	if (nlh->nlmsg_type == RTM_NEWROUTE) {
		assert(i < MAX_ROUTES);
		k.routes[i] = *route;
		k.n_routes += i == k.n_routes;
	} else if (i < k.n_routes) {
		k.routes[i] = k.routes[--k.n_routes];
	}
}

int nl_route_dump(UNUSED struct nl *nl, uint16_t family, UNUSED uint8_t protocol,
		  UNUSED uint32_t table, nl_route_cb *cb, void *ctx, UNUSED struct err *err)
{
	for (size_t i = 0; i < k.n_routes; i++) {
		if (k.routes[i].family == family)
			cb(&k.routes[i], ctx);
	}
	return 0;
}

/* ---- WireGuard ---- */

static uint32_t slot_of(const struct nl_wg_peer *p)
{
	uint32_t slot = UINT32_MAX;

	net_peer_slot_of(&k.net->conf, &p->v6.addr, &slot);
	return slot;
}

static void check_peer(const struct nl_wg_peer *p)
{
	assert(p->has_v6 && p->v6.len == 128 && slot_of(p) < KERNEL_SLOTS);
	assert(!p->has_v4 || (p->v4.len == 32 && alloc_v4_ours(&k.net->conf, p->v4.addr)));
	assert(p->has_psk);
	for (int i = 0; i < 2; i++)
		assert(memcmp(p->public_key, k.net->wg_public_key[i], KEY_LEN) != 0);
}

static void set_peer(int wg, const struct nl_wg_peer *p)
{
	struct nl_wg_peer *all = k.peers[wg], *at;
	size_t i = 0;

	while (i < k.n_peers[wg] && memcmp(all[i].public_key, p->public_key, KEY_LEN))
		i++;
	at = &all[i];
	if (p->remove || (p->update_only && i == k.n_peers[wg])) {
		if (i < k.n_peers[wg])
			*at = all[--k.n_peers[wg]];
		return;
	}
	if (p->update_only) {
		if (p->has_psk)
			memcpy(at->psk, p->psk, KEY_LEN);
		return;
	}
	check_peer(p);
	assert(i < MAX_WG_PEERS);
	*at = *p;
	at->last_handshake.tv_sec = p->public_key[0] & 1;
	k.n_peers[wg] += i == k.n_peers[wg];
	/* An address belongs to the one that was given it last. */
	for (size_t j = 0; j < k.n_peers[wg]; j++) {
		if (j != i && all[j].has_v6 && addr6_eq(&all[j].v6.addr, &p->v6.addr))
			all[j].has_v6 = false;
		if (j != i && p->has_v4 && all[j].has_v4 && addr4_eq(all[j].v4.addr, p->v4.addr))
			all[j].has_v4 = false;
	}
}

int nl_wg_set(UNUSED struct nl *nl, const struct nl_wg_device *dev, const struct nl_wg_peer *peers,
	      size_t n_peers, struct err *err)
{
	int r = fails(err);

	assert(dev->ifindex == KERNEL_WG0 || dev->ifindex == KERNEL_WG1);
	for (size_t i = 0; i < n_peers && !r; i++)
		set_peer(dev->ifindex - KERNEL_WG0, &peers[i]);
	return r;
}

int nl_wg_dump(UNUSED struct nl *nl, int ifindex, UNUSED struct nl_wg_device *ret_dev,
	       nl_wg_peer_cb *cb, void *ctx, struct err *err)
{
	int wg = ifindex - KERNEL_WG0, r = fails(err);

	for (size_t i = 0; i < k.n_peers[wg] && !r; i++)
		r = cb(&k.peers[wg][i], ctx);
	return r;
}

/* ---- classes ---- */

int nl_tc_htb_root_get(UNUSED struct nl *nl, UNUSED int ifindex, bool *ret_there,
		       UNUSED struct err *err)
{
	*ret_there = true;
	return 0;
}

int nl_tc_htb_root_add(UNUSED struct nl *nl, UNUSED int ifindex, UNUSED struct err *err)
{
	return 0;
}

int nl_tc_class_dump(UNUSED struct nl *nl, UNUSED int ifindex, nl_tc_class_cb *cb, void *ctx,
		     UNUSED struct err *err)
{
	for (uint16_t minor = 1; minor <= KERNEL_SLOTS; minor++)
		cb(minor, ctx);
	return 0;
}

void nl_tc_class_put(UNUSED struct nl_batch *b, UNUSED int ifindex, UNUSED uint16_t minor,
		     UNUSED uint32_t rate_kbps, UNUSED uint32_t ceil_kbps)
{
}

int nl_tc_class_change(UNUSED struct nl *nl, UNUSED int ifindex, uint16_t minor, uint32_t rate_kbps,
		       uint32_t ceil_kbps, struct err *err)
{
	assert(minor >= 1 && minor <= KERNEL_SLOTS && rate_kbps >= 8 && ceil_kbps >= rate_kbps);
	return fails(err);
}

int nl_tc_all_set(UNUSED struct nl *nl, UNUSED int ifindex, UNUSED uint32_t kbps, struct err *err)
{
	return fails(err);
}

int nl_tc_root_del(UNUSED struct nl *nl, UNUSED int ifindex, struct err *err)
{
	return fails(err);
}

int nl_tc_fq_root_set(UNUSED struct nl *nl, UNUSED int ifindex, UNUSED uint64_t horizon_ns,
		      struct err *err)
{
	return fails(err);
}

int nl_tc_root_stats(UNUSED struct nl *nl, UNUSED int ifindex, uint32_t *ret_drops,
		     uint32_t *ret_waiting_bytes, struct err *err)
{
	*ret_drops = *ret_waiting_bytes = 0;
	return fails(err);
}

/* ---- neighbours: with these configurations there are no proxy entries ---- */

int nl_proxy_add(UNUSED struct nl *nl, UNUSED const struct nl_proxy *proxy, UNUSED struct err *err)
{
	abort();
}

int nl_proxy_del(UNUSED struct nl *nl, UNUSED const struct nl_proxy *proxy, UNUSED struct err *err)
{
	abort();
}

int nl_proxy_dump(UNUSED struct nl *nl, UNUSED uint16_t family, UNUSED nl_proxy_cb *cb,
		  UNUSED void *ctx, struct err *err)
{
	return fails(err);
}

int nl_addr_dump(UNUSED struct nl *nl, UNUSED nl_addr_cb *cb, UNUSED void *ctx, struct err *err)
{
	return fails(err);
}

/* ---- the programs' maps ---- */

int dp_slot_get(UNUSED struct dp *dp, uint32_t slot, struct sc_slot *ret_slot)
{
	assert(slot < KERNEL_SLOTS);
	*ret_slot = k.slots[slot];
	return 0;
}

int dp_slot_set(UNUSED struct dp *dp, uint32_t slot, const struct sc_slot *v, struct err *err)
{
	struct addr6 v6;
	struct addr4 v4;
	uint32_t has;
	int r = fails(err);

	assert(slot < KERNEL_SLOTS);
	if (v->flags & SC_SLOT_LIVE) {
		memcpy(&v6, v->v6, sizeof(v6));
		memcpy(&v4, &v->v4, sizeof(v4));
		assert(!net_peer_slot_of(&k.net->conf, &v6, &has) && has == slot);
		assert(addr4_is_zero(v4) || alloc_v4_ours(&k.net->conf, v4));
		assert(v->wg_ifindex == KERNEL_WG0 || v->wg_ifindex == KERNEL_WG1);
		assert(v->vrf_ifindex >= 100 && v->mtu >= 1280 && v->mtu <= k.net->conf.mtu);
		assert(v->class_minor <= KERNEL_SLOTS);
		assert(!(v->flags & SC_SLOT_FIREWALL) || k.rules[slot].n);
	}
	if (!r)
		k.slots[slot] = *v;
	return r;
}

int dp_firewall_set(UNUSED struct dp *dp, uint32_t slot, const struct sc_firewall *rules,
		    struct err *err)
{
	assert(slot < KERNEL_SLOTS && rules->n <= SC_MAX_RULES);
	k.rules[slot] = *rules;
	return fails(err);
}

bool dp_firewall_get(UNUSED struct dp *dp, uint32_t slot, struct sc_firewall *ret_rules)
{
	assert(slot < KERNEL_SLOTS);
	*ret_rules = k.rules[slot];
	return true;
}

void dp_counters(UNUSED const struct dp *dp, uint32_t slot, struct sc_counters *ret_sum)
{
	assert(slot < KERNEL_SLOTS);
	*ret_sum = (struct sc_counters){.up_packets = slot};
}

void dp_counters_reset(UNUSED struct dp *dp, uint32_t slot)
{
	assert(slot < KERNEL_SLOTS);
}

int dp_counters_run(UNUSED const struct dp *dp, uint8_t ret_run[static 16], struct err *err)
{
	memset(ret_run, 1, 16);
	return fails(err);
}

int dp_asked(UNUSED struct dp *dp, uint64_t ret_asked[static 2 * SC_MAX_POOLS], struct err *err)
{
	memset(ret_asked, 0, 2 * SC_MAX_POOLS * sizeof(*ret_asked));
	return fails(err);
}

int dp_drops(UNUSED struct dp *dp, uint64_t ret_drops[static SC_DROP_MAX], struct err *err)
{
	memset(ret_drops, 0, SC_DROP_MAX * sizeof(*ret_drops));
	return fails(err);
}

int dp_announce6(UNUSED struct dp *dp, UNUSED const uint8_t v6[static 16], struct err *err)
{
	return fails(err);
}

int dp_announce4(UNUSED struct dp *dp, UNUSED __be32 v4, struct err *err)
{
	return fails(err);
}

int dp_events_fd(UNUSED struct dp *dp, struct err *err)
{
	return fails(err);
}

int dp_events_want(UNUSED struct dp *dp, UNUSED uint32_t ms, struct err *err)
{
	return fails(err);
}

int dp_events_read(UNUSED struct dp *dp, unsigned int max, dp_event_fn *fn, void *ctx)
{
	const struct dp_event event = {.reason = 1};

	for (unsigned int i = 0; i < max; i++)
		fn(&event, ctx);
	return (int)max;
}

const char *dp_xdp_mode_text(UNUSED const struct dp *dp)
{
	return "generic";
}

uint64_t dp_memory_bytes(UNUSED const struct dp *dp)
{
	return 1;
}
