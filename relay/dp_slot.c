/* SPDX-License-Identifier: GPL-2.0-only */
/* Slots and own addresses. The kernel reads a slot while it is written here: order matters. */
#include "dp_impl.h"

#include <arpa/inet.h>
#include <errno.h>
#include <string.h>
#include "sidecar.skel.h"

static bool prefix_fits(const uint8_t *addr, const uint8_t *prefix, uint32_t len)
{
	uint32_t bytes = len / 8, bits = len % 8;

	if (memcmp(addr, prefix, bytes))
		return false;
	return !bits || !((addr[bytes] ^ prefix[bytes]) >> (8 - bits));
}

/* The number that an address of our pools carries. */
static int slot_of_v6(const struct dp *dp, const uint8_t v6[static 16], uint32_t *ret_slot)
{
	uint32_t low;

	for (int i = 0; i < SC_MAX_POOLS; i++) {
		const struct sc_pool6 *pool = &dp->conf.pools.v6[i];

		if (!pool->len || !prefix_fits(v6, pool->addr, pool->len))
			continue;
		memcpy(&low, v6 + 12, sizeof(low));
		*ret_slot = ntohl(low) & (uint32_t)((UINT64_C(1) << pool->slot_bits) - 1);
		return 0;
	}
	return -ENOENT;
}

static int index_of_v4(const struct dp *dp, __be32 v4, uint32_t *ret_index)
{
	for (int i = 0; i < SC_MAX_POOLS; i++) {
		const struct sc_pool4 *pool = &dp->conf.pools.v4[i];
		uint32_t offset = ntohl(v4) - ntohl(pool->addr);

		if (!pool->len || offset >> (32 - pool->len))
			continue;
		*ret_index = pool->first + offset;
		return 0;
	}
	return -ENOENT;
}

int dp_slot_get(struct dp *dp, uint32_t slot, struct sc_slot *ret_slot)
{
	if (slot >= dp->conf.slots)
		return -ERANGE;
	*ret_slot = dp->slots[slot];
	return 0;
}

static int slot_check(struct dp *dp, uint32_t slot, const struct sc_slot *value, struct err *err)
{
	static const uint8_t none[16];
	uint32_t carried, index;

	if (slot >= dp->conf.slots)
		return err_set(err, -ERANGE, "slot %u: there are %u", slot, dp->conf.slots);
	if (!(value->flags & SC_SLOT_LIVE))
		return 0;
	if (memcmp(value->v6, none, sizeof(none)) &&
	    (slot_of_v6(dp, value->v6, &carried) || carried != slot))
		return err_set(err, -EINVAL, "slot %u: its IPv6 address carries another slot",
			       slot);
	if (value->v4 && index_of_v4(dp, value->v4, &index))
		return err_set(err, -EINVAL, "slot %u: its IPv4 address is in no pool", slot);
	if (value->flags & SC_SLOT_FIREWALL && !dp_firewall_get(dp, slot, NULL))
		return err_set(err, -EINVAL, "slot %u: its firewall rules are not there", slot);
	if (!value->wg_ifindex || !value->vrf_ifindex)
		return err_set(err, -EINVAL, "slot %u: live, but without devices", slot);
	return 0;
}

static int slot4_set(struct dp *dp, __be32 v4, uint32_t slot_plus_1, struct err *err)
{
	uint32_t index;
	int r;

	if (!v4 || index_of_v4(dp, v4, &index))
		return 0; /* none, or of a pool that is configured no more */
	r = bpf_map_update_elem(bpf_map__fd(dp->skel->maps.slot4), &index, &slot_plus_1, BPF_ANY);
	return r ? err_sys(err, r, "map slot4") : 0;
}

/* Only while the entry is still this slot's: the address may have gone on to another one. */
static int slot4_clear(struct dp *dp, __be32 v4, uint32_t slot, struct err *err)
{
	uint32_t index, have;

	if (!v4 || index_of_v4(dp, v4, &index) ||
	    bpf_map_lookup_elem(bpf_map__fd(dp->skel->maps.slot4), &index, &have) ||
	    have != slot + 1)
		return 0;
	return slot4_set(dp, v4, 0, err);
}

static bool same_owner(const struct sc_slot *a, const struct sc_slot *b)
{
	return !((a->flags ^ b->flags) & SC_SLOT_LIVE) && a->generation == b->generation &&
	       a->v4 == b->v4 && a->account == b->account && !memcmp(a->v6, b->v6, sizeof(a->v6));
}

/* A slot that stays with its owner is never closed meanwhile; its words change one by one. */
static void slot_write(struct sc_slot *to, const struct sc_slot *value)
{
	if (!same_owner(to, value)) {
		__atomic_store_n(&to->flags, 0, __ATOMIC_SEQ_CST);
		memcpy(to->v6, value->v6, sizeof(to->v6));
		to->generation = value->generation;
		to->v4 = value->v4;
		to->account = value->account;
	}
	__atomic_store_n(&to->vrf_ifindex, value->vrf_ifindex, __ATOMIC_RELEASE);
	__atomic_store_n(&to->class_minor, value->class_minor, __ATOMIC_RELEASE);
	__atomic_store_n(&to->mtu, value->mtu, __ATOMIC_RELEASE);
	__atomic_store_n(&to->in_byte_ps, value->in_byte_ps, __ATOMIC_RELEASE);
	__atomic_store_n(&to->in_packet_ns, value->in_packet_ns, __ATOMIC_RELEASE);
	__atomic_store_n(&to->scan_ns, value->scan_ns, __ATOMIC_RELEASE);
	__atomic_store_n(&to->pace_byte_ps, value->pace_byte_ps, __ATOMIC_RELEASE);
	__atomic_store_n(&to->wg_ifindex, value->wg_ifindex, __ATOMIC_RELEASE);
	__atomic_store_n(&to->flags, value->flags, __ATOMIC_SEQ_CST);
}

/* Rules are replaced by the caller, remembered answers carry the generation. */
static int slot_forget(struct dp *dp, uint32_t slot, struct err *err)
{
	static const struct sc_scan no_scan;
	static const struct sc_pace no_pace;
	static const __u64 no_debt;
	int r;

	__atomic_store_n(&dp->slots[slot].flags, 0, __ATOMIC_SEQ_CST);
	dp_counters_reset(dp, slot);
	r = bpf_map_update_elem(bpf_map__fd(dp->skel->maps.ceiling), &slot, &no_debt, BPF_ANY);
	if (!r)
		r = bpf_map_update_elem(bpf_map__fd(dp->skel->maps.scan), &slot, &no_scan, BPF_ANY);
	if (!r)
		r = bpf_map_update_elem(bpf_map__fd(dp->skel->maps.pace), &slot, &no_pace, BPF_ANY);
	return r ? err_sys(err, r, "slot %u: its former owner's state", slot) : 0;
}

int dp_slot_set(struct dp *dp, uint32_t slot, const struct sc_slot *value, struct err *err)
{
	struct sc_slot *to;
	__be32 old_v4;
	int r = slot_check(dp, slot, value, err);

	if (r)
		return r;
	to = &dp->slots[slot];
	old_v4 = to->v4;
	if (value->flags & SC_SLOT_LIVE &&
	    (to->generation != value->generation || to->account != value->account))
		r = slot_forget(dp, slot, err);
	if (r)
		return r;
	slot_write(to, value);
	if (value->flags & SC_SLOT_LIVE)
		r = slot4_set(dp, value->v4, slot + 1, err);
	if (!r && (old_v4 != value->v4 || !(value->flags & SC_SLOT_LIVE)))
		r = slot4_clear(dp, old_v4, slot, err);
	if (!r && !(value->flags & SC_SLOT_FIREWALL))
		r = dp_firewall_set(dp, slot, NULL, err);
	return r;
}

static bool in_pool(const struct dp *dp, const struct sc_own_key *key)
{
	static const uint8_t mapped[12] = {[10] = 0xff, [11] = 0xff};
	uint32_t nr;
	__be32 v4;

	if (memcmp(key->addr, mapped, sizeof(mapped)))
		return !slot_of_v6(dp, key->addr, &nr);
	memcpy(&v4, key->addr + 12, sizeof(v4));
	return !index_of_v4(dp, v4, &nr);
}

int dp_own_mark(struct dp *dp, const struct sc_own_key *keys, size_t n, struct err *err)
{
	int own = bpf_map__fd(dp->skel->maps.own), fd = bpf_map__fd(dp->skel->maps.uplink), r;
	struct sc_own_key key, *at = NULL;
	struct sc_uplink up;
	uint32_t zero = 0;
	bool any = false;

	for (size_t i = 0; i < n && !any; i++)
		any = in_pool(dp, &keys[i]);
	for (size_t i = 0; i < SC_MAX_OWN && !any && !bpf_map_get_next_key(own, at, &key); i++) {
		any = in_pool(dp, &key);
		at = &key;
	}
	r = bpf_map_lookup_elem(fd, &zero, &up);
	if (!r && up.own_in_pool != any) {
		up.own_in_pool = any;
		r = bpf_map_update_elem(fd, &zero, &up, BPF_ANY);
	}
	return r ? err_sys(err, r, "map uplink") : 0;
}

/* An address that stays is never missing meanwhile. */
int dp_own_set(struct dp *dp, const struct sc_own_key *keys, size_t n, struct err *err)
{
	int fd = bpf_map__fd(dp->skel->maps.own), r;
	struct sc_own_key old[SC_MAX_OWN];
	struct sc_own_key *at = NULL;
	uint32_t one = 1;
	size_t n_old = 0;

	r = dp_own_mark(dp, keys, n, err);
	if (r)
		return r;
	while (n_old < ARRAY_SIZE(old) && !bpf_map_get_next_key(fd, at, &old[n_old]))
		at = &old[n_old++];
	for (size_t i = 0; i < n_old; i++) {
		bool stays = false;

		for (size_t k = 0; k < n && !stays; k++)
			stays = !memcmp(&old[i], &keys[k], sizeof(old[i]));
		if (!stays)
			bpf_map_delete_elem(fd, &old[i]);
	}
	for (size_t i = 0; i < n; i++) {
		r = bpf_map_update_elem(fd, &keys[i], &one, BPF_ANY);
		if (r == -E2BIG)
			return err_set(err, r, "%zu own addresses, at most %d", n, SC_MAX_OWN);
		if (r)
			return err_sys(err, r, "map own");
	}
	return dp_own_mark(dp, NULL, 0, err);
}
