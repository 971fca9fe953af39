/* SPDX-License-Identifier: GPL-2.0-only */
#include "db_usage.h"

#include <string.h>
#include "db_stmt.h"

#define ADD_UP                                                                                     \
	"ON CONFLICT DO UPDATE SET up_packets = up_packets + excluded.up_packets, "                \
	"up_bytes = up_bytes + excluded.up_bytes, "                                                \
	"down_packets = down_packets + excluded.down_packets, "                                    \
	"down_bytes = down_bytes + excluded.down_bytes"

static void read_usage(sqlite3_stmt *stmt, int column, struct usage *ret)
{
	ret->up_packets = (uint64_t)sqlite3_column_int64(stmt, column);
	ret->up_bytes = (uint64_t)sqlite3_column_int64(stmt, column + 1);
	ret->down_packets = (uint64_t)sqlite3_column_int64(stmt, column + 2);
	ret->down_bytes = (uint64_t)sqlite3_column_int64(stmt, column + 3);
}

/* What was counted already; all zero for another generation or another run. */
static int taken_get(struct db *db, uint32_t slot, uint32_t generation, const uint8_t *run,
		     struct usage *ret_taken, struct err *err)
{
	AUTO_STMT sqlite3_stmt *stmt = NULL;
	int r;

	*ret_taken = (struct usage){};
	r = db_query(db, &stmt, err,
		     "SELECT up_packets, up_bytes, down_packets, down_bytes FROM counted "
		     "WHERE slot = ? AND generation = ? AND run = ?",
		     "iib", (int64_t)slot, (int64_t)generation, run, USAGE_RUN_LEN);
	if (!r)
		r = db_step(db, stmt, err);
	if (r > 0)
		read_usage(stmt, 0, ret_taken);
	return r < 0 ? r : 0;
}

static int taken_set(struct db *db, uint32_t slot, uint32_t generation, const uint8_t *run,
		     const struct usage *now, struct err *err)
{
	return db_run(
		db, NULL, err,
		"INSERT OR REPLACE INTO counted (slot, generation, run, up_packets, up_bytes, "
		"down_packets, down_bytes) VALUES (?, ?, ?, ?, ?, ?, ?)",
		"iibiiii", (int64_t)slot, (int64_t)generation, run, USAGE_RUN_LEN,
		(int64_t)now->up_packets, (int64_t)now->up_bytes, (int64_t)now->down_packets,
		(int64_t)now->down_bytes);
}

static int add(struct db *db, uint32_t month, int64_t account, uint32_t slot,
	       const struct usage *more, struct err *err)
{
	return db_run(db, NULL, err,
		      "INSERT INTO usage (month, account, slot, up_packets, up_bytes, "
		      "down_packets, down_bytes) VALUES (?, ?, ?, ?, ?, ?, ?) " ADD_UP,
		      "iiiiiii", (int64_t)month, account, (int64_t)slot, (int64_t)more->up_packets,
		      (int64_t)more->up_bytes, (int64_t)more->down_packets,
		      (int64_t)more->down_bytes);
}

static bool went_back(const struct usage *now, const struct usage *taken)
{
	return now->up_packets < taken->up_packets || now->up_bytes < taken->up_bytes ||
	       now->down_packets < taken->down_packets || now->down_bytes < taken->down_bytes;
}

int db_usage_count(struct db *db, uint32_t month, uint32_t slot, uint32_t generation,
		   const uint8_t run[static USAGE_RUN_LEN], const struct usage *now,
		   struct usage *ret_new, struct err *err)
{
	static const struct usage nothing;
	struct db_address address;
	struct usage taken, more;
	int r;

	*ret_new = nothing;
	r = db_address_get(db, slot, &address, err);
	if (r == -ENOENT || (!r && address.generation != generation))
		return 0;
	if (!r)
		r = taken_get(db, slot, generation, run, &taken, err);
	if (r)
		return r;
	/* They began anew, and nobody said so. */
	if (went_back(now, &taken))
		taken = nothing;
	more = (struct usage){.up_packets = now->up_packets - taken.up_packets,
			      .up_bytes = now->up_bytes - taken.up_bytes,
			      .down_packets = now->down_packets - taken.down_packets,
			      .down_bytes = now->down_bytes - taken.down_bytes};
	if (!memcmp(&more, &nothing, sizeof(more)))
		return 0;
	r = add(db, month, address.account, slot, &more, err);
	if (!r)
		r = taken_set(db, slot, generation, run, now, err);
	if (!r)
		*ret_new = more;
	return r;
}

int db_usage_gone(struct db *db, uint32_t slot, struct err *err)
{
	int r;

	/* Without WHERE the grammar would take ON CONFLICT for a join's. */
	r = db_run(db, NULL, err,
		   "INSERT INTO usage (month, account, slot, up_packets, up_bytes, down_packets, "
		   "down_bytes) SELECT month, account, ?1, up_packets, up_bytes, down_packets, "
		   "down_bytes FROM usage WHERE slot = ?2 " ADD_UP,
		   "ii", (int64_t)DB_USAGE_GONE, (int64_t)slot);
	if (!r)
		r = db_run(db, NULL, err, "DELETE FROM usage WHERE slot = ?", "i", (int64_t)slot);
	return r ? r
		 : db_run(db, NULL, err, "DELETE FROM counted WHERE slot = ?", "i", (int64_t)slot);
}

int db_usage_get(struct db *db, uint32_t month, int64_t account, struct usage *ret_usage,
		 struct err *err)
{
	AUTO_STMT sqlite3_stmt *stmt = NULL;
	int r;

	r = db_query(db, &stmt, err,
		     "SELECT sum(up_packets), sum(up_bytes), sum(down_packets), sum(down_bytes) "
		     "FROM usage WHERE month = ? AND account = ?",
		     "ii", (int64_t)month, account);
	if (!r)
		r = db_step(db, stmt, err);
	if (r < 0)
		return r;
	read_usage(stmt, 0, ret_usage);
	return 0;
}

int db_usage_list(struct db *db, uint32_t month, int64_t account, bool peers, db_usage_cb *cb,
		  void *ctx, struct err *err)
{
	AUTO_STMT sqlite3_stmt *stmt = NULL;
	int r;

	r = db_query(db, &stmt, err,
		     "SELECT u.month, a.name, CASE ?3 WHEN 0 THEN 0 ELSE u.slot END AS one, "
		     "d.machine, d.name, sum(u.up_packets), sum(u.up_bytes), sum(u.down_packets), "
		     "sum(u.down_bytes) FROM usage u JOIN account a ON a.id = u.account "
		     "LEFT JOIN address d ON d.slot = u.slot "
		     "WHERE (?1 = 0 OR u.month = ?1) AND (?2 = 0 OR u.account = ?2) "
		     "GROUP BY u.month, u.account, one ORDER BY u.month DESC, a.name, one",
		     "iii", (int64_t)month, account, (int64_t)peers);
	while (!r && (r = db_step(db, stmt, err)) > 0) {
		struct db_usage u = {.month = (uint32_t)sqlite3_column_int64(stmt, 0)};

		db_col_text(stmt, 1, u.account, sizeof(u.account));
		u.slot = (uint32_t)sqlite3_column_int64(stmt, 2);
		if (peers) {
			db_col_text(stmt, 3, u.machine, sizeof(u.machine));
			db_col_text(stmt, 4, u.name, sizeof(u.name));
		}
		read_usage(stmt, 5, &u.usage);
		r = cb(&u, ctx);
	}
	return r;
}

int db_usage_prune(struct db *db, uint32_t month, struct err *err)
{
	return db_run(db, NULL, err, "DELETE FROM usage WHERE month < ?", "i", (int64_t)month);
}
