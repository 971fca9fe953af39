/* SPDX-License-Identifier: GPL-2.0-only */
/* tc egress on wg0 and wg1: everything that enters a tunnel passes here, wherever it came from. */
#include "lib/firewall.h"
#include "lib/mss.h"
#include "lib/pace.h"

STAGE int wg_out(struct __sk_buff *skb, struct pkt *pkt)
{
	int r = pkt_parse(skb, sc_wg_l2_len, true, pkt);

	if (r)
		return r < 0 ? r : -SC_DROP_NOT_IP;
	if (slot_by_addr(pkt->ip.v6, pkt->ip.dst, &pkt->ref) != PLACE_SLOT ||
	    !slot_has_wg(pkt->ref.slot, skb->ifindex))
		return -SC_DROP_NOT_OURS;
	count_touch(pkt->ref.nr);
	if (skb->mark == SC_MARK_ECHO)
		return V_FORWARD;
	r = firewall_check(pkt, SC_RULE_IN);
	if (!r && sc_pace && pkt->ref.slot->pace_byte_ps)
		r = pace_check(skb, pkt->ref.nr, false, pkt->ref.slot->pace_byte_ps,
			       pkt->load.bytes);
	return r ? r : V_FORWARD;
}

SEC("tcx/egress")
int sc_wg_out(struct __sk_buff *skb)
{
	struct pkt pkt = {};
	int r = wg_out(skb, &pkt);
	__u32 minor;

	if (r < 0) {
		drop_skb(skb, sc_wg_l2_len, r, pkt.ref.nr, &pkt.load);
		return TC_ACT_SHOT;
	}
	mss_clamp(skb, &pkt, pkt.ref.slot->mtu);
	count_down(pkt.ref.nr, &pkt.load, (skb->mark & SC_MARK_MASK) == SC_MARK_DOWN);
	minor = pkt.ref.slot->class_minor & SC_MARK_CLASS;
	skb->priority = minor ? SC_HTB_MAJOR | minor : 0;
	return TC_ACT_UNSPEC;
}
