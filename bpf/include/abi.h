/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What the kernel programs and user space agree on: map names and layouts. Fixed-width types,
 * explicit padding; sizes and offsets are asserted in abi_check.h by both compilers. A changed
 * layout gets a new SC_ABI; old ones stay frozen in selftests/abi.
 */
#ifndef SIDECAR_ABI_H
#define SIDECAR_ABI_H

#include <linux/types.h>

#define SC_ABI 1 /* also the last part of SC_PIN_DIR_ABI */
#define SC_PIN_DIR "/sys/fs/bpf/sidecar"
#define SC_PIN_DIR_ABI SC_PIN_DIR "/v1" /* maps, programs' links */

#define SC_MAX_POOLS 8 /* per family; more: the configuration is refused */
#define SC_SLOTS_DEFAULT 16384
#define SC_SLOTS_MAX 131072
#define SC_POOL4_MAX_ADDRS 65536 /* all IPv4 pools together */
#define SC_MAX_OWN 64		 /* the relay's own addresses; more: refused at start */

/* The MAC of every VRF device: the Ethernet header pushed before the redirect carries it. */
#define SC_VRF_MAC {0x02, 0x53, 0x43, 0x00, 0x00, 0x01}

/* skb->mark of packets that passed our hooks: high byte says which, the rest is the HTB minor. */
#define SC_MARK_MASK 0xff000000
#define SC_MARK_UP 0x5c000000	/* from a tunnel, source checked */
#define SC_MARK_DOWN 0x5d000000 /* from the uplink to a live slot, left to the stack */
#define SC_MARK_CLASS 0x0000ffff

#define SC_HTB_MAJOR 0x00010000u /* class id = 1:minor on wg0, wg1 and the uplink */

/* Map "pools": one element. Unused entries have len 0. */
struct sc_pool6 {
	__u8 addr[16];
	__u32 len;	 /* prefix length */
	__u32 slot_bits; /* low bits of the address that hold the slot, 14..32 */
};

struct sc_pool4 {
	__be32 addr;
	__u32 len;
	__u32 first; /* index of its first address in map "slot4" */
	__u32 pad;
};

struct sc_pools {
	struct sc_pool6 v6[SC_MAX_POOLS];
	struct sc_pool4 v4[SC_MAX_POOLS];
};

/* Map "uplink": one element, written when the programs are attached there. */
struct sc_uplink {
	__u32 ifindex;
	__u8 mac[6];
	__u8 pad[2];
};

/* Map "slots": mmap-able array indexed by slot. */
#define SC_SLOT_LIVE 0x1u

struct sc_slot {
	__u32 flags;
	__u32 generation;
	__u8 v6[16];
	__be32 v4; /* 0 = none */
	__u32 account;
	__u32 wg_ifindex;
	__u32 vrf_ifindex;
	__u32 class_minor; /* HTB class, 0 = unshaped */
	__u32 mtu;	   /* of the tunnel: longer packets go to the stack */
	__u32 pad[4];
};

/* Map "slot4": array, index of an IPv4 pool address -> slot + 1, 0 = none. */

/* Map "own": hash (value: __u32 1), the relay's own addresses: not reachable through a tunnel, and
 * left to the stack when they lie in a pool. */
struct sc_own_key {
	__u8 addr[16]; /* IPv4 as ::ffff:a.b.c.d */
};

/* Map "counters": mmap-able array, index = cpu * slots + slot. Bytes are of IP packets as they
 * leave or enter the wire: after GRO, every segment's headers are counted. */
struct sc_counters {
	__u64 up_packets; /* from the container */
	__u64 up_bytes;
	__u64 down_packets; /* to the container */
	__u64 down_bytes;
	__u64 drop_packets; /* of this slot, all reasons */
	__u64 drop_bytes;
	__u64 last_up_ns; /* CLOCK_MONOTONIC of the last packet from the container */
	__u64 pad;
};

/* Map "drops": per-CPU array by enum sc_drop (drop.h), packets. */

/* Map "meta": one element, compared by the loader before it adopts anything. */
struct sc_meta {
	__u32 abi;
	__u32 slots;
	__u32 cpus;
	__u32 pad;
};

#endif
