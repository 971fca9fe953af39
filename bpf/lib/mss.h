/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * TCP learns the tunnel's MTU from the maximum segment size in both SYN packets (RFC 9293 section
 * 3.7.1), also where ICMP does not come through. It is only ever made smaller.
 */
#ifndef SIDECAR_MSS_H
#define SIDECAR_MSS_H

#include "pkt.h"

#define TCP_OPT_END 0
#define TCP_OPT_NOP 1
#define TCP_OPT_MSS 2
#define TCP_MAX_OPTIONS 40 /* bytes */
#define MSS_MIN_MTU 576	   /* below: no tunnel's */

/* Where the value of the option lies, from the start of the packet; 0 = there is none. */
STAGE __u32 mss_find(const struct __sk_buff *skb, __u32 tcp_at)
{
	__u32 at = tcp_at + sizeof(struct tcphdr), end;
	__u8 offset;

	if (bpf_skb_load_bytes(skb, tcp_at + 12, &offset, sizeof(offset)))
		return 0;
	end = tcp_at + (offset >> 4) * 4;
	for (int i = 0; i < TCP_MAX_OPTIONS; i++) {
		__u8 o[2]; /* kind, length */

		if (at + 4 > end || bpf_skb_load_bytes(skb, at, o, sizeof(o)))
			return 0;
		if (o[0] == TCP_OPT_END)
			return 0;
		if (o[0] == TCP_OPT_MSS)
			return o[1] == 4 ? at + 2 : 0;
		if (o[0] != TCP_OPT_NOP && o[1] < 2)
			return 0;
		at += o[0] == TCP_OPT_NOP ? 1 : o[1];
	}
	return 0;
}

/* Only ever called for a SYN. want: host order. */
ONCE int sc_mss_clamp(struct __sk_buff *skb, __u32 tcp_at, __u32 want)
{
	__be16 have, want_be = bpf_htons((__u16)want);
	__u32 at = mss_find(skb, tcp_at);

	if (!at || bpf_skb_load_bytes(skb, at, &have, sizeof(have)) || bpf_ntohs(have) <= want)
		return 0;
	/* At an odd offset the value's bytes lie in two words of the sum: swapped. */
	if ((at - tcp_at) & 1)
		bpf_l4_csum_replace(skb, tcp_at + 16, __builtin_bswap16(have),
				    __builtin_bswap16(want_be), sizeof(have));
	else
		bpf_l4_csum_replace(skb, tcp_at + 16, have, want_be, sizeof(have));
	bpf_skb_store_bytes(skb, at, &want_be, sizeof(want_be), 0);
	return 0;
}

/* Last of all stages: pointers into the packet are void afterwards. */
STAGE void mss_clamp(struct __sk_buff *skb, const struct pkt *pkt, __u32 mtu)
{
	__u32 headers = sizeof(struct tcphdr) +
			(pkt->ip.v6 ? sizeof(struct ipv6hdr) : sizeof(struct iphdr));

	if (pkt->up.proto.nr == IPPROTO_TCP && pkt->up.tcp_flags & TCP_SYN && mtu >= MSS_MIN_MTU)
		sc_mss_clamp(skb, sc_wg_l2_len + pkt->up.at, mtu - headers);
}

#endif
