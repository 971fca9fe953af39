/* SPDX-License-Identifier: GPL-2.0-only */
/* IPv4 and IPv6 headers. */
#ifndef SIDECAR_IP_H
#define SIDECAR_IP_H

#include <linux/in.h>
#include <linux/ip.h>
#include <linux/ipv6.h>
#include "cursor.h"

#define IP_MAX_EXTENSIONS 8 /* IPv6; a longer chain is malformed */
#define IP4_MORE 0x2000
#define IP4_OFFSET 0x1fff

/* Two kinds of protocol number that must not be mixed. */
struct ethertype {
	__be16 be;
};

struct ipproto {
	__u8 nr;
};

struct ip {
	void *hdr;	 /* struct iphdr or ipv6hdr */
	const void *src; /* 4 or 16 bytes */
	const void *dst;
	__u32 total_len; /* by the header; never more than the frame holds */
	__u32 hdr_len;	 /* with IPv4 options; with IPv6 extensions after ip6_upper() */
	struct ipproto proto;
	__u8 ttl;
	bool v6;
	bool odd;      /* IPv4 options or IPv6 hop-by-hop options */
	bool fragment; /* IPv6: known after ip6_upper() */
	bool later;    /* ... and not the first: no upper header */
};

STAGE int ip6_parse(struct cursor *c, __u32 l3_len, bool gso, struct ip *ret_ip)
{
	struct ipv6hdr *h = cursor_take(c, sizeof(*h));

	if (!h || h->version != 6)
		return -SC_DROP_MALFORMED;
	ret_ip->total_len = gso ? l3_len : sizeof(*h) + bpf_ntohs(h->payload_len);
	if (ret_ip->total_len > l3_len)
		return -SC_DROP_MALFORMED;
	ret_ip->hdr = h;
	ret_ip->src = &h->saddr;
	ret_ip->dst = &h->daddr;
	ret_ip->hdr_len = sizeof(*h);
	ret_ip->proto.nr = h->nexthdr;
	ret_ip->ttl = h->hop_limit;
	ret_ip->v6 = true;
	ret_ip->odd = h->nexthdr == IPPROTO_HOPOPTS;
	return 0;
}

STAGE int ip4_parse(struct cursor *c, __u32 l3_len, bool gso, struct ip *ret_ip)
{
	struct iphdr *h = cursor_take(c, sizeof(*h));
	__u16 frag;

	if (!h || h->version != 4 || h->ihl < 5 || !cursor_skip(c, (h->ihl - 5u) * 4, 40))
		return -SC_DROP_MALFORMED;
	ret_ip->hdr_len = h->ihl * 4u;
	ret_ip->total_len = gso ? l3_len : bpf_ntohs(h->tot_len);
	if (ret_ip->total_len < ret_ip->hdr_len || ret_ip->total_len > l3_len)
		return -SC_DROP_MALFORMED;
	frag = bpf_ntohs(h->frag_off);
	ret_ip->hdr = h;
	ret_ip->src = &h->saddr;
	ret_ip->dst = &h->daddr;
	ret_ip->proto.nr = h->protocol;
	ret_ip->ttl = h->ttl;
	ret_ip->odd = h->ihl > 5;
	ret_ip->fragment = frag & (IP4_MORE | IP4_OFFSET);
	ret_ip->later = frag & IP4_OFFSET;
	return 0;
}

/*
 * l3_len: bytes from the IP header to the end of the frame. gso: merged segments, whose length the
 * header may not be able to hold (BIG TCP). V_PASS: neither IPv4 nor IPv6 (a VLAN tag, for one).
 * The cursor stands behind the header, before IPv6 extensions.
 */
STAGE int ip_parse(struct cursor *c, struct ethertype type, __u32 l3_len, bool gso,
		   struct ip *ret_ip)
{
	if (type.be == bpf_htons(ETH_P_IPV6))
		return ip6_parse(c, l3_len, gso, ret_ip);
	if (type.be == bpf_htons(ETH_P_IP))
		return ip4_parse(c, l3_len, gso, ret_ip);
	return V_PASS;
}

struct ip6_fragment {
	__u8 next;
	__u8 reserved;
	__be16 offset_more;
	__be32 id;
};

/* Length of an extension header, 0 when proto is not one. */
STAGE __u32 ip6_extension_len(struct ipproto proto, __u8 len)
{
	switch (proto.nr) {
	case IPPROTO_HOPOPTS:
	case IPPROTO_ROUTING:
	case IPPROTO_DSTOPTS:
		return (len + 1u) * 8;
	case IPPROTO_AH: /* counts words, less 2: RFC 4302 section 2.2 */
		return (len + 2u) * 4;
	case IPPROTO_FRAGMENT:
		return sizeof(struct ip6_fragment);
	default:
		return 0;
	}
}

/*
 * Finds the upper header of an IPv6 packet and sets proto, hdr_len, fragment. By copies from an
 * offset: with a packet pointer that has moved by unknown lengths the verifier takes every path
 * through the chain for another one (more than a million instructions).
 */
STAGE int ip6_upper(const struct frame *f, struct ip *ip)
{
	for (int i = 0; i <= IP_MAX_EXTENSIONS; i++) {
		struct ip6_fragment h; /* no extension is shorter */

		if (ip->later || !ip6_extension_len(ip->proto, 0))
			return 0;
		if (frame_copy(f, f->l2_len + ip->hdr_len, &h, sizeof(h)))
			return -SC_DROP_MALFORMED;
		ip->hdr_len += ip6_extension_len(ip->proto, h.reserved);
		if (ip->hdr_len > ip->total_len)
			return -SC_DROP_MALFORMED;
		if (ip->proto.nr == IPPROTO_FRAGMENT) {
			ip->fragment = true;
			ip->later = bpf_ntohs(h.offset_more) & 0xfff8;
		}
		ip->proto.nr = h.next;
	}
	return -SC_DROP_MALFORMED;
}

/* One hop less, in the first 20 bytes of either header; the IPv4 header checksum is adjusted as
 * RFC 1624 says. */
STAGE void ip_hop(void *hdr, bool v6)
{
	struct ipv6hdr *h6 = hdr;
	struct iphdr *h4 = hdr;
	__u32 sum;

	if (v6) {
		h6->hop_limit--;
		return;
	}
	h4->ttl--;
	sum = h4->check + (__u32)bpf_htons(0x0100);
	h4->check = (__u16)(sum + (sum >= 0xffff));
}

#endif
