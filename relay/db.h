/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The api role's database: SQLite, WAL, synchronous=FULL, so that what was committed survives a
 * kill and a power loss. One writer, one process. Nouns: db_account, db_token, db_address, db_peer.
 * Times are seconds of CLOCK_REALTIME.
 */
#ifndef RELAY_DB_H
#define RELAY_DB_H

#include <stdbool.h>
#include <stdint.h>
#include "../lib/err.h"

struct db;

/* Opens or makes the file, brings its schema up to date. -EPROTO: made by a newer relayd. */
int db_open(const char *path, struct db **ret_db, struct err *err);
/* The same, but stops at an older schema: for the tests of what brings it up to date. */
int db_open_schema(const char *path, int version, struct db **ret_db, struct err *err);
int db_schema_newest(void);
void db_close(struct db *db);
DEFINE_CLEANUP(db, struct db *, db_close)
#define AUTO_DB CLEANUP(db)

int db_begin(struct db *db, struct err *err);
/* Durable when this returns 0; on an error everything since db_begin() is undone. */
int db_commit(struct db *db, struct err *err);
void db_rollback(struct db *db);
/* All that is committed, into a new file in place of an old one. Not inside a transaction. */
int db_snapshot(struct db *db, const char *path, struct err *err);
/* Litestream moves the log into the database from now on. */
int db_leave_log(struct db *db, struct err *err);
int db_check(struct db *db, struct err *err); /* that its pages make sense */
int64_t db_now(void);

#endif
