/* SPDX-License-Identifier: GPL-2.0-only */
/* The WireGuard devices themselves: made here, found there, removed. */
#include <stdio.h>
#include <string.h>
#include "../lib/nl_wg.h"
#include "tunnel_int.h"

#define HOST_PREFIX "wg-" /* and the first 8 digits of the container's id */
#define HOST_DIGITS 8
#define MAX_SWEEP 256 /* devices removed by one call */

const char *tunnel_other_name(const char *name)
{
	return strcmp(name, TUNNEL_DEVICE) ? TUNNEL_DEVICE : TUNNEL_SECOND;
}

static int no_peer(UNUSED const struct nl_wg_peer *peer, UNUSED void *ctx)
{
	return 0;
}

static int has_key(struct nl *genl, int ifindex, const uint8_t *key, bool *ret_has, struct err *err)
{
	struct nl_wg_device dev = {};
	int r = nl_wg_dump(genl, ifindex, &dev, no_peer, NULL, err);

	*ret_has = !r && !memcmp(dev.public_key, key, KEY_LEN);
	explicit_bzero(&dev, sizeof(dev));
	return r;
}

int tunnel_find(struct nl *rtnl, struct nl *genl, const uint8_t *key, struct nl_link *ret_link,
		struct err *err)
{
	static const char *const names[] = {TUNNEL_DEVICE, TUNNEL_SECOND};

	for (size_t i = 0; i < ARRAY_SIZE(names); i++) {
		struct nl_link link;
		bool ours = !key;
		int r = nl_link_get(rtnl, names[i], &link, err);

		if (r == -ENODEV || (!r && link.kind != NL_LINK_WIREGUARD))
			continue;
		if (!r && key)
			r = has_key(genl, link.ifindex, key, &ours, err);
		if (r)
			return r;
		if (ours) {
			*ret_link = link;
			return 0;
		}
	}
	return err_set(err, -ENODEV, "no tunnel");
}

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

int tunnel_remove(struct nl *rtnl, const char *name, struct err *err)
{
	int r = remove_device(rtnl, name, err);

	/* Somebody else's second device is none of our business. */
	return r == -EEXIST && strcmp(name, TUNNEL_DEVICE) ? 0 : r;
}

/* In the host's namespace, where the UDP socket stays; ready before it is moved. */
int tunnel_make(int netns_fd, const char *there, const struct tunnel_conf *conf, struct err *err)
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
		r = nl_link_add_wireguard(rtnl, name, conf->mtu_max, err);
	if (r)
		return r;
	r = nl_link_get(rtnl, name, &link, err);
	if (!r)
		r = tunnel_wg_set(genl, link.ifindex, conf, err);
	if (!r)
		r = nl_link_move(rtnl, link.ifindex, netns_fd, there, err);
	if (r)
		remove_device(rtnl, name, NULL);
	return r;
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
