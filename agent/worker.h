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
#include "trust.h"

#define WORKER_TICK_MS 1000
#define WORKER_LATER_MIN_MS 2000 /* pauses after what the relay refuses for now */
#define WORKER_LATER_MAX_MS 60000
#define WORKER_RECONCILE_MS 30000 /* Docker's events are hints; the relay may have lost peers */

struct worker {
	uv_loop_t loop;
	struct conf conf;
	struct docker docker;
	struct relay_api relay;
	struct helper_client helper;
	struct state state;
	bool save_failed;
	struct http_server *control; /* control.c; NULL: nobody listens */
	struct trust trust;
	struct machine_factors factors; /* without the relay's salt; none = not bound */
	bool trust_asking;		/* GET /v1/relay or POST /v1/machines is under way */
	unsigned int trust_tries;
	bool machine_refused;
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
	bool list_put_off;	/* the relay refuses the list for now, and that was said */
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
void worker_tunnel_conf(const struct container *c, const uint8_t private_key[static KEY_LEN],
			const struct state_config *config, const uint8_t *psk /* or NULL */,
			struct tunnel_conf *ret_conf);
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

void worker_psk_keep(struct container *c); /* the key goes to disk */

/* worker_mtu.c */
void worker_mtu_attached(struct container *c);
void worker_mtu_seen(struct container *c, uint64_t bytes); /* through the tunnel, both ways */
uint32_t worker_mtu(const struct container *c);		   /* as far as we know */
/* What the relay says of a peer, to be the tunnel's: of the path we know more than it. */
void worker_mtu_posted(struct container *c, struct state_config *config);
void worker_mtu_tick(struct container *c); /* every second */

/* worker_rotate.c */
/* -EBUSY, -EAGAIN: not now. asked: is answered at the end (control.h), or NULL. */
int worker_rotate_begin(struct container *c, struct http_exchange *asked, struct err *err);
bool worker_rotating(const struct container *c);
void worker_rotate_stop(struct container *c);	 /* the container goes */
void worker_rotate_tick(struct container *c);	 /* every second */
void worker_rotate_resolve(struct container *c); /* which key has the relay? */
/* worker_trust.c */
void worker_trust_init(struct worker *w); /* behind relay_api_init() */
/* Asks for the relay's pins, and for a machine session if the connection has none. */
void worker_trust_ask(struct worker *w);

/* worker_relay.c */
/* Whether the relay answered: the log and everything else that waits for it learn of it. */
void worker_note(struct worker *w, const struct relay_answer *a);
void worker_post(struct container *c);
struct relay_ask worker_ask(const struct container *c);
void worker_delete(struct container *c);
void worker_delete_orphans(struct worker *w);
void worker_list_peers(struct worker *w);

#endif
