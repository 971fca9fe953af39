/* SPDX-License-Identifier: GPL-2.0-only */
/* A peer's own rules, as abi.h tells them. Only slots that have some pay for them. */
#ifndef SIDECAR_FIREWALL_H
#define SIDECAR_FIREWALL_H

#include "gcra.h"
#include "pkt.h"

struct firewall_ask {
	__u32 slot;
	__u32 generation;
	__u32 direction; /* SC_RULE_IN or SC_RULE_OUT */
	__u32 proto;	 /* 1 also for ICMPv6 */
	__u32 port;	 /* host order */
	__u32 src_port;
	__be32 remote[4];
};

STAGE bool firewall_matches(const struct sc_rule *rule, const struct firewall_ask *ask)
{
	const word64 *want = (const void *)rule->addr, *have = (const void *)ask->remote;
	__u32 len = rule->addr_len;

	if (!(rule->flags & ask->direction))
		return false;
	if (rule->flags & SC_RULE_PROTO && rule->proto != ask->proto)
		return false;
	if (ask->port < rule->port_min || ask->port > rule->port_max)
		return false;
	if (bpf_be64_to_cpu(want[0] ^ have[0]) & mask64(len))
		return false;
	return len <= 64 || !(bpf_be64_to_cpu(want[1] ^ have[1]) & mask64(len - 64));
}

STAGE bool firewall_rules_allow(const struct firewall_ask *ask)
{
	__u32 nr = ask->slot; /* Linux 6.1 takes no argument's memory for a key */
	const struct sc_firewall *fw = bpf_map_lookup_elem(&firewall, &nr);

	if (!fw)
		return false;
	for (__u32 i = 0; i < SC_MAX_RULES; i++) {
		if (i >= fw->n)
			break;
		if (firewall_matches(&fw->rule[i], ask))
			return fw->rule[i].flags & SC_RULE_ALLOW;
	}
	return true;
}

/* A datagram that a rule allows is remembered, so that its answer needs no rule of its own. */
STAGE bool firewall_udp(const struct firewall_ask *ask, bool allowed)
{
	bool out = ask->direction == SC_RULE_OUT;
	struct sc_flow flow = {
		.slot = ask->slot,
		.generation = ask->generation,
		.remote_port = bpf_htons((__u16)(out ? ask->port : ask->src_port)),
		.local_port = bpf_htons((__u16)(out ? ask->src_port : ask->port)),
	};
	__u64 now_ns = gcra_now(), *seen_ns;

	addr6_copy(flow.remote, ask->remote);
	seen_ns = bpf_map_lookup_elem(&replies, &flow);
	if (!allowed)
		return seen_ns && now_ns - *seen_ns < SC_REPLY_NS;
	if (seen_ns)
		*seen_ns = now_ns;
	else
		bpf_map_update_elem(&replies, &flow, &now_ns, BPF_ANY);
	return true;
}

ONCE int sc_firewall_allows(const struct firewall_ask *ask)
{
	bool allowed;

	if (!ask)
		return 0;
	allowed = firewall_rules_allow(ask);
	return ask->proto == IPPROTO_UDP ? firewall_udp(ask, allowed) : allowed;
}

/* What no rule judges: later fragments, running TCP connections, ICMP errors and echo replies. */
STAGE bool firewall_passes(const struct upper *u)
{
	__u32 type = bpf_ntohs(u->src) >> 8;

	if (u->later)
		return true;
	switch (u->proto.nr) {
	case IPPROTO_TCP:
		return !upper_opens(u);
	case IPPROTO_ICMP: /* echo reply, unreachable, time exceeded, parameter problem */
		return type == 0 || type == 3 || type == 11 || type == 12;
	case IPPROTO_ICMPV6: /* errors are below 128 (RFC 4443 section 2.1); echo reply */
		return type < 128 || type == 129;
	default:
		return false;
	}
}

STAGE bool firewall_has_ports(struct ipproto proto)
{
	return proto.nr == IPPROTO_TCP || proto.nr == IPPROTO_UDP || proto.nr == IPPROTO_SCTP;
}

STAGE int firewall_check(const struct pkt *pkt, __u32 direction)
{
	const word32 *remote = direction == SC_RULE_IN ? pkt->ip.src : pkt->ip.dst;
	struct firewall_ask ask = {
		.slot = pkt->ref.nr,
		.generation = pkt->ref.slot->generation,
		.direction = direction,
		.proto = pkt->up.proto.nr == IPPROTO_ICMPV6 ? IPPROTO_ICMP : pkt->up.proto.nr,
	};

	if (!(pkt->ref.slot->flags & SC_SLOT_FIREWALL) || firewall_passes(&pkt->up))
		return 0;
	if (pkt->ip.v6) {
		addr6_copy(ask.remote, remote);
	} else {
		ask.remote[2] = bpf_htonl(0xffff);
		ask.remote[3] = *remote;
	}
	if (firewall_has_ports(pkt->up.proto)) {
		ask.port = bpf_ntohs(pkt->up.dst);
		ask.src_port = bpf_ntohs(pkt->up.src);
	}
	return sc_firewall_allows(&ask) ? 0 : -SC_DROP_FIREWALL;
}

#endif
