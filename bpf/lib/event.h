/* SPDX-License-Identifier: GPL-2.0-only */
/* Drops as relayctl monitor shows them: a sample, and only while somebody looks. */
#ifndef SIDECAR_EVENT_H
#define SIDECAR_EVENT_H

#include "cursor.h"
#include "gcra.h"
#include "maps.h"

STAGE bool event_wanted(void)
{
	__u32 zero = 0;
	const struct sc_monitor *m = bpf_map_lookup_elem(&monitor, &zero);

	return m && m->until_ns;
}

STAGE bool event_allowed(__u64 now_ns)
{
	__u32 zero = 0;
	const struct sc_monitor *m = bpf_map_lookup_elem(&monitor, &zero);
	struct sc_sampler *s = bpf_map_lookup_elem(&sampler, &zero);

	if (!m || !s || now_ns >= m->until_ns)
		return false;
	if (now_ns - s->window_ns >= SC_EVENTS_WINDOW_NS) {
		s->window_ns = now_ns;
		s->n = 0;
	}
	return s->n++ < SC_EVENTS_PER_WINDOW;
}

STAGE void event_emit(const struct frame *f, __u32 reason, __u32 slot, __u32 len)
{
	__u64 now_ns = gcra_now(), last = (len < SC_EVENT_HEAD ? len : SC_EVENT_HEAD) - 1ull;
	struct sc_event *e;

	if (!event_allowed(now_ns))
		return;
	e = bpf_ringbuf_reserve(&events, sizeof(*e), 0);
	if (!e)
		return;
	__builtin_memset(e, 0, sizeof(*e));
	e->time_ns = now_ns;
	e->reason = reason;
	e->slot = slot;
	e->len = len;
	/* The verifier wants both bounds of what is written, at the call; up to Linux 6.12 it does
	 * not take "is not 0" for the lower one. */
	asm volatile("" : "+r"(last));
	if (last < SC_EVENT_HEAD && !frame_copy(f, f->l2_len, e->head, (__u32)last + 1))
		e->head_len = (__u32)last + 1;
	bpf_ringbuf_submit(e, 0);
}

ONCE int sc_event_xdp(struct xdp_md *ctx, __u32 reason, __u32 slot, __u32 len)
{
	const struct frame f = {.ctx = ctx, .l2_len = ETH_HLEN, .xdp = true};

	event_emit(&f, reason, slot, len);
	return 0;
}

ONCE int sc_event_skb(struct __sk_buff *skb, __u32 l2_len, __u32 reason, __u32 slot, __u32 len)
{
	const struct frame f = {.ctx = skb, .l2_len = l2_len};

	event_emit(&f, reason, slot, len);
	return 0;
}

#endif
