/* SPDX-License-Identifier: GPL-2.0-only */
#include "nl_addr.h"

#include <linux/if_addr.h>
#include <linux/rtnetlink.h>
#include <string.h>

static int change(struct nl *nl, uint16_t type, uint16_t flags, const struct nl_addr *addr,
		  struct err *err)
{
	struct nlmsghdr *nlh = nl_msg(nl, type, flags);
	struct ifaddrmsg *ifa = mnl_nlmsg_put_extra_header(nlh, sizeof(*ifa));
	size_t len = addr->family == AF_INET ? sizeof(addr->v4) : sizeof(addr->v6);

	ifa->ifa_family = (uint8_t)addr->family;
	ifa->ifa_prefixlen = addr->prefix_len;
	ifa->ifa_flags = addr->family == AF_INET6 ? IFA_F_NODAD : 0;
	ifa->ifa_index = (uint32_t)addr->ifindex;
	mnl_attr_put(nlh, IFA_LOCAL, len, &addr->v6);
	mnl_attr_put(nlh, IFA_ADDRESS, len, &addr->v6);
	return nl_do(nl, nlh, err);
}

int nl_addr_add(struct nl *nl, const struct nl_addr *addr, struct err *err)
{
	return change(nl, RTM_NEWADDR, NLM_F_CREATE | NLM_F_REPLACE, addr, err);
}

int nl_addr_del(struct nl *nl, const struct nl_addr *addr, struct err *err)
{
	int r = change(nl, RTM_DELADDR, 0, addr, err);

	return r == -EADDRNOTAVAIL ? 0 : r;
}

struct addr_walk {
	nl_addr_cb *cb;
	void *ctx;
	struct nl_addr addr;
	bool has_local;
};

static int addr_attr(const struct nlattr *attr, void *ctx)
{
	struct addr_walk *walk = ctx;
	uint16_t type = mnl_attr_get_type(attr);
	size_t len = walk->addr.family == AF_INET ? sizeof(struct addr4) : sizeof(struct addr6);

	/* IFA_ADDRESS is the far end on point-to-point devices, where IFA_LOCAL is ours. */
	if ((type == IFA_LOCAL || (type == IFA_ADDRESS && !walk->has_local)) &&
	    mnl_attr_get_payload_len(attr) == len) {
		memcpy(&walk->addr.v6, mnl_attr_get_payload(attr), len);
		walk->has_local = type == IFA_LOCAL;
	}
	return MNL_CB_OK;
}

static int addr_cb(const struct nlmsghdr *nlh, void *ctx)
{
	const struct ifaddrmsg *ifa = nl_head(nlh, sizeof(*ifa));
	struct addr_walk *walk = ctx;

	if (!ifa)
		return -EPROTO;
	if (nlh->nlmsg_type != RTM_NEWADDR ||
	    (ifa->ifa_family != AF_INET && ifa->ifa_family != AF_INET6))
		return MNL_CB_OK;
	walk->addr = (struct nl_addr){.ifindex = (int)ifa->ifa_index,
				      .family = ifa->ifa_family,
				      .prefix_len = ifa->ifa_prefixlen};
	walk->has_local = false;
	if (mnl_attr_parse(nlh, sizeof(*ifa), addr_attr, walk) < 0)
		return -EPROTO;
	return walk->cb(&walk->addr, walk->ctx);
}

int nl_addr_dump(struct nl *nl, nl_addr_cb *cb, void *ctx, struct err *err)
{
	struct addr_walk walk = {.cb = cb, .ctx = ctx};
	struct nlmsghdr *nlh = nl_msg(nl, RTM_GETADDR, NLM_F_DUMP);

	mnl_nlmsg_put_extra_header(nlh, sizeof(struct ifaddrmsg));
	return nl_dump(nl, nlh, addr_cb, &walk, err);
}
