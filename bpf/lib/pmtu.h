/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * WireGuard's own packets and the path's MTU. The kernel sends them without "don't fragment", so
 * that a tunnel larger than its path would work in fragments, where a NAT lets those through, and
 * nobody would notice. We set it on every IPv4 packet longer than what the smallest tunnel makes:
 * what an agent's probe finds is what the path carries in one piece. For the same reason, and
 * because anybody can forge it, ICMP that says such a packet was too big is not believed: the
 * kernel would cut them itself.
 */
#ifndef SIDECAR_PMTU_H
#define SIDECAR_PMTU_H

#include <linux/udp.h>
#include "slot.h"

#define PMTU_FLOOR_LEN 1340 /* 1280, WireGuard's 32, UDP's 8, IPv4's 20 */
#define PMTU_DF 0x4000

struct pmtu_out { /* behind the Ethernet header */
	struct iphdr ip;
	struct udphdr udp;
};

#define ICMP_UNREACHABLE 3
#define ICMP_FRAG_NEEDED 4 /* its code */

struct pmtu_quote { /* ICMP, behind the IPv4 header: RFC 792, RFC 1191 section 4 */
	__u8 type;
	__u8 code;
	__sum16 checksum;
	__be16 unused;
	__be16 mtu;
	struct iphdr ip;
	struct udphdr udp;
};

STAGE bool pmtu_is_wg(const struct iphdr *ip, const struct udphdr *udp)
{
	return ip->ihl == 5 && ip->protocol == IPPROTO_UDP &&
	       (udp->source == bpf_htons(sc_wg_port[0]) || udp->source == bpf_htons(sc_wg_port[1]));
}

/* tc egress of the uplink, not for what comes from a tunnel. */
STAGE void pmtu_dont_fragment(struct __sk_buff *skb)
{
	struct cursor c = CURSOR(skb);
	struct pmtu_out *h;
	__u32 sum;

	if (skb->len <= ETH_HLEN + PMTU_FLOOR_LEN || skb->protocol != bpf_htons(ETH_P_IP))
		return;
	h = cursor_take(&c, ETH_HLEN) ? cursor_take(&c, sizeof(*h)) : NULL;
	/* A fragment is one of ours that our own device cannot carry. */
	if (!h || h->ip.frag_off || !pmtu_is_wg(&h->ip, &h->udp))
		return;
	h->ip.frag_off = bpf_htons(PMTU_DF);
	sum = h->ip.check + (__u32)bpf_htons((__u16)~PMTU_DF); /* RFC 1624 */
	h->ip.check = (__u16)(sum + (sum >> 16));
}

/* c: behind the IPv4 header of a packet to the relay itself. */
STAGE int pmtu_check(struct cursor c)
{
	const struct pmtu_quote *q = cursor_take(&c, sizeof(*q));

	if (!q || q->type != ICMP_UNREACHABLE || q->code != ICMP_FRAG_NEEDED)
		return 0;
	return pmtu_is_wg(&q->ip, &q->udp) ? -SC_DROP_WG_PMTU : 0;
}

#endif
