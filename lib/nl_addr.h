/* SPDX-License-Identifier: GPL-2.0-only */
/* Addresses of devices: RTM_*ADDR. */
#ifndef LIB_NL_ADDR_H
#define LIB_NL_ADDR_H

#include "addr.h"
#include "nl.h"

struct nl_addr {
	int ifindex;
	uint16_t family;
	uint8_t prefix_len;
	union {
		struct addr4 v4;
		struct addr6 v6;
	};
};

/* Present already is success. v6 is added without duplicate address detection (IFA_F_NODAD). */
int nl_addr_add(struct nl *nl, const struct nl_addr *addr, struct err *err);
int nl_addr_del(struct nl *nl, const struct nl_addr *addr, struct err *err); /* missing = 0 */
typedef int nl_addr_cb(const struct nl_addr *addr, void *ctx);
int nl_addr_dump(struct nl *nl, nl_addr_cb *cb, void *ctx, struct err *err);

#endif
