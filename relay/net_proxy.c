/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Proxy entries on the uplink. IPv6: members of the groups that solicitations go to, so that a
 * switch which looks at MLD passes them on; who answers is XDP or tc. With xdp: proxy the kernel
 * itself answers by them. They outlive relayd.
 */
#include <stdio.h>
#include <string.h>
#include "../lib/file.h"
#include "../lib/log.h"
#include "../lib/nl_neigh.h"
#include "net_int.h"

/* Each group makes the next ones dearer: the kernel's lists are linear. */
#define MAX_GROUPS 4096

/* Beyond the limit a peer does without: most switches flood what they do not know. */
static bool group_assign(struct net *net, uint32_t slot)
{
	if (!net->grouped)
		net->grouped = calloc(net->conf.slots, sizeof(*net->grouped));
	if (!net->grouped)
		return false;
	if (net->grouped[slot])
		return true;
	if (net->n_grouped == MAX_GROUPS)
		return false;
	net->grouped[slot] = true;
	if (++net->n_grouped == MAX_GROUPS)
		log_warn("%d multicast groups: further peers get none", MAX_GROUPS);
	return true;
}

void net_proxy_release(struct net *net, uint32_t slot)
{
	if (!net->grouped || !net->grouped[slot])
		return;
	net->grouped[slot] = false;
	net->n_grouped--;
}

bool net_proxy_wants6(struct net *net, const struct peer *peer)
{
	if (!net_pool_onlink6(net, &peer->v6))
		return false;
	if (net->conf.xdp == DP_XDP_PROXY)
		return true;
	return net->conf.mld && group_assign(net, peer->slot);
}

bool net_proxy_wants4(const struct net *net, const struct peer *peer)
{
	return net->conf.xdp == DP_XDP_PROXY && net_pool_onlink4(net, peer->v4);
}

struct walk {
	const struct net *net;
	struct kstate *state;
};

static int proxy_cb(const struct nl_proxy *proxy, void *ctx)
{
	struct walk *walk = ctx;
	struct kproxy k = {.family = proxy->family};

	if (proxy->ifindex != walk->net->uplink_ifindex || proxy->protocol != KSTATE_RTPROT)
		return 0;
	memcpy(&k.addr, &proxy->v6, proxy->family == AF_INET ? 4 : 16);
	return kstate_add_proxy(walk->state, &k);
}

int net_proxy_observe(struct net *net, struct kstate *state, struct err *err)
{
	struct walk walk = {net, state};
	int r = nl_proxy_dump(net->rtnl, AF_INET6, proxy_cb, &walk, err);

	return r ? r : nl_proxy_dump(net->rtnl, AF_INET, proxy_cb, &walk, err);
}

int net_proxy_change(struct net *net, const struct kproxy *k, bool add, struct err *err)
{
	struct nl_proxy proxy = {
		.ifindex = net->uplink_ifindex, .family = k->family, .protocol = KSTATE_RTPROT};
	struct err why;
	int r;

	memcpy(&proxy.v6, &k->addr, k->family == AF_INET ? 4 : 16);
	r = add ? nl_proxy_add(net->rtnl, &proxy, &why) : nl_proxy_del(net->rtnl, &proxy, &why);
	/* A membership alone is no reason to close a peer. */
	if (r && add && net->conf.xdp != DP_XDP_PROXY) {
		log_debug("%s", why.text);
		return 0;
	}
	return r ? err_set(err, r, "%s", why.text) : 0;
}

struct found {
	struct nl_proxy *proxies;
	size_t n, cap;
};

static int found_cb(const struct nl_proxy *proxy, void *ctx)
{
	struct found *f = ctx;

	if (proxy->protocol != KSTATE_RTPROT)
		return 0;
	if (f->n == f->cap) {
		size_t cap = f->cap ? f->cap * 2 : 64;
		struct nl_proxy *bigger = reallocarray(f->proxies, cap, sizeof(*bigger));

		if (!bigger)
			return -ENOMEM;
		f->proxies = bigger;
		f->cap = cap;
	}
	f->proxies[f->n++] = *proxy;
	return 0;
}

int net_proxy_flush(struct nl *nl, struct err *err)
{
	struct found f = {};
	int r = nl_proxy_dump(nl, AF_INET6, found_cb, &f, err);

	if (!r)
		r = nl_proxy_dump(nl, AF_INET, found_cb, &f, err);
	for (size_t i = 0; i < f.n && !r; i++)
		r = nl_proxy_del(nl, &f.proxies[i], err);
	free(f.proxies);
	return r;
}

/* Solicitations to a group wait a random while before the kernel answers, unless told not to. */
int net_proxy_sysctls(const struct conf *conf, struct err *err)
{
	static const struct {
		const char *form, *value;
	} sysctls[] = {
		{"/proc/sys/net/ipv6/neigh/%s/proxy_delay", "0"},
		{"/proc/sys/net/ipv4/neigh/%s/proxy_delay", "0"},
		{"/proc/sys/net/ipv6/conf/%s/proxy_ndp", "1"},
	};
	char path[128];
	int r = 0;

	if (conf->xdp != DP_XDP_PROXY)
		return 0;
	for (size_t i = 0; i < ARRAY_SIZE(sysctls) && !r; i++) {
		const char *mark = strstr(sysctls[i].form, "%s");

		snprintf(path, sizeof(path), "%.*s%s%s", (int)(mark - sysctls[i].form),
			 sysctls[i].form, conf->uplink, mark + 2);
		r = file_write_sysctl(path, sysctls[i].value, err);
	}
	/* Solicitations to the address itself come by the way of forwarded packets. */
	return r ? r : file_write_sysctl("/proc/sys/net/ipv6/conf/all/proxy_ndp", "1", err);
}
