/* SPDX-License-Identifier: GPL-2.0-only */
/* Policy routing rules: RTM_*RULE. */
#ifndef LIB_NL_RULE_H
#define LIB_NL_RULE_H

#include "addr.h"
#include "nl.h"

struct nl_rule {
	uint16_t family;
	uint32_t priority;
	uint32_t table;
	uint8_t src_len; /* 0 = from all */
	union {
		struct addr4 src4;
		struct addr6 src6;
	};
	bool find_src;	 /* v6: packets without a source too, if this would be theirs */
	uint8_t dst_len; /* 0 = to all */
	union {
		struct addr4 dst4;
		struct addr6 dst6;
	};
	bool has_suppress; /* suppress_prefixlength */
	uint32_t suppress_prefix_len;
	uint8_t protocol;
};

int nl_rule_add(struct nl *nl, const struct nl_rule *rule, struct err *err); /* exists = 0 */
int nl_rule_del(struct nl *nl, const struct nl_rule *rule, struct err *err); /* missing = 0 */
typedef int nl_rule_cb(const struct nl_rule *rule, void *ctx);
int nl_rule_dump(struct nl *nl, uint16_t family, nl_rule_cb *cb, void *ctx, struct err *err);

#endif
