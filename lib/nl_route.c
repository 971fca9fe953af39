/* SPDX-License-Identifier: GPL-2.0-only */
#include "nl_route.h"

#include <linux/nexthop.h>
#include <linux/rtnetlink.h>
#include <string.h>

static size_t addr_len(uint16_t family)
{
	return family == AF_INET ? sizeof(struct addr4) : sizeof(struct addr6);
}

void nl_route_put(struct nlmsghdr *nlh, const struct nl_route *route)
{
	struct rtmsg *rtm = mnl_nlmsg_put_extra_header(nlh, sizeof(*rtm));
	size_t len = addr_len(route->family);
	struct nlattr *metrics;

	rtm->rtm_family = (uint8_t)route->family;
	rtm->rtm_dst_len = route->dst_len;
	rtm->rtm_protocol = route->protocol ? route->protocol : RTPROT_STATIC;
	rtm->rtm_type = route->type == NL_ROUTE_UNREACHABLE ? RTN_UNREACHABLE : RTN_UNICAST;
	rtm->rtm_table = route->table < 256 ? (uint8_t)route->table : RT_TABLE_UNSPEC;
	/* A v4 route without a gateway has link scope. Next hop objects know for themselves. */
	rtm->rtm_scope =
		route->family == AF_INET && route->oif && !route->has_gateway && !route->nhid
			? RT_SCOPE_LINK
			: RT_SCOPE_UNIVERSE;
	mnl_attr_put_u32(nlh, RTA_TABLE, route->table);
	if (route->dst_len)
		mnl_attr_put(nlh, RTA_DST, len, &route->dst6);
	if (route->metric)
		mnl_attr_put_u32(nlh, RTA_PRIORITY, route->metric);
	if (route->has_gateway && !route->nhid)
		mnl_attr_put(nlh, RTA_GATEWAY, len, &route->gateway6);
	if (route->has_src)
		mnl_attr_put(nlh, RTA_PREFSRC, len, &route->src6);
	if (route->oif && !route->nhid)
		mnl_attr_put_u32(nlh, RTA_OIF, (uint32_t)route->oif);
	if (route->nhid)
		mnl_attr_put_u32(nlh, RTA_NH_ID, route->nhid);
	if (route->mtu) {
		metrics = mnl_attr_nest_start(nlh, RTA_METRICS);
		mnl_attr_put_u32(nlh, RTAX_MTU, route->mtu);
		if (route->mtu_lock)
			mnl_attr_put_u32(nlh, RTAX_LOCK, 1u << RTAX_MTU);
		mnl_attr_nest_end(nlh, metrics);
	}
}

int nl_route_replace(struct nl *nl, const struct nl_route *route, struct err *err)
{
	struct nlmsghdr *nlh = nl_msg(nl, RTM_NEWROUTE, NLM_F_CREATE | NLM_F_REPLACE);

	nl_route_put(nlh, route);
	return nl_do(nl, nlh, err);
}

int nl_route_del(struct nl *nl, const struct nl_route *route, struct err *err)
{
	struct nlmsghdr *nlh = nl_msg(nl, RTM_DELROUTE, 0);
	int r;

	nl_route_put(nlh, route);
	r = nl_do(nl, nlh, err);
	return r == -ESRCH || r == -ENOENT ? 0 : r;
}

static int metric_attr(const struct nlattr *attr, void *ctx)
{
	struct nl_route *route = ctx;

	if (mnl_attr_get_type(attr) == RTAX_MTU)
		route->mtu = nl_attr_u32(attr);
	else if (mnl_attr_get_type(attr) == RTAX_LOCK)
		route->mtu_lock = nl_attr_u32(attr) & 1u << RTAX_MTU;
	return MNL_CB_OK;
}

static void copy_addr(const struct nlattr *attr, uint16_t family, void *to)
{
	if (mnl_attr_get_payload_len(attr) == addr_len(family))
		memcpy(to, mnl_attr_get_payload(attr), addr_len(family));
}

static void read_via(const struct nlattr *attr, struct nl_route *route)
{
	const struct rtvia *via = mnl_attr_get_payload(attr);

	if (mnl_attr_get_payload_len(attr) < sizeof(*via) + sizeof(route->gateway6) ||
	    via->rtvia_family != AF_INET6)
		return;
	memcpy(&route->gateway6, via->rtvia_addr, sizeof(route->gateway6));
	route->has_gateway = route->via6 = true;
}

static int route_attr(const struct nlattr *attr, void *ctx);

/* Several routers: the first one speaks for all. */
static void read_multipath(const struct nlattr *attr, struct nl_route *route)
{
	const struct rtnexthop *hop = mnl_attr_get_payload(attr);
	size_t len = mnl_attr_get_payload_len(attr);

	if (len < sizeof(*hop) || hop->rtnh_len < sizeof(*hop) || hop->rtnh_len > len)
		return;
	route->oif = hop->rtnh_ifindex;
	mnl_attr_parse_payload(hop + 1, hop->rtnh_len - sizeof(*hop), route_attr, route);
}

static int route_attr(const struct nlattr *attr, void *ctx)
{
	struct nl_route *route = ctx;

	switch (mnl_attr_get_type(attr)) {
	case RTA_TABLE:
		route->table = nl_attr_u32(attr);
		break;
	case RTA_DST:
		copy_addr(attr, route->family, &route->dst6);
		break;
	case RTA_PRIORITY:
		route->metric = nl_attr_u32(attr);
		break;
	case RTA_GATEWAY:
		copy_addr(attr, route->family, &route->gateway6);
		route->has_gateway = true;
		break;
	case RTA_PREFSRC:
		copy_addr(attr, route->family, &route->src6);
		route->has_src = true;
		break;
	case RTA_OIF:
		route->oif = (int)nl_attr_u32(attr);
		break;
	case RTA_NH_ID:
		route->nhid = nl_attr_u32(attr);
		break;
	case RTA_VIA:
		read_via(attr, route);
		break;
	case RTA_MULTIPATH:
		read_multipath(attr, route);
		break;
	case RTA_METRICS:
		mnl_attr_parse_nested(attr, metric_attr, route);
		break;
	default:
		break;
	}
	return MNL_CB_OK;
}

struct route_walk {
	nl_route_cb *cb;
	void *ctx;
	uint8_t protocol;
	uint32_t table;
};

static int route_cb(const struct nlmsghdr *nlh, void *ctx)
{
	const struct rtmsg *rtm = nl_head(nlh, sizeof(*rtm));
	struct route_walk *walk = ctx;
	struct nl_route route = {};

	if (!rtm)
		return -EPROTO;
	if (nlh->nlmsg_type != RTM_NEWROUTE || rtm->rtm_flags & RTM_F_CLONED)
		return MNL_CB_OK;
	if (rtm->rtm_type != RTN_UNICAST && rtm->rtm_type != RTN_UNREACHABLE)
		return MNL_CB_OK;
	if (walk->protocol && rtm->rtm_protocol != walk->protocol)
		return MNL_CB_OK;
	route.family = rtm->rtm_family;
	route.dst_len = rtm->rtm_dst_len;
	route.protocol = rtm->rtm_protocol;
	route.type = rtm->rtm_type == RTN_UNREACHABLE ? NL_ROUTE_UNREACHABLE : NL_ROUTE_UNICAST;
	route.table = rtm->rtm_table;
	if (mnl_attr_parse(nlh, sizeof(*rtm), route_attr, &route) < 0)
		return -EPROTO;
	if (walk->table && route.table != walk->table)
		return MNL_CB_OK;
	return walk->cb(&route, walk->ctx);
}

int nl_route_dump(struct nl *nl, uint16_t family, uint8_t protocol, uint32_t table, nl_route_cb *cb,
		  void *ctx, struct err *err)
{
	struct route_walk walk = {cb, ctx, protocol, table};
	struct nlmsghdr *nlh = nl_msg(nl, RTM_GETROUTE, NLM_F_DUMP);
	struct rtmsg *rtm = mnl_nlmsg_put_extra_header(nlh, sizeof(*rtm));
	int r;

	rtm->rtm_family = (uint8_t)family;
	rtm->rtm_protocol = protocol;
	if (table)
		mnl_attr_put_u32(nlh, RTA_TABLE, table);
	r = nl_dump(nl, nlh, route_cb, &walk, err);
	/* A table that does not exist yet is an empty one. */
	return r == -ENOENT ? 0 : r;
}

int nl_nexthop_replace(struct nl *nl, const struct nl_nexthop *nh, uint8_t protocol,
		       struct err *err)
{
	struct nlmsghdr *nlh = nl_msg(nl, RTM_NEWNEXTHOP, NLM_F_CREATE | NLM_F_REPLACE);
	struct nhmsg *nhm = mnl_nlmsg_put_extra_header(nlh, sizeof(*nhm));

	nhm->nh_family = (uint8_t)nh->family;
	nhm->nh_protocol = protocol;
	mnl_attr_put_u32(nlh, NHA_ID, nh->id);
	mnl_attr_put_u32(nlh, NHA_OIF, (uint32_t)nh->oif);
	if (nh->has_gateway)
		mnl_attr_put(nlh, NHA_GATEWAY, addr_len(nh->family), &nh->gateway6);
	return nl_do(nl, nlh, err);
}

static int nexthop_attr(const struct nlattr *attr, void *ctx)
{
	struct nl_nexthop *nh = ctx;

	switch (mnl_attr_get_type(attr)) {
	case NHA_ID:
		nh->id = nl_attr_u32(attr);
		break;
	case NHA_OIF:
		nh->oif = (int)nl_attr_u32(attr);
		break;
	case NHA_GATEWAY:
		copy_addr(attr, nh->family, &nh->gateway6);
		nh->has_gateway = true;
		break;
	default:
		break;
	}
	return MNL_CB_OK;
}

static int nexthop_cb(const struct nlmsghdr *nlh, void *ctx)
{
	const struct nhmsg *nhm = nl_head(nlh, sizeof(*nhm));
	struct nl_nexthop *nh = ctx;

	if (!nhm)
		return -EPROTO;
	if (nlh->nlmsg_type != RTM_NEWNEXTHOP)
		return MNL_CB_OK;
	nh->family = nhm->nh_family;
	return mnl_attr_parse(nlh, sizeof(*nhm), nexthop_attr, nh) < 0 ? -EPROTO : MNL_CB_OK;
}

int nl_nexthop_get(struct nl *nl, uint32_t id, struct nl_nexthop *ret_nh, struct err *err)
{
	struct nlmsghdr *nlh = nl_msg(nl, RTM_GETNEXTHOP, 0);
	struct nl_nexthop nh = {};
	int r;

	mnl_nlmsg_put_extra_header(nlh, sizeof(struct nhmsg));
	mnl_attr_put_u32(nlh, NHA_ID, id);
	r = nl_dump(nl, nlh, nexthop_cb, &nh, err);
	if (!r)
		*ret_nh = nh;
	return r;
}

int nl_nexthop_del(struct nl *nl, uint32_t id, struct err *err)
{
	struct nlmsghdr *nlh = nl_msg(nl, RTM_DELNEXTHOP, 0);
	int r;

	mnl_nlmsg_put_extra_header(nlh, sizeof(struct nhmsg));
	mnl_attr_put_u32(nlh, NHA_ID, id);
	r = nl_do(nl, nlh, err);
	return r == -ENOENT ? 0 : r;
}
