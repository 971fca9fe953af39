/* SPDX-License-Identifier: GPL-2.0-only */
/* Network devices: RTM_*LINK. */
#ifndef LIB_NL_LINK_H
#define LIB_NL_LINK_H

#include <net/if.h>
#include "nl.h"

enum nl_link_kind { NL_LINK_OTHER, NL_LINK_WIREGUARD, NL_LINK_VRF };

struct nl_link {
	int ifindex;
	char name[IFNAMSIZ];
	enum nl_link_kind kind;
	uint32_t vrf_table; /* NL_LINK_VRF */
	uint32_t mtu;
	uint32_t group;
	uint8_t mac[6];
	bool soft; /* has a kind at all: software made it */
	bool up;
	bool allmulti; /* set by somebody, not by a socket */
	/* WireGuard: inner packets with a source not allowed, or not IP. */
	uint64_t rx_frame_errors;
	uint64_t tx_lost; /* packets to send that were not */
};

int nl_link_add_wireguard(struct nl *nl, const char *name, uint32_t mtu, struct err *err);
int nl_link_add_vrf(struct nl *nl, const char *name, uint32_t table, const uint8_t mac[6],
		    struct err *err);
int nl_link_get(struct nl *nl, const char *name, struct nl_link *ret_link, struct err *err);
typedef int nl_link_cb(const struct nl_link *link, void *ctx);
/* kind: only devices of this kind (kernel-side filter), NULL = all. */
int nl_link_dump(struct nl *nl, const char *kind, nl_link_cb *cb, void *ctx, struct err *err);
int nl_link_set_up(struct nl *nl, int ifindex, bool up, struct err *err);
int nl_link_set_mtu(struct nl *nl, int ifindex, uint32_t mtu, struct err *err);
int nl_link_set_allmulti(struct nl *nl, int ifindex, bool on, struct err *err);
int nl_link_set_group(struct nl *nl, int ifindex, uint32_t group, struct err *err);
/* Moves a device into the namespace behind netns_fd under a new name, in one message. */
int nl_link_move(struct nl *nl, int ifindex, int netns_fd, const char *new_name, struct err *err);
/* -EBUSY: it is up, and the kernel is older than 6.2. */
int nl_link_rename(struct nl *nl, int ifindex, const char *name, struct err *err);
int nl_link_del(struct nl *nl, int ifindex, struct err *err);

#endif
