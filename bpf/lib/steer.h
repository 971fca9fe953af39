/* SPDX-License-Identifier: GPL-2.0-only */
/* From the uplink towards a tunnel. */
#ifndef SIDECAR_STEER_H
#define SIDECAR_STEER_H

#include "pkt.h"

/* Whose packet it is: V_PASS when not for a pool. */
STAGE int steer_slot(struct pkt *pkt)
{
	switch (slot_by_addr(pkt->ip.v6, pkt->ip.dst, &pkt->ref)) {
	case PLACE_SLOT:
		return 0;
	case PLACE_DEAD:
		return own_in_pool(pkt->ip.v6, pkt->ip.dst) ? V_PASS : -SC_DROP_NO_SLOT;
	default:
		return V_PASS;
	}
}

/* The stack answers or handles what is not a plain packet that fits: V_STACK. */
STAGE int steer_plain(const struct pkt *pkt)
{
	/* Neighbour discovery (RFC 4861 section 7.1): the kernel answers for who has its address.
	 */
	if (sc_kernel_answers && pkt->ip.v6 && pkt->ip.proto.nr == IPPROTO_ICMPV6 &&
	    pkt->ip.ttl == 255)
		return V_STACK;
	if (pkt->ip.ttl <= 1 || pkt->ip.odd || !pkt->load_known ||
	    pkt->load.packet_len > pkt->ref.slot->mtu)
		return V_STACK;
	return 0;
}

/* One hop; the IPv4 header checksum is adjusted as RFC 1624 says. */
STAGE void steer_hop(struct pkt *pkt)
{
	struct ipv6hdr *h6 = pkt->ip.hdr;
	struct iphdr *h4 = pkt->ip.hdr;
	__u32 sum;

	if (pkt->ip.v6) {
		h6->hop_limit--;
		return;
	}
	h4->ttl--;
	sum = h4->check + (__u32)bpf_htons(0x0100);
	h4->check = (__u16)(sum + (sum >= 0xffff));
}

#endif
