/* SPDX-License-Identifier: GPL-2.0-only */
#include "db_audit.h"

#include "db_stmt.h"

int db_audit_add(struct db *db, const struct db_audit *entry, struct err *err)
{
	int r;

	r = db_run(db, NULL, err,
		   "INSERT INTO audit (at, account, token, remote, action, detail) "
		   "VALUES (?, nullif(?, 0), nullif(?, 0), ?, ?, ?)",
		   "iiittt", db_now(), entry->account, entry->token, entry->remote, entry->action,
		   entry->detail);
	/* Numbers are never used again: this takes one row at most. */
	return r ? r
		 : db_run(db, NULL, err,
			  "DELETE FROM audit WHERE id <= (SELECT max(id) FROM audit) - ?", "i",
			  (int64_t)DB_AUDIT_MAX);
}

int db_audit_list(struct db *db, int64_t account, int64_t before, uint32_t limit, db_audit_cb *cb,
		  void *ctx, struct err *err)
{
	AUTO_STMT sqlite3_stmt *stmt = NULL;
	int r;

	r = db_query(db, &stmt, err,
		     "SELECT id, at, account, token, remote, action, detail FROM audit "
		     "WHERE (?1 = 0 OR account = ?1) AND (?2 = 0 OR id < ?2) "
		     "ORDER BY id DESC LIMIT ?3",
		     "iii", account, before, (int64_t)limit);
	while (!r && (r = db_step(db, stmt, err)) > 0) {
		struct db_audit e = {};

		e.id = sqlite3_column_int64(stmt, 0);
		e.at = sqlite3_column_int64(stmt, 1);
		e.account = sqlite3_column_int64(stmt, 2);
		e.token = sqlite3_column_int64(stmt, 3);
		db_col_text(stmt, 4, e.remote, sizeof(e.remote));
		db_col_text(stmt, 5, e.action, sizeof(e.action));
		db_col_text(stmt, 6, e.detail, sizeof(e.detail));
		r = cb(&e, ctx);
	}
	return r;
}
