/* SPDX-License-Identifier: GPL-2.0-only */
/* tc ingress on the uplink where there is no XDP (mode tc): the guard, before hook_uplink_in. */
#include "lib/guard.h"
#include "lib/pkt.h"

SEC("tcx/ingress")
int sc_uplink_tc(struct __sk_buff *skb)
{
	struct guard g = {
		.frame = {.ctx = skb, .l2_len = ETH_HLEN},
		.frame_len = skb->len,
		.seg_len = skb->gso_size,
		.packets = skb->gso_segs > 1 ? skb->gso_segs : 1,
	};
	struct load load = {.packets = 1, .bytes = skb->len - ETH_HLEN};
	int r = V_PASS;

	pkt_pull(skb);
	if (!skb->vlan_present)
		r = guard_check(CURSOR(skb), &g);
	if (r == V_ANSWER)
		r = g.ask.grow && bpf_skb_change_tail(skb, skb->len + g.ask.grow, 0)
			    ? -SC_DROP_REDIRECT
			    : guard_answer(CURSOR(skb), &g);
	if (r == V_ANSWER)
		return (int)bpf_redirect(skb->ifindex, 0);
	if (r >= 0)
		return TC_ACT_UNSPEC;
	drop_skb(skb, ETH_HLEN, r, g.ref.nr, &load);
	return TC_ACT_SHOT;
}
