/* SPDX-License-Identifier: GPL-2.0-only */
#include "tunnel_int.h"

#include "../lib/nl_addr.h"

#define MAX_ADDRS 16 /* of the device; more than these are left alone */

struct addr_walk {
	int ifindex;
	size_t n;
	struct nl_addr addrs[MAX_ADDRS];
};

static int on_addr(const struct nl_addr *addr, void *ctx)
{
	struct addr_walk *walk = ctx;

	if (addr->ifindex == walk->ifindex && walk->n < MAX_ADDRS)
		walk->addrs[walk->n++] = *addr;
	return 0;
}

static bool is_wanted(const struct nl_addr *addr, const struct tunnel_conf *conf)
{
	if (addr->family == AF_INET)
		return addr->prefix_len == 32 && addr4_eq(addr->v4, conf->v4);
	return addr->prefix_len == 128 && addr6_eq(&addr->v6, &conf->v6);
}

static bool is_link_local(const struct nl_addr *addr)
{
	return addr->family == AF_INET6 && addr->v6.b[0] == 0xfe && (addr->v6.b[1] & 0xc0) == 0x80;
}

int tunnel_addr_set(struct nl *rtnl, int ifindex, const struct tunnel_conf *conf, struct err *err)
{
	struct nl_addr v6 = {ifindex, AF_INET6, 128, .v6 = conf->v6};
	struct nl_addr v4 = {ifindex, AF_INET, 32, .v4 = conf->v4};
	struct addr_walk walk = {.ifindex = ifindex};
	int r;

	r = nl_addr_dump(rtnl, on_addr, &walk, err);
	if (!r && !addr6_is_zero(&conf->v6))
		r = nl_addr_add(rtnl, &v6, err);
	if (!r && !addr4_is_zero(conf->v4))
		r = nl_addr_add(rtnl, &v4, err);
	for (size_t i = 0; !r && i < walk.n; i++) {
		if (!is_wanted(&walk.addrs[i], conf) && !is_link_local(&walk.addrs[i]))
			r = nl_addr_del(rtnl, &walk.addrs[i], err);
	}
	if (r)
		err_prefix(err, "addresses");
	return r;
}

int tunnel_addr_get(struct nl *rtnl, int ifindex, struct tunnel_status *status, struct err *err)
{
	struct addr_walk walk = {.ifindex = ifindex};
	int r;

	r = nl_addr_dump(rtnl, on_addr, &walk, err);
	for (size_t i = 0; !r && i < walk.n; i++) {
		if (walk.addrs[i].family == AF_INET)
			status->v4 = walk.addrs[i].v4;
		else if (!is_link_local(&walk.addrs[i]))
			status->v6 = walk.addrs[i].v6;
	}
	return r;
}
