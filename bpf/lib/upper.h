/* SPDX-License-Identifier: GPL-2.0-only */
/* The header behind IP: what rules for ports need of it. */
#ifndef SIDECAR_UPPER_H
#define SIDECAR_UPPER_H

#include <linux/tcp.h>
#include "ip.h"

#define TCP_FLAG_BYTE 13
#define TCP_FIN 0x01
#define TCP_SYN 0x02
#define TCP_RST 0x04
#define TCP_ACK 0x10

struct upper {
	struct ipproto proto; /* behind all extensions */
	__u32 at;	      /* from the start of the IP header */
	__be16 src, dst;      /* TCP, UDP, SCTP; ICMP: src is type and code */
	__u8 tcp_flags;
	bool fragment;
	bool later; /* not the first fragment: nothing above is known but proto */
};

struct upper_start { /* of TCP; the others' ports lie at the same place */
	__be16 src, dst;
	__u32 skipped[2];
	__u8 offset;
	__u8 flags;
} __attribute__((packed));

/* Bytes that a packet which is not a later fragment must have of its upper header. */
STAGE __u32 upper_min(struct ipproto proto)
{
	switch (proto.nr) {
	case IPPROTO_TCP:
		return sizeof(struct tcphdr);
	case IPPROTO_UDP:
	case IPPROTO_ICMP:
	case IPPROTO_ICMPV6:
	case IPPROTO_SCTP:
		return 8;
	default:
		return 0;
	}
}

/* Behind IPv6 extensions. ip_at: of the IP header; *upper comes filled in with what is before. */
STAGE int upper_far(const struct frame *f, __u32 total_len, struct upper *upper)
{
	struct upper_start h = {};
	struct ip ip = {.total_len = total_len};
	__u32 min;
	int r;

	ip.proto = upper->proto;
	ip.hdr_len = upper->at;
	r = ip6_upper(f, &ip);
	if (r)
		return r;
	upper->proto = ip.proto;
	upper->at = ip.hdr_len;
	upper->fragment = ip.fragment;
	upper->later = ip.later;
	min = ip.later ? 0 : upper_min(ip.proto);
	if (!min)
		return 0;
	if (ip.hdr_len + min > ip.total_len)
		return -SC_DROP_MALFORMED;
	if (min == sizeof(struct tcphdr) ? frame_copy(f, f->l2_len + ip.hdr_len, &h, sizeof(h))
					 : frame_copy(f, f->l2_len + ip.hdr_len, &h, 8))
		return -SC_DROP_MALFORMED;
	upper->src = h.src;
	upper->dst = h.dst;
	upper->tcp_flags = h.flags;
	return 0;
}

ONCE int sc_upper_far_skb(struct __sk_buff *skb, __u32 ip_at, __u32 total_len, struct upper *upper)
{
	const struct frame f = {.ctx = skb, .l2_len = ip_at};

	return upper ? upper_far(&f, total_len, upper) : -SC_DROP_MALFORMED;
}

ONCE int sc_upper_far_xdp(struct xdp_md *ctx, __u32 ip_at, __u32 total_len, struct upper *upper)
{
	const struct frame f = {.ctx = ctx, .l2_len = ip_at, .xdp = true};

	return upper ? upper_far(&f, total_len, upper) : -SC_DROP_MALFORMED;
}

/*
 * c: behind the IP header, before IPv6 extensions. A header cut short is malformed, also where it
 * is cut between two fragments (RFC 1858 section 4): no port, no flag hides from the rules.
 */
STAGE int upper_parse(struct __sk_buff *skb, __u32 l2_len, struct cursor c, const struct ip *ip,
		      struct upper *ret_upper)
{
	const struct upper_start *h;
	__u32 min = upper_min(ip->proto);

	ret_upper->proto = ip->proto;
	ret_upper->at = ip->hdr_len;
	ret_upper->fragment = ip->fragment;
	ret_upper->later = ip->later;
	if (ip->v6 && ip6_extension_len(ip->proto, 0)) {
		/* A copy: what a call gets the address of is forgotten by the verifier. */
		struct upper far = *ret_upper;
		int r = sc_upper_far_skb(skb, l2_len, ip->total_len, &far);

		*ret_upper = far;
		return r;
	}
	if (ip->later || !min)
		return 0;
	if (ip->hdr_len + min > ip->total_len)
		return -SC_DROP_MALFORMED;
	h = cursor_take(&c, 8);
	if (!h)
		return -SC_DROP_MALFORMED;
	ret_upper->src = h->src;
	ret_upper->dst = h->dst;
	if (ip->proto.nr != IPPROTO_TCP)
		return 0;
	if (!cursor_take(&c, sizeof(*h) - 8))
		return -SC_DROP_MALFORMED;
	ret_upper->tcp_flags = h->flags;
	return 0;
}

/* A TCP connection's first packet, in the direction in which it is opened. */
STAGE bool upper_opens(const struct upper *u)
{
	return u->proto.nr == IPPROTO_TCP && !u->later &&
	       (u->tcp_flags & (TCP_SYN | TCP_ACK | TCP_RST)) == TCP_SYN;
}

#endif
