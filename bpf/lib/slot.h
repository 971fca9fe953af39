/* SPDX-License-Identifier: GPL-2.0-only */
/* From an address to a slot: the number is in the address, the whole address is compared. */
#ifndef SIDECAR_SLOT_H
#define SIDECAR_SLOT_H

#include "ip.h"
#include "maps.h"

enum place {
	PLACE_ELSEWHERE, /* in none of our pools */
	PLACE_SLOT,	 /* of a live slot */
	PLACE_DEAD,	 /* in a pool, of no live slot */
};

struct slot_ref {
	const struct sc_slot *slot; /* set with PLACE_SLOT only */
	__u32 nr;		    /* SLOT_NONE otherwise */
	__u32 pool;		    /* key of map "asked"; not with PLACE_ELSEWHERE */
};

STAGE __u64 mask64(__u32 ones)
{
	if (ones >= 64)
		return ~0ull;
	return ones ? ~0ull << (64 - ones) : 0;
}

STAGE enum place slot_by_v6(const struct sc_pools *p, const void *addr, struct slot_ref *ret_ref)
{
	const word64 *a = addr;
	__u64 hi = bpf_be64_to_cpu(a[0]), lo = bpf_be64_to_cpu(a[1]);

	for (int i = 0; i < SC_MAX_POOLS; i++) {
		const struct sc_pool6 *pool = &p->v6[i];
		const word64 *base = (const void *)pool->addr;
		__u32 nr;

		if (!pool->len)
			return PLACE_ELSEWHERE;
		if ((hi ^ bpf_be64_to_cpu(base[0])) & mask64(pool->len))
			continue;
		if (pool->len > 64 && (lo ^ bpf_be64_to_cpu(base[1])) & mask64(pool->len - 64))
			continue;
		ret_ref->pool = i;
		nr = (__u32)(lo & ((1ull << (pool->slot_bits & 63)) - 1));
		ret_ref->slot = nr < sc_slots ? bpf_map_lookup_elem(&slots, &nr) : NULL;
		if (!ret_ref->slot || !(ret_ref->slot->flags & SC_SLOT_LIVE) ||
		    !addr6_eq(ret_ref->slot->v6, addr))
			return PLACE_DEAD;
		ret_ref->nr = nr;
		return PLACE_SLOT;
	}
	return PLACE_ELSEWHERE;
}

STAGE enum place slot_by_v4(const struct sc_pools *p, const void *addr, struct slot_ref *ret_ref)
{
	__be32 addr_be = *(const word32 *)addr;
	__u32 a = bpf_ntohl(addr_be);

	for (int i = 0; i < SC_MAX_POOLS; i++) {
		const struct sc_pool4 *pool = &p->v4[i];
		__u32 offset = a - bpf_ntohl(pool->addr), index, nr;
		const __u32 *nr_plus_1;

		if (!pool->len)
			return PLACE_ELSEWHERE;
		if (offset & (mask64(pool->len) >> 32))
			continue;
		ret_ref->pool = SC_MAX_POOLS + i;
		index = pool->first + offset;
		nr_plus_1 = bpf_map_lookup_elem(&slot4, &index);
		if (!nr_plus_1 || !*nr_plus_1)
			return PLACE_DEAD;
		nr = *nr_plus_1 - 1;
		ret_ref->slot = bpf_map_lookup_elem(&slots, &nr);
		if (!ret_ref->slot || !(ret_ref->slot->flags & SC_SLOT_LIVE) ||
		    ret_ref->slot->v4 != addr_be)
			return PLACE_DEAD;
		ret_ref->nr = nr;
		return PLACE_SLOT;
	}
	return PLACE_ELSEWHERE;
}

STAGE enum place slot_by_addr(bool v6, const void *addr, struct slot_ref *ret_ref)
{
	const struct sc_pools *p;
	__u32 zero = 0;

	ret_ref->slot = NULL;
	ret_ref->nr = SLOT_NONE;
	p = bpf_map_lookup_elem(&pools, &zero);
	if (!p)
		return PLACE_ELSEWHERE;
	return v6 ? slot_by_v6(p, addr, ret_ref) : slot_by_v4(p, addr, ret_ref);
}

/* Is this the slot's tunnel? While a key rotates the peer has both; WireGuard itself looks whether
 * a packet's source is its sender's. */
STAGE bool slot_has_wg(const struct sc_slot *slot, __u32 ifindex)
{
	return slot->wg_ifindex == ifindex || slot->flags & SC_SLOT_BOTH;
}

/* An address of either family in one form. */
STAGE struct sc_own_key own_key(bool v6, const void *addr)
{
	struct sc_own_key key = {};
	word32 *k = (void *)key.addr;

	if (v6) {
		addr6_copy(key.addr, addr);
	} else {
		k[2] = bpf_htonl(0xffff);
		k[3] = *(const word32 *)addr;
	}
	return key;
}

/* One of the relay's own addresses? */
STAGE bool own_has(bool v6, const void *addr)
{
	struct sc_own_key key = own_key(v6, addr);

	return bpf_map_lookup_elem(&own, &key);
}

/* The same for an address of a pool, where nearly always there is none: floods at what nobody has
 * are not to pay for the look-up. */
STAGE bool own_in_pool(bool v6, const void *addr)
{
	__u32 zero = 0;
	const struct sc_uplink *up = bpf_map_lookup_elem(&uplink, &zero);

	return up && up->own_in_pool && own_has(v6, addr);
}

#define NR_ELSEWHERE (-1 - PLACE_ELSEWHERE)
#define NR_DEAD (-1 - PLACE_DEAD)

/* Where only the number is wanted, a second look-up in one program. */
ONCE int sc_slot_nr(const struct sc_own_key *key)
{
	struct slot_ref ref;
	enum place place;
	const word32 *k;

	if (!key)
		return NR_ELSEWHERE;
	k = (const void *)key->addr;
	if (!k[0] && !k[1] && k[2] == bpf_htonl(0xffff))
		place = slot_by_addr(false, &k[3], &ref);
	else
		place = slot_by_addr(true, k, &ref);
	return place == PLACE_SLOT ? (int)ref.nr : -1 - (int)place;
}

#endif
