/* SPDX-License-Identifier: GPL-2.0-only */
/* Routes (RTM_*ROUTE) and next hop objects (RTM_*NEXTHOP). */
#ifndef LIB_NL_ROUTE_H
#define LIB_NL_ROUTE_H

#include "addr.h"
#include "nl.h"

enum nl_route_type { NL_ROUTE_UNICAST, NL_ROUTE_UNREACHABLE };

struct nl_route {
	uint16_t family; /* AF_INET, AF_INET6 */
	uint8_t dst_len;
	uint8_t protocol; /* RTPROT_*: who made it; 0 when adding = RTPROT_STATIC */
	enum nl_route_type type;
	uint32_t table;
	uint32_t metric;
	union {
		struct addr4 dst4;
		struct addr6 dst6;
	};
	bool has_gateway, has_src;
	bool via6; /* dumps: a v4 route whose gateway is gateway6 (RFC 8950) */
	union {
		struct addr4 gateway4;
		struct addr6 gateway6;
	};
	union {
		struct addr4 src4; /* preferred source */
		struct addr6 src6;
	};
	int oif;
	uint32_t nhid; /* next hop object, 0 = none: oif and gateway are its own, as dumped only */
	uint32_t mtu;  /* RTAX_MTU, 0 = the device's */
	/* RTAX_LOCK: it holds for forwarded IPv6 packets too, and nothing learned changes it. */
	bool mtu_lock;
};

int nl_route_replace(struct nl *nl, const struct nl_route *route, struct err *err);
int nl_route_del(struct nl *nl, const struct nl_route *route, struct err *err); /* missing = 0 */
/* For batches: puts the message for add-or-replace / delete. */
void nl_route_put(struct nlmsghdr *nlh, const struct nl_route *route);
typedef int nl_route_cb(const struct nl_route *route, void *ctx);
/* protocol 0 = all; table 0 = all. Filters in the kernel where it can, here otherwise. */
int nl_route_dump(struct nl *nl, uint16_t family, uint8_t protocol, uint32_t table, nl_route_cb *cb,
		  void *ctx, struct err *err);

struct nl_nexthop {
	uint32_t id;
	uint16_t family;
	int oif;
	bool has_gateway;
	union {
		struct addr4 gateway4;
		struct addr6 gateway6;
	};
};

int nl_nexthop_replace(struct nl *nl, const struct nl_nexthop *nh, uint8_t protocol,
		       struct err *err);
int nl_nexthop_get(struct nl *nl, uint32_t id, struct nl_nexthop *ret_nh, struct err *err);
int nl_nexthop_del(struct nl *nl, uint32_t id, struct err *err); /* missing = 0 */

#endif
