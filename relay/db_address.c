/* SPDX-License-Identifier: GPL-2.0-only */
#include "db_address.h"

#include "db_stmt.h"
#include "db_usage.h"

#define COLUMNS "d.slot, d.generation, d.account, d.machine, d.name, d.v6, d.v4, d.held_since"
/* No identity can be this: names and machines hold no control characters. */
#define SWAP_NAME "\001"

static void read_row(sqlite3_stmt *stmt, struct db_address *address)
{
	address->slot = (uint32_t)sqlite3_column_int64(stmt, 0);
	address->generation = (uint32_t)sqlite3_column_int64(stmt, 1);
	address->account = sqlite3_column_int64(stmt, 2);
	db_col_text(stmt, 3, address->machine, sizeof(address->machine));
	db_col_text(stmt, 4, address->name, sizeof(address->name));
	db_col_blob(stmt, 5, &address->v6, sizeof(address->v6));
	db_col_blob(stmt, 6, &address->v4, sizeof(address->v4));
	address->held_since = sqlite3_column_int64(stmt, 7);
}

static int read_one(struct db *db, sqlite3_stmt *stmt, struct db_address *ret, struct err *err)
{
	int r = db_step(db, stmt, err);

	if (r < 0)
		return r;
	if (!r)
		return err_set(err, -ENOENT, "no such address row");
	read_row(stmt, ret);
	return 0;
}

/* SQL's null for "no IPv4 address". */
static const void *v4_or_null(const struct db_address *address)
{
	return addr4_is_zero(address->v4) ? NULL : &address->v4;
}

int db_address_get(struct db *db, uint32_t slot, struct db_address *ret, struct err *err)
{
	AUTO_STMT sqlite3_stmt *stmt = NULL;
	int r;

	r = db_query(db, &stmt, err, "SELECT " COLUMNS " FROM address d WHERE d.slot = ?", "i",
		     (int64_t)slot);
	return r ? r : read_one(db, stmt, ret, err);
}

int db_address_find(struct db *db, int64_t account, const char *machine, const char *name,
		    struct db_address *ret, struct err *err)
{
	AUTO_STMT sqlite3_stmt *stmt = NULL;
	int r;

	r = db_query(db, &stmt, err,
		     "SELECT " COLUMNS " FROM address d "
		     "WHERE d.account = ? AND d.machine = ? AND d.name = ?",
		     "itt", account, machine, name);
	return r ? r : read_one(db, stmt, ret, err);
}

int db_address_add(struct db *db, const struct db_address *address, struct err *err)
{
	return db_run(db, NULL, err,
		      "INSERT INTO address (slot, generation, account, machine, name, v6, v4) "
		      "VALUES (?, ?, ?, ?, ?, ?, ?)",
		      "iiittbb", (int64_t)address->slot, (int64_t)address->generation,
		      address->account, address->machine, address->name, &address->v6,
		      (int)sizeof(address->v6), v4_or_null(address), (int)sizeof(address->v4));
}

int db_address_del(struct db *db, uint32_t slot, struct err *err)
{
	int r = db_usage_gone(db, slot, err);

	return r ? r
		 : db_run(db, NULL, err, "DELETE FROM address WHERE slot = ?", "i", (int64_t)slot);
}

int db_address_set(struct db *db, const struct db_address *address, struct err *err)
{
	return db_run(db, NULL, err,
		      "UPDATE address SET generation = ?, v6 = ?, v4 = ? WHERE slot = ?", "ibbi",
		      (int64_t)address->generation, &address->v6, (int)sizeof(address->v6),
		      v4_or_null(address), (int)sizeof(address->v4), (int64_t)address->slot);
}

int db_address_set_held(struct db *db, uint32_t slot, int64_t since, struct err *err)
{
	return db_run(db, NULL, err, "UPDATE address SET held_since = nullif(?, 0) WHERE slot = ?",
		      "ii", since, (int64_t)slot);
}

static int set_identity(struct db *db, uint32_t slot, const char *machine, const char *name,
			struct err *err)
{
	return db_run(db, NULL, err, "UPDATE address SET machine = ?, name = ? WHERE slot = ?",
		      "tti", machine, name, (int64_t)slot);
}

int db_address_rename(struct db *db, uint32_t slot, const char *machine, const char *name,
		      struct err *err)
{
	struct db_address row, other;
	int r;

	r = db_address_get(db, slot, &row, err);
	if (r)
		return r;
	r = db_address_find(db, row.account, machine, name, &other, err);
	if (r == -ENOENT)
		return set_identity(db, slot, machine, name, err);
	if (r || other.slot == slot)
		return r;
	r = set_identity(db, other.slot, "", SWAP_NAME, err);
	if (!r)
		r = set_identity(db, slot, machine, name, err);
	if (!r)
		r = set_identity(db, other.slot, row.machine, row.name, err);
	return r;
}

int db_address_slot_taken(struct db *db, uint32_t slot)
{
	int64_t n;
	int r;

	r = db_int(db, &n, NULL, "SELECT count(*) FROM address WHERE slot = ?", "i", (int64_t)slot);
	return r ? r : n != 0;
}

int db_address_v4_taken(struct db *db, struct addr4 v4)
{
	int64_t n;
	int r;

	r = db_int(db, &n, NULL, "SELECT count(*) FROM address WHERE v4 = ?", "b", &v4,
		   (int)sizeof(v4));
	return r ? r : n != 0;
}

int db_address_count(struct db *db, uint32_t *ret_rows, struct err *err)
{
	int64_t n;
	int r = db_int(db, &n, err, "SELECT count(*) FROM address", "");

	if (!r)
		*ret_rows = (uint32_t)n;
	return r;
}

int db_address_count_held(struct db *db, int64_t account, uint32_t *ret_rows, struct err *err)
{
	int64_t n;
	int r;

	r = db_int(db, &n, err,
		   "SELECT count(*) FROM address WHERE account = ? AND held_since IS NOT NULL", "i",
		   account);
	if (!r)
		*ret_rows = (uint32_t)n;
	return r;
}

int db_address_oldest_held(struct db *db, int64_t account, bool with_v4, struct db_address *ret,
			   struct err *err)
{
	AUTO_STMT sqlite3_stmt *stmt = NULL;
	int r;

	r = db_query(db, &stmt, err,
		     "SELECT " COLUMNS " FROM address d WHERE d.held_since IS NOT NULL "
		     "AND (?1 = 0 OR d.account = ?1) AND (?2 = 0 OR d.v4 IS NOT NULL) "
		     "ORDER BY d.held_since, d.slot LIMIT 1",
		     "ii", account, (int64_t)with_v4);
	return r ? r : read_one(db, stmt, ret, err);
}

int db_address_list(struct db *db, db_address_cb *cb, void *ctx, struct err *err)
{
	AUTO_STMT sqlite3_stmt *stmt = NULL;
	int r;

	r = db_query(db, &stmt, err,
		     "SELECT " COLUMNS ", a.name FROM address d JOIN account a "
		     "ON a.id = d.account ORDER BY d.slot",
		     "");
	while (!r && (r = db_step(db, stmt, err)) > 0) {
		struct db_address address;
		char account[CONF_NAME_LEN];

		read_row(stmt, &address);
		db_col_text(stmt, 8, account, sizeof(account));
		r = cb(&address, account, ctx);
	}
	return r;
}

int db_address_check_pools(struct db *db, const struct conf *conf, struct err *err)
{
	for (size_t i = 0; i < conf->n_pool6; i++) {
		char prefix[PREFIX_TEXT_LEN];
		int64_t bits;
		int r;

		prefix6_text(prefix, &conf->pool6[i].prefix);
		r = db_run(db, NULL, err,
			   "INSERT INTO pool6 (prefix, slot_bits) VALUES (?, ?) "
			   "ON CONFLICT DO NOTHING",
			   "ti", prefix, (int64_t)conf->pool6[i].slot_bits);
		if (!r)
			r = db_int(db, &bits, err, "SELECT slot_bits FROM pool6 WHERE prefix = ?",
				   "t", prefix);
		if (r)
			return r;
		if (bits != conf->pool6[i].slot_bits)
			return err_set(err, -EEXIST,
				       "pools: %s is in use with slot_bits: %jd, not %u", prefix,
				       (intmax_t)bits, conf->pool6[i].slot_bits);
	}
	return 0;
}
