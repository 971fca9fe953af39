/* SPDX-License-Identifier: GPL-2.0-only */
/* An IP packet as the tc programs see it. */
#ifndef SIDECAR_PKT_H
#define SIDECAR_PKT_H

#include <linux/pkt_cls.h>
#include "count.h"
#include "upper.h"

#define PKT_LINEAR_LEN 128 /* headers of interest lie within */

struct pkt {
	struct ip ip;
	struct slot_ref ref;
	struct load load;
	bool load_known; /* false: merged packets of a protocol whose headers we do not know */
	struct upper up; /* where pkt_parse() was asked for it */
	bool by_vrf;	 /* after egress_destination(): its routes say where to */
};

/* Headers that lie in fragments of the skb are not readable before this. */
STAGE void pkt_pull(struct __sk_buff *skb)
{
	__u32 want = skb->len < PKT_LINEAR_LEN ? skb->len : PKT_LINEAR_LEN;
	struct cursor c = CURSOR(skb);

	if (!cursor_skip(&c, want, PKT_LINEAR_LEN))
		bpf_skb_pull_data(skb, want);
}

/* V_PASS: not an IP packet. Anything that fails is counted as one packet of the skb's length. */
STAGE int pkt_parse(struct __sk_buff *skb, __u32 l2_len, bool upper, struct pkt *ret_pkt)
{
	struct cursor c;
	int r;

	pkt_pull(skb);
	c = CURSOR(skb);
	ret_pkt->ref.nr = SLOT_NONE;
	ret_pkt->load.packets = 1;
	ret_pkt->load.bytes = skb->len - l2_len;
	if (!cursor_take(&c, l2_len & 0xf))
		return -SC_DROP_MALFORMED;
	r = ip_parse(&c, (struct ethertype){(__be16)skb->protocol}, skb->len - l2_len,
		     skb->gso_size, &ret_pkt->ip);
	if (r)
		return r;
	ret_pkt->load_known = load_of(skb, l2_len, c, &ret_pkt->ip, &ret_pkt->load);
	return upper ? upper_parse(skb, l2_len, c, &ret_pkt->ip, &ret_pkt->up) : 0;
}

#endif
