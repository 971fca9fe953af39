/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Traffic classes: an HTB root "1:", below it the class of all, which lends to the classes 1:minor
 * what it has left (one that has no parent never gets more than its own rate); an fq_codel queue in
 * each. Or an fq root, which sends each packet at the time that it carries.
 */
#ifndef LIB_NL_TC_H
#define LIB_NL_TC_H

#include "nl.h"

/* Is there an HTB root with handle 1: ? */
int nl_tc_htb_root_get(struct nl *nl, int ifindex, bool *ret_there, struct err *err);
#define NL_TC_ALL 0xffff /* minor of the class of all */

/* Packets without a class are not shaped (default 0). Replaces any other root. */
int nl_tc_htb_root_add(struct nl *nl, int ifindex, struct err *err);
/* Packets that the root and all below it have dropped (wraps at 2^32), bytes that wait there. */
int nl_tc_root_stats(struct nl *nl, int ifindex, uint32_t *ret_drops, uint32_t *ret_waiting_bytes,
		     struct err *err);
/* What all classes together may send: made, or changed. */
int nl_tc_all_set(struct nl *nl, int ifindex, uint32_t kbps, struct err *err);
int nl_tc_root_del(struct nl *nl, int ifindex, struct err *err); /* of either kind; missing = 0 */
/* Made in place of any other root, or changed. horizon_ns: later packets are dropped. */
int nl_tc_fq_root_set(struct nl *nl, int ifindex, uint64_t horizon_ns, struct err *err);
typedef int nl_tc_class_cb(uint16_t minor, void *ctx);
int nl_tc_class_dump(struct nl *nl, int ifindex, nl_tc_class_cb *cb, void *ctx, struct err *err);
/* rate = guaranteed, ceil = most; both >= 8 kbit/s. Changing one costs the same for any number. */
int nl_tc_class_change(struct nl *nl, int ifindex, uint16_t minor, uint32_t rate_kbps,
		       uint32_t ceil_kbps, struct err *err);
/* A new class and its leaf, into a batch. */
void nl_tc_class_put(struct nl_batch *b, int ifindex, uint16_t minor, uint32_t rate_kbps,
		     uint32_t ceil_kbps);

#endif
