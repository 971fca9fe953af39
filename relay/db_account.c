/* SPDX-License-Identifier: GPL-2.0-only */
#include "db_account.h"

#include "db_stmt.h"

#define COLUMNS "a.id, a.name, a.tier, a.created_at, a.billing_until"

static void read_row(sqlite3_stmt *stmt, struct db_account *account)
{
	account->id = sqlite3_column_int64(stmt, 0);
	db_col_text(stmt, 1, account->name, sizeof(account->name));
	db_col_text(stmt, 2, account->tier, sizeof(account->tier));
	account->created_at = sqlite3_column_int64(stmt, 3);
	account->billing_until = sqlite3_column_int64(stmt, 4);
}

static int read_one(struct db *db, sqlite3_stmt *stmt, struct db_account *ret, struct err *err)
{
	int r = db_step(db, stmt, err);

	if (r < 0)
		return r;
	if (!r)
		return err_set(err, -ENOENT, "no such account");
	read_row(stmt, ret);
	return 0;
}

int db_account_get(struct db *db, int64_t id, struct db_account *ret, struct err *err)
{
	AUTO_STMT sqlite3_stmt *stmt = NULL;
	int r;

	r = db_query(db, &stmt, err, "SELECT " COLUMNS " FROM account a WHERE id = ?", "i", id);
	return r ? r : read_one(db, stmt, ret, err);
}

int db_account_find(struct db *db, const char *name, struct db_account *ret, struct err *err)
{
	AUTO_STMT sqlite3_stmt *stmt = NULL;
	int r;

	r = db_query(db, &stmt, err, "SELECT " COLUMNS " FROM account a WHERE name = ?", "t", name);
	return r ? r : read_one(db, stmt, ret, err);
}

int db_account_add(struct db *db, const char *name, const char *tier, int64_t *ret_id,
		   struct err *err)
{
	int r;

	r = db_run(db, NULL, err, "INSERT INTO account (name, tier, created_at) VALUES (?, ?, ?)",
		   "tti", name, tier, db_now());
	if (!r)
		*ret_id = sqlite3_last_insert_rowid(db->sql);
	return r;
}

int db_account_set_tier(struct db *db, int64_t id, const char *tier, struct err *err)
{
	int changes, r;

	r = db_run(db, &changes, err, "UPDATE account SET tier = ? WHERE id = ?", "ti", tier, id);
	if (!r && !changes)
		return err_set(err, -ENOENT, "no such account");
	return r;
}

int db_account_set_billing(struct db *db, int64_t id, int64_t until, struct err *err)
{
	int changes, r;

	r = db_run(db, &changes, err,
		   "UPDATE account SET billing_until = nullif(?, 0) WHERE id = ?", "ii", until, id);
	if (!r && !changes)
		return err_set(err, -ENOENT, "no such account");
	return r;
}

bool db_account_expired(const struct db_account *account, int64_t now)
{
	return account->billing_until && account->billing_until <= now;
}

int db_account_list(struct db *db, db_account_cb *cb, void *ctx, struct err *err)
{
	AUTO_STMT sqlite3_stmt *stmt = NULL;
	int r;

	r = db_query(
		db, &stmt, err,
		"SELECT " COLUMNS ", count(p.slot), "
		"coalesce(sum(p.ipv4 AND NOT p.ipv4_stopped), 0) FROM account a "
		"LEFT JOIN token t ON t.account = a.id AND t.revoked_at IS NULL "
		"LEFT JOIN peer p ON p.token = t.id AND p.stopped = 0 GROUP BY a.id ORDER BY a.id",
		"");
	while (!r && (r = db_step(db, stmt, err)) > 0) {
		struct db_account account;

		read_row(stmt, &account);
		r = cb(&account, (uint32_t)sqlite3_column_int64(stmt, 5),
		       (uint32_t)sqlite3_column_int64(stmt, 6), ctx);
	}
	return r;
}

int db_account_list_due(struct db *db, int64_t now, db_account_cb *cb, void *ctx, struct err *err)
{
	AUTO_STMT sqlite3_stmt *stmt = NULL;
	int r;

	r = db_query(db, &stmt, err,
		     "SELECT " COLUMNS " FROM account a WHERE EXISTS (SELECT 1 FROM token t "
		     "JOIN peer p ON p.token = t.id WHERE t.account = a.id "
		     "AND t.revoked_at IS NULL AND (p.stopped <> 0 OR p.ipv4_stopped <> 0 "
		     "OR a.billing_until <= ?1))",
		     "i", now);
	while (!r && (r = db_step(db, stmt, err)) > 0) {
		struct db_account account;

		read_row(stmt, &account);
		r = cb(&account, 0, 0, ctx);
	}
	return r;
}
