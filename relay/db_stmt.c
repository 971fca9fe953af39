/* SPDX-License-Identifier: GPL-2.0-only */
#include "db_stmt.h"

#include <stdarg.h>
#include <string.h>

static int fail(struct db *db, int code, struct err *err)
{
	int r = -EIO;

	switch (code & 0xff) {
	case SQLITE_CONSTRAINT:
		r = -EEXIST;
		break;
	case SQLITE_FULL:
		r = -ENOSPC;
		break;
	case SQLITE_NOMEM:
		r = -ENOMEM;
		break;
	case SQLITE_BUSY:
	case SQLITE_LOCKED:
		r = -EBUSY;
		break;
	case SQLITE_CORRUPT:
	case SQLITE_NOTADB:
		r = -EUCLEAN;
		break;
	}
	return err_set(err, r, "database: %s", sqlite3_errmsg(db->sql));
}

static int bind(sqlite3_stmt *stmt, const char *types, va_list ap)
{
	int code = SQLITE_OK;

	for (int i = 1; *types && code == SQLITE_OK; types++, i++) {
		const void *data;

		switch (*types) {
		case 'i':
			code = sqlite3_bind_int64(stmt, i, va_arg(ap, int64_t));
			break;
		case 't':
			code = sqlite3_bind_text(stmt, i, va_arg(ap, const char *), -1,
						 SQLITE_TRANSIENT);
			break;
		case 'b':
			data = va_arg(ap, const void *);
			code = sqlite3_bind_blob(stmt, i, data, va_arg(ap, int), SQLITE_TRANSIENT);
			break;
		default:
			code = SQLITE_MISUSE;
		}
	}
	return code;
}

static int query(struct db *db, sqlite3_stmt **ret_stmt, struct err *err, const char *sql,
		 const char *types, va_list ap)
{
	AUTO_STMT sqlite3_stmt *stmt = NULL;
	int code;

	code = sqlite3_prepare_v2(db->sql, sql, -1, &stmt, NULL);
	if (code == SQLITE_OK)
		code = bind(stmt, types, ap);
	if (code != SQLITE_OK)
		return fail(db, code, err);
	*ret_stmt = steal(&stmt);
	return 0;
}

int db_query(struct db *db, sqlite3_stmt **ret_stmt, struct err *err, const char *sql,
	     const char *types, ...)
{
	va_list ap;
	int r;

	va_start(ap, types);
	r = query(db, ret_stmt, err, sql, types, ap);
	va_end(ap);
	return r;
}

int db_step(struct db *db, sqlite3_stmt *stmt, struct err *err)
{
	int code = sqlite3_step(stmt);

	if (code == SQLITE_ROW)
		return 1;
	return code == SQLITE_DONE ? 0 : fail(db, code, err);
}

int db_run(struct db *db, int *ret_changes, struct err *err, const char *sql, const char *types,
	   ...)
{
	AUTO_STMT sqlite3_stmt *stmt = NULL;
	va_list ap;
	int r;

	va_start(ap, types);
	r = query(db, &stmt, err, sql, types, ap);
	va_end(ap);
	if (!r)
		r = db_step(db, stmt, err);
	if (!r && ret_changes)
		*ret_changes = sqlite3_changes(db->sql);
	return r < 0 ? r : 0;
}

int db_int(struct db *db, int64_t *ret, struct err *err, const char *sql, const char *types, ...)
{
	AUTO_STMT sqlite3_stmt *stmt = NULL;
	va_list ap;
	int r;

	va_start(ap, types);
	r = query(db, &stmt, err, sql, types, ap);
	va_end(ap);
	if (!r)
		r = db_step(db, stmt, err);
	if (r < 0)
		return r;
	if (!r)
		return -ENOENT;
	*ret = sqlite3_column_int64(stmt, 0);
	return 0;
}

void db_col_text(sqlite3_stmt *stmt, int column, char *out, size_t size)
{
	const unsigned char *text = sqlite3_column_text(stmt, column);
	size_t len = (size_t)sqlite3_column_bytes(stmt, column);

	memset(out, 0, size);
	if (text && len < size)
		memcpy(out, text, len);
}

bool db_col_blob(sqlite3_stmt *stmt, int column, void *out, size_t len)
{
	const void *data = sqlite3_column_blob(stmt, column);

	memset(out, 0, len);
	if (!data || (size_t)sqlite3_column_bytes(stmt, column) != len)
		return false;
	memcpy(out, data, len);
	return true;
}
