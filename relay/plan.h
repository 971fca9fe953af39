/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * From what is wanted and what is there to ordered steps. Pure: no system call. The order keeps the
 * relay closed for whatever is not complete: slots close first and open last.
 */
#ifndef RELAY_PLAN_H
#define RELAY_PLAN_H

#include "kstate.h"

enum step_type {
	STEP_SLOT_CLOSE, /* in this order */
	STEP_PROXY_DEL,
	STEP_WG_DEL,
	STEP_ROUTE_DEL,
	STEP_VRF_DEL,
	STEP_VRF_ADD,
	STEP_ROUTE_SET,
	STEP_WG_SET,
	STEP_SLOT_SET,
	STEP_PROXY_SET,
};

struct step {
	enum step_type type;
	bool is_new; /* WG_SET: the kernel has no such peer yet: its endpoint may be set */
	union {
		struct kproxy proxy;
		struct kvrf vrf;
		struct kroute route;
		struct kwg_peer wg_peer;
		struct kslot slot;
	};
};

struct plan {
	struct step *steps;
	size_t n, cap;
};

/* Both states sorted (kstate_sort). -ENOMEM. */
int plan_make(const struct kstate *wanted, const struct kstate *observed, struct plan *ret_plan);
void plan_clear(struct plan *plan);
/* A wanted slot that must not be open when this step failed. */
bool step_concerns(const struct step *step, const struct kslot *slot);
const char *step_text(char *out, size_t len, const struct step *step); /* for logs and tests */

#endif
