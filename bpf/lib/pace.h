/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * shaper: edt. Each packet of a shaped slot gets the earliest time at which it may leave (fq on the
 * device keeps it until then), one behind the other at the slot's rate; what would wait for longer
 * than the horizon is dropped. No lock: slots do not know of each other.
 */
#ifndef SIDECAR_PACE_H
#define SIDECAR_PACE_H

#include "count.h"
#include "gcra.h"

#define PACE_TRIES 4 /* CPUs that serve one slot; who loses all of them goes unpaid */

STAGE int pace_take(struct __sk_buff *skb, __u64 *next_ns, __u32 byte_ps, __u32 bytes)
{
	__u64 now_ns = gcra_now(), cost_ns = (__u64)bytes * byte_ps / 1000, at_ns = now_ns;

	for (int i = 0; i < PACE_TRIES; i++) {
		__u64 old = *(volatile __u64 *)next_ns;

		at_ns = old > now_ns ? old : now_ns;
		if (at_ns - now_ns > SC_PACE_HORIZON_NS)
			return -SC_DROP_SHAPER;
		if (__sync_val_compare_and_swap(next_ns, old, at_ns + cost_ns) == old)
			break;
	}
	skb->tstamp = at_ns;
	return 0;
}

/* bytes: of IP, of all segments. */
STAGE int pace_check(struct __sk_buff *skb, __u32 nr, bool up, __u32 byte_ps, __u32 bytes)
{
	struct sc_pace *p = bpf_map_lookup_elem(&pace, &nr);

	return p ? pace_take(skb, up ? &p->up_ns : &p->down_ns, byte_ps, bytes) : 0;
}

#endif
