/* SPDX-License-Identifier: GPL-2.0-only */
#include "nl_link.h"

#include <linux/if_link.h>
#include <linux/rtnetlink.h>
#include <stdio.h>
#include <string.h>

static struct nlmsghdr *link_msg(struct nl *nl, uint16_t type, uint16_t flags, int ifindex,
				 struct ifinfomsg **ret_ifi)
{
	struct nlmsghdr *nlh = nl_msg(nl, type, flags);
	struct ifinfomsg *ifi = mnl_nlmsg_put_extra_header(nlh, sizeof(*ifi));

	ifi->ifi_family = AF_UNSPEC;
	ifi->ifi_index = ifindex;
	if (ret_ifi)
		*ret_ifi = ifi;
	return nlh;
}

int nl_link_add_wireguard(struct nl *nl, const char *name, uint32_t mtu, struct err *err)
{
	struct nlmsghdr *nlh = link_msg(nl, RTM_NEWLINK, NLM_F_CREATE | NLM_F_EXCL, 0, NULL);
	struct nlattr *info;

	mnl_attr_put_strz(nlh, IFLA_IFNAME, name);
	mnl_attr_put_u32(nlh, IFLA_MTU, mtu);
	info = mnl_attr_nest_start(nlh, IFLA_LINKINFO);
	mnl_attr_put_strz(nlh, IFLA_INFO_KIND, "wireguard");
	mnl_attr_nest_end(nlh, info);
	if (nl_do(nl, nlh, err))
		return err_prefix(err, "add WireGuard device %s", name);
	return 0;
}

int nl_link_add_vrf(struct nl *nl, const char *name, uint32_t table, const uint8_t mac[6],
		    struct err *err)
{
	struct nlmsghdr *nlh = link_msg(nl, RTM_NEWLINK, NLM_F_CREATE | NLM_F_EXCL, 0, NULL);
	struct nlattr *info, *data;

	mnl_attr_put_strz(nlh, IFLA_IFNAME, name);
	mnl_attr_put(nlh, IFLA_ADDRESS, 6, mac);
	info = mnl_attr_nest_start(nlh, IFLA_LINKINFO);
	mnl_attr_put_strz(nlh, IFLA_INFO_KIND, "vrf");
	data = mnl_attr_nest_start(nlh, IFLA_INFO_DATA);
	mnl_attr_put_u32(nlh, IFLA_VRF_TABLE, table);
	mnl_attr_nest_end(nlh, data);
	mnl_attr_nest_end(nlh, info);
	if (nl_do(nl, nlh, err))
		return err_prefix(err, "add VRF device %s", name);
	return 0;
}

static int vrf_attr(const struct nlattr *attr, void *ctx)
{
	struct nl_link *link = ctx;

	if (mnl_attr_get_type(attr) == IFLA_VRF_TABLE)
		link->vrf_table = nl_attr_u32(attr);
	return MNL_CB_OK;
}

static int info_attr(const struct nlattr *attr, void *ctx)
{
	struct nl_link *link = ctx;

	/* The kernel puts the kind before the data. */
	if (mnl_attr_get_type(attr) == IFLA_INFO_KIND) {
		link->soft = true;
		if (!strcmp(nl_attr_text(attr), "wireguard"))
			link->kind = NL_LINK_WIREGUARD;
		else if (!strcmp(nl_attr_text(attr), "vrf"))
			link->kind = NL_LINK_VRF;
	} else if (mnl_attr_get_type(attr) == IFLA_INFO_DATA && link->kind == NL_LINK_VRF) {
		mnl_attr_parse_nested(attr, vrf_attr, link);
	}
	return MNL_CB_OK;
}

static int link_attr(const struct nlattr *attr, void *ctx)
{
	struct nl_link *link = ctx;
	struct rtnl_link_stats64 stats;

	switch (mnl_attr_get_type(attr)) {
	case IFLA_IFNAME:
		snprintf(link->name, sizeof(link->name), "%s", nl_attr_text(attr));
		break;
	case IFLA_MTU:
		link->mtu = nl_attr_u32(attr);
		break;
	case IFLA_GROUP:
		link->group = nl_attr_u32(attr);
		break;
	case IFLA_ADDRESS:
		if (mnl_attr_get_payload_len(attr) == sizeof(link->mac))
			memcpy(link->mac, mnl_attr_get_payload(attr), sizeof(link->mac));
		break;
	case IFLA_LINKINFO:
		mnl_attr_parse_nested(attr, info_attr, link);
		break;
	case IFLA_STATS64: /* aligned to 4 bytes only */
		if (mnl_attr_get_payload_len(attr) < sizeof(stats))
			break;
		memcpy(&stats, mnl_attr_get_payload(attr), sizeof(stats));
		link->rx_frame_errors = stats.rx_frame_errors;
		link->tx_lost = stats.tx_dropped + stats.tx_errors;
		break;
	default:
		break;
	}
	return MNL_CB_OK;
}

struct link_walk {
	nl_link_cb *cb;
	void *ctx;
};

static int link_cb(const struct nlmsghdr *nlh, void *ctx)
{
	const struct ifinfomsg *ifi = nl_head(nlh, sizeof(*ifi));
	struct link_walk *walk = ctx;
	struct nl_link link = {};

	if (!ifi)
		return -EPROTO;
	if (nlh->nlmsg_type != RTM_NEWLINK)
		return MNL_CB_OK;
	link.ifindex = ifi->ifi_index;
	link.up = ifi->ifi_flags & IFF_UP;
	link.allmulti = ifi->ifi_flags & IFF_ALLMULTI;
	if (mnl_attr_parse(nlh, sizeof(*ifi), link_attr, &link) < 0)
		return -EPROTO;
	return walk->cb(&link, walk->ctx);
}

static int copy_link(const struct nl_link *link, void *ctx)
{
	*(struct nl_link *)ctx = *link;
	return MNL_CB_OK;
}

int nl_link_get(struct nl *nl, const char *name, struct nl_link *ret_link, struct err *err)
{
	struct nl_link link = {};
	struct link_walk walk = {copy_link, &link};
	struct nlmsghdr *nlh = link_msg(nl, RTM_GETLINK, 0, 0, NULL);
	int r;

	mnl_attr_put_strz(nlh, IFLA_IFNAME, name);
	r = nl_dump(nl, nlh, link_cb, &walk, err);
	if (r)
		return err_prefix(err, "device %s", name), r;
	*ret_link = link;
	return 0;
}

int nl_link_dump(struct nl *nl, const char *kind, nl_link_cb *cb, void *ctx, struct err *err)
{
	struct link_walk walk = {cb, ctx};
	struct nlmsghdr *nlh = link_msg(nl, RTM_GETLINK, NLM_F_DUMP, 0, NULL);
	struct nlattr *info;

	if (kind) {
		info = mnl_attr_nest_start(nlh, IFLA_LINKINFO);
		mnl_attr_put_strz(nlh, IFLA_INFO_KIND, kind);
		mnl_attr_nest_end(nlh, info);
	}
	return nl_dump(nl, nlh, link_cb, &walk, err);
}

static int set_flags(struct nl *nl, int ifindex, unsigned int flags, unsigned int change,
		     struct err *err)
{
	struct ifinfomsg *ifi;
	struct nlmsghdr *nlh = link_msg(nl, RTM_NEWLINK, 0, ifindex, &ifi);

	ifi->ifi_flags = flags;
	ifi->ifi_change = change;
	return nl_do(nl, nlh, err);
}

int nl_link_set_up(struct nl *nl, int ifindex, bool up, struct err *err)
{
	return set_flags(nl, ifindex, up ? IFF_UP : 0, IFF_UP, err);
}

int nl_link_set_allmulti(struct nl *nl, int ifindex, bool on, struct err *err)
{
	return set_flags(nl, ifindex, on ? IFF_ALLMULTI : 0, IFF_ALLMULTI, err);
}

static int set_u32(struct nl *nl, int ifindex, uint16_t attr, uint32_t value, struct err *err)
{
	struct nlmsghdr *nlh = link_msg(nl, RTM_NEWLINK, 0, ifindex, NULL);

	mnl_attr_put_u32(nlh, attr, value);
	return nl_do(nl, nlh, err);
}

int nl_link_set_mtu(struct nl *nl, int ifindex, uint32_t mtu, struct err *err)
{
	return set_u32(nl, ifindex, IFLA_MTU, mtu, err);
}

int nl_link_set_group(struct nl *nl, int ifindex, uint32_t group, struct err *err)
{
	return set_u32(nl, ifindex, IFLA_GROUP, group, err);
}

int nl_link_move(struct nl *nl, int ifindex, int netns_fd, const char *new_name, struct err *err)
{
	struct nlmsghdr *nlh = link_msg(nl, RTM_NEWLINK, 0, ifindex, NULL);

	mnl_attr_put_u32(nlh, IFLA_NET_NS_FD, (uint32_t)netns_fd);
	mnl_attr_put_strz(nlh, IFLA_IFNAME, new_name);
	if (nl_do(nl, nlh, err))
		return err_prefix(err, "move the device to %s in another namespace", new_name);
	return 0;
}

int nl_link_rename(struct nl *nl, int ifindex, const char *name, struct err *err)
{
	struct nlmsghdr *nlh = link_msg(nl, RTM_NEWLINK, 0, ifindex, NULL);

	mnl_attr_put_strz(nlh, IFLA_IFNAME, name);
	return nl_do(nl, nlh, err);
}

int nl_link_del(struct nl *nl, int ifindex, struct err *err)
{
	return nl_do(nl, link_msg(nl, RTM_DELLINK, 0, ifindex, NULL), err);
}
