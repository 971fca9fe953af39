/* SPDX-License-Identifier: GPL-2.0-only */
/* XDP on the uplink: the guard, before the kernel spends anything on the frame. */
#include "lib/count.h"
#include "lib/guard.h"

SEC("xdp.frags") /* frames larger than a page: only headers are read, they lie in front */
int sc_uplink_xdp(struct xdp_md *ctx)
{
	struct guard g = {
		.frame = {.ctx = ctx, .xdp = true},
		.frame_len = (__u32)bpf_xdp_get_buff_len(ctx),
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
	count_drop(r, g.ref.nr, &load);
	return XDP_DROP;
}
