/* SPDX-License-Identifier: GPL-2.0-only */
/* All maps, named and laid out as abi.h says, and the switches set when the programs are loaded. */
#ifndef SIDECAR_MAPS_H
#define SIDECAR_MAPS_H

#include "base.h"

/* Load-time constants: the verifier removes what they switch off. */
const volatile __u32 sc_slots = SC_SLOTS_DEFAULT;
const volatile __u16 sc_wg_port[2] = {}; /* host order */
const volatile bool sc_answer_ndp = false;
/* The kernel gives the answers, by its own proxy entries: solicitations are checked and left to it.
 */
const volatile bool sc_kernel_answers = false;
const volatile bool sc_hairpin_deny = false;
const volatile bool sc_isolation_account = false;
const volatile bool sc_pace = false;	  /* shaper: edt */
const volatile __u32 sc_handshake_ns = 0; /* each initiation of a source, 0 = no limit */
/* Where the IP header starts on the tunnel devices. They have no link layer: 0. Test runs of the
 * kernel always give an Ethernet header: 14. */
const volatile __u32 sc_wg_l2_len = 0;

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, struct sc_meta);
} meta SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, struct sc_pools);
} pools SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, struct sc_uplink);
} uplink SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, 2);
	__type(key, __u32);
	__type(value, struct bpf_redir_neigh);
} gateway SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(map_flags, BPF_F_MMAPABLE);
	__uint(max_entries, SC_SLOTS_DEFAULT); /* the loader sets it */
	__type(key, __u32);
	__type(value, struct sc_slot);
} slots SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, SC_POOL4_MAX_ADDRS);
	__type(key, __u32);
	__type(value, __u32);
} slot4 SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, SC_MAX_OWN);
	__type(key, struct sc_own_key);
	__type(value, __u32);
} own SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(map_flags, BPF_F_MMAPABLE);
	__uint(max_entries, SC_SLOTS_DEFAULT); /* the loader sets it: (cpus + 1) * slots */
	__type(key, __u32);
	__type(value, struct sc_counters);
} counters SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__uint(max_entries, 2 * SC_MAX_POOLS);
	__type(key, __u32);
	__type(value, __u64);
} asked SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__uint(max_entries, SC_DROP_MAX);
	__type(key, __u32);
	__type(value, __u64);
} drops SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, SC_SLOTS_DEFAULT); /* the loader sets it */
	__type(key, __u32);
	__type(value, __u64);
} ceiling SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, SC_SLOTS_DEFAULT); /* the loader sets it */
	__type(key, __u32);
	__type(value, struct sc_pace);
} pace SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, SC_SLOTS_DEFAULT); /* the loader sets it */
	__type(key, __u32);
	__type(value, struct sc_scan);
} scan SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_LRU_HASH);
	__uint(max_entries, SC_MAX_HANDSHAKE_SOURCES);
	__type(key, struct sc_source);
	__type(value, __u64);
} handshakes SEC(".maps");

/* An entry is replaced as a whole: a packet meets the old rules or the new ones. */
struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(map_flags, BPF_F_NO_PREALLOC);
	__uint(max_entries, SC_SLOTS_DEFAULT); /* the loader sets it */
	__type(key, __u32);
	__type(value, struct sc_firewall);
} firewall SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_LRU_HASH);
	__uint(max_entries, SC_MAX_REPLIES);
	__type(key, struct sc_flow);
	__type(value, __u64);
} replies SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(map_flags, BPF_F_MMAPABLE);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, struct sc_monitor);
} monitor SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, struct sc_sampler);
} sampler SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_RINGBUF);
	__uint(max_entries, SC_EVENTS_BYTES);
} events SEC(".maps");

#endif
