/* SPDX-License-Identifier: GPL-2.0-only */
/* XDP on the uplink: the guard, before the kernel spends anything on the frame. */
#include "lib/count.h"
#include "lib/guard.h"

STAGE int uplink_xdp(struct xdp_md *ctx)
{
	struct guard g = {
		.frame = {.ctx = ctx, .l2_len = ETH_HLEN, .xdp = true},
		.frame_len = (__u32)bpf_xdp_get_buff_len(ctx),
		.packets = 1,
	};
	struct load load = {.packets = 1};
	int r = guard_check(CURSOR(ctx), &g);

	if (r == V_ANSWER)
		r = g.ask.grow && bpf_xdp_adjust_tail(ctx, g.ask.grow)
			    ? -SC_DROP_REDIRECT
			    : guard_answer(CURSOR(ctx), &g);
	if (r == V_ANSWER)
		return XDP_TX;
	if (r >= 0)
		return XDP_PASS;
	load.bytes = g.frame_len - ETH_HLEN;
	drop_xdp(ctx, r, g.ref.nr, &load);
	return XDP_DROP;
}

/* Native. Frames may be longer than a page: only headers are read, they lie in front. */
SEC("xdp.frags")
int sc_uplink_xdp(struct xdp_md *ctx)
{
	return uplink_xdp(ctx);
}

/*
 * Generic, not for fragments: for programs that take them the kernel (6.9 to 6.18 at least) copies
 * an skb of little headroom and forgets mac_len, so that tc programs see it without its Ethernet
 * header.
 */
SEC("xdp")
int sc_uplink_skb(struct xdp_md *ctx)
{
	return uplink_xdp(ctx);
}
