/* SPDX-License-Identifier: GPL-2.0-only */
/* tc ingress on wg0 and wg1: source checked, counted, marked, then to the uplink's router or into
 * the slot's VRF; or back, from the echo. */
#include "lib/echo.h"
#include "lib/egress.h"
#include "lib/firewall.h"
#include "lib/mss.h"
#include "lib/scan.h"

STAGE int wg_in(struct __sk_buff *skb, struct pkt *pkt)
{
	int r = pkt_parse(skb, sc_wg_l2_len, true, pkt);

	if (r)
		return r < 0 ? r : -SC_DROP_NOT_IP;
	r = egress_source(skb, pkt);
	if (r)
		return r;
	r = echo_turn(skb, pkt);
	if (r)
		return r;
	r = egress_destination(pkt);
	if (r)
		return r;
	r = firewall_check(pkt, SC_RULE_OUT);
	if (r)
		return r;
	r = scan_check(pkt);
	if (r)
		return r;
	mss_clamp(skb, pkt, pkt->ref.slot->mtu);
	return egress_leave(skb, pkt);
}

SEC("tcx/ingress")
int sc_wg_in(struct __sk_buff *skb)
{
	struct pkt pkt = {};
	int r = wg_in(skb, &pkt);

	if (r < 0) {
		drop_skb(skb, sc_wg_l2_len, r, pkt.ref.nr, &pkt.load);
		return TC_ACT_SHOT;
	}
	count_up(pkt.ref.nr, &pkt.load);
	if (r == V_ANSWER) {
		skb->mark = SC_MARK_ECHO;
		return (int)bpf_redirect(skb->ifindex, 0);
	}
	skb->mark = SC_MARK_UP | (sc_pace ? pkt.ref.nr & SC_MARK_SLOT
					  : pkt.ref.slot->class_minor & SC_MARK_CLASS);
	return TC_ACT_REDIRECT;
}
