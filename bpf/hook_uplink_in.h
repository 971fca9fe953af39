/* SPDX-License-Identifier: GPL-2.0-only */
/* tc ingress on the uplink: a packet for a live slot goes straight into its tunnel device. */
#include "lib/steer.h"

#define PACKET_HOST 0 /* linux/if_packet.h drags half of libc in */

STAGE int uplink_in(struct __sk_buff *skb, struct pkt *pkt)
{
	int r;

	/* To another MAC, to all, or tagged: not routed by us. */
	if (skb->pkt_type != PACKET_HOST || skb->vlan_present)
		return V_PASS;
	r = pkt_parse(skb, ETH_HLEN, false, pkt);
	if (r)
		return r;
	r = steer_slot(pkt);
	if (r)
		return r;
	r = steer_plain(pkt);
	if (r)
		return r;
	ip_hop(pkt->ip.hdr, pkt->ip.v6);
	return V_FORWARD;
}

SEC("tcx/ingress")
int sc_uplink_in(struct __sk_buff *skb)
{
	struct pkt pkt = {};
	int r = uplink_in(skb, &pkt);

	if (r < 0) {
		drop_skb(skb, ETH_HLEN, r, pkt.ref.nr, &pkt.load);
		return TC_ACT_SHOT;
	}
	if (r == V_PASS)
		return TC_ACT_UNSPEC;
	skb->mark = SC_MARK_DOWN | (pkt.ref.slot->class_minor & SC_MARK_CLASS);
	return r == V_FORWARD ? (int)bpf_redirect(pkt.ref.slot->wg_ifindex, 0) : TC_ACT_UNSPEC;
}
