/* SPDX-License-Identifier: GPL-2.0-only */
/* From a tunnel outwards: whose packet, where to. */
#ifndef SIDECAR_EGRESS_H
#define SIDECAR_EGRESS_H

#include "bogon.h"
#include "pkt.h"

/* Fail closed: nothing but the address that this tunnel's peer was given. */
STAGE int egress_source(const struct __sk_buff *skb, struct pkt *pkt)
{
	struct slot_ref ref;

	if (slot_by_addr(pkt->ip.v6, pkt->ip.src, &ref) != PLACE_SLOT ||
	    !slot_has_wg(ref.slot, skb->ifindex))
		return -SC_DROP_BAD_SOURCE;
	pkt->ref = ref;
	count_touch(ref.nr);
	return 0;
}

STAGE int egress_destination(const struct pkt *pkt)
{
	struct slot_ref to;
	enum place place;

	if (addr_is_bogon(pkt->ip.v6, pkt->ip.dst))
		return -SC_DROP_BAD_DESTINATION;
	if (own_has(pkt->ip.v6, pkt->ip.dst))
		return -SC_DROP_TO_RELAY;
	place = slot_by_addr(pkt->ip.v6, pkt->ip.dst, &to);
	if (place == PLACE_ELSEWHERE || !sc_hairpin_deny)
		return 0;
	if (sc_isolation_account && place == PLACE_SLOT &&
	    to.slot->account == pkt->ref.slot->account)
		return 0;
	return -SC_DROP_HAIRPIN;
}

/*
 * Into the slot's VRF. Its device wants an Ethernet frame to its own MAC: without the header the
 * kernel drops the packet silently, with another MAC it is somebody else's.
 */
STAGE int egress_to_vrf(struct __sk_buff *skb, const struct pkt *pkt)
{
	static const __u8 mac[ETH_ALEN] = SC_VRF_MAC;
	__u32 vrf_ifindex = pkt->ref.slot->vrf_ifindex;
	struct ethhdr *eth;
	struct cursor c;

	if (bpf_skb_change_head(skb, sizeof(*eth), 0))
		return -SC_DROP_REDIRECT;
	c = CURSOR(skb);
	eth = cursor_take(&c, sizeof(*eth));
	if (!eth)
		return -SC_DROP_REDIRECT;
	mac_copy(eth->h_dest, mac);
	mac_copy(eth->h_source, mac);
	eth->h_proto = (__be16)skb->protocol;
	return bpf_redirect(vrf_ifindex, BPF_F_INGRESS) == TC_ACT_REDIRECT ? V_FORWARD
									   : -SC_DROP_REDIRECT;
}

#endif
