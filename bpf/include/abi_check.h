/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Both compilers read this, before anything else has read abi.h: they see the same layouts, none
 * of them with a hole. A number that has to change here is a new SC_ABI.
 */
#ifndef SIDECAR_ABI_CHECK_H
#define SIDECAR_ABI_CHECK_H

#ifdef SIDECAR_ABI_H
#error "abi_check.h has to come before abi.h"
#endif
#include <stddef.h>
#include <linux/types.h>
#pragma GCC diagnostic push
#pragma GCC diagnostic error "-Wpadded"
#include "abi.h"
#pragma GCC diagnostic pop
#include "drop.h"

#define SIZE(type, size) _Static_assert(sizeof(struct type) == (size), #type)
#define AT(type, field, at) _Static_assert(offsetof(struct type, field) == (at), #type "." #field)

_Static_assert(SC_ABI == 3, "layouts below are those of ABI 3");

SIZE(sc_pool6, 24);
AT(sc_pool6, len, 16);
AT(sc_pool6, slot_bits, 20);
SIZE(sc_pool4, 16);
AT(sc_pool4, len, 4);
AT(sc_pool4, first, 8);
SIZE(sc_pools, 320);
AT(sc_pools, v4, 192);
SIZE(sc_uplink, 12);
AT(sc_uplink, mac, 4);
AT(sc_uplink, own_in_pool, 10);
SIZE(sc_slot, 64);
AT(sc_slot, generation, 4);
AT(sc_slot, v6, 8);
AT(sc_slot, v4, 24);
AT(sc_slot, account, 28);
AT(sc_slot, wg_ifindex, 32);
AT(sc_slot, vrf_ifindex, 36);
AT(sc_slot, class_minor, 40);
AT(sc_slot, mtu, 44);
AT(sc_slot, in_byte_ps, 48);
AT(sc_slot, in_packet_ns, 52);
AT(sc_slot, scan_ns, 56);
AT(sc_slot, pace_byte_ps, 60);
SIZE(sc_pace, 16);
AT(sc_pace, up_ns, 8);
SIZE(sc_scan, 72);
AT(sc_scan, tag, 8);
SIZE(sc_source, 8);
SIZE(sc_rule, 24);
AT(sc_rule, addr_len, 16);
AT(sc_rule, proto, 17);
AT(sc_rule, flags, 18);
AT(sc_rule, port_min, 20);
AT(sc_rule, port_max, 22);
SIZE(sc_firewall, 4 + 24 * 16);
AT(sc_firewall, rule, 4);
SIZE(sc_flow, 28);
AT(sc_flow, generation, 4);
AT(sc_flow, remote, 8);
AT(sc_flow, remote_port, 24);
AT(sc_flow, local_port, 26);
SIZE(sc_own_key, 16);
SIZE(sc_counters, 64);
AT(sc_counters, up_bytes, 8);
AT(sc_counters, down_packets, 16);
AT(sc_counters, down_bytes, 24);
AT(sc_counters, drop_packets, 32);
AT(sc_counters, drop_bytes, 40);
AT(sc_counters, last_up_ns, 48);
AT(sc_counters, outside_packets, 56);
SIZE(sc_monitor, 8);
SIZE(sc_sampler, 16);
AT(sc_sampler, n, 8);
SIZE(sc_event, 88);
AT(sc_event, reason, 8);
AT(sc_event, slot, 12);
AT(sc_event, len, 16);
AT(sc_event, head_len, 20);
AT(sc_event, head, 24);
SIZE(sc_meta, 16);
AT(sc_meta, slots, 4);
AT(sc_meta, cpus, 8);
_Static_assert(SC_DROP_MAX == 32, "entries of map drops");

#undef SIZE
#undef AT

#endif
