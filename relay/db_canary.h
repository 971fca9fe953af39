/* SPDX-License-Identifier: GPL-2.0-only */
/* The warrant canaries that were accepted: the next one must follow the last. */
#ifndef RELAY_DB_CANARY_H
#define RELAY_DB_CANARY_H

#include "db.h"

#define DB_CANARY_HASH_LEN 32

/* -ENOENT if there is none yet. */
int db_canary_last(struct db *db, int64_t *ret_sequence,
		   uint8_t ret_hash[static DB_CANARY_HASH_LEN], struct err *err);
int db_canary_add(struct db *db, int64_t sequence, const uint8_t hash[static DB_CANARY_HASH_LEN],
		  struct err *err);

#endif
