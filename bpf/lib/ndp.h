/* SPDX-License-Identifier: GPL-2.0-only */
/* Neighbour discovery (RFC 4861) and ARP (RFC 826): solicitations for live slots become answers. */
#ifndef SIDECAR_NDP_H
#define SIDECAR_NDP_H

#include <linux/icmpv6.h>
#include "slot.h"

#define ND_SOLICIT 135
#define ND_ADVERT 136
#define ND_OPT_SOURCE 1
#define ND_OPT_TARGET 2
/* Router: we are one. Override: nobody else answers for these addresses. */
#define ND_FLAGS_ROUTER_OVERRIDE 0xa0000000
#define ND_FLAG_SOLICITED 0x40000000
#define ND_MAX_OPTION_UNITS 64 /* of 8 bytes; more options: dropped as malformed */
#define ND_ADVERT_LEN 32       /* with one option */

struct nd_msg { /* solicitation and advertisement */
	__u8 type;
	__u8 code;
	__sum16 checksum;
	__be32 flags;
	struct addr6 target;
};

struct nd_option { /* with an Ethernet address: one unit */
	__u8 type;
	__u8 units;
	__u8 mac[ETH_ALEN];
};

struct arp {
	__be16 hw_type;
	__be16 proto;
	__u8 hw_len;
	__u8 proto_len;
	__be16 op;
	__u8 sender_mac[ETH_ALEN];
	__u8 sender[4];
	__u8 target_mac[ETH_ALEN];
	__u8 target[4];
};

struct nd_packet { /* of an advertisement; read by one check: the compiler mixes several up */
	struct ipv6hdr ip;
	struct nd_msg na;
	struct nd_option o;
};

/* An accepted solicitation: what its answer needs beside the packet itself. */
struct ask {
	bool arp;
	bool dad;	    /* RFC 4862 section 5.4.3: asked from :: */
	__u8 mac[ETH_ALEN]; /* who asked */
	int grow;	    /* bytes that the frame must grow (negative: shrink) first */
};

STAGE __u64 sum_words(const void *p, int n)
{
	const word32 *w = p;
	__u64 sum = 0;

	for (int i = 0; i < n; i++)
		sum += w[i];
	return sum;
}

STAGE __u16 sum_fold(__u64 sum)
{
	sum = (sum >> 32) + (sum & 0xffffffff);
	sum = (sum >> 32) + (sum & 0xffffffff);
	sum = (sum >> 16) + (sum & 0xffff);
	sum = (sum >> 16) + (sum & 0xffff);
	sum = (sum >> 16) + (sum & 0xffff);
	return (__u16)sum;
}

/* Of source, destination (32 bytes that follow each other), length and protocol. */
STAGE __u64 sum_pseudo(const void *src, __u32 len)
{
	return sum_words(src, 8) + bpf_htonl(len) + bpf_htonl(IPPROTO_ICMPV6);
}

/* ff02::1:ff00:0/104 and the target's last 24 bits: RFC 4291 section 2.7.1. */
STAGE bool solicited_node(const word32 *dst, const word32 *target)
{
	return dst[0] == bpf_htonl(0xff020000) && !dst[1] && dst[2] == bpf_htonl(1) &&
	       dst[3] == (target[3] | bpf_htonl(0xff000000));
}

/* What the options of a solicitation hold. */
struct nd_found {
	__u64 sum;
	__u32 left;   /* units of the option that is being read */
	__u32 source; /* bool; its MAC */
	__u8 mac[ETH_ALEN] __attribute__((aligned(4)));
};

STAGE int nd_unit(const struct nd_option *o, struct nd_found *found)
{
	found->sum += sum_words(o, 2);
	if (!found->left) {
		found->left = o->units;
		if (!found->left)
			return -SC_DROP_MALFORMED;
		if (o->type == ND_OPT_SOURCE && found->left == 1) {
			mac_copy(found->mac, o->mac);
			found->source = true;
		}
	}
	found->left--;
	return 0;
}

/* at: where the options start. */
STAGE int nd_options_far(const struct frame *f, __u32 at, __u32 units, struct nd_found *found)
{
	for (__u32 i = 0; i < ND_MAX_OPTION_UNITS; i++) {
		struct nd_option o;

		if (i >= units)
			break;
		if (frame_copy(f, at + i * sizeof(o), &o, sizeof(o)) || nd_unit(&o, found))
			return -SC_DROP_MALFORMED;
	}
	return found->left ? -SC_DROP_MALFORMED : 0;
}

ONCE int sc_nd_options_xdp(struct xdp_md *ctx, __u32 at, __u32 units, struct nd_found *found)
{
	const struct frame f = {.ctx = ctx, .xdp = true};

	return found ? nd_options_far(&f, at, units, found) : -SC_DROP_MALFORMED;
}

ONCE int sc_nd_options_skb(struct __sk_buff *skb, __u32 at, __u32 units, struct nd_found *found)
{
	const struct frame f = {.ctx = skb};

	return found ? nd_options_far(&f, at, units, found) : -SC_DROP_MALFORMED;
}

/* None or one, as nearly all have it, are read in place. */
STAGE int nd_options(const struct frame *f, struct cursor c, __u32 units, struct nd_found *found)
{
	const __u32 at = sizeof(struct ethhdr) + sizeof(struct ipv6hdr) + sizeof(struct nd_msg);
	const struct nd_option *o;

	if (!units)
		return 0;
	if (units > 1)
		return f->xdp ? sc_nd_options_xdp(f->ctx, at, units, found)
			      : sc_nd_options_skb(f->ctx, at, units, found);
	o = cursor_take(&c, sizeof(*o));
	return !o || nd_unit(o, found) || found->left ? -SC_DROP_MALFORMED : 0;
}

/* RFC 4861 section 7.1.1, every point of it. */
STAGE int nd_valid(const struct frame *f, struct cursor c, const struct nd_msg *ns,
		   const struct ip *ip, struct ask *ask)
{
	__u32 len = ip->total_len - sizeof(struct ipv6hdr);
	__u32 units = (len - sizeof(*ns)) / sizeof(struct nd_option);
	const word32 *src = ip->src, *dst = ip->dst;
	bool multicast = solicited_node(dst, ns->target.w);
	struct nd_found found = {};

	if (ip->ttl != 255 || ns->code || len % 8 || units > ND_MAX_OPTION_UNITS)
		return -SC_DROP_MALFORMED;
	if (!multicast && !addr6_eq(dst, ns->target.w))
		return -SC_DROP_MALFORMED;
	found.sum = sum_pseudo(src, len) + sum_words(ns, sizeof(*ns) / 4);
	if (nd_options(f, c, units, &found) || sum_fold(found.sum) != 0xffff)
		return -SC_DROP_MALFORMED;
	if (found.source)
		mac_copy(ask->mac, found.mac);
	ask->dad = !(src[0] | src[1] | src[2] | src[3]);
	if (ask->dad && (!multicast || found.source))
		return -SC_DROP_MALFORMED;
	if ((src[0] & bpf_htonl(0xff000000)) == bpf_htonl(0xff000000) || ask->mac[0] & 1)
		return -SC_DROP_MALFORMED;
	return 0;
}

/* Who asks believes that the pool's addresses are on his link. */
STAGE void count_asked(__u32 pool)
{
	__u64 *n = bpf_map_lookup_elem(&asked, &pool);

	if (n)
		++*n;
}

/* c: behind the IPv6 header. Not a solicitation for a pool's address: 0. */
STAGE int ndp_check(const struct frame *f, struct cursor c, const struct ethhdr *eth,
		    const struct ip *ip, __u32 frame_len, struct slot_ref *ref, struct ask *ask)
{
	const struct nd_msg *ns = cursor_take(&c, sizeof(*ns));
	enum place place;
	int r;

	if (!ns || ns->type != ND_SOLICIT || ip->total_len < sizeof(struct ipv6hdr) + sizeof(*ns))
		return 0;
	place = slot_by_addr(true, &ns->target, ref);
	if (place == PLACE_ELSEWHERE)
		return 0;
	if (place == PLACE_DEAD && own_in_pool(true, &ns->target))
		return V_PASS;
	count_asked(ref->pool);
	if (place == PLACE_DEAD)
		return -SC_DROP_NO_SLOT;
	mac_copy(ask->mac, eth->h_source);
	r = nd_valid(f, c, ns, ip, ask);
	if (r)
		return r;
	ask->grow = (int)(sizeof(*eth) + sizeof(struct ipv6hdr) + ND_ADVERT_LEN) - (int)frame_len;
	return V_ANSWER;
}

STAGE int arp_check(struct cursor c, struct slot_ref *ref, struct ask *ask)
{
	const struct arp *arp = cursor_take(&c, sizeof(*arp));
	enum place place;

	if (!arp || arp->hw_type != bpf_htons(1) || arp->proto != bpf_htons(ETH_P_IP) ||
	    arp->hw_len != ETH_ALEN || arp->proto_len != 4 || arp->op != bpf_htons(1))
		return V_PASS;
	place = slot_by_addr(false, arp->target, ref);
	if (place == PLACE_ELSEWHERE)
		return V_PASS;
	if (place == PLACE_DEAD && own_in_pool(false, arp->target))
		return V_PASS;
	count_asked(ref->pool);
	if (place == PLACE_DEAD)
		return -SC_DROP_NO_SLOT;
	if (arp->sender_mac[0] & 1)
		return -SC_DROP_MALFORMED;
	mac_copy(ask->mac, arp->sender_mac);
	ask->arp = true;
	return V_ANSWER;
}

STAGE int arp_answer(struct cursor c, const struct ask *ask, const __u8 *mac)
{
	struct arp *arp = cursor_take(&c, sizeof(*arp));
	__u32 sender;

	if (!arp)
		return -SC_DROP_MALFORMED;
	arp->op = bpf_htons(2);
	sender = *(word32 *)arp->sender;
	*(word32 *)arp->sender = *(word32 *)arp->target;
	*(word32 *)arp->target = sender;
	mac_copy(arp->sender_mac, mac);
	mac_copy(arp->target_mac, ask->mac);
	return 0;
}

/* RFC 4861 section 7.2.4; the target stays where it is in the packet. */
STAGE int ndp_answer(struct cursor c, const struct ask *ask, const __u8 *mac)
{
	struct nd_packet *p = cursor_take(&c, sizeof(*p));
	struct ipv6hdr *ip = &p->ip;
	struct nd_msg *na = &p->na;
	word32 *dst = (void *)&ip->daddr;

	if (!p)
		return -SC_DROP_MALFORMED;
	addr6_copy(dst, &ip->saddr);
	if (ask->dad) {
		dst[0] = bpf_htonl(0xff020000);
		dst[3] = bpf_htonl(1);
	}
	addr6_copy(&ip->saddr, &na->target);
	*(word32 *)ip = bpf_htonl(0x60000000);
	ip->payload_len = bpf_htons(ND_ADVERT_LEN);
	ip->hop_limit = 255;
	na->type = ND_ADVERT;
	na->code = 0;
	na->checksum = 0;
	na->flags = bpf_htonl(ND_FLAGS_ROUTER_OVERRIDE | (ask->dad ? 0 : ND_FLAG_SOLICITED));
	p->o.type = ND_OPT_TARGET;
	p->o.units = 1;
	mac_copy(p->o.mac, mac);
	na->checksum =
		~sum_fold(sum_pseudo(&ip->saddr, ND_ADVERT_LEN) + sum_words(na, ND_ADVERT_LEN / 4));
	return 0;
}

#endif
