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

STAGE int egress_destination(struct pkt *pkt)
{
	struct slot_ref to;
	enum place place;

	if (addr_is_bogon(pkt->ip.v6, pkt->ip.dst))
		return -SC_DROP_BAD_DESTINATION;
	if (own_has(pkt->ip.v6, pkt->ip.dst))
		return -SC_DROP_TO_RELAY;
	place = slot_by_addr(pkt->ip.v6, pkt->ip.dst, &to);
	pkt->by_vrf = place != PLACE_ELSEWHERE || addr_is_private(pkt->ip.v6, pkt->ip.dst);
	if (place == PLACE_ELSEWHERE || !sc_hairpin_deny)
		return 0;
	if (sc_isolation_account && place == PLACE_SLOT &&
	    to.slot->account == pkt->ref.slot->account)
		return 0;
	return -SC_DROP_HAIRPIN;
}

#define LEAVE_V6 0x1u
#define LEAVE_BY_VRF 0x2u

/* A copy: the one in the map may be taken away before it is used. False: it is just being written.
 */
STAGE bool egress_copy(const struct bpf_redir_neigh *router, struct bpf_redir_neigh *ret_router)
{
	const volatile __u32 *from = (const void *)router;
	__u32 *to = (void *)ret_router, differs = 0;

	for (__u32 i = 0; i < sizeof(*router) / sizeof(*to); i++)
		to[i] = from[i];
	for (__u32 i = 0; i < sizeof(*router) / sizeof(*to); i++)
		differs |= to[i] ^ from[i];
	return !differs;
}

/* The router of the uplink, where it takes a packet of this length; false: not known, or too long.
 */
STAGE bool egress_router(struct __sk_buff *skb, bool v6, __u32 len, const struct sc_uplink *up,
			 struct bpf_redir_neigh *ret_router)
{
	const struct bpf_redir_neigh *router;
	__u32 family = v6, mtu = 0;

	router = bpf_map_lookup_elem(&gateway, &family);
	if (!router || !egress_copy(router, ret_router) || !ret_router->nh_family ||
	    bpf_check_mtu(skb, up->ifindex, &mtu, 0, 0) < 0)
		return false;
	return len <= mtu;
}

/*
 * A plain packet to the internet goes to the uplink's router straight away: the VRF's route would
 * say the same. The stack has what it has to answer, to cut or to decide (private destinations).
 * len: of the longest one in skb.
 *
 * Both ways want an Ethernet header, and take it off again: without it the VRF's device drops the
 * packet silently, with another MAC it is somebody else's.
 */
ONCE int sc_egress_leave(struct __sk_buff *skb, __u32 vrf_ifindex, __u32 len, __u32 ttl,
			 __u32 flags)
{
	static const __u8 mac[ETH_ALEN] = SC_VRF_MAC;
	bool v6 = flags & LEAVE_V6;
	__u32 zero = 0;
	const struct sc_uplink *up = bpf_map_lookup_elem(&uplink, &zero);
	struct bpf_redir_neigh router = {};
	bool direct = false;
	struct ethhdr *eth;
	struct cursor c;
	void *hdr;

	if (up && ttl > 1 && !(flags & LEAVE_BY_VRF))
		direct = egress_router(skb, v6, len, up, &router);
	if (bpf_skb_change_head(skb, sizeof(*eth), 0))
		return TC_ACT_SHOT;
	c = CURSOR(skb);
	eth = cursor_take(&c, sizeof(*eth));
	if (!eth)
		return TC_ACT_SHOT;
	mac_copy(eth->h_dest, mac);
	mac_copy(eth->h_source, mac);
	eth->h_proto = (__be16)skb->protocol;
	if (!up || !direct)
		return (int)bpf_redirect(vrf_ifindex, BPF_F_INGRESS);
	cursor_take(&c, sc_wg_l2_len & 0xf);
	hdr = cursor_take(&c, sizeof(struct iphdr));
	if (!hdr)
		return TC_ACT_SHOT;
	ip_hop(hdr, v6);
	return (int)bpf_redirect_neigh(up->ifindex, &router, sizeof(router), 0);
}

/* Without a branch: what is not asked here, the verifier need not tell apart in all stages before.
 */
STAGE int egress_leave(struct __sk_buff *skb, const struct pkt *pkt)
{
	__u32 by_vrf = pkt->by_vrf | pkt->ip.odd | !pkt->load_known;
	int r = sc_egress_leave(skb, pkt->ref.slot->vrf_ifindex, pkt->load.packet_len, pkt->ip.ttl,
				LEAVE_V6 * pkt->ip.v6 | LEAVE_BY_VRF * by_vrf);

	return r == TC_ACT_REDIRECT ? V_FORWARD : -SC_DROP_REDIRECT;
}

#endif
