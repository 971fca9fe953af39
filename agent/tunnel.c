/* SPDX-License-Identifier: GPL-2.0-only */
#include "tunnel.h"

#include <string.h>
#include "../lib/nl_wg.h"
#include "tunnel_int.h"

static int open_there(int netns_fd, struct nl **ret_rtnl, struct nl **ret_genl, struct err *err)
{
	int r = tunnel_ns_open(netns_fd, NETLINK_ROUTE, ret_rtnl, err);

	return r ? r : tunnel_ns_open(netns_fd, NETLINK_GENERIC, ret_genl, err);
}

/* -EEXIST: somebody else has a device of our name. */
static int check_name(struct nl *rtnl, const char *name, struct err *err)
{
	struct nl_link link;
	int r = nl_link_get(rtnl, name, &link, err);

	if (r == -ENODEV)
		return 0;
	return r ? r
		 : err_set(err, -EEXIST, "the container has a device %s that is not ours", name);
}

/* The device in the container: that of conf's key; else the one that is there, which gets the key;
 * else a new one. */
static int ensure_device(int netns_fd, struct nl *rtnl, struct nl *genl,
			 const struct tunnel_conf *conf, struct nl_link *ret_link, struct err *err)
{
	uint8_t key[KEY_LEN];
	int r = wg_key_public(conf->private_key, key);

	if (r)
		return err_sys(err, r, "public key");
	r = tunnel_find(rtnl, genl, key, ret_link, err);
	if (r == -ENODEV)
		r = tunnel_find(rtnl, genl, NULL, ret_link, err);
	if (r == -ENODEV) {
		r = check_name(rtnl, TUNNEL_DEVICE, err);
		if (!r)
			r = tunnel_make(netns_fd, TUNNEL_DEVICE, conf, err);
		return r ? r : nl_link_get(rtnl, TUNNEL_DEVICE, ret_link, err);
	}
	if (!r)
		r = tunnel_wg_set(genl, ret_link->ifindex, conf, err);
	if (!r && ret_link->mtu != conf->mtu_max)
		r = nl_link_set_mtu(rtnl, ret_link->ifindex, conf->mtu_max, err);
	return r;
}

/* What this machine can do of it: addresses and MTU, no keys. A machine without IPv6 leaves its
 * part out, if there is IPv4. */
static int fit(int netns_fd, const char *device, const struct tunnel_conf *conf,
	       struct tunnel_conf *ret_use, struct err *err)
{
	struct tunnel_conf use = {.v6 = conf->v6,
				  .v4 = conf->v4,
				  .mtu = conf->mtu,
				  .mtu_max = conf->mtu_max,
				  .egress_tunnel = conf->egress_tunnel};
	int r = 0;

	if (!addr6_is_zero(&use.v6))
		r = tunnel_ns_ipv6(netns_fd, device, err);
	if (r == -EAFNOSUPPORT && !addr4_is_zero(use.v4)) {
		use.v6 = (struct addr6){};
		r = 0;
	}
	*ret_use = use;
	return r;
}

/* Up and with its addresses. */
static int bring_up(int netns_fd, struct nl *rtnl, const struct nl_link *link,
		    const struct tunnel_conf *conf, struct tunnel_conf *ret_use, struct err *err)
{
	int r = fit(netns_fd, link->name, conf, ret_use, err);

	if (!r && !link->up)
		r = nl_link_set_up(rtnl, link->ifindex, true, err);
	return r ? r : tunnel_addr_set(rtnl, link->ifindex, ret_use, err);
}

int tunnel_configure(int netns_fd, struct nl *rtnl, const struct nl_link *link,
		     const struct tunnel_conf *conf, bool *ret_without_v6, struct err *err)
{
	struct tunnel_conf use;
	int r = bring_up(netns_fd, rtnl, link, conf, &use, err);

	if (!r)
		r = tunnel_route_set(rtnl, link->ifindex, &use, err);
	if (!r)
		r = tunnel_rule_set(rtnl, &use, err);
	if (!r)
		*ret_without_v6 = !addr6_eq(&use.v6, &conf->v6);
	return r;
}

/* What a rotation left beside it goes; a kernel that cannot rename it now does so the next time. */
static int settle(struct nl *rtnl, const struct nl_link *link, struct err *err)
{
	int r = tunnel_remove(rtnl, tunnel_other_name(link->name), err);

	if (!r && strcmp(link->name, TUNNEL_DEVICE) &&
	    nl_link_get(rtnl, TUNNEL_DEVICE, &(struct nl_link){}, NULL) == -ENODEV)
		r = nl_link_rename(rtnl, link->ifindex, TUNNEL_DEVICE, err);
	return r == -EBUSY ? 0 : r;
}

int tunnel_attach(int netns_fd, const struct tunnel_conf *conf, bool *ret_without_v6,
		  struct err *err)
{
	AUTO_NL struct nl *rtnl = NULL;
	AUTO_NL struct nl *genl = NULL;
	struct nl_link link;
	int r;

	r = open_there(netns_fd, &rtnl, &genl, err);
	if (!r)
		r = ensure_device(netns_fd, rtnl, genl, conf, &link, err);
	if (!r)
		r = tunnel_configure(netns_fd, rtnl, &link, conf, ret_without_v6, err);
	return r ? r : settle(rtnl, &link, err);
}

int tunnel_prepare(int netns_fd, const struct tunnel_conf *conf, struct err *err)
{
	AUTO_NL struct nl *rtnl = NULL;
	AUTO_NL struct nl *genl = NULL;
	struct tunnel_conf use;
	struct nl_link first, link;
	uint8_t key[KEY_LEN];
	const char *name;
	int r = wg_key_public(conf->private_key, key);

	if (r)
		return err_sys(err, r, "public key");
	r = open_there(netns_fd, &rtnl, &genl, err);
	if (!r)
		r = tunnel_find(rtnl, genl, NULL, &first, err);
	if (r)
		return r;
	r = tunnel_find(rtnl, genl, key, &link, err);
	if (r == -ENODEV) {
		name = tunnel_other_name(first.name);
		r = check_name(rtnl, name, err);
		if (!r)
			r = tunnel_make(netns_fd, name, conf, err);
		if (!r)
			r = nl_link_get(rtnl, name, &link, err);
	}
	/* Before and after the switch a packet may come by the one while answers leave by the
	 * other. */
	if (!r)
		r = tunnel_ns_loose(netns_fd, first.name, err);
	if (!r)
		r = tunnel_ns_loose(netns_fd, link.name, err);
	return r ? r : bring_up(netns_fd, rtnl, &link, conf, &use, err);
}

int tunnel_switch(int netns_fd, const struct tunnel_conf *conf, struct err *err)
{
	AUTO_NL struct nl *rtnl = NULL;
	AUTO_NL struct nl *genl = NULL;
	struct tunnel_conf use;
	struct nl_link link;
	uint8_t key[KEY_LEN];
	int r = wg_key_public(conf->private_key, key);

	if (r)
		return err_sys(err, r, "public key");
	r = open_there(netns_fd, &rtnl, &genl, err);
	if (!r)
		r = tunnel_find(rtnl, genl, key, &link, err);
	if (!r)
		r = fit(netns_fd, link.name, conf, &use, err);
	return r ? r : tunnel_route_set(rtnl, link.ifindex, &use, err);
}

int tunnel_detach(int netns_fd, struct err *err)
{
	static const struct tunnel_conf nothing;
	AUTO_NL struct nl *rtnl = NULL;
	int r;

	r = tunnel_ns_open(netns_fd, NETLINK_ROUTE, &rtnl, err);
	if (!r)
		r = tunnel_rule_set(rtnl, &nothing, err);
	/* Addresses and routes go with them. */
	if (!r)
		r = tunnel_remove(rtnl, TUNNEL_SECOND, err);
	return r ? r : tunnel_remove(rtnl, TUNNEL_DEVICE, err);
}

static const uint8_t *key_of(const struct tunnel_which *which)
{
	static const uint8_t none[KEY_LEN];

	return memcmp(which->public_key, none, KEY_LEN) ? which->public_key : NULL;
}

int tunnel_psk(int netns_fd, const struct tunnel_psk *psk, struct err *err)
{
	AUTO_NL struct nl *rtnl = NULL;
	AUTO_NL struct nl *genl = NULL;
	struct nl_link link;
	int r;

	r = open_there(netns_fd, &rtnl, &genl, err);
	if (!r)
		r = tunnel_find(rtnl, genl, key_of(&psk->which), &link, err);
	return r ? r : tunnel_wg_psk(genl, link.ifindex, psk, err);
}

int tunnel_status(int netns_fd, const struct tunnel_which *which, struct tunnel_status *ret_status,
		  struct err *err)
{
	AUTO_NL struct nl *rtnl = NULL;
	AUTO_NL struct nl *genl = NULL;
	struct tunnel_status status = {};
	struct nl_link link;
	int r;

	r = open_there(netns_fd, &rtnl, &genl, err);
	if (!r)
		r = tunnel_find(rtnl, genl, key_of(which), &link, err);
	if (r == -ENODEV || (!r && !link.up)) {
		*ret_status = status;
		return 0;
	}
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
