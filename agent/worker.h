/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The process without rights: sees what Docker runs, tells the relay, has the helper make tunnels.
 * One container's way: worker_docker.c shows it, worker_step.c says what is next, worker_tunnel.c
 * and worker_relay.c do it.
 */
#ifndef AGENT_WORKER_H
#define AGENT_WORKER_H

#include "conf.h"
#include "container.h"
#include "event.h"
#include "helper_client.h"
#include "relay_api.h"

#define WORKER_TICK_MS 1000
#define WORKER_RECONCILE_MS 30000 /* Docker's events are hints; the relay may have lost peers */

struct worker {
	uv_loop_t loop;
	struct conf conf;
	struct docker docker;
	struct relay_api relay;
	struct helper_client helper;
	struct state state;
	bool save_failed;
	struct container *table; /* CONTAINER_MAX */
	uv_timer_t tick;
	uv_signal_t sigterm, sigint;
	struct mono started;
	struct mono reconciled; /* when all was looked at last */
	bool doubted;		/* too many peers without a container: kept for now */
	bool stopping;
	bool docker_up, listing, list_again;
	bool listed;   /* once, and since then nothing was missed */
	bool left_out; /* of the last list, or since: not all had a place in the table */
	bool relay_down;
	bool relay_listing;
	struct backoff deletes; /* of peers without a container */
	int exit_code;
};

/* Runs until stopped or until the helper goes. Returns an exit code. */
int worker_main(const struct conf *conf);

/* worker.c */
void worker_save(struct worker *w); /* the state; a failure is logged */
void worker_stop(struct worker *w, int exit_code);
/* Logs unless it was the last thing said about this container. */
void worker_say(struct container *c, enum event event, const char *text);

/* worker_docker.c */
extern const struct docker_ops worker_docker_ops;
void worker_list(struct worker *w);
void worker_inspect(struct container *c);

/* worker_step.c: as far as it goes without waiting. */
void worker_step(struct container *c);
/* All that Docker has shown is looked at: peers without a container are without one. */
bool worker_synced(const struct worker *w);

/* worker_tunnel.c: each ends in worker_step(). */
void worker_open(struct container *c);
void worker_attach(struct container *c);
void worker_detach(struct container *c);
void worker_status(struct container *c);
void worker_close(struct container *c); /* at once */
void worker_sweep(struct worker *w);

/* worker_psk.c */
void worker_psk_start(struct container *c); /* it has an entry */
void worker_psk_stop(struct container *c);
void worker_psk_posted(struct container *c, uint64_t next); /* the relay has confirmed the peer */
void worker_psk_hint(struct container *c, uint64_t next);   /* and says which epoch is next */
void worker_psk_seen(struct container *c, int64_t handshake_s); /* CLOCK_REALTIME, 0 = never */
void worker_psk_step(struct container *c);
void worker_psk_tick(struct container *c); /* every second */

/* worker_relay.c */
/* Whether the relay answered: the log and everything else that waits for it learn of it. */
void worker_note(struct worker *w, const struct relay_answer *a);
void worker_post(struct container *c);
void worker_delete(struct container *c);
void worker_delete_orphans(struct worker *w);
void worker_list_peers(struct worker *w);

#endif
