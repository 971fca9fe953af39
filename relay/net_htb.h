/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * HTB classes: made once on wg0, wg1 and the uplink (adding one is O(n), changing one is not), then
 * given to slots and taken back. The same minor on all three devices. What is not guaranteed to
 * somebody is lent to all, in equal parts, each up to its ceil.
 */
#ifndef RELAY_NET_HTB_H
#define RELAY_NET_HTB_H

#include "../lib/nl.h"

#define HTB_MAX_CLASSES 4096
#define HTB_DEVICES 3

struct net_htb;

/*
 * classes = 0: nothing is shaped. total_kbps: what all peers get together on each device, 0 = more
 * than there is. Keeps what a former relayd made.
 */
int net_htb_new(struct nl *nl, const int ifindex[HTB_DEVICES], uint32_t classes,
		uint32_t total_kbps, uint32_t slots, struct net_htb **ret_htb, struct err *err);
void net_htb_free(struct net_htb *htb);
/* The devices have other indexes now: makes the classes there. */
int net_htb_devices(struct net_htb *htb, struct nl *nl, const int ifindex[HTB_DEVICES],
		    struct err *err);
/* A slot found live with this class at start keeps it. */
void net_htb_adopt(struct net_htb *htb, uint32_t slot, uint16_t minor);
/* The slot's class at these rates, ceil 0 = the total; 0 = unshaped (no total either, or all
 * classes taken: logged). */
int net_htb_assign(struct net_htb *htb, struct nl *nl, uint32_t slot, uint32_t rate_kbps,
		   uint32_t ceil_kbps, uint16_t *ret_minor, struct err *err);
/* The class it has, 0 = none. */
uint16_t net_htb_minor(const struct net_htb *htb, uint32_t slot);
void net_htb_release(struct net_htb *htb, uint32_t slot);

#endif
