/* SPDX-License-Identifier: GPL-2.0-only */
#include "db_firewall.h"

#include "db_stmt.h"

int db_firewall_set(struct db *db, uint32_t slot, const struct sc_firewall *rules, struct err *err)
{
	char text[FIREWALL_TEXT_LEN];

	if (!rules->n)
		return db_run(db, NULL, err, "DELETE FROM firewall WHERE slot = ?", "i",
			      (int64_t)slot);
	return db_run(db, NULL, err,
		      "INSERT INTO firewall (slot, rules) VALUES (?, ?) "
		      "ON CONFLICT (slot) DO UPDATE SET rules = excluded.rules",
		      "it", (int64_t)slot, firewall_text(text, rules));
}

int db_firewall_get(struct db *db, uint32_t slot, struct sc_firewall *ret_rules, struct err *err)
{
	AUTO_STMT sqlite3_stmt *stmt = NULL;
	char text[FIREWALL_TEXT_LEN];
	int r;

	r = db_query(db, &stmt, err, "SELECT rules FROM firewall WHERE slot = ?", "i",
		     (int64_t)slot);
	if (!r)
		r = db_step(db, stmt, err);
	if (r < 0)
		return r;
	if (!r) {
		*ret_rules = (struct sc_firewall){};
		return 0;
	}
	db_col_text(stmt, 0, text, sizeof(text));
	r = firewall_parse(text, ret_rules, err);
	return r ? err_prefix(err, "slot %u: its firewall", slot) : 0;
}
