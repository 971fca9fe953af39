// SPDX-License-Identifier: GPL-2.0-only
/*
 * The benchmark's own programs: they make packets for peers drawn at random, hand them to a hook or
 * to a device, and count what comes out at the other end.
 */
#include <stdbool.h>
#include <linux/bpf.h>
#include <linux/if_ether.h>
#include <linux/pkt_cls.h>
#include <bpf/bpf_endian.h>
#include <bpf/bpf_helpers.h>
#include "bench_gen.h"

/* Set before a run: all of it starts as zero, in one section. */
__u32 gen_peers = 0;
__u32 gen_out_ifindex = 0;
__u64 gen_mul = 0;
__u8 gen_frame[BENCH_FRAME_LEN] = {}; /* with all that does not change */

__u64 gen_seen = 0;
__u64 gen_state = 0;

struct {
	__uint(type, BPF_MAP_TYPE_PROG_ARRAY);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, __u32);
} gen_hook_xdp SEC(".maps"), gen_hook_in SEC(".maps"), gen_hook_out SEC(".maps");

typedef __u64 __attribute__((may_alias)) word64;
typedef __u32 __attribute__((may_alias)) word32;
typedef __u16 __attribute__((may_alias)) word16;

static __always_inline __u64 host_part(__u32 nr)
{
	return bpf_cpu_to_be64(BENCH_HOST_PART(nr, gen_mul));
}

/* Cheaper than the kernel's generator; the high bits are good enough to draw peers. */
static __always_inline __u32 draw(void)
{
	gen_state = gen_state * 0x5851f42d4c957f2dull + 0x14057b7ef767814full;
	return (__u32)((gen_state >> 32) * gen_peers >> 32);
}

/* at: of the IPv6 address whose lower half is the peer's. */
static __always_inline bool make(void *data, void *end, __u32 len, __u32 at)
{
	if (data + len > end)
		return false;
	for (__u32 i = 0; i < len / 8; i++)
		((word64 *)data)[i] = ((const word64 *)gen_frame)[i];
	for (__u32 i = len / 8 * 4; i < len / 2; i++)
		((word16 *)data)[i] = ((const word16 *)gen_frame)[i];
	*(word64 *)(data + at + 8) = host_part(draw());
	return true;
}

static __always_inline bool make_packet(void *data, void *end)
{
	return make(data, end, BENCH_PACKET_LEN, BENCH_DST_AT);
}

/* The solicited node's address, its MAC, and the checksum follow the target. */
static __always_inline bool make_solicit(void *data, void *end)
{
	__u32 low, sum = 0;

	if (!make(data, end, BENCH_SOLICIT_LEN, BENCH_TARGET_AT))
		return false;
	low = *(word32 *)(data + BENCH_TARGET_AT + 12) & bpf_htonl(0xffffff);
	*(word32 *)(data + BENCH_DST_AT + 12) = low | bpf_htonl(0xff000000);
	*(word32 *)(data + 2) = low | bpf_htonl(0xff000000);
	/* The frame's own sum is that of zeros in all these places. */
	sum = (__u16) ~*(word16 *)(data + BENCH_SUM_AT);
	for (__u32 i = 0; i < 4; i++)
		sum += *(word16 *)(data + BENCH_TARGET_AT + 8 + 2 * i);
	sum += *(word16 *)(data + BENCH_DST_AT + 12);
	sum += *(word16 *)(data + BENCH_DST_AT + 14);
	sum = (sum & 0xffff) + (sum >> 16);
	sum = (sum & 0xffff) + (sum >> 16);
	*(word16 *)(data + BENCH_SUM_AT) = (__u16)~sum;
	return true;
}

#define DATA(ctx) ((void *)(long)(ctx)->data)
#define END(ctx) ((void *)(long)(ctx)->data_end)

SEC("xdp")
int gen_send(struct xdp_md *ctx)
{
	if (!make_packet(DATA(ctx), END(ctx)))
		return XDP_DROP;
	return (int)bpf_redirect(gen_out_ifindex, 0);
}

SEC("xdp")
int gen_solicit(struct xdp_md *ctx)
{
	if (!make_solicit(DATA(ctx), END(ctx)))
		return XDP_DROP;
	return (int)bpf_redirect(gen_out_ifindex, 0);
}

SEC("xdp")
int gen_send_up(struct xdp_md *ctx)
{
	if (!make(DATA(ctx), END(ctx), BENCH_UP_LEN, BENCH_UP_SRC_AT))
		return XDP_DROP;
	return (int)bpf_redirect(gen_out_ifindex, 0);
}

/* With a hook, or (the array is empty) without: the difference is the hook. */
SEC("xdp.frags")
int gen_xdp(struct xdp_md *ctx)
{
	make_packet(DATA(ctx), END(ctx));
	bpf_tail_call(ctx, &gen_hook_xdp, 0);
	return XDP_PASS;
}

SEC("xdp.frags")
int gen_xdp_solicit(struct xdp_md *ctx)
{
	make_solicit(DATA(ctx), END(ctx));
	bpf_tail_call(ctx, &gen_hook_xdp, 0);
	return XDP_PASS;
}

SEC("tcx/ingress")
int gen_in(struct __sk_buff *skb)
{
	make_packet(DATA(skb), END(skb));
	bpf_tail_call(skb, &gen_hook_in, 0);
	return TC_ACT_UNSPEC;
}

SEC("tcx/egress")
int gen_out(struct __sk_buff *skb)
{
	make_packet(DATA(skb), END(skb));
	bpf_tail_call(skb, &gen_hook_out, 0);
	return TC_ACT_UNSPEC;
}

SEC("tcx/egress")
int gen_sink(struct __sk_buff *skb)
{
	if (skb->protocol != bpf_htons(ETH_P_IPV6))
		return TC_ACT_UNSPEC;
	__sync_fetch_and_add(&gen_seen, 1);
	return TC_ACT_SHOT;
}

/* Counts advertisements, takes everything. */
SEC("xdp")
int gen_sink_xdp(struct xdp_md *ctx)
{
	const __u8 *type = DATA(ctx) + BENCH_TARGET_AT - 8;

	if ((void *)(type + 1) <= END(ctx) && *type == 136)
		__sync_fetch_and_add(&gen_seen, 1);
	return XDP_DROP;
}

/* What sender and device cost alone. */
SEC("xdp")
int gen_drop(struct xdp_md *ctx)
{
	(void)ctx;
	__sync_fetch_and_add(&gen_seen, 1);
	return XDP_DROP;
}

char LICENSE[] SEC("license") = "GPL";
