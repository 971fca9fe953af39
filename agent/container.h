/* SPDX-License-Identifier: GPL-2.0-only */
/* The containers that Docker has shown us, in a fixed table: places never change. */
#ifndef AGENT_CONTAINER_H
#define AGENT_CONTAINER_H

#include "../lib/mono.h"
#include "../lib/psk_agent.h"
#include "backoff.h"
#include "docker.h"
#include "helper_msg.h"
#include "mtu.h"
#include "plan.h"
#include "rotate.h"
#include "state.h"

#define CONTAINER_MAX HELPER_MAX_HANDLES /* full: EVENT_TABLE_FULL, the container is left alone */

struct worker;

/* One run of a container. */
struct container_run {
	uint64_t pid;
	char started_at[DOCKER_TIME_LEN];
	char sandbox[DOCKER_PATH_LEN];
};

struct http_exchange;

/* worker_rotate.c */
struct container_rotation {
	struct rotate step;
	uint32_t run;		     /* which one: answers of another are late */
	struct psk_agent psk;	     /* of the next key */
	struct state_config config;  /* the tunnel with the next key */
	struct http_exchange *asked; /* somebody waits for the end; NULL: nobody */
	char why[ERR_TEXT_LEN + 16]; /* it fails, if it does: "STATE: ..." */
	struct mono last;	     /* when the last one ended, or the tunnel began */
};

/* worker_mtu.c */
struct container_mtu {
	struct mtu_search search;
	bool calling;	      /* the helper is probing */
	bool telling;	      /* the relay is being told */
	bool applying;	      /* the tunnel is being made anew for another MTU alone */
	bool silent;	      /* the last round had no answer at all */
	uint32_t told;	      /* what the relay knows, 0 = nothing */
	struct mono due;      /* the next round; 0: at once */
	struct mono tell_due; /* the next try to tell */
	struct mono checked;  /* when a round was answered last; 0: none yet */
	struct mono looked;   /* at the tunnel's counters */
	uint64_t bytes, own;  /* then; and what our own probes have added since */
	bool busy;	      /* there was traffic when we looked last */
};

struct container {
	bool used;
	struct worker *worker;
	char id[DOCKER_ID_LEN];
	struct docker_container now; /* as Docker showed it last */
	bool seen;		     /* it has shown it once, or that it is not there */
	bool unreadable;	     /* it shows something, but not what we know */
	bool inspecting, inspect_again;
	bool inspect_for_check; /* the inspection under way began after OPEN was answered */
	bool busy;		/* a request to the helper or the relay is under way */
	bool wanted;
	struct state_entry *entry;
	/* The namespace: handle 0 = none. */
	uint32_t handle;
	struct container_run run; /* that it was opened for */
	bool checked, touched, attached;
	bool without_v6;	     /* attached with IPv4 alone: this machine has no IPv6 */
	struct state_config applied; /* what the tunnel was made from */
	/* The relay. */
	bool confirmed, readd;
	bool put_off;			  /* it refuses for now what this one asks for */
	bool without_v4;		  /* the account has no IPv4 address to give */
	char posted_name[STATE_NAME_LEN]; /* as the relay knows it */
	struct backoff relay, helper;
	/* The last change of the tunnel's last handshake. */
	int64_t handshake_s;
	struct mono handshake_since;
	/* worker_psk.c */
	struct psk_agent psk;
	bool keyed;		  /* an exchange has succeeded since the relay was asked last */
	unsigned int psk_calls;	  /* of these three, to relay and helper, unanswered */
	struct backoff psk_later; /* the relay refuses the exchange for now */
	struct mono psk_handshake, psk_looked;
	bool psk_old;	      /* and that was said */
	struct mono psk_shut; /* strict: when the helper was told to close the tunnel; 0: not */
	bool psk_shut_said;
	struct container_rotation rotation;
	struct container_mtu mtu;
	char said[ERR_TEXT_LEN]; /* so that nothing is logged every half minute */
};

struct container *container_find(struct container *table, const char *id);
/* NULL: the table is full. */
struct container *container_add(struct container *table, const char *id);
/* Its name for the log, or the start of its id if Docker gave none that is one. */
const char *container_label(const struct container *c);
bool container_name_ok(const char *name);
bool container_same_run(const struct container *c);
struct plan_in container_plan_in(const struct container *c, bool relay_down);
/* 0: it is to get an address. -ENOENT: it does not ask for one, or does not run. Otherwise err says
 * why not: -EINVAL for a label, -EOPNOTSUPP for its network, -ENAMETOOLONG for its name. */
int container_check(const struct docker_container *d, struct err *err);

#endif
