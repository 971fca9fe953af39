/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What a container opens: port 25 by tier, and how many new destinations in how much time. UDP is
 * not counted: nothing tells a server's answers from a client's questions without state; its
 * amount is bounded by the shaper.
 */
#ifndef SIDECAR_SCAN_H
#define SIDECAR_SCAN_H

#include "gcra.h"
#include "pkt.h"

#define PORT_SMTP 25
#define ICMP_ECHO_REQUEST 8
#define ICMP6_ECHO_REQUEST 128

STAGE bool scan_counts(const struct upper *u)
{
	__u32 type = bpf_ntohs(u->src) >> 8;

	if (u->later)
		return false;
	if (u->proto.nr == IPPROTO_ICMP)
		return type == ICMP_ECHO_REQUEST;
	if (u->proto.nr == IPPROTO_ICMPV6)
		return type == ICMP6_ECHO_REQUEST;
	return upper_opens(u);
}

/* Multiplications only: who chooses addresses that fall together gains nothing by it. */
STAGE __u32 scan_hash(const struct pkt *pkt)
{
	const word32 *a = pkt->ip.dst;
	__u64 h = pkt->up.proto.nr == IPPROTO_TCP ? pkt->up.dst : 0;

	h = (h ^ a[0]) * 0x9e3779b97f4a7c15ull;
	if (pkt->ip.v6) {
		h = (h ^ h >> 32 ^ a[1]) * 0x9e3779b97f4a7c15ull;
		h = (h ^ h >> 32 ^ a[2]) * 0x9e3779b97f4a7c15ull;
		h = (h ^ h >> 32 ^ a[3]) * 0x9e3779b97f4a7c15ull;
	}
	return (__u32)(h >> 32);
}

STAGE int scan_check(const struct pkt *pkt)
{
	const struct sc_slot *slot = pkt->ref.slot;
	struct sc_scan *s;
	__u16 *tag, want;
	__u32 hash, nr = pkt->ref.nr;

	if (pkt->up.proto.nr == IPPROTO_TCP && pkt->up.dst == bpf_htons(PORT_SMTP) &&
	    !pkt->up.later && !(slot->flags & SC_SLOT_SMTP))
		return -SC_DROP_SMTP;
	if (!slot->scan_ns || !scan_counts(&pkt->up))
		return 0;
	s = bpf_map_lookup_elem(&scan, &nr);
	if (!s)
		return 0;
	hash = scan_hash(pkt);
	tag = &s->tag[hash & (SC_SCAN_TAGS - 1)];
	want = (__u16)(hash >> 16 | 1); /* 0 = none yet */
	if (*tag == want)
		return 0;
	if (!gcra_take(&s->paid_ns, gcra_now(), slot->scan_ns, SC_SCAN_BURST_NS))
		return -SC_DROP_SCAN;
	*tag = want;
	return 0;
}

#endif
