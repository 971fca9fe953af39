/* SPDX-License-Identifier: GPL-2.0-only */
/* Statements: for db_*.c alone. */
#ifndef RELAY_DB_STMT_H
#define RELAY_DB_STMT_H

#include <sqlite3.h>
#include "db.h"

struct db {
	sqlite3 *sql;
};

DEFINE_CLEANUP(stmt, sqlite3_stmt *, sqlite3_finalize)
#define AUTO_STMT CLEANUP(stmt)

/*
 * Prepares and binds. `types` has a letter for each parameter: i = int64_t, t = const char * (NULL
 * is null), b = const void * and int length (NULL is null).
 */
int db_query(struct db *db, sqlite3_stmt **ret_stmt, struct err *err, const char *sql,
	     const char *types, ...);
/* 1 = a row, 0 = no more, or a negative errno. */
int db_step(struct db *db, sqlite3_stmt *stmt, struct err *err);
/* A statement without rows; ret_changes may be NULL. -EEXIST: a constraint refused it. */
int db_run(struct db *db, int *ret_changes, struct err *err, const char *sql, const char *types,
	   ...);
/* The first column of the first row; -ENOENT without a row. */
int db_int(struct db *db, int64_t *ret, struct err *err, const char *sql, const char *types, ...);

/* A column into a fixed field. A blob of another length and a text too long are cut to "nothing":
 * the schema's checks make them impossible. */
void db_col_text(sqlite3_stmt *stmt, int column, char *out, size_t size);
bool db_col_blob(sqlite3_stmt *stmt, int column, void *out, size_t len);

#endif
