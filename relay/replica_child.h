/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The supervisor's side of the replica role.
 *
 *	STARTING --the database is there--> RUNNING --ended by itself--> PAUSED --> STARTING
 *	any --replica_child_stop()--> STOPPING --> gone
 *
 * It is told of the first RUNNING, and of an end before that. Later ends are mended here: the relay
 * serves on meanwhile, and what it acknowledges waits for Litestream.
 */
#ifndef RELAY_REPLICA_CHILD_H
#define RELAY_REPLICA_CHILD_H

#include <uv.h>
#include "conf.h"

struct replica_child;

struct replica_events {
	void (*ready)(void *ctx);
	void (*failed)(void *ctx); /* the database cannot be brought back: it said why */
	void *ctx;
};

/* One of the events follows, from the loop. */
int replica_child_new(uv_loop_t *loop, const struct conf *conf, bool verbose,
		      const struct replica_events *events, struct replica_child **ret,
		      struct err *err);
/* Litestream brings the replica up to date first. `gone` comes once, from the loop. */
void replica_child_stop(struct replica_child *c, void (*gone)(void *ctx));
/* After `gone`, or the end of the loop. */
void replica_child_free(struct replica_child *c);

#endif
