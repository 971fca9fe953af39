/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Keys under rotation, as the api role keeps them: in memory only. When relayd ends meanwhile the
 * row says which key leads; the other one goes 10 s after the next start (net_rotate.c).
 *
 *	     begin		commit		    10 s
 *	none ------> PENDING ----------> FORMER ----------> none
 *		      | 60 s, or the agent's wish
 *		      +------> none
 *
 * PENDING: the row has the old key, the new one waits on the other device. FORMER: the row has the
 * new key, packets under the old one still count.
 */
#ifndef RELAY_ROTATION_H
#define RELAY_ROTATION_H

#include <stdbool.h>
#include <stdint.h>
#include "../lib/b64.h"
#include "../lib/mono.h"

#define ROTATION_MAX 1024 /* at a time; more: -EBUSY, the agent comes again */
#define ROTATION_PENDING_MS 60000
#define ROTATION_FORMER_MS 10000

enum rotation_state { ROTATION_NONE, ROTATION_PENDING, ROTATION_FORMER };

struct rotation {
	enum rotation_state state;
	uint32_t slot, generation;
	uint8_t old_key[KEY_LEN], new_key[KEY_LEN];
	struct mono since;
};

struct rotations {
	struct rotation r[ROTATION_MAX];
};

/* A PENDING one of the slot is replaced, the same again is what it was. -EBUSY: the last one is
 * FORMER yet, or the table is full. -EEXIST: another slot rotates to this key. */
int rotation_begin(struct rotations *t, uint32_t slot, uint32_t generation,
		   const uint8_t old_key[static KEY_LEN], const uint8_t new_key[static KEY_LEN],
		   struct mono now, struct rotation **ret);
void rotation_commit(struct rotation *r, struct mono now);
void rotation_end(struct rotation *r);
bool rotation_due(const struct rotation *r, struct mono now); /* to be ended */

/* NULL: none. By slot: of this generation. */
struct rotation *rotation_by_slot(struct rotations *t, uint32_t slot, uint32_t generation);
struct rotation *rotation_by_new_key(struct rotations *t, const uint8_t key[static KEY_LEN]);
/* The other key of a slot whose row has `key`, or NULL. */
const uint8_t *rotation_other(const struct rotation *r, const uint8_t key[static KEY_LEN]);

#endif
