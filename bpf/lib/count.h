/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Counters, each CPU its own stripe. The hooks of one CPU do not interrupt each other (all run with
 * softirqs off), so plain additions are enough.
 */
#ifndef SIDECAR_COUNT_H
#define SIDECAR_COUNT_H

#include <linux/tcp.h>
#include <linux/udp.h>
#include "event.h"
#include "slot.h"

/* What one skb stands for on the wire: after GRO, or before segmentation, several packets. */
struct load {
	__u32 packets;
	__u32 bytes;	  /* of IP, every segment's headers included */
	__u32 packet_len; /* of the longest one */
};

STAGE struct sc_counters *count_of(__u32 slot)
{
	__u32 index;

	if (slot >= sc_slots)
		return NULL;
	index = bpf_get_smp_processor_id() * sc_slots + slot;
	return bpf_map_lookup_elem(&counters, &index);
}

/* Fetches the line that count_up() or count_down() will want, while other stages work. */
STAGE void count_touch(__u32 slot)
{
	const struct sc_counters *n = count_of(slot);

	if (n)
		(void)*(const volatile __u64 *)&n->up_packets;
}

STAGE void count_up(__u32 slot, const struct load *load)
{
	struct sc_counters *n = count_of(slot);

	if (!n)
		return;
	n->up_packets += load->packets;
	n->up_bytes += load->bytes;
	n->last_up_ns = bpf_ktime_get_ns();
}

/* outside: it came from the uplink. */
STAGE void count_down(__u32 slot, const struct load *load, bool outside)
{
	struct sc_counters *n = count_of(slot);

	if (!n)
		return;
	n->down_packets += load->packets;
	n->down_bytes += load->bytes;
	if (outside)
		n->outside_packets += load->packets;
}

/* reason: negative, as a stage returns it. slot may be SLOT_NONE. */
STAGE void count_drop(int reason, __u32 slot, const struct load *load)
{
	struct sc_counters *n = count_of(slot);
	__u32 index = -reason;
	__u64 *total = bpf_map_lookup_elem(&drops, &index);

	if (total)
		*total += load->packets;
	if (n) {
		n->drop_packets += load->packets;
		n->drop_bytes += load->bytes;
	}
}

/* The one exit of each program for what it drops. */
STAGE void drop_xdp(struct xdp_md *ctx, int reason, __u32 slot, const struct load *load)
{
	count_drop(reason, slot, load);
	if (event_wanted())
		sc_event_xdp(ctx, (__u32)-reason, slot, load->bytes);
}

STAGE void drop_skb(struct __sk_buff *skb, __u32 l2_len, int reason, __u32 slot,
		    const struct load *load)
{
	count_drop(reason, slot, load);
	if (event_wanted())
		sc_event_skb(skb, l2_len, (__u32)-reason, slot, load->bytes);
}

/* Length of the headers that each segment repeats; 0 = unknown protocol. */
STAGE __u32 load_hdr_len(struct cursor c, const struct ip *ip)
{
	const struct tcphdr *tcp;

	if (ip->proto.nr == IPPROTO_UDP)
		return ip->hdr_len + sizeof(struct udphdr);
	if (ip->proto.nr != IPPROTO_TCP)
		return 0;
	tcp = cursor_take(&c, sizeof(*tcp));
	return tcp ? ip->hdr_len + tcp->doff * 4u : 0;
}

/*
 * c: behind the IP header. False: the segments' length is unknown (packet_len is the whole skb's),
 * bytes lack the upper headers.
 */
STAGE bool load_of(const struct __sk_buff *skb, __u32 l2_len, struct cursor c, const struct ip *ip,
		   struct load *ret_load)
{
	__u32 gso_size = skb->gso_size, segs = skb->gso_segs;
	__u32 len = skb->len - l2_len, hdr_len, repeated;

	ret_load->packets = 1;
	ret_load->bytes = ip->total_len;
	ret_load->packet_len = ip->total_len;
	if (!gso_size)
		return true;
	hdr_len = load_hdr_len(c, ip);
	repeated = hdr_len ? hdr_len : ip->hdr_len;
	if (!segs && len > repeated) /* from a guest's driver: not filled in */
		segs = (len - repeated + gso_size - 1) / gso_size;
	if (segs > 1)
		ret_load->packets = segs;
	ret_load->bytes = len + (ret_load->packets - 1) * repeated;
	ret_load->packet_len = hdr_len ? hdr_len + gso_size : len;
	return hdr_len;
}

#endif
