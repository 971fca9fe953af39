/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Kernel state of peers as plain, sorted arrays. Wanted state (built from peers by kstate_want())
 * and observed state (kernel dumps, observe.c) are the same struct, so that plan.c only compares.
 * Devices are named by what they are for, never by interface index.
 */
#ifndef RELAY_KSTATE_H
#define RELAY_KSTATE_H

#include <stdbool.h>
#include <stddef.h>
#include "conf.h"
#include "peer.h"

#define KSTATE_RTPROT 92	     /* rtm_protocol of every route we make */
#define KSTATE_MAIN 254		     /* RT_TABLE_MAIN */
#define KSTATE_TABLE_PEER 100000     /* + slot: isolation peer */
#define KSTATE_TABLE_ACCOUNT 1000000 /* + account: isolation account */
#define KSTATE_NH4 0x5c04	     /* next hop objects: the uplink's gateways */
#define KSTATE_NH6 0x5c06
/* Abuse ceiling of what the internet may send to a shaped peer: so many times its ceil, at least
 * that much, in packets of that length. Far above what TCP needs in a burst; the shaper is another
 * thing.
 */
#define KSTATE_ABUSE_FACTOR 4
#define KSTATE_ABUSE_MIN_KBPS 100000
#define KSTATE_ABUSE_PACKET_BYTES 128
#define KSTATE_PACE_MIN_KBPS 8 /* as an HTB class */
#define KSTATE_UNREACHABLE_METRIC 0xff000000u

/* Where a route leads. */
enum kroute_to { KROUTE_WG0, KROUTE_WG1, KROUTE_GATEWAY, KROUTE_UNREACHABLE };

struct kvrf {
	uint32_t table;
};

struct kroute {
	uint32_t table;
	uint16_t family;
	uint8_t dst_len;
	struct addr6 dst; /* v4 in its first bytes, the rest zero */
	uint32_t metric;
	enum kroute_to to;
	uint32_t mtu; /* 0 = the device's */
};

struct kwg_peer {
	uint32_t wg;
	uint8_t public_key[KEY_LEN];
	uint8_t psk[KEY_LEN];
	struct addr6 v6;
	struct addr4 v4;
	struct endpoint endpoint; /* not compared: only for a peer that is new */
};

struct kslot {
	uint32_t slot;
	uint32_t generation;
	struct addr6 v6;
	struct addr4 v4;
	uint32_t account;
	uint32_t wg;
	uint32_t table; /* of its VRF; 0 = none that exists */
	uint32_t mtu;
	uint16_t class_minor;
	bool smtp;
	bool both; /* packets of either wg device are this slot's */
	uint32_t in_byte_ps, in_packet_ns, scan_ns, pace_byte_ps; /* as in struct sc_slot */
	struct sc_firewall firewall;
};

/* A proxy entry of the kernel's neighbour tables on the uplink. */
struct kproxy {
	uint16_t family;
	struct addr6 addr; /* v4 in its first bytes, the rest zero */
};

struct kstate {
	struct kproxy *proxys;
	size_t n_proxys, cap_proxys;
	struct kvrf *vrfs;
	struct kroute *routes;
	struct kwg_peer *wg_peers;
	struct kslot *slots;
	size_t n_vrfs, n_routes, n_wg_peers, n_slots;
	size_t cap_vrfs, cap_routes, cap_wg_peers, cap_slots;
};

/* What kstate_want() needs beside the peers. */
struct kstate_env {
	enum conf_isolation isolation;
	bool gateway4, gateway6; /* the next hop objects exist */
	uint32_t device_mtu;	 /* of wg0 and wg1 */
	bool proxy6, proxy4;	 /* of this peer: its addresses have proxy entries */
	enum conf_shaper shaper;
};

/* Each adds one element; -ENOMEM. */
int kstate_add_proxy(struct kstate *s, const struct kproxy *value);
int kstate_add_vrf(struct kstate *s, const struct kvrf *value);
int kstate_add_route(struct kstate *s, const struct kroute *value);
int kstate_add_wg_peer(struct kstate *s, const struct kwg_peer *value);
int kstate_add_slot(struct kstate *s, const struct kslot *value);

/* Adds all that one peer needs; a shared VRF is added once per peer: kstate_sort() drops doubles.
 */
int kstate_want(struct kstate *s, const struct peer *peer, uint16_t class_minor,
		const struct kstate_env *env);
/* Sorts by key and drops doubles: what kstate_plan() expects. */
void kstate_sort(struct kstate *s);
void kstate_clear(struct kstate *s); /* frees the arrays, wipes keys */

uint32_t kstate_table(const struct peer *peer, enum conf_isolation isolation);
/* "sc-12" / "sc-a7" by table; the name's owner is this function alone. */
const char *kstate_vrf_name(char out[static IFNAMSIZ], uint32_t table);

/* Order by key; 0 = the same object, whatever its values. */
int kproxy_cmp(const void *a, const void *b);
int kvrf_cmp(const void *a, const void *b);
int kroute_cmp(const void *a, const void *b);
int kwg_peer_cmp(const void *a, const void *b);
int kslot_cmp(const void *a, const void *b);

#endif
