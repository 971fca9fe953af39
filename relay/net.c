/* SPDX-License-Identifier: GPL-2.0-only */
/* The net role's life: start in the order that keeps the relay closed until all of it stands. */
#include <arpa/inet.h>
#include <string.h>
#include "../lib/log.h"
#include "../lib/nl_link.h"
#include "../lib/nl_route.h"
#include "../lib/nl_tc.h"
#include "dp.h"
#include "net_int.h"

/* Of one /64 or /24: after a relay's restart a provider's NAT may hold hundreds of containers. */
#define HANDSHAKES_PER_S 100

static int dp_conf_of(const struct conf *conf, struct dp_conf *ret, struct err *err)
{
	struct dp_conf d = {.slots = conf->slots,
			    .wg_port = {conf->wg_port[0], conf->wg_port[1]},
			    .hairpin_deny = conf->hairpin == CONF_HAIRPIN_DENY,
			    .isolation_account = conf->isolation == CONF_ISOLATION_ACCOUNT,
			    .pace = conf->shaper == CONF_SHAPER_EDT,
			    .handshakes_per_s = HANDSHAKES_PER_S,
			    .xdp_mode = conf->xdp};
	uint32_t first = 0;

	for (size_t i = 0; i < conf->n_pool6; i++) {
		memcpy(d.pools.v6[i].addr, &conf->pool6[i].prefix.addr, 16);
		d.pools.v6[i].len = conf->pool6[i].prefix.len;
		d.pools.v6[i].slot_bits = conf->pool6[i].slot_bits;
		d.answer_ndp |= conf->pool6[i].mode != CONF_POOL_ROUTED;
	}
	for (size_t i = 0; i < conf->n_pool4; i++) {
		memcpy(&d.pools.v4[i].addr, &conf->pool4[i].prefix.addr, 4);
		d.pools.v4[i].len = conf->pool4[i].prefix.len;
		d.pools.v4[i].first = first;
		d.answer_ndp |= conf->pool4[i].mode != CONF_POOL_ROUTED;
		if (conf->pool4[i].prefix.len < 16)
			return err_set(err, -E2BIG, "IPv4 pools: more than %d addresses",
				       SC_POOL4_MAX_ADDRS);
		first += 1u << (32 - conf->pool4[i].prefix.len);
	}
	if (first > SC_POOL4_MAX_ADDRS)
		return err_set(err, -E2BIG, "IPv4 pools: more than %d addresses",
			       SC_POOL4_MAX_ADDRS);
	*ret = d;
	return 0;
}

static int dp_start(struct net *net, struct err *err)
{
	struct dp_conf dp_conf;
	struct dp *dp;
	int r = dp_conf_of(&net->conf, &dp_conf, err);

	if (!r)
		r = dp_open(&dp_conf, &dp, err);
	if (r)
		return r;
	dp_close(net->dp);
	net->dp = dp;
	for (unsigned int i = 0; i < 2 && !r; i++)
		r = dp_attach_wg(net->dp, net->wg_ifindex[i], i, err);
	return r;
}

static int alloc_tables(struct net *net, struct err *err)
{
	size_t n = net->conf.slots;

	net->want = calloc(n, sizeof(*net->want));
	net->next = calloc(n, sizeof(*net->next));
	net->used = calloc(n, sizeof(*net->used));
	net->next_used = calloc(n, sizeof(*net->next_used));
	net->seen = calloc(n, sizeof(*net->seen));
	net->tally = net_tally_new(net->conf.slots);
	net->queue = calloc(NET_QUEUE, sizeof(*net->queue));
	if (!net->want || !net->next || !net->used || !net->next_used || !net->seen ||
	    !net->tally || !net->queue)
		return err_sys(err, -ENOMEM, "tables of %zu slots", n);
	return 0;
}

static int start(struct net *net, struct err *err)
{
	bool changed;
	int r = alloc_tables(net, err);

	if (!r)
		r = nl_open(NETLINK_ROUTE, &net->rtnl, err);
	if (!r)
		r = nl_open(NETLINK_GENERIC, &net->genl, err);
	if (!r)
		r = net_wg_check(net, err);
	if (!r)
		r = net_base_nft(net_base_rules, err);
	if (!r)
		r = net_base_sysctls(&net->conf, err);
	if (!r)
		r = net_proxy_sysctls(&net->conf, err);
	if (!r)
		r = net_wg_start(net, err);
	if (!r)
		r = dp_start(net, err);
	if (!r)
		r = net_watch_start(net, err);
	if (!r)
		r = net_announce_start(net, err);
	/* The own addresses first: one that lies in a pool would be dropped otherwise. */
	if (!r)
		r = net_uplink_refresh(net, &changed, err);
	if (!r)
		r = net_uplink_start(net, err);
	if (!r)
		r = dp_settle(net->dp, err);
	if (!r)
		r = net_uplink_refresh(net, &changed, err);
	if (!r)
		r = net_shaper_start(net, err);
	if (!r)
		r = net_seen_start(net);
	if (!r)
		r = net_rotate_start(net);
	return r;
}

int net_new(uv_loop_t *loop, const struct conf *conf, struct net **ret_net, struct err *err)
{
	struct net *net = calloc(1, sizeof(*net));
	int r;

	if (!net)
		return err_sys(err, -ENOMEM, "net role");
	net->loop = loop;
	net->conf = *conf;
	net->api_fd = -1;
	r = start(net, err);
	if (r) {
		net_free(net);
		return r;
	}
	log_info("data plane on %s: XDP %s", conf->uplink, dp_xdp_mode_text(net->dp));
	*ret_net = net;
	return 0;
}

void net_free(struct net *net)
{
	if (!net)
		return;
	net_api_close(net);
	net_watch_stop(net);
	net_htb_free(net->htb);
	dp_close(net->dp);
	nl_close(net->rtnl);
	nl_close(net->genl);
	if (net->want)
		explicit_bzero(net->want, net->conf.slots * sizeof(*net->want));
	free(net->want);
	free(net->next);
	free(net->used);
	free(net->next_used);
	free(net->kept);
	free(net->seen);
	free(net->tally);
	free(net->grouped);
	free(net->queue);
	free(net);
}

int net_reload(struct net *net, const struct conf *conf, struct err *err)
{
	const struct conf *old = &net->conf;
	struct conf keep = *old;
	bool changed = false;
	int r;

#define NEEDS_RESTART(same, key)                                                                   \
	if (!(same))                                                                               \
	return err_set(err, -EBUSY, key " changed: this needs systemctl restart relayd")
	NEEDS_RESTART(old->slots == conf->slots, "slots");
	NEEDS_RESTART(!strcmp(old->uplink, conf->uplink), "uplink");
	NEEDS_RESTART(!memcmp(old->wg_port, conf->wg_port, sizeof(conf->wg_port)),
		      "wireguard.ports");
	NEEDS_RESTART(old->mtu == conf->mtu, "wireguard.mtu");
	NEEDS_RESTART(old->shaper == conf->shaper, "shaper.mode");
	NEEDS_RESTART(old->shaper_classes == conf->shaper_classes, "shaper.classes");
	NEEDS_RESTART(old->shaper_total_mbps == conf->shaper_total_mbps, "shaper.total_mbps");
	NEEDS_RESTART(!strcmp(old->state_dir, conf->state_dir), "state.dir");
	NEEDS_RESTART(old->state_mode == conf->state_mode, "state.mode");
	NEEDS_RESTART(!strcmp(old->replica, conf->replica), "state.replica");
	NEEDS_RESTART(old->replica_sync_ms == conf->replica_sync_ms, "state.sync_ms");
	NEEDS_RESTART(!strcmp(old->litestream, conf->litestream), "state.litestream");
	NEEDS_RESTART(!strcmp(old->run_dir, conf->run_dir), "run_dir");
#undef NEEDS_RESTART
	net->conf = *conf;
	memset(net->pool6_why, 0, sizeof(net->pool6_why));
	memset(net->pool4_why, 0, sizeof(net->pool4_why));
	/* New programs with the new constants replace the old ones link by link. */
	r = dp_start(net, err);
	if (!r)
		r = net_uplink_start(net, err);
	if (!r)
		r = net_proxy_sysctls(&net->conf, err);
	if (!r)
		r = net_pool_look(net, &changed, err);
	if (!r)
		r = net_reconcile(net, NULL, err);
	if (r) {
		net->conf = keep;
		if (dp_start(net, NULL) || dp_attach_uplink(net->dp, net->uplink_ifindex, NULL))
			log_err("reload: the old configuration could not be put back");
	}
	return r;
}

static int vrf_collect(const struct nl_link *link, void *ctx)
{
	struct kstate *s = ctx;

	if (link->kind != NL_LINK_VRF || strncmp(link->name, "sc-", 3))
		return 0;
	/* The interface index travels in the table's place. */
	return kstate_add_vrf(s, &(struct kvrf){.table = (uint32_t)link->ifindex});
}

struct route_flush {
	struct nl_route *routes;
	size_t n, cap;
};

static int route_collect(const struct nl_route *route, void *ctx)
{
	struct route_flush *f = ctx;

	if (f->n == f->cap) {
		size_t cap = f->cap ? f->cap * 2 : 64;
		struct nl_route *bigger = reallocarray(f->routes, cap, sizeof(*bigger));

		if (!bigger)
			return -ENOMEM;
		f->routes = bigger;
		f->cap = cap;
	}
	f->routes[f->n++] = *route;
	return 0;
}

static int flush_routes(struct nl *nl, uint16_t family, struct err *err)
{
	struct route_flush f = {};
	int r = nl_route_dump(nl, family, KSTATE_RTPROT, 0, route_collect, &f, err);

	for (size_t i = 0; i < f.n && !r; i++)
		r = nl_route_del(nl, &f.routes[i], err);
	free(f.routes);
	return r;
}

static int flush_wg(struct nl *nl, const struct conf *conf, struct err *err)
{
	static const char *const names[] = {"wg0", "wg1"};
	AUTO_NL struct nl *genl = NULL;
	struct nl_link link;
	int r = nl_open(NETLINK_GENERIC, &genl, err);

	for (int i = 0; i < 2 && !r; i++) {
		if (nl_link_get(nl, names[i], &link, NULL) || link.kind != NL_LINK_WIREGUARD)
			continue;
		if (net_wg_is_ours(genl, conf, i, link.ifindex))
			r = nl_link_del(nl, link.ifindex, err);
		else
			log_warn("%s: another program's, left alone", names[i]);
	}
	return r;
}

static int flush_devices(struct nl *nl, const struct conf *conf, struct err *err)
{
	struct kstate vrfs = {};
	struct nl_link link;
	int r = nl_link_dump(nl, "vrf", vrf_collect, &vrfs, err);

	for (size_t i = 0; i < vrfs.n_vrfs && !r; i++)
		r = nl_link_del(nl, (int)vrfs.vrfs[i].table, err);
	kstate_clear(&vrfs);
	if (!r)
		r = flush_wg(nl, conf, err);
	if (!r && !nl_link_get(nl, conf->uplink, &link, NULL))
		r = nl_tc_root_del(nl, link.ifindex, err);
	return r;
}

int net_flush(const struct conf *conf, struct err *err)
{
	AUTO_NL struct nl *nl = NULL;
	int r = nl_open(NETLINK_ROUTE, &nl, err);

	/* Programs last: until then they keep dropping what has no slot. */
	if (!r)
		r = flush_routes(nl, AF_INET, err);
	if (!r)
		r = flush_routes(nl, AF_INET6, err);
	if (!r)
		r = net_proxy_flush(nl, err);
	if (!r)
		r = flush_devices(nl, conf, err);
	if (!r)
		r = nl_nexthop_del(nl, KSTATE_NH4, err);
	if (!r)
		r = nl_nexthop_del(nl, KSTATE_NH6, err);
	if (!r)
		r = dp_unpin(NULL, err);
	if (!r)
		r = net_base_nft(net_base_no_rules, err);
	return r;
}
