/* SPDX-License-Identifier: GPL-2.0-only */
#include "db_identity.h"

#include "db_stmt.h"

int db_identity(struct db *db, uint8_t ret_id[static DB_IDENTITY_LEN], struct err *err)
{
	AUTO_STMT sqlite3_stmt *stmt = NULL;
	int r = db_query(db, &stmt, err, "SELECT id FROM identity", "");

	if (!r)
		r = db_step(db, stmt, err);
	if (r < 0)
		return r;
	if (!r || !db_col_blob(stmt, 0, ret_id, DB_IDENTITY_LEN))
		return err_set(err, -EINVAL, "the database has no identity");
	return 0;
}
