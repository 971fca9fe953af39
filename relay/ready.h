/* SPDX-License-Identifier: GPL-2.0-only */
/* A role's "I serve": one byte on a pipe, told by the loop. */
#ifndef RELAY_READY_H
#define RELAY_READY_H

#include <stdbool.h>
#include <uv.h>
#include "../lib/err.h"

struct ready {
	uv_poll_t poll;
	int fd; /* -1 = nothing is waited for */
	void (*told)(struct ready *ready, bool serves);
	void *ctx;
};

/* The other end, for the child. `told` comes once at most; false: the child ended without. */
int ready_open(struct ready *ready, uv_loop_t *loop, int *ret_fd, struct err *err);
void ready_stop(struct ready *ready); /* does nothing when nothing is waited for */

#endif
