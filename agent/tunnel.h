/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A container's tunnel, by netlink. The WireGuard device is made in this (the host's) namespace, so
 * that its UDP socket stays here, and moved into the container's as TUNNEL_DEVICE.
 */
#ifndef AGENT_TUNNEL_H
#define AGENT_TUNNEL_H

#include "helper_msg.h"

/* netns_fd: an open network namespace that is not this one. All are idempotent. */
/* A machine without IPv6 leaves its part out, if there is IPv4: *ret_without_v6. */
int tunnel_attach(int netns_fd, const struct tunnel_conf *conf, bool *ret_without_v6,
		  struct err *err);
/* A second one beside it, with addresses and without routes; then the routes. tunnel_attach() with
 * either configuration removes the other one. */
int tunnel_prepare(int netns_fd, const struct tunnel_conf *conf, struct err *err);
int tunnel_switch(int netns_fd, const struct tunnel_conf *conf, struct err *err);
int tunnel_detach(int netns_fd, struct err *err);
/* -ENODEV: there is no tunnel. A running session feels nothing. */
int tunnel_psk(int netns_fd, const struct tunnel_psk *psk, struct err *err);
int tunnel_status(int netns_fd, const struct tunnel_which *which, struct tunnel_status *ret_status,
		  struct err *err);
/* A socket in the container to the echo at the tunnel's far end; the volley's sizes are sent, or,
 * when it has none, those that came back are read. */
int tunnel_probe_open(int netns_fd, const struct tunnel_probe *probe, int *ret_fd, struct err *err);
int tunnel_probe(int fd, const struct tunnel_probe *probe, struct mtu_volley *ret_answers,
		 struct err *err);
/* Removes WireGuard devices "wg-" and 8 digits that were left in this namespace. */
int tunnel_sweep(struct err *err);

#endif
