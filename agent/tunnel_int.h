/* SPDX-License-Identifier: GPL-2.0-only */
/* Parts of tunnel.h: namespaces, WireGuard settings, routes and rules. */
#ifndef AGENT_TUNNEL_INT_H
#define AGENT_TUNNEL_INT_H

#include "../lib/nl.h"
#include "../lib/nl_link.h"
#include "tunnel.h"

#define TUNNEL_KEEPALIVE_S 25 /* keeps a NAT's mapping: some drop it after 30 s */

/* tunnel_ns.c: runs fn inside the namespace. A way back that fails ends the process. */
typedef int tunnel_ns_fn(void *ctx, struct err *err);
int tunnel_ns_do(int netns_fd, tunnel_ns_fn *fn, void *ctx, struct err *err);
/* A netlink socket that stays in the namespace. */
int tunnel_ns_open(int netns_fd, int bus, struct nl **ret_nl, struct err *err);
/* What Docker and the kernel set otherwise: IPv6 on, no router advertisements on the device.
 * -EAFNOSUPPORT: the machine was started without IPv6. */
int tunnel_ns_ipv6(int netns_fd, const char *device, struct err *err);
/* Packets may come by a device that the way back does not lead through. */
int tunnel_ns_loose(int netns_fd, const char *device, struct err *err);

/* tunnel_device.c */
/* -ENODEV: there is none. key NULL: whichever is there. */
int tunnel_find(struct nl *rtnl, struct nl *genl, const uint8_t *key, struct nl_link *ret_link,
		struct err *err);
/* Made in this namespace, moved there as `name`. */
int tunnel_make(int netns_fd, const char *there, const struct tunnel_conf *conf, struct err *err);
int tunnel_remove(struct nl *rtnl, const char *name, struct err *err); /* if it is WireGuard */
const char *tunnel_other_name(const char *name);

/* tunnel.c: brings the device up, with conf's addresses, routes and rules. As tunnel_attach(). */
int tunnel_configure(int netns_fd, struct nl *rtnl, const struct nl_link *link,
		     const struct tunnel_conf *conf, bool *ret_without_v6, struct err *err);

/* tunnel_wg.c: brings the device to conf by difference. genl sees the device's namespace. */
int tunnel_wg_set(struct nl *genl, int ifindex, const struct tunnel_conf *conf, struct err *err);
int tunnel_wg_psk(struct nl *genl, int ifindex, const struct tunnel_psk *psk, struct err *err);
int tunnel_wg_status(struct nl *genl, int ifindex, struct tunnel_status *status, struct err *err);

/* tunnel_addr.c: exactly conf's addresses; those the device has. */
int tunnel_addr_set(struct nl *rtnl, int ifindex, const struct tunnel_conf *conf, struct err *err);
int tunnel_addr_get(struct nl *rtnl, int ifindex, struct tunnel_status *status, struct err *err);

/* tunnel_route.c: routes in TUNNEL_TABLE and the rules that lead there; a conf without addresses
 * removes all. */
int tunnel_route_set(struct nl *rtnl, int ifindex, const struct tunnel_conf *conf, struct err *err);
int tunnel_rule_set(struct nl *rtnl, const struct tunnel_conf *conf, struct err *err);

#endif
