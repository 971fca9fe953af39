/* SPDX-License-Identifier: GPL-2.0-only */
/* The echo at the tunnel's far end (abi.h), for what a peer sends itself through it. */
#ifndef SIDECAR_ECHO_H
#define SIDECAR_ECHO_H

#include <linux/udp.h>
#include "pkt.h"

struct echo6 {
	struct ipv6hdr ip;
	struct udphdr udp;
};

struct echo4 {
	struct iphdr ip;
	struct udphdr udp;
};

/* Nothing but the ends change places: both checksums stay right. */
STAGE void echo_ports(struct udphdr *udp)
{
	__be16 port = udp->source;

	udp->source = udp->dest;
	udp->dest = port;
}

STAGE int echo_v6(struct cursor c)
{
	static const __u8 echo[16] = SC_ECHO_V6;
	struct echo6 *h = cursor_take(&c, sizeof(*h));
	struct addr6 peer;

	if (!h || h->ip.nexthdr != IPPROTO_UDP || !addr6_eq(&h->ip.daddr, echo))
		return 0;
	addr6_copy(&peer, &h->ip.saddr);
	addr6_copy(&h->ip.saddr, &h->ip.daddr);
	addr6_copy(&h->ip.daddr, &peer);
	echo_ports(&h->udp);
	return V_ANSWER;
}

STAGE int echo_v4(struct cursor c)
{
	static const __u8 echo[4] __attribute__((aligned(4))) = SC_ECHO_V4;
	struct echo4 *h = cursor_take(&c, sizeof(*h));
	__be32 peer;

	if (!h || h->ip.ihl != 5 || h->ip.daddr != *(const word32 *)echo)
		return 0;
	peer = h->ip.saddr;
	h->ip.saddr = h->ip.daddr;
	h->ip.daddr = peer;
	echo_ports(&h->udp);
	return V_ANSWER;
}

/* V_ANSWER: it is its own answer now. Of what is not for the echo nothing is touched. */
STAGE int echo_turn(struct __sk_buff *skb, const struct pkt *pkt)
{
	struct cursor c;

	if (pkt->up.dst != bpf_htons(SC_ECHO_PORT) || pkt->up.proto.nr != IPPROTO_UDP ||
	    pkt->up.fragment || skb->gso_size)
		return 0;
	c = CURSOR(skb);
	if (!cursor_take(&c, sc_wg_l2_len & 0xf))
		return 0;
	return pkt->ip.v6 ? echo_v6(c) : echo_v4(c);
}

#endif
