/* SPDX-License-Identifier: GPL-2.0-only */
#include "nl_neigh.h"

#include <linux/neighbour.h>
#include <linux/rtnetlink.h>
#include <string.h>

static size_t addr_len(uint16_t family)
{
	return family == AF_INET ? sizeof(struct addr4) : sizeof(struct addr6);
}

static struct nlmsghdr *proxy_msg(struct nl *nl, uint16_t type, uint16_t flags,
				  const struct nl_proxy *proxy)
{
	struct nlmsghdr *nlh = nl_msg(nl, type, flags);
	struct ndmsg *ndm = mnl_nlmsg_put_extra_header(nlh, sizeof(*ndm));

	ndm->ndm_family = (uint8_t)proxy->family;
	ndm->ndm_ifindex = proxy->ifindex;
	ndm->ndm_flags = NTF_PROXY;
	mnl_attr_put(nlh, NDA_DST, addr_len(proxy->family), &proxy->v6);
	return nlh;
}

int nl_proxy_add(struct nl *nl, const struct nl_proxy *proxy, struct err *err)
{
	struct nlmsghdr *nlh = proxy_msg(nl, RTM_NEWNEIGH, NLM_F_CREATE | NLM_F_REPLACE, proxy);

	mnl_attr_put_u8(nlh, NDA_PROTOCOL, proxy->protocol);
	if (nl_do(nl, nlh, err))
		return err_prefix(err, "proxy entry");
	return 0;
}

int nl_proxy_del(struct nl *nl, const struct nl_proxy *proxy, struct err *err)
{
	int r = nl_do(nl, proxy_msg(nl, RTM_DELNEIGH, 0, proxy), err);

	return r == -ENOENT ? 0 : r;
}

static int proxy_attr(const struct nlattr *attr, void *ctx)
{
	struct nl_proxy *proxy = ctx;
	size_t len = addr_len(proxy->family);

	if (mnl_attr_get_type(attr) == NDA_DST && mnl_attr_get_payload_len(attr) == len)
		memcpy(&proxy->v6, mnl_attr_get_payload(attr), len);
	else if (mnl_attr_get_type(attr) == NDA_PROTOCOL && !mnl_attr_validate(attr, MNL_TYPE_U8))
		proxy->protocol = mnl_attr_get_u8(attr);
	return MNL_CB_OK;
}

struct proxy_walk {
	nl_proxy_cb *cb;
	void *ctx;
};

static int proxy_cb(const struct nlmsghdr *nlh, void *ctx)
{
	const struct ndmsg *ndm = mnl_nlmsg_get_payload(nlh);
	struct nl_proxy proxy = {.ifindex = ndm->ndm_ifindex, .family = ndm->ndm_family};
	struct proxy_walk *walk = ctx;

	if (nlh->nlmsg_type != RTM_NEWNEIGH || !(ndm->ndm_flags & NTF_PROXY))
		return MNL_CB_OK;
	if (mnl_attr_parse(nlh, sizeof(*ndm), proxy_attr, &proxy) < 0)
		return -EPROTO;
	return walk->cb(&proxy, walk->ctx);
}

int nl_proxy_dump(struct nl *nl, uint16_t family, nl_proxy_cb *cb, void *ctx, struct err *err)
{
	struct proxy_walk walk = {cb, ctx};
	struct nlmsghdr *nlh = nl_msg(nl, RTM_GETNEIGH, NLM_F_DUMP);
	struct ndmsg *ndm = mnl_nlmsg_put_extra_header(nlh, sizeof(*ndm));

	ndm->ndm_family = (uint8_t)family;
	ndm->ndm_flags = NTF_PROXY;
	return nl_dump(nl, nlh, proxy_cb, &walk, err);
}
