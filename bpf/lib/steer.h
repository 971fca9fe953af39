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

#endif
