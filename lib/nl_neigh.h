/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Proxy entries of the neighbour tables (RTM_*NEIGH with NTF_PROXY): addresses that the kernel
 * answers NDP for where proxy_ndp is set, and ARP where it forwards. An IPv6 entry is a member of
 * its address's solicited-node group, which the kernel reports by MLD, proxy_ndp or not.
 */
#ifndef LIB_NL_NEIGH_H
#define LIB_NL_NEIGH_H

#include "addr.h"
#include "nl.h"

struct nl_proxy {
	int ifindex;
	uint16_t family;  /* AF_INET, AF_INET6 */
	uint8_t protocol; /* RTPROT_*: who made it */
	union {
		struct addr4 v4;
		struct addr6 v6;
	};
};

int nl_proxy_add(struct nl *nl, const struct nl_proxy *proxy, struct err *err); /* there = 0 */
int nl_proxy_del(struct nl *nl, const struct nl_proxy *proxy, struct err *err); /* missing = 0 */
typedef int nl_proxy_cb(const struct nl_proxy *proxy, void *ctx);
int nl_proxy_dump(struct nl *nl, uint16_t family, nl_proxy_cb *cb, void *ctx, struct err *err);

#endif
