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

enum dp_xdp_mode { DP_XDP_AUTO, DP_XDP_NATIVE, DP_XDP_GENERIC, DP_XDP_TC };

struct dp_conf {
	uint32_t slots;
	uint16_t wg_port[2];	/* host order: shape-checked in XDP */
	bool answer_ndp;	/* NDP and ARP for live slots (on-link pools) */
	bool hairpin_deny;	/* refuse tunnel packets to other peers' public addresses... */
	bool isolation_account; /* ...but for peers of the same account */
	enum dp_xdp_mode xdp_mode;
	uint8_t wg_l2_len; /* 0; tests on Ethernet stand-ins: 14 */
	struct sc_pools pools;
	const char *pin_dir; /* NULL = SC_PIN_DIR_ABI */
};

struct dp;

/*
 * Adopts the pinned maps when their ABI and sizes fit, makes them otherwise; loads the programs
 * with conf as load-time constants. Nothing is attached yet; what an earlier relayd attached runs
 * on. -EPROTO: pins of an unknown layout.
 */
int dp_open(const struct dp_conf *conf, struct dp **ret_dp, struct err *err);
/*
 * Attaches, or replaces atomically what is attached, on a device; links are pinned. Set the own
 * addresses before: those that lie in a pool would be dropped.
 */
int dp_attach_uplink(struct dp *dp, int ifindex, struct err *err);
int dp_attach_wg(struct dp *dp, int ifindex, unsigned int which /* 0 or 1 */, struct err *err);
/* The mode in use after dp_attach_uplink(): "native", "generic" or "tc". */
const char *dp_xdp_mode_text(const struct dp *dp);
void dp_close(struct dp *dp); /* pins stay */

/* Removes every pin below the folder (NULL = SC_PIN_DIR) and the folder: detaches all programs. */
int dp_unpin(const char *pin_dir, struct err *err);

int dp_slot_get(struct dp *dp, uint32_t slot, struct sc_slot *ret_slot);
/*
 * Writes slot (and its slot4 entry); flags without SC_SLOT_LIVE closes it. Addresses of a live slot
 * must lie in the pools and v6 must carry the slot's number: -EINVAL. Changing wg_ifindex alone is
 * one atomic store.
 */
int dp_slot_set(struct dp *dp, uint32_t slot, const struct sc_slot *value, struct err *err);
/* Sums all CPUs, from the mmap: no system call. */
void dp_counters(const struct dp *dp, uint32_t slot, struct sc_counters *ret_sum);
/* For a closed slot: what a CPU is just adding would survive. */
void dp_counters_reset(struct dp *dp, uint32_t slot);
int dp_drops(struct dp *dp, uint64_t ret_drops[static SC_DROP_MAX], struct err *err);
/* Replaces the set of own addresses. */
int dp_own_set(struct dp *dp, const struct sc_own_key *keys, size_t n, struct err *err);

#endif
