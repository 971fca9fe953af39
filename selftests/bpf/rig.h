/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A loaded data plane with a few slots, to run its programs on frames without any traffic.
 *
 *	slot  IPv6			      IPv4	     account  tunnel  class  MTU
 *	3     2001:db8:5:0:abcd:ef01:2340:3   198.51.100.66  9	      wg0     7	     1420
 *	4     2001:db8:5:0:1111:2222:3330:4   -		     9	      wg1     0	     1280
 *	5     2001:db8:6:0:a:bbbb:cccc:c005   192.0.2.1	     10	      wg0     8	     1420
 *	6     2001:db8:5:0:6666:6666:6660:6   192.0.2.2	     11	      wg0     9	     1420   closed
 *
 *	The relay itself: 2001:db8:5::1 and 192.0.2.14 (both in pools), 2001:db8:aa::1, 203.0.113.10
 */
#ifndef SELFTESTS_BPF_RIG_H
#define SELFTESTS_BPF_RIG_H

#include <linux/bpf.h>
#include "env.h"
#include "pkt.h"

#define RIG_MAC "02:00:00:00:00:0a"  /* of the uplink */
#define RIG_PEER "02:00:00:00:00:0b" /* a neighbour */
#define SLOT3_V6 "2001:db8:5:0:abcd:ef01:2340:3"
#define SLOT3_V4 "198.51.100.66"
#define SLOT4_V6 "2001:db8:5:0:1111:2222:3330:4"
#define SLOT5_V6 "2001:db8:6:0:a:bbbb:cccc:c005"
#define SLOT5_V4 "192.0.2.1"
#define SLOT6_V6 "2001:db8:5:0:6666:6666:6660:6"
#define SLOT6_V4 "192.0.2.2"

struct rig {
	struct dp *dp;
	struct dp_conf conf;
	char pin_dir[ENV_PIN_DIR_LEN];
	uint32_t up, wg0, wg1, vrf;
};

enum rig_prog {
	RIG_UPLINK_XDP,
	RIG_UPLINK_SKB,
	RIG_UPLINK_TC,
	RIG_UPLINK_IN,
	RIG_UPLINK_OUT,
	RIG_WG_IN,
	RIG_WG_OUT,
};

struct rig_result {
	int verdict; /* XDP_* or TC_ACT_* */
	struct pkt out;
	struct __sk_buff skb; /* tc: as the program left it */
	int reason;	      /* enum sc_drop whose counter moved, 0 = none */
	uint64_t dropped;     /* by how much */
};

/* Makes the devices: once per test program, after env_enter(). */
void rig_devices(void);
/* Loads with conf (from rig_conf(), changed as needed) and fills slots and own addresses. */
void rig_conf(struct rig *rig);
void rig_open(struct rig *rig);
void rig_close(struct rig *rig);
void rig_slot(struct rig *rig, uint32_t nr, const char *v6, const char *v4, struct sc_slot slot);

/* skb: fields that the kernel lets a test set (ifindex, mark, gso_*); NULL = XDP or all zero. */
void rig_run(struct rig *rig, enum rig_prog prog, const struct pkt *in, const struct __sk_buff *skb,
	     struct rig_result *ret_result);
/* The kernel's test run refuses such a frame: shorter than its Ethernet header, or (tc) than the IP
 * header that its type promises. */
size_t rig_min_len(enum rig_prog prog, const struct pkt *whole);
/* Compares all bytes; on a difference prints both frames and fails. */
void rig_same(const char *name, const struct pkt *have, const struct pkt *want);

#endif
