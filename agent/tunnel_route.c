/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Rules inside the container, all of protocol TUNNEL_RTPROT, in this order:
 *
 *	5820	from the public address: table 5820, so that answers go back through the tunnel
 *	5821	to private and link-local addresses: main, where Docker's networks and the DNS
 *		servers of the host's own network are; a relay would drop these
 *	5821	main, but not its default route
 *	5822	from no address yet: table 5820, so that what the container begins leaves by
 *		the tunnel
 *
 * What has one of Docker's addresses stays with Docker's routes: answers from published ports.
 * Without egress_tunnel only the first. Docker's resolver is a local address (table local).
 */
#include "tunnel_int.h"

#include "../bpf/include/abi.h"
#include "../lib/nl_route.h"
#include "../lib/nl_rule.h"

#define TABLE_MAIN 254
#define MAX_RULES 32

static const struct prefix4 private4[] = {
	{{{10}}, 8}, {{{172, 16}}, 12}, {{{192, 168}}, 16}, {{{100, 64}}, 10}, {{{169, 254}}, 16},
};

static const struct prefix6 private6[] = {
	{{{0xfc}}, 7},
	{{{0xfe, 0x80}}, 10},
};

struct rules {
	size_t n;
	struct nl_rule rule[MAX_RULES];
};

static struct nl_rule *add(struct rules *rules, uint16_t family, uint32_t priority, uint32_t table)
{
	struct nl_rule *rule = &rules->rule[rules->n++];

	*rule = (struct nl_rule){
		.family = family,
		.priority = priority,
		.table = table,
		.protocol = TUNNEL_RTPROT,
	};
	return rule;
}

static void add_connected(struct rules *rules, uint16_t family)
{
	struct nl_rule *rule = add(rules, family, TUNNEL_TABLE + 1, TABLE_MAIN);

	rule->has_suppress = true;
	rule->suppress_prefix_len = 0;
}

static void want_v4(struct rules *rules, const struct tunnel_conf *conf)
{
	struct nl_rule *rule = add(rules, AF_INET, TUNNEL_TABLE, TUNNEL_TABLE);

	rule->src_len = 32;
	rule->src4 = conf->v4;
	if (!conf->egress_tunnel)
		return;
	for (size_t i = 0; i < ARRAY_SIZE(private4); i++) {
		rule = add(rules, AF_INET, TUNNEL_TABLE + 1, TABLE_MAIN);
		rule->dst_len = private4[i].len;
		rule->dst4 = private4[i].addr;
	}
	add_connected(rules, AF_INET);
	/* "from 0.0.0.0/32" is what has no source yet. */
	add(rules, AF_INET, TUNNEL_TABLE + 2, TUNNEL_TABLE)->src_len = 32;
}

static void want_v6(struct rules *rules, const struct tunnel_conf *conf)
{
	struct nl_rule *rule = add(rules, AF_INET6, TUNNEL_TABLE, TUNNEL_TABLE);

	rule->src_len = 128;
	rule->src6 = conf->v6;
	if (!conf->egress_tunnel)
		return;
	for (size_t i = 0; i < ARRAY_SIZE(private6); i++) {
		rule = add(rules, AF_INET6, TUNNEL_TABLE + 1, TABLE_MAIN);
		rule->dst_len = private6[i].len;
		rule->dst6 = private6[i].addr;
	}
	add_connected(rules, AF_INET6);
	/* IPv6 matches no source that is missing, but can choose one and match that. */
	rule = add(rules, AF_INET6, TUNNEL_TABLE + 2, TUNNEL_TABLE);
	rule->src_len = 128;
	rule->src6 = conf->v6;
	rule->find_src = true;
}

static bool rule_eq(const struct nl_rule *a, const struct nl_rule *b)
{
	bool v4 = a->family == AF_INET;

	if (a->family != b->family || a->priority != b->priority || a->table != b->table ||
	    a->src_len != b->src_len || a->dst_len != b->dst_len ||
	    a->has_suppress != b->has_suppress || a->find_src != b->find_src ||
	    (a->has_suppress && a->suppress_prefix_len != b->suppress_prefix_len))
		return false;
	if (a->src_len && !(v4 ? addr4_eq(a->src4, b->src4) : addr6_eq(&a->src6, &b->src6)))
		return false;
	return !a->dst_len || (v4 ? addr4_eq(a->dst4, b->dst4) : addr6_eq(&a->dst6, &b->dst6));
}

static bool has_rule(const struct rules *rules, const struct nl_rule *rule)
{
	for (size_t i = 0; i < rules->n; i++) {
		if (rule_eq(&rules->rule[i], rule))
			return true;
	}
	return false;
}

static int on_rule(const struct nl_rule *rule, void *ctx)
{
	struct rules *have = ctx;

	if (rule->protocol == TUNNEL_RTPROT && have->n < MAX_RULES)
		have->rule[have->n++] = *rule;
	return 0;
}

/* A kernel without IPv6 has no rules for it. */
static int dump_rules(struct nl *rtnl, uint16_t family, struct rules *have, struct err *err)
{
	int r = nl_rule_dump(rtnl, family, on_rule, have, err);

	return r == -EAFNOSUPPORT || r == -EOPNOTSUPP ? 0 : r;
}

int tunnel_rule_set(struct nl *rtnl, const struct tunnel_conf *conf, struct err *err)
{
	struct rules want = {}, have = {};
	int r;

	if (!addr4_is_zero(conf->v4))
		want_v4(&want, conf);
	if (!addr6_is_zero(&conf->v6))
		want_v6(&want, conf);
	r = dump_rules(rtnl, AF_INET, &have, err);
	if (!r)
		r = dump_rules(rtnl, AF_INET6, &have, err);
	for (size_t i = 0; !r && i < want.n; i++) {
		if (!has_rule(&have, &want.rule[i]))
			r = nl_rule_add(rtnl, &want.rule[i], err);
	}
	for (size_t i = 0; !r && i < have.n; i++) {
		if (!has_rule(&want, &have.rule[i]))
			r = nl_rule_del(rtnl, &have.rule[i], err);
	}
	if (r)
		err_prefix(err, "routing rules");
	return r;
}

/* A route of the tunnel: there, with the right source and MTU, or gone. */
static int set_route(struct nl *rtnl, struct nl_route *route, bool wanted, struct err *err)
{
	int r;

	route->table = TUNNEL_TABLE;
	route->protocol = TUNNEL_RTPROT;
	if (wanted)
		return nl_route_replace(rtnl, route, err);
	r = nl_route_del(rtnl, route, err);
	return r == -EAFNOSUPPORT || r == -EOPNOTSUPP ? 0 : r;
}

/* The echo has one of its own, so that WireGuard pads probes as it would pad packets of that size
 * if they were let through. */
static int set_echo(struct nl *rtnl, int ifindex, bool has_v4, bool has_v6, struct err *err)
{
	struct nl_route v4 = {
		.family = AF_INET, .oif = ifindex, .dst_len = 32, .dst4 = {SC_ECHO_V4}};
	struct nl_route v6 = {
		.family = AF_INET6, .oif = ifindex, .dst_len = 128, .dst6 = {SC_ECHO_V6}};
	int r = set_route(rtnl, &v4, has_v4, err);

	return r ? r : set_route(rtnl, &v6, has_v6, err);
}

int tunnel_route_set(struct nl *rtnl, int ifindex, const struct tunnel_conf *conf, struct err *err)
{
	bool has_v4 = !addr4_is_zero(conf->v4), has_v6 = !addr6_is_zero(&conf->v6);
	uint32_t mtu = conf->mtu < conf->mtu_max ? conf->mtu : 0;
	struct nl_route v4 = {
		.family = AF_INET, .oif = ifindex, .has_src = has_v4, .src4 = conf->v4, .mtu = mtu};
	struct nl_route v6 = {.family = AF_INET6,
			      .oif = ifindex,
			      .has_src = has_v6,
			      .src6 = conf->v6,
			      .mtu = mtu};
	int r;

	r = set_route(rtnl, &v4, has_v4, err);
	if (!r)
		r = set_route(rtnl, &v6, has_v6, err);
	if (!r)
		r = set_echo(rtnl, ifindex, has_v4, has_v6, err);
	if (r)
		err_prefix(err, "routes");
	return r;
}
