/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What the kernel programs and user space agree on: map names and layouts. Fixed-width types,
 * explicit padding; sizes and offsets are asserted in abi_check.h by both compilers. A changed
 * layout gets a new SC_ABI; old ones stay frozen in selftests/abi. A map that is added changes
 * none: who finds it missing makes it, and empty it means what was before it.
 */
#ifndef SIDECAR_ABI_H
#define SIDECAR_ABI_H

#include <linux/types.h>

#define SC_ABI 3 /* also the last part of SC_PIN_DIR_ABI */
#define SC_PIN_DIR "/sys/fs/bpf/sidecar"
#define SC_PIN_DIR_ABI SC_PIN_DIR "/v3" /* maps, programs' links */

#define SC_MAX_POOLS 8 /* per family; more: the configuration is refused */
#define SC_SLOTS_DEFAULT 16384
#define SC_SLOTS_MAX 131072
#define SC_POOL4_MAX_ADDRS 65536 /* all IPv4 pools together */
#define SC_MAX_OWN 64		 /* the relay's own addresses; more: refused at start */

/* The MAC of every VRF device: the Ethernet header pushed before the redirect carries it. */
#define SC_VRF_MAC {0x02, 0x53, 0x43, 0x00, 0x00, 0x01}

/* skb->mark of packets that passed our hooks: high byte says which, the rest is the HTB minor; with
 * shaper: edt, of those from a tunnel, the slot. */
#define SC_MARK_MASK 0xff000000
#define SC_MARK_UP 0x5c000000	/* from a tunnel, source checked */
#define SC_MARK_DOWN 0x5d000000 /* from the uplink to a live slot */
#define SC_MARK_ECHO 0x5e000000 /* an answer of the echo below */
#define SC_MARK_CLASS 0x0000ffff
#define SC_MARK_SLOT 0x00ffffff

/* The tunnel's far end answers UDP datagrams as RFC 862 says: sent back as they are, to the peer
 * they came from. With it an agent finds out what its path carries. Nobody else has these
 * addresses; they are on no device. */
#define SC_ECHO_PORT 7
#define SC_ECHO_V6 {0xfe, 0x80, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1}
#define SC_ECHO_V4 {169, 254, 0, 1}

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
	__u8 own_in_pool; /* 0: no address in map "own" lies in a pool */
	__u8 pad;
};

/* Map "gateway": array, 0 = of IPv4 packets, 1 = of IPv6 packets: the uplink's router, struct
 * bpf_redir_neigh of linux/bpf.h (nh_family is the router's own); nh_family 0 = not known. */

/* Map "slots": mmap-able array indexed by slot, one cache line each: a second one would double the
 * pages that 100,000 slots lie on. What the kernel writes is in maps of its own. */
#define SC_SLOT_LIVE 0x1u
#define SC_SLOT_SMTP 0x2u     /* may open connections to port 25 */
#define SC_SLOT_FIREWALL 0x4u /* has an entry in map "firewall": without it, all is refused */
#define SC_SLOT_BOTH 0x8u     /* its key rotates: either device of the pair is right */

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
	/* Abuse ceiling of what comes from the uplink: a packet costs the larger of the two. */
	__u32 in_byte_ps;   /* picoseconds a byte, 0 = no limit */
	__u32 in_packet_ns; /* nanoseconds a packet, 0 = no limit */
	__u32 scan_ns;	    /* each new destination of a connection, 0 = no limit */
	__u32 pace_byte_ps; /* shaper edt, each direction: picoseconds a byte, 0 = unshaped */
};

/* Map "ceiling": array indexed by slot, __u64: when (CLOCK_MONOTONIC, ns) all that came is paid. */
#define SC_CEILING_BURST_NS 250000000ull

/* Map "pace": array indexed by slot: when the next packet may leave (CLOCK_MONOTONIC). What would
 * have to wait longer than the horizon is dropped. */
#define SC_PACE_HORIZON_NS 200000000ull

struct sc_pace {
	__u64 down_ns;
	__u64 up_ns;
};

/* Map "scan": array indexed by slot. Which destinations were seen of late: one tag for each of 32
 * classes of them; another tag in its place is a new destination. */
#define SC_SCAN_TAGS 32
#define SC_SCAN_BURST_NS 5000000000ull

struct sc_scan {
	__u64 paid_ns; /* as in map "ceiling" */
	__u16 tag[SC_SCAN_TAGS];
};

/* Map "handshakes": LRU hash, value as in map "ceiling": handshake initiations by source, IPv6
 * by /64, IPv4 by /24 (as 0:ffff:a.b.c.0). Full: the source unheard of for longest is forgotten. */
#define SC_MAX_HANDSHAKE_SOURCES 16384
#define SC_HANDSHAKE_BURST_NS 4000000000ull

struct sc_source {
	__u8 prefix[8];
};

/*
 * Map "firewall": hash by slot. The first rule that matches decides, none: open. Of TCP only the
 * first packet of a connection is judged (SYN without ACK), of ICMP neither errors nor echo
 * replies, of fragments the first one. A UDP packet that is refused passes all the same within
 * SC_REPLY_NS of an allowed one the other way (map "replies": LRU hash, value: when).
 */
#define SC_MAX_RULES 16
#define SC_MAX_REPLIES 65536
#define SC_REPLY_NS 120000000000ull

#define SC_RULE_IN 0x1u /* from outside to the container */
#define SC_RULE_OUT 0x2u
#define SC_RULE_ALLOW 0x4u /* else deny */
#define SC_RULE_PROTO 0x8u /* proto is to be the same; 1 stands for ICMP of both families */

struct sc_rule {
	__u8 addr[16]; /* of the other end; IPv4 as ::ffff:a.b.c.d */
	__u8 addr_len; /* prefix length, 0 = any; of IPv4 + 96 */
	__u8 proto;
	__u8 flags;
	__u8 pad;
	__u16 port_min; /* the packet's destination port, host order; TCP, UDP, SCTP */
	__u16 port_max; /* 0 to 65535: whatever it is, also where there are no ports */
};

struct sc_firewall {
	__u32 n;
	struct sc_rule rule[SC_MAX_RULES];
};

struct sc_flow {
	__u32 slot;
	__u32 generation;
	__u8 remote[16];
	__be16 remote_port;
	__be16 local_port;
};

/* Map "slot4": array, index of an IPv4 pool address -> slot + 1, 0 = none. */

/* Map "own": hash (value: __u32 1), the relay's own addresses: not reachable through a tunnel, and
 * left to the stack when they lie in a pool. */
struct sc_own_key {
	__u8 addr[16]; /* IPv4 as ::ffff:a.b.c.d */
};

/* Map "counters": mmap-able array, index = cpu * slots + slot; behind the last CPU's one more
 * stripe that user space writes (what an earlier layout had counted). Bytes are of IP packets as
 * they leave or enter the wire: after GRO, every segment's headers are counted. */
struct sc_counters {
	__u64 up_packets; /* from the container */
	__u64 up_bytes;
	__u64 down_packets; /* to the container */
	__u64 down_bytes;
	__u64 drop_packets; /* of this slot, all reasons */
	__u64 drop_bytes;
	__u64 last_up_ns;      /* CLOCK_MONOTONIC of the last packet from the container */
	__u64 outside_packets; /* of down_packets: those that came from the uplink */
};

/* Map "asked": per-CPU array by pool (IPv4: + SC_MAX_POOLS), __u64: neighbour solicitations and ARP
 * requests for addresses of the pool that are not the relay's own. */

/* Map "drops": per-CPU array by enum sc_drop (drop.h), packets. */

/* Map "monitor": mmap-able array, one element: drops are reported until then. */
struct sc_monitor {
	__u64 until_ns; /* CLOCK_MONOTONIC */
};

/* Map "sampler": per-CPU array, one element: of each CPU's drops in a window, so many are reported
 * at most. */
#define SC_EVENTS_WINDOW_NS 100000000ull
#define SC_EVENTS_PER_WINDOW 32

struct sc_sampler {
	__u64 window_ns; /* its start */
	__u64 n;
};

/* Map "events": ring buffer. Full: events are lost, counters are not. */
#define SC_EVENTS_BYTES 262144
#define SC_EVENT_HEAD 64

struct sc_event {
	__u64 time_ns; /* CLOCK_MONOTONIC */
	__u32 reason;  /* enum sc_drop */
	__u32 slot;    /* 0xffffffff = none */
	__u32 len;     /* of the packet, from its IP header on */
	__u32 head_len;
	__u8 head[SC_EVENT_HEAD]; /* first bytes from the IP header on; of ARP from that on */
};

/* Map "meta": one element, compared by the loader before it adopts anything. */
struct sc_meta {
	__u32 abi;
	__u32 slots;
	__u32 cpus;
	__u32 pad;
};

#endif
