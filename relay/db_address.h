/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Slots and addresses by identity. A row outlives its peer (it is "held"), so that the identity
 * gets the same addresses again.
 *
 *	no row -> with a peer <-> held -> no row (its slot was needed: longest held first)
 */
#ifndef RELAY_DB_ADDRESS_H
#define RELAY_DB_ADDRESS_H

#include "alloc.h"
#include "db.h"

struct db_address {
	uint32_t slot;
	uint32_t generation; /* +1 each time the slot goes to another identity */
	int64_t account;
	char machine[ALLOC_MACHINE_LEN];
	char name[ALLOC_NAME_LEN];
	struct addr6 v6;
	struct addr4 v4;    /* zero = none */
	int64_t held_since; /* 0 = has a peer */
};

/* -ENOENT if there is none. */
int db_address_get(struct db *db, uint32_t slot, struct db_address *ret, struct err *err);
int db_address_find(struct db *db, int64_t account, const char *machine, const char *name,
		    struct db_address *ret, struct err *err);
int db_address_add(struct db *db, const struct db_address *address, struct err *err);
int db_address_del(struct db *db, uint32_t slot, struct err *err);
/* Generation and addresses of an existing row. */
int db_address_set(struct db *db, const struct db_address *address, struct err *err);
/* 0 = now has a peer. */
int db_address_set_held(struct db *db, uint32_t slot, int64_t since, struct err *err);
/* Gives the row another identity. A row that has it already gets the former one in exchange. */
int db_address_rename(struct db *db, uint32_t slot, const char *machine, const char *name,
		      struct err *err);

/* 1 = taken, 0 = free; ctx of alloc.h. */
int db_address_slot_taken(struct db *db, uint32_t slot);
int db_address_v4_taken(struct db *db, struct addr4 v4);
int db_address_count(struct db *db, uint32_t *ret_rows, struct err *err);
int db_address_count_held(struct db *db, int64_t account, uint32_t *ret_rows, struct err *err);
/* The longest held row: account 0 = of all accounts; with_v4: only rows that hold an IPv4 address.
 * -ENOENT if none. */
int db_address_oldest_held(struct db *db, int64_t account, bool with_v4, struct db_address *ret,
			   struct err *err);
typedef int db_address_cb(const struct db_address *address, const char *account, void *ctx);
int db_address_list(struct db *db, db_address_cb *cb, void *ctx, struct err *err);

/* -EEXIST and words when a pool was first used with other slot bits. */
int db_address_check_pools(struct db *db, const struct conf *conf, struct err *err);

#endif
