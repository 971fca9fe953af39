/* SPDX-License-Identifier: GPL-2.0-only */
#include "db_machine.h"

#include "db_stmt.h"

#define PEERS                                                                                      \
	"(SELECT count(*) FROM address d JOIN peer p ON p.slot = d.slot "                          \
	"WHERE d.account = m.account AND d.machine = m.machine)"
#define SELECT                                                                                     \
	"SELECT m.id, m.account, a.name, m.token, m.machine, m.public_key, m.factors, m.remote, "  \
	"m.enrolled_at, m.seen_at, m.changed_at, m.refused, m.refused_at, m.cloned_at, " PEERS     \
	" FROM machine m JOIN account a ON a.id = m.account "

static void read_row(sqlite3_stmt *stmt, struct db_machine *m)
{
	*m = (struct db_machine){};
	m->id = sqlite3_column_int64(stmt, 0);
	m->account = sqlite3_column_int64(stmt, 1);
	db_col_text(stmt, 2, m->account_name, sizeof(m->account_name));
	m->token = sqlite3_column_int64(stmt, 3);
	db_col_text(stmt, 4, m->name, sizeof(m->name));
	db_col_blob(stmt, 5, m->public_key, sizeof(m->public_key));
	db_col_blob(stmt, 6, m->factors.hash, sizeof(m->factors.hash));
	db_col_text(stmt, 7, m->remote, sizeof(m->remote));
	m->enrolled_at = sqlite3_column_int64(stmt, 8);
	m->seen_at = sqlite3_column_int64(stmt, 9);
	m->changed_at = sqlite3_column_int64(stmt, 10);
	m->refused = (uint32_t)sqlite3_column_int64(stmt, 11);
	m->refused_at = sqlite3_column_int64(stmt, 12);
	m->cloned_at = sqlite3_column_int64(stmt, 13);
	m->peers = (uint32_t)sqlite3_column_int64(stmt, 14);
}

static int read_one(struct db *db, sqlite3_stmt *stmt, struct db_machine *ret, struct err *err)
{
	int r = db_step(db, stmt, err);

	if (r < 0)
		return r;
	if (!r)
		return err_set(err, -ENOENT, "no such machine");
	read_row(stmt, ret);
	return 0;
}

int db_machine_get(struct db *db, int64_t id, struct db_machine *ret, struct err *err)
{
	AUTO_STMT sqlite3_stmt *stmt = NULL;
	int r = db_query(db, &stmt, err, SELECT "WHERE m.id = ?", "i", id);

	return r ? r : read_one(db, stmt, ret, err);
}

int db_machine_find(struct db *db, int64_t account, const char *name, struct db_machine *ret,
		    struct err *err)
{
	AUTO_STMT sqlite3_stmt *stmt = NULL;
	int r = db_query(db, &stmt, err, SELECT "WHERE m.account = ? AND m.machine = ?", "it",
			 account, name);

	return r ? r : read_one(db, stmt, ret, err);
}

int db_machine_find_key(struct db *db, const uint8_t key[static KEY_LEN], struct db_machine *ret,
			struct err *err)
{
	AUTO_STMT sqlite3_stmt *stmt = NULL;
	int r = db_query(db, &stmt, err, SELECT "WHERE m.public_key = ?", "b", key, KEY_LEN);

	return r ? r : read_one(db, stmt, ret, err);
}

int db_machine_add(struct db *db, struct db_machine *m, struct err *err)
{
	int r;

	m->enrolled_at = m->seen_at = db_now();
	r = db_run(db, NULL, err,
		   "INSERT INTO machine (account, token, machine, public_key, factors, remote, "
		   "enrolled_at, seen_at) VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
		   "iitbbtii", m->account, m->token, m->name, m->public_key, KEY_LEN,
		   m->factors.hash, (int)sizeof(m->factors.hash), m->remote, m->enrolled_at,
		   m->seen_at);
	if (!r)
		m->id = sqlite3_last_insert_rowid(db->sql);
	return r;
}

int db_machine_seen(struct db *db, const struct db_machine *m, bool changed, struct err *err)
{
	return db_run(db, NULL, err,
		      "UPDATE machine SET token = ?2, factors = ?3, remote = ?4, seen_at = ?5, "
		      "changed_at = CASE WHEN ?6 THEN ?5 ELSE changed_at END WHERE id = ?1",
		      "iibtii", m->id, m->token, m->factors.hash, (int)sizeof(m->factors.hash),
		      m->remote, db_now(), (int64_t)changed);
}

int db_machine_refused(struct db *db, int64_t id, struct err *err)
{
	return db_run(db, NULL, err,
		      "UPDATE machine SET refused = refused + 1, refused_at = ? WHERE id = ?", "ii",
		      db_now(), id);
}

int db_machine_cloned(struct db *db, int64_t id, struct err *err)
{
	return db_run(db, NULL, err, "UPDATE machine SET cloned_at = ? WHERE id = ?", "ii",
		      db_now(), id);
}

int db_machine_del(struct db *db, int64_t id, struct err *err)
{
	return db_run(db, NULL, err, "DELETE FROM machine WHERE id = ?", "i", id);
}

int db_machine_count(struct db *db, int64_t account, uint32_t *ret, struct err *err)
{
	int64_t n;
	int r = db_int(db, &n, err, "SELECT count(*) FROM machine WHERE account = ?", "i", account);

	if (!r)
		*ret = (uint32_t)n;
	return r;
}

int db_machine_count_all(struct db *db, int64_t since, uint32_t *ret, uint32_t *ret_cloned,
			 struct err *err)
{
	int64_t n, cloned;
	int r = db_int(db, &n, err, "SELECT count(*) FROM machine", "");

	if (!r)
		r = db_int(db, &cloned, err, "SELECT count(*) FROM machine WHERE cloned_at >= ?",
			   "i", since);
	if (r)
		return r;
	*ret = (uint32_t)n;
	*ret_cloned = (uint32_t)cloned;
	return 0;
}

int db_machine_oldest_idle(struct db *db, int64_t account, struct db_machine *ret, struct err *err)
{
	AUTO_STMT sqlite3_stmt *stmt = NULL;
	int r = db_query(db, &stmt, err,
			 SELECT "WHERE m.account = ? AND " PEERS
				" = 0 ORDER BY m.seen_at, m.id LIMIT 1",
			 "i", account);

	return r ? r : read_one(db, stmt, ret, err);
}

int db_machine_list(struct db *db, db_machine_cb *cb, void *ctx, struct err *err)
{
	AUTO_STMT sqlite3_stmt *stmt = NULL;
	int r = db_query(db, &stmt, err, SELECT "ORDER BY m.id", "");

	while (!r && (r = db_step(db, stmt, err)) > 0) {
		struct db_machine m;

		read_row(stmt, &m);
		r = cb(&m, ctx);
	}
	return r;
}
