/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What must outlive the agent: STATE_DIR/state.json, mode 0600, written atomically. One entry per
 * container name; its key is what the relay knows the addresses by.
 *
 * An entry is `registered` from before the relay is asked until the relay has confirmed the
 * removal: whatever crashes in between, the peer is found and removed later.
 */
#ifndef AGENT_STATE_H
#define AGENT_STATE_H

#include <stdbool.h>
#include <stdint.h>
#include "../lib/addr.h"
#include "../lib/b64.h"
#include "../lib/err.h"

#define STATE_MACHINE_LEN 33 /* 16 random bytes in hex */
#define STATE_NAME_LEN 129   /* of a container; longer ones are refused, as the relay does */
#define STATE_ID_LEN 65
#define STATE_MAX_ENTRIES 2048 /* full: the entry unused for longest goes, else -ENOSPC */
#define STATE_PATH_LEN 192
#define STATE_MAX_AGE_S INT32_MAX /* in ns it has a place in a struct mono */
#define STATE_DOUBT_MIN 8	  /* so many registered entries may lose their containers at once */

struct container;

/* What the relay said last. */
struct state_config {
	struct addr6 v6;
	struct addr4 v4; /* zero = none */
	struct endpoint endpoint;
	uint8_t relay_key[KEY_LEN];
	uint32_t mtu;	  /* what the path carries, as far as we know: see worker_mtu.c */
	uint32_t mtu_max; /* what the relay's tunnels carry */
};

struct state_entry {
	bool used;
	char name[STATE_NAME_LEN]; /* "" = its name has gone to another container */
	char id[STATE_ID_LEN];	   /* of the container that had it last */
	uint8_t private_key[KEY_LEN];
	uint8_t public_key[KEY_LEN];
	bool registered;
	bool has_psk; /* the last one agreed: a container's restart while the relay's API
		       * is away needs it */
	uint8_t psk[KEY_LEN];
	int64_t psk_at_s; /* its exchange, CLOCK_REALTIME: what outlives a reboot; 0 = none */
	bool has_config;
	struct state_config config;
	/* A rotation was begun: the relay has this key or the other one. */
	bool has_next;
	uint8_t next_private[KEY_LEN];
	uint8_t next_public[KEY_LEN];
	int64_t used_at_s; /* CLOCK_REALTIME */
	/* Not saved: */
	struct container *owner; /* runs now and has this entry */
	bool deleting;		 /* a DELETE is under way */
	bool ended;		 /* its container was seen to end */
};

struct state {
	char path[STATE_PATH_LEN];
	char machine[STATE_MACHINE_LEN];
	bool dirty;
	struct state_entry *entries; /* STATE_MAX_ENTRIES; the place of an entry never changes */
};

/* A missing file is an empty state; a file that makes no sense is an error, never overwritten. */
int state_load(const char *dir, struct state *ret_state, struct err *err);
/* If dirty. */
int state_save(struct state *state, struct err *err);
void state_free(struct state *state);

struct state_entry *state_by_id(struct state *state, const char *id);
struct state_entry *state_by_name(struct state *state, const char *name);
/* Or an entry's next one. */
struct state_entry *state_by_key(struct state *state, const uint8_t public_key[static KEY_LEN]);
/* A new entry with a new key. */
int state_add(struct state *state, const char *name, struct state_entry **ret_entry,
	      struct err *err);
/* Most of the registered entries have no container, and none of these was seen to end: rather the
 * wrong Docker than so many containers gone. */
bool state_is_doubtful(const struct state *state);
/* Since the last exchange; 0: there was none. A time ahead of now_s, and a key without one, as
 * agents kept it before there was a time, count from now_s on. */
int64_t state_psk_age_s(struct state *state, struct state_entry *entry, int64_t now_s);
/* The next key: a new one; it becomes the entry's key; it is forgotten. */
int state_next_make(struct state *state, struct state_entry *entry, struct err *err);
void state_next_take(struct state *state, struct state_entry *entry);
void state_next_drop(struct state *state, struct state_entry *entry);
void state_drop(struct state *state, struct state_entry *entry);
/* Another entry of that name loses it. */
void state_rename(struct state *state, struct state_entry *entry, const char *name);

#endif
