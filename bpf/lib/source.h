/* SPDX-License-Identifier: GPL-2.0-only */
/* From the uplink to a peer: sources that cannot be true, and more than a peer may be sent. */
#ifndef SIDECAR_SOURCE_H
#define SIDECAR_SOURCE_H

#include "bogon.h"
#include "count.h"
#include "gcra.h"

/*
 * Another peer's address is a true source where customers meet by way of the uplink (hairpin:
 * uplink). An address of the pool that no peer has is a neighbour's where pools are on-link, and
 * nobody's where they are routed.
 */
STAGE int source_check(const struct ip *ip, const struct slot_ref *to)
{
	struct sc_own_key key;
	int nr;

	if (addr_is_bogon(ip->v6, ip->src))
		return -SC_DROP_BOGON_SOURCE;
	key = own_key(ip->v6, ip->src);
	nr = sc_slot_nr(&key);
	if (nr == NR_ELSEWHERE)
		return 0;
	if (nr == NR_DEAD)
		return !sc_answer_ndp || own_in_pool(ip->v6, ip->src) ? -SC_DROP_OWN_SOURCE : 0;
	return sc_hairpin_deny || (__u32)nr == to->nr ? -SC_DROP_OWN_SOURCE : 0;
}

/* bytes: of IP, of all packets. */
STAGE int source_ceiling(const struct slot_ref *to, __u32 packets, __u32 bytes)
{
	__u64 cost_ns = (__u64)bytes * to->slot->in_byte_ps / 1000;
	__u64 packets_ns = (__u64)packets * to->slot->in_packet_ns;
	__u32 nr = to->nr;
	__u64 *paid_ns;

	if (packets_ns > cost_ns)
		cost_ns = packets_ns;
	if (!cost_ns)
		return 0;
	paid_ns = bpf_map_lookup_elem(&ceiling, &nr);
	if (paid_ns && !gcra_take(paid_ns, gcra_now(), cost_ns, SC_CEILING_BURST_NS))
		return -SC_DROP_CEILING;
	return 0;
}

#endif
