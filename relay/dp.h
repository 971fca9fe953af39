/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The data plane as the net role sees it: programs and maps, loaded or adopted from their pins.
 * Everything pinned outlives relayd.
 */
#ifndef RELAY_DP_H
#define RELAY_DP_H

#include <stdbool.h>
#include <stdint.h>
#include "../bpf/include/abi.h"
#include "../bpf/include/drop.h"
#include "../lib/err.h"

/* PROXY: as TC, but the kernel answers NDP and ARP, by proxy entries that the caller keeps. */
enum dp_xdp_mode { DP_XDP_AUTO, DP_XDP_NATIVE, DP_XDP_GENERIC, DP_XDP_TC, DP_XDP_PROXY };

struct dp_conf {
	uint32_t slots;
	uint16_t wg_port[2];	   /* host order: shape-checked in XDP */
	bool answer_ndp;	   /* NDP and ARP for live slots (on-link pools) */
	bool hairpin_deny;	   /* refuse tunnel packets to other peers' public addresses... */
	bool isolation_account;	   /* ...but for peers of the same account */
	bool pace;		   /* slots' pace_byte_ps: packets get a time to leave at */
	uint32_t handshakes_per_s; /* of one IPv6 /64 or IPv4 /24, 0 = no limit */
	enum dp_xdp_mode xdp_mode;
	bool no_tcx;	   /* tests: as on a kernel before 6.6 */
	uint8_t wg_l2_len; /* 0; tests on Ethernet stand-ins: 14 */
	struct sc_pools pools;
	const char *pin_dir; /* NULL = SC_PIN_DIR_ABI */
};

struct dp;

/*
 * Adopts the pinned maps when their ABI and sizes fit, makes them otherwise. What runs in the
 * layout before this one, or with another number of slots, is taken over: maps are shared, or made
 * anew and filled. Loads the programs with conf as load-time constants. Nothing is attached yet;
 * what an earlier relayd attached runs on, dp_attach_*() replaces it. -EPROTO: pins of an unknown
 * layout, or a peer in a slot that conf does not have.
 */
int dp_open(const struct dp_conf *conf, struct dp **ret_dp, struct err *err);
/*
 * Attaches, or replaces atomically what is attached, on a device; links are pinned. Set the own
 * addresses before: those that lie in a pool would be dropped.
 */
int dp_attach_uplink(struct dp *dp, int ifindex, struct err *err);
int dp_attach_wg(struct dp *dp, int ifindex, unsigned int which /* 0 or 1 */, struct err *err);
/*
 * After everything is attached, before any slot changes: the earlier pins are removed. Nothing to
 * do when there were none.
 */
int dp_settle(struct dp *dp, struct err *err);
/* The mode in use after dp_attach_uplink(): "native", "generic", "tc" or "proxy". */
const char *dp_xdp_mode_text(const struct dp *dp);
bool dp_has_xdp(const struct dp *dp); /* "native" or "generic" */
/* What all maps take of the kernel's memory, as the kernel says. */
uint64_t dp_memory_bytes(const struct dp *dp);
void dp_close(struct dp *dp); /* pins stay */

/* Removes every pin below the folder (NULL = SC_PIN_DIR) and the folder: detaches all programs. */
int dp_unpin(const char *pin_dir, struct err *err);

int dp_slot_get(struct dp *dp, uint32_t slot, struct sc_slot *ret_slot);
/*
 * Writes slot (and its slot4 entry); flags without SC_SLOT_LIVE closes it. Addresses of a live slot
 * must lie in the pools and v6 must carry the slot's number: -EINVAL. Changing wg_ifindex alone is
 * one atomic store. Another generation or account is another owner, who starts with counters at
 * zero and none of the former one's limits used up.
 */
int dp_slot_set(struct dp *dp, uint32_t slot, const struct sc_slot *value, struct err *err);
/*
 * Rules of a slot, replaced as a whole; NULL or n = 0: none. Before dp_slot_set() with
 * SC_SLOT_FIREWALL, which refuses a slot without rules; without the flag it removes them.
 */
int dp_firewall_set(struct dp *dp, uint32_t slot, const struct sc_firewall *rules, struct err *err);
bool dp_firewall_get(struct dp *dp, uint32_t slot, struct sc_firewall *ret_rules /* or NULL */);
/* Sums all CPUs, from the mmap: no system call. */
void dp_counters(const struct dp *dp, uint32_t slot, struct sc_counters *ret_sum);
/* For a closed slot: what a CPU is just adding would survive. */
void dp_counters_reset(struct dp *dp, uint32_t slot);
/* Which run of the counters this is: another one after a boot or dp_unpin(), when all are zero. The
 * same one goes on in a new layout. */
int dp_counters_run(const struct dp *dp, uint8_t ret_run[static 16], struct err *err);
int dp_drops(struct dp *dp, uint64_t ret_drops[static SC_DROP_MAX], struct err *err);
/* How often neighbours asked for addresses of each pool (IPv4: + SC_MAX_POOLS). */
int dp_asked(struct dp *dp, uint64_t ret_asked[static 2 * SC_MAX_POOLS], struct err *err);
/*
 * The uplink's router for packets of a family. router: of its own family, 4 or 16 bytes; NULL =
 * none, then the VRFs' routes decide.
 */
int dp_gateway_set(struct dp *dp, uint16_t family, uint16_t router_family, const void *router,
		   struct err *err);
/* Replaces the set of own addresses. */
int dp_own_set(struct dp *dp, const struct sc_own_key *keys, size_t n, struct err *err);

/*
 * Tells the uplink's neighbours that an address is here now: an unsolicited neighbour advertisement
 * (RFC 4861 section 7.2.6), an ARP announcement (RFC 5227 section 2.3). After dp_attach_uplink().
 */
int dp_announce6(struct dp *dp, const uint8_t v6[static 16], struct err *err);
int dp_announce4(struct dp *dp, __be32 v4, struct err *err);

/* Drops as they happen: a sample. */
struct dp_event {
	uint64_t time_ns; /* CLOCK_MONOTONIC */
	enum sc_drop reason;
	uint32_t slot;		     /* DP_EVENT_NO_SLOT = none */
	uint32_t len;		     /* of the packet, from its IP header on */
	uint16_t family;	     /* AF_INET, AF_INET6, 0 = neither */
	uint8_t proto;		     /* behind IPv6 extensions, as far as they are in sight */
	uint8_t src[16], dst[16];    /* IPv4 in the first four bytes */
	uint16_t src_port, dst_port; /* host order, 0 = none or unknown */
};

#define DP_EVENT_NO_SLOT 0xffffffff

typedef void dp_event_fn(const struct dp_event *event, void *ctx);

/* Drops are reported for the next ms; 0 = no more. Without a reader nothing is lost but events. */
int dp_events_want(struct dp *dp, uint32_t ms, struct err *err);
/* Readable when there are events; opens the ring when called first. Negative errno. */
int dp_events_fd(struct dp *dp, struct err *err);
/* Calls fn for each event that waits, at most max. Returns how many. */
int dp_events_read(struct dp *dp, unsigned int max, dp_event_fn *fn, void *ctx);
/* The parsed form of what the kernel wrote; false: not an event. */
bool dp_event_parse(const void *data, size_t len, struct dp_event *ret_event);

#endif
