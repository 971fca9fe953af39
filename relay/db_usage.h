/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Usage by month (UTC), account and peer. The kernel's counters go up while nobody looks; what was
 * taken of them is stored in the transaction that adds it to a month, so that a relayd that dies
 * neither loses nor doubles anything: the next one goes on from there.
 *
 * A peer's rows are as many as address rows. When its address row goes to another identity they
 * are added to the account's row for peers that are gone.
 */
#ifndef RELAY_DB_USAGE_H
#define RELAY_DB_USAGE_H

#include "db_address.h"
#include "usage.h"

#define DB_USAGE_GONE UINT32_MAX /* slot: of peers whose address row has gone */

struct db_usage {
	uint32_t month; /* time_text.h */
	char account[CONF_NAME_LEN];
	uint32_t slot;			 /* with peers only */
	char machine[ALLOC_MACHINE_LEN]; /* with peers only, "" = none or gone */
	char name[ALLOC_NAME_LEN];
	struct usage usage;
};

/*
 * The slot's counters stand there: what is new of them goes to its owner in this month. ret_new:
 * that much. Counters of a generation that has no address row are nobody's: nothing is new.
 */
int db_usage_count(struct db *db, uint32_t month, uint32_t slot, uint32_t generation,
		   const uint8_t run[static USAGE_RUN_LEN], const struct usage *now,
		   struct usage *ret_new, struct err *err);
/* Before the slot's address row is deleted. */
int db_usage_gone(struct db *db, uint32_t slot, struct err *err);
/* Of one account; zero if there is nothing. */
int db_usage_get(struct db *db, uint32_t month, int64_t account, struct usage *ret_usage,
		 struct err *err);
typedef int db_usage_cb(const struct db_usage *usage, void *ctx);
/* The newest month first, then by account; with `peers`, each peer's. month 0, account 0 = all. */
int db_usage_list(struct db *db, uint32_t month, int64_t account, bool peers, db_usage_cb *cb,
		  void *ctx, struct err *err);
/* Months before this one. */
int db_usage_prune(struct db *db, uint32_t month, struct err *err);

#endif
