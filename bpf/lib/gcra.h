/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The generic cell rate algorithm (ITU-T I.371): one word says until when everything that came is
 * paid for; what comes while that is more than the burst ahead of now is too much.
 */
#ifndef SIDECAR_GCRA_H
#define SIDECAR_GCRA_H

#include "base.h"

/* Ticks of 1 to 10 ms: far finer than any burst allowed here, and a tenth of the other's price. */
STAGE __u64 gcra_now(void)
{
	return bpf_ktime_get_coarse_ns();
}

/* False: too much. One attempt: who loses the race with another CPU goes through unpaid. */
STAGE bool gcra_take(__u64 *paid_ns, __u64 now_ns, __u64 cost_ns, __u64 burst_ns)
{
	__u64 old = *(volatile __u64 *)paid_ns, from = old > now_ns ? old : now_ns;

	if (from - now_ns > burst_ns)
		return false;
	__sync_val_compare_and_swap(paid_ns, old, from + cost_ns);
	return true;
}

#endif
