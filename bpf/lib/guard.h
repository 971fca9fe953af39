/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What the uplink lets in, the same from XDP and from tc: answers NDP and ARP, checks the form of
 * what comes to WireGuard, drops what no slot owns.
 */
#ifndef SIDECAR_GUARD_H
#define SIDECAR_GUARD_H

#include "ndp.h"
#include "pmtu.h"
#include "source.h"
#include "wgshape.h"

struct guard {
	struct frame frame; /* given by the hook */
	__u32 frame_len;    /* with the link layer; given by the hook */
	__u32 seg_len;	    /* payload of each merged datagram, 0 = not merged; given by the hook */
	__u32 packets;	    /* merged into this one, 1 = not merged; given by the hook */
	struct slot_ref ref;
	struct ask ask;
};

STAGE bool guard_is_to_us(const struct ethhdr *eth)
{
	__u32 zero = 0;
	const struct sc_uplink *up = bpf_map_lookup_elem(&uplink, &zero);

	return up && (eth->h_dest[0] & 1 || mac_eq(eth->h_dest, up->mac));
}

STAGE int guard_far(const struct frame *f, struct ip *ip)
{
	struct upper up = {.proto = ip->proto, .at = ip->hdr_len};
	int r = f->xdp ? sc_upper_far_xdp(f->ctx, f->l2_len, ip->total_len, &up)
		       : sc_upper_far_skb(f->ctx, f->l2_len, ip->total_len, &up);

	ip->proto = up.proto;
	ip->hdr_len = up.at;
	ip->fragment = up.fragment;
	ip->later = up.later;
	return r;
}

STAGE int guard_wg(struct cursor c, const struct frame *f, struct ip *ip, __u32 seg_len)
{
	struct wgshape shape = {};
	bool far = ip->v6 && ip6_extension_len(ip->proto, 0);

	if (ip->proto.nr == IPPROTO_ICMP && !ip->v6 && !ip->fragment)
		return own_has(ip->v6, ip->dst) ? pmtu_check(c) : 0;
	if (far && guard_far(f, ip))
		return own_has(ip->v6, ip->dst) ? -SC_DROP_MALFORMED : 0;
	if (ip->proto.nr != IPPROTO_UDP || ip->later)
		return 0;
	if (far)
		wgshape_read_far(f, f->l2_len + ip->hdr_len, &shape);
	else
		wgshape_read(c, &shape);
	return wgshape_check(&shape, ip, seg_len);
}

STAGE int guard_ip(struct cursor c, const struct ethhdr *eth, struct guard *g)
{
	struct ip ip = {};
	int r = ip_parse(&c, (struct ethertype){eth->h_proto}, g->frame_len - sizeof(*eth),
			 g->seg_len, &ip);

	if (r)
		return r;
	if (sc_answer_ndp && ip.v6 && ip.proto.nr == IPPROTO_ICMPV6) {
		r = ndp_check(&g->frame, c, eth, &ip, g->frame_len, &g->ref, &g->ask);
		if (r)
			return r;
	}
	switch (slot_by_addr(ip.v6, ip.dst, &g->ref)) {
	case PLACE_SLOT:
		r = source_check(&ip, &g->ref);
		if (!r)
			r = source_ceiling(&g->ref, g->packets, ip.total_len);
		return r ? r : V_PASS;
	case PLACE_DEAD:
		if (!own_in_pool(ip.v6, ip.dst))
			return -SC_DROP_NO_SLOT;
		break;
	default:
		break;
	}
	r = guard_wg(c, &g->frame, &ip, g->seg_len);
	return r ? r : V_PASS;
}

/* Solicitations and ARP requests that are to be answered are V_ANSWER. */
STAGE int guard_frame(struct cursor c, const struct ethhdr *eth, struct guard *g)
{
	if (eth->h_proto == bpf_htons(ETH_P_ARP))
		return sc_answer_ndp ? arp_check(c, &g->ref, &g->ask) : V_PASS;
	return guard_ip(c, eth, g);
}

STAGE int guard_check(struct cursor c, struct guard *g)
{
	const struct ethhdr *eth = cursor_take(&c, sizeof(*eth));
	int r;

	g->ref.nr = SLOT_NONE;
	if (!eth)
		return -SC_DROP_MALFORMED;
	if (!guard_is_to_us(eth)) /* promiscuous mode: none of our business */
		return V_PASS;
	r = guard_frame(c, eth, g);
	return r == V_ANSWER && sc_kernel_answers ? V_PASS : r;
}

/* After V_ANSWER, once the frame has grown by g->ask.grow: V_ANSWER again or a drop reason. */
STAGE int guard_answer(struct cursor c, const struct guard *g)
{
	struct ethhdr *eth = cursor_take(&c, sizeof(*eth));
	static const __u8 all_nodes[ETH_ALEN] = {0x33, 0x33, 0, 0, 0, 1};
	const struct sc_uplink *up;
	__u32 zero = 0;
	int r;

	up = bpf_map_lookup_elem(&uplink, &zero);
	if (!eth || !up)
		return -SC_DROP_MALFORMED;
	mac_copy(eth->h_source, up->mac);
	mac_copy(eth->h_dest, g->ask.dad ? all_nodes : g->ask.mac);
	r = g->ask.arp ? arp_answer(c, &g->ask, up->mac) : ndp_answer(c, &g->ask, up->mac);
	return r ? r : V_ANSWER;
}

#endif
