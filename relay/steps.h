/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Runs a plan to its end, whatever fails on the way: the peer a failing step belongs to is closed
 * and stays closed, all others get theirs. Makes no system call itself: run() does (apply.c).
 */
#ifndef RELAY_STEPS_H
#define RELAY_STEPS_H

#include "../lib/err.h"
#include "plan.h"

#define STEPS_MAX_LOGGED 16 /* failing steps that one run names; the others are counted */

/*
 * Runs n steps of one type in order. At the first that fails: a negative errno, its index in
 * *ret_at, those behind it will be asked for again. *ret_at = n: none of the rest can be run.
 */
typedef int steps_fn(void *ctx, const struct step *s, size_t n, size_t *ret_at, struct err *err);

/*
 * `wanted` is what the plan was made for. 0, or the errno and text of the first step that failed.
 * With ret_failed, the caller goes on regardless: it gets their number, and each is logged here.
 */
int steps_run(const struct plan *plan, const struct kstate *wanted, steps_fn *run, void *ctx,
	      unsigned int *ret_failed, struct err *err);

#endif
