/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The net role: owns everything in the kernel (devices, routes, classes, programs, maps). Holds
 * CAP_NET_ADMIN and CAP_BPF, parses nothing foreign: it takes messages of msg.h from the api role
 * and checks each value against the configuration.
 */
#ifndef RELAY_NET_H
#define RELAY_NET_H

#include <uv.h>
#include "conf.h"

struct net;

/*
 * Brings the relay-wide parts into place in this order: sysctls, nftables, wg0/wg1, next hops,
 * HTB classes, programs attached. Adopts what runs. Peers go live only after this.
 * state_dir/net/ (root only) holds the two WireGuard private keys.
 */
int net_new(uv_loop_t *loop, const struct conf *conf, struct net **ret_net, struct err *err);
/* The api role's end of the socket pair is connected: sends MSG_RELAY. Replaces a former one. */
int net_set_api(struct net *net, int fd, struct err *err);
/* Applies a changed configuration without dropping traffic, or refuses it (err) and keeps the old
 * one. */
int net_reload(struct net *net, const struct conf *conf, struct err *err);
void net_free(struct net *net); /* the kernel's state stays */

/* Removes everything relayd ever put into the kernel (relayd --flush). */
int net_flush(const struct conf *conf, struct err *err);

#endif
