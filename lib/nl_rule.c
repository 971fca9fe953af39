/* SPDX-License-Identifier: GPL-2.0-only */
#include "nl_rule.h"

#include <linux/fib_rules.h>
#include <linux/rtnetlink.h>
#include <string.h>

static size_t addr_len(uint16_t family)
{
	return family == AF_INET ? sizeof(struct addr4) : sizeof(struct addr6);
}

static int change(struct nl *nl, uint16_t type, uint16_t flags, const struct nl_rule *rule,
		  struct err *err)
{
	struct nlmsghdr *nlh = nl_msg(nl, type, flags);
	struct fib_rule_hdr *frh = mnl_nlmsg_put_extra_header(nlh, sizeof(*frh));

	frh->family = (uint8_t)rule->family;
	frh->src_len = rule->src_len;
	frh->dst_len = rule->dst_len;
	frh->action = FR_ACT_TO_TBL;
	frh->flags = rule->find_src ? FIB_RULE_FIND_SADDR : 0;
	frh->table = rule->table < 256 ? (uint8_t)rule->table : RT_TABLE_UNSPEC;
	mnl_attr_put_u32(nlh, FRA_PRIORITY, rule->priority);
	mnl_attr_put_u32(nlh, FRA_TABLE, rule->table);
	if (rule->src_len)
		mnl_attr_put(nlh, FRA_SRC, addr_len(rule->family), &rule->src6);
	if (rule->dst_len)
		mnl_attr_put(nlh, FRA_DST, addr_len(rule->family), &rule->dst6);
	if (rule->has_suppress)
		mnl_attr_put_u32(nlh, FRA_SUPPRESS_PREFIXLEN, rule->suppress_prefix_len);
	if (rule->protocol)
		mnl_attr_put_u8(nlh, FRA_PROTOCOL, rule->protocol);
	return nl_do(nl, nlh, err);
}

int nl_rule_add(struct nl *nl, const struct nl_rule *rule, struct err *err)
{
	int r = change(nl, RTM_NEWRULE, NLM_F_CREATE | NLM_F_EXCL, rule, err);

	return r == -EEXIST ? 0 : r;
}

int nl_rule_del(struct nl *nl, const struct nl_rule *rule, struct err *err)
{
	int r = change(nl, RTM_DELRULE, 0, rule, err);

	return r == -ENOENT ? 0 : r;
}

static int rule_attr(const struct nlattr *attr, void *ctx)
{
	struct nl_rule *rule = ctx;

	switch (mnl_attr_get_type(attr)) {
	case FRA_PRIORITY:
		rule->priority = nl_attr_u32(attr);
		break;
	case FRA_TABLE:
		rule->table = nl_attr_u32(attr);
		break;
	case FRA_SRC:
		if (mnl_attr_get_payload_len(attr) == addr_len(rule->family))
			memcpy(&rule->src6, mnl_attr_get_payload(attr), addr_len(rule->family));
		break;
	case FRA_DST:
		if (mnl_attr_get_payload_len(attr) == addr_len(rule->family))
			memcpy(&rule->dst6, mnl_attr_get_payload(attr), addr_len(rule->family));
		break;
	case FRA_SUPPRESS_PREFIXLEN:
		/* The kernel says "none" as all ones. */
		rule->suppress_prefix_len = nl_attr_u32(attr);
		rule->has_suppress = rule->suppress_prefix_len != UINT32_MAX;
		break;
	case FRA_PROTOCOL:
		rule->protocol = nl_attr_u8(attr);
		break;
	default:
		break;
	}
	return MNL_CB_OK;
}

struct rule_walk {
	nl_rule_cb *cb;
	void *ctx;
};

static int rule_cb(const struct nlmsghdr *nlh, void *ctx)
{
	const struct fib_rule_hdr *frh = nl_head(nlh, sizeof(*frh));
	struct rule_walk *walk = ctx;
	struct nl_rule rule;

	if (!frh)
		return -EPROTO;
	if (nlh->nlmsg_type != RTM_NEWRULE)
		return MNL_CB_OK;
	rule = (struct nl_rule){.family = frh->family,
				.src_len = frh->src_len,
				.dst_len = frh->dst_len,
				.table = frh->table,
				.find_src = (frh->flags & FIB_RULE_FIND_SADDR) != 0};
	if (mnl_attr_parse(nlh, sizeof(*frh), rule_attr, &rule) < 0)
		return -EPROTO;
	return walk->cb(&rule, walk->ctx);
}

int nl_rule_dump(struct nl *nl, uint16_t family, nl_rule_cb *cb, void *ctx, struct err *err)
{
	struct rule_walk walk = {cb, ctx};
	struct nlmsghdr *nlh = nl_msg(nl, RTM_GETRULE, NLM_F_DUMP);
	struct fib_rule_hdr *frh = mnl_nlmsg_put_extra_header(nlh, sizeof(*frh));

	frh->family = (uint8_t)family;
	return nl_dump(nl, nlh, rule_cb, &walk, err);
}
