/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The relay's end, one per peer:
 *
 *	     offer		 commit		 installed
 *	IDLE -----> OFFERED -----> INSTALLING -----> IDLE, next epoch
 *
 * An offer is accepted in each state; one under way is then forgotten. What is installed is known
 * to the kernel alone: this holds no key beyond the moment of its installation.
 */
#ifndef LIB_PSK_RELAY_H
#define LIB_PSK_RELAY_H

#include <stdbool.h>
#include "psk.h"

enum psk_relay_state { PSK_RELAY_IDLE, PSK_RELAY_OFFERED, PSK_RELAY_INSTALLING };

struct psk_relay {
	enum psk_relay_state state;
	uint64_t next;	/* the epoch an offer must have */
	uint64_t epoch; /* OFFERED, INSTALLING: the one under way */
	uint8_t pk_hash[32];
	uint8_t eseed[XWING_ESEED_LEN]; /* OFFERED: gives the same answer again */
	struct psk_keys keys;
	uint64_t done_epoch; /* the last one installed, 0 = none */
	uint8_t done_confirm[PSK_CONFIRM_LEN];
};

struct psk_answer {
	uint8_t ct[XWING_CT_LEN];
	uint8_t confirm[PSK_CONFIRM_LEN];
};

/* first: random, 1 to 2^52, so that no epoch of a former run comes again. */
void psk_relay_init(struct psk_relay *r, uint64_t first);
/* eseed: fresh random bytes. -ESTALE: not the next epoch, see r->next. -EINVAL: pk is malformed. */
int psk_relay_offer(struct psk_relay *r, const struct psk_ids *ids, uint64_t epoch,
		    const uint8_t pk[static XWING_PK_LEN],
		    const uint8_t eseed[static XWING_ESEED_LEN], struct psk_answer *ret_answer,
		    struct err *err);
/*
 * 1: install r->keys.psk and say so by psk_relay_installed(). 0: is installed, answer so.
 * -EBUSY: is being installed. -ESTALE: no such exchange. -EKEYREJECTED: the agent has another key.
 */
int psk_relay_commit(struct psk_relay *r, uint64_t epoch,
		     const uint8_t confirm[static PSK_CONFIRM_LEN], struct err *err);
/* ok = false: the exchange goes back to OFFERED, the agent commits again. */
void psk_relay_installed(struct psk_relay *r, uint64_t epoch, bool ok);
void psk_relay_wipe(struct psk_relay *r);

#endif
