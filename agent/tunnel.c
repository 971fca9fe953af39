/* SPDX-License-Identifier: GPL-2.0-only */
#include "tunnel.h"

#include <stdio.h>
#include <string.h>
#include "../lib/nl_link.h"
#include "../lib/nl_wg.h"
#include "tunnel_int.h"

#define HOST_PREFIX "wg-" /* and the first 8 digits of the container's id */
#define HOST_DIGITS 8
#define MAX_SWEEP 256 /* devices removed by one call */

static int remove_device(struct nl *rtnl, const char *name, struct err *err)
{
	struct nl_link link;
	int r;

	r = nl_link_get(rtnl, name, &link, err);
	if (r == -ENODEV)
		return 0;
	if (!r && link.kind != NL_LINK_WIREGUARD)
		return err_set(err, -EEXIST, "device %s is there and is not WireGuard", name);
	return r ? r : nl_link_del(rtnl, link.ifindex, err);
}

/* In the host's namespace, where the UDP socket stays; ready before it is moved. */
static int make_and_move(int netns_fd, const struct tunnel_conf *conf, struct err *err)
{
	AUTO_NL struct nl *rtnl = NULL;
	AUTO_NL struct nl *genl = NULL;
	struct nl_link link = {};
	char name[IFNAMSIZ];
	int r;

	snprintf(name, sizeof(name), HOST_PREFIX "%.*s", HOST_DIGITS, conf->container_id);
	r = nl_open(NETLINK_ROUTE, &rtnl, err);
	if (!r)
		r = nl_open(NETLINK_GENERIC, &genl, err);
	if (!r)
		r = remove_device(rtnl, name, err);
	if (!r)
		r = nl_link_add_wireguard(rtnl, name, conf->mtu, err);
	if (r)
		return r;
	r = nl_link_get(rtnl, name, &link, err);
	if (!r)
		r = tunnel_wg_set(genl, link.ifindex, conf, err);
	if (!r)
		r = nl_link_move(rtnl, link.ifindex, netns_fd, TUNNEL_DEVICE, err);
	if (r)
		remove_device(rtnl, name, NULL);
	return r;
}

/* The device in the container, made if it is missing. */
static int ensure_device(int netns_fd, struct nl *rtnl, struct nl *genl,
			 const struct tunnel_conf *conf, struct nl_link *ret_link, struct err *err)
{
	int r = nl_link_get(rtnl, TUNNEL_DEVICE, ret_link, err);

	if (r == -ENODEV) {
		r = make_and_move(netns_fd, conf, err);
		return r ? r : nl_link_get(rtnl, TUNNEL_DEVICE, ret_link, err);
	}
	if (r)
		return r;
	if (ret_link->kind != NL_LINK_WIREGUARD)
		return err_set(err, -EEXIST,
			       "the container has a device " TUNNEL_DEVICE
			       " that is not WireGuard");
	r = tunnel_wg_set(genl, ret_link->ifindex, conf, err);
	if (!r && ret_link->mtu != conf->mtu)
		r = nl_link_set_mtu(rtnl, ret_link->ifindex, conf->mtu, err);
	return r;
}

int tunnel_configure(int netns_fd, struct nl *rtnl, const struct nl_link *link,
		     const struct tunnel_conf *conf, bool *ret_without_v6, struct err *err)
{
	/* Addresses and MTU only: no keys. */
	struct tunnel_conf use = {.v6 = conf->v6,
				  .v4 = conf->v4,
				  .mtu = conf->mtu,
				  .egress_tunnel = conf->egress_tunnel};
	bool without_v6 = false;
	int r = 0;

	if (!addr6_is_zero(&use.v6))
		r = tunnel_ns_ipv6(netns_fd, TUNNEL_DEVICE, err);
	if (r == -EAFNOSUPPORT && !addr4_is_zero(use.v4)) {
		use.v6 = (struct addr6){};
		without_v6 = true;
		r = 0;
	}
	if (!r && !link->up)
		r = nl_link_set_up(rtnl, link->ifindex, true, err);
	if (!r)
		r = tunnel_addr_set(rtnl, link->ifindex, &use, err);
	if (!r)
		r = tunnel_route_set(rtnl, link->ifindex, &use, err);
	if (!r)
		r = tunnel_rule_set(rtnl, &use, err);
	if (!r)
		*ret_without_v6 = without_v6;
	return r;
}

int tunnel_attach(int netns_fd, const struct tunnel_conf *conf, bool *ret_without_v6,
		  struct err *err)
{
	AUTO_NL struct nl *rtnl = NULL;
	AUTO_NL struct nl *genl = NULL;
	struct nl_link link;
	int r;

	r = tunnel_ns_open(netns_fd, NETLINK_ROUTE, &rtnl, err);
	if (!r)
		r = tunnel_ns_open(netns_fd, NETLINK_GENERIC, &genl, err);
	if (!r)
		r = ensure_device(netns_fd, rtnl, genl, conf, &link, err);
	return r ? r : tunnel_configure(netns_fd, rtnl, &link, conf, ret_without_v6, err);
}

int tunnel_detach(int netns_fd, struct err *err)
{
	static const struct tunnel_conf nothing;
	AUTO_NL struct nl *rtnl = NULL;
	int r;

	r = tunnel_ns_open(netns_fd, NETLINK_ROUTE, &rtnl, err);
	if (!r)
		r = tunnel_rule_set(rtnl, &nothing, err);
	/* Its addresses and routes go with it. */
	return r ? r : remove_device(rtnl, TUNNEL_DEVICE, err);
}

int tunnel_psk(int netns_fd, const struct tunnel_psk *psk, struct err *err)
{
	AUTO_NL struct nl *rtnl = NULL;
	AUTO_NL struct nl *genl = NULL;
	struct nl_link link;
	int r;

	r = tunnel_ns_open(netns_fd, NETLINK_ROUTE, &rtnl, err);
	if (!r)
		r = nl_link_get(rtnl, TUNNEL_DEVICE, &link, err);
	if (!r && link.kind != NL_LINK_WIREGUARD)
		r = err_set(err, -ENODEV, "no tunnel");
	if (!r)
		r = tunnel_ns_open(netns_fd, NETLINK_GENERIC, &genl, err);
	return r ? r : tunnel_wg_psk(genl, link.ifindex, psk, err);
}

int tunnel_status(int netns_fd, struct tunnel_status *ret_status, struct err *err)
{
	AUTO_NL struct nl *rtnl = NULL;
	AUTO_NL struct nl *genl = NULL;
	struct tunnel_status status = {};
	struct nl_link link;
	int r;

	r = tunnel_ns_open(netns_fd, NETLINK_ROUTE, &rtnl, err);
	if (!r)
		r = nl_link_get(rtnl, TUNNEL_DEVICE, &link, err);
	if (r == -ENODEV || (!r && (link.kind != NL_LINK_WIREGUARD || !link.up))) {
		*ret_status = status;
		return 0;
	}
	if (!r)
		r = tunnel_ns_open(netns_fd, NETLINK_GENERIC, &genl, err);
	if (!r)
		r = tunnel_wg_status(genl, link.ifindex, &status, err);
	if (!r)
		r = tunnel_addr_get(rtnl, link.ifindex, &status, err);
	if (r)
		return r;
	status.present = 1;
	*ret_status = status;
	return 0;
}

struct sweep {
	size_t n;
	int ifindex[MAX_SWEEP];
};

static int on_link(const struct nl_link *link, void *ctx)
{
	struct sweep *sweep = ctx;
	const char *digits = link->name + strlen(HOST_PREFIX);

	if (link->kind == NL_LINK_WIREGUARD && sweep->n < MAX_SWEEP &&
	    !strncmp(link->name, HOST_PREFIX, strlen(HOST_PREFIX)) &&
	    strlen(digits) == HOST_DIGITS && strspn(digits, "0123456789abcdef") == HOST_DIGITS)
		sweep->ifindex[sweep->n++] = link->ifindex;
	return 0;
}

/* Making one now has the kernel load its module, which the first container would have to wait for.
 */
static int try_wireguard(struct nl *rtnl, struct err *err)
{
	int r = nl_link_add_wireguard(rtnl, HOST_PREFIX "00000000", 1280, err);

	if (r == -EOPNOTSUPP)
		return err_set(err, r, "this kernel has no WireGuard (modprobe wireguard)");
	return r == -EEXIST ? 0 : r;
}

int tunnel_sweep(struct err *err)
{
	AUTO_NL struct nl *rtnl = NULL;
	struct sweep sweep = {};
	int r;

	r = nl_open(NETLINK_ROUTE, &rtnl, err);
	if (!r)
		r = try_wireguard(rtnl, err);
	if (!r)
		r = nl_link_dump(rtnl, "wireguard", on_link, &sweep, err);
	for (size_t i = 0; !r && i < sweep.n; i++) {
		r = nl_link_del(rtnl, sweep.ifindex[i], err);
		/* An interrupted dump names a device twice; another one goes by itself. */
		if (r == -ENODEV)
			r = 0;
	}
	return r;
}
