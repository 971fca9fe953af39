/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Layout 1, frozen as it was. Nothing but a test of what takes it over includes this; it never
 * changes. Drop reasons were 1 to 10 of those in bpf/include/drop.h.
 */
#ifndef SELFTESTS_ABI_V1_H
#define SELFTESTS_ABI_V1_H

#include <linux/types.h>

#define V1_ABI 1 /* also the last part of V1_PIN_DIR_ABI */
#define V1_PIN_DIR "/sys/fs/bpf/sidecar"
#define V1_PIN_DIR_ABI V1_PIN_DIR "/v1" /* maps, programs' links */

#define V1_MAX_POOLS 8 /* per family; more: the configuration is refused */
#define V1_SLOTS_DEFAULT 16384
#define V1_SLOTS_MAX 131072
#define V1_POOL4_MAX_ADDRS 65536 /* all IPv4 pools together */
#define V1_MAX_OWN 64		 /* the relay's own addresses; more: refused at start */

/* The MAC of every VRF device: the Ethernet header pushed before the redirect carries it. */
#define V1_VRF_MAC {0x02, 0x53, 0x43, 0x00, 0x00, 0x01}

/* skb->mark of packets that passed our hooks: high byte says which, the rest is the HTB minor. */
#define V1_MARK_MASK 0xff000000
#define V1_MARK_UP 0x5c000000	/* from a tunnel, source checked */
#define V1_MARK_DOWN 0x5d000000 /* from the uplink to a live slot, left to the stack */
#define V1_MARK_CLASS 0x0000ffff

#define V1_HTB_MAJOR 0x00010000u /* class id = 1:minor on wg0, wg1 and the uplink */

/* Map "pools": one element. Unused entries have len 0. */
struct v1_pool6 {
	__u8 addr[16];
	__u32 len;	 /* prefix length */
	__u32 slot_bits; /* low bits of the address that hold the slot, 14..32 */
};

struct v1_pool4 {
	__be32 addr;
	__u32 len;
	__u32 first; /* index of its first address in map "slot4" */
	__u32 pad;
};

struct v1_pools {
	struct v1_pool6 v6[V1_MAX_POOLS];
	struct v1_pool4 v4[V1_MAX_POOLS];
};

/* Map "uplink": one element, written when the programs are attached there. */
struct v1_uplink {
	__u32 ifindex;
	__u8 mac[6];
	__u8 pad[2];
};

/* Map "slots": mmap-able array indexed by slot. */
#define V1_SLOT_LIVE 0x1u

struct v1_slot {
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
struct v1_own_key {
	__u8 addr[16]; /* IPv4 as ::ffff:a.b.c.d */
};

/* Map "counters": mmap-able array, index = cpu * slots + slot. Bytes are of IP packets as they
 * leave or enter the wire: after GRO, every segment's headers are counted. */
struct v1_counters {
	__u64 up_packets; /* from the container */
	__u64 up_bytes;
	__u64 down_packets; /* to the container */
	__u64 down_bytes;
	__u64 drop_packets; /* of this slot, all reasons */
	__u64 drop_bytes;
	__u64 last_up_ns; /* CLOCK_MONOTONIC of the last packet from the container */
	__u64 pad;
};

/* Map "drops": per-CPU array by enum v1_drop (drop.h), packets. */

/* Map "meta": one element, compared by the loader before it adopts anything. */
struct v1_meta {
	__u32 abi;
	__u32 slots;
	__u32 cpus;
	__u32 pad;
};

#endif
