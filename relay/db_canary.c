/* SPDX-License-Identifier: GPL-2.0-only */
#include "db_canary.h"

#include "db_stmt.h"

int db_canary_last(struct db *db, int64_t *ret_sequence,
		   uint8_t ret_hash[static DB_CANARY_HASH_LEN], struct err *err)
{
	AUTO_STMT sqlite3_stmt *stmt = NULL;
	int r;

	r = db_query(db, &stmt, err,
		     "SELECT sequence, hash FROM canary ORDER BY sequence DESC LIMIT 1", "");
	if (!r)
		r = db_step(db, stmt, err);
	if (r < 0)
		return r;
	if (!r)
		return err_set(err, -ENOENT, "no canary yet");
	*ret_sequence = sqlite3_column_int64(stmt, 0);
	db_col_blob(stmt, 1, ret_hash, DB_CANARY_HASH_LEN);
	return 0;
}

int db_canary_add(struct db *db, int64_t sequence, const uint8_t hash[static DB_CANARY_HASH_LEN],
		  struct err *err)
{
	return db_run(db, NULL, err,
		      "INSERT INTO canary (sequence, hash, accepted_at) VALUES (?, ?, ?)", "ibi",
		      sequence, hash, DB_CANARY_HASH_LEN, db_now());
}
