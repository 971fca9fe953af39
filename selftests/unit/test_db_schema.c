/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Migrations are only appended, and bring every former schema up to date.
 * selftests/abi/schema_N.sql is one as it was released, with rows: a migration that is changed
 * afterwards no longer makes it. When another is appended, the schema before it is frozen there: a
 * database of that schema, by sqlite3's .dump, behind PRAGMA user_version.
 */
#include "test.h"
#include <sqlite3.h>
#include <stdio.h>
#include "lib/file.h"
#include "relay/db_account.h"
#include "relay/db_audit.h"
#include "relay/db_canary.h"
#include "relay/db_firewall.h"
#include "relay/db_identity.h"
#include "relay/db_machine.h"
#include "relay/db_peer.h"
#include "relay/db_stmt.h"
#include "relay/db_token.h"

#define MAX_SQL_BYTES 65536

static char folder[32], path[64];

static int set_up(UNUSED void **state)
{
	snprintf(folder, sizeof(folder), "/tmp/test_db.XXXXXX");
	if (!mkdtemp(folder))
		return -1;
	snprintf(path, sizeof(path), "%s/relay.db", folder);
	return 0;
}

static int tear_down(UNUSED void **state)
{
	static const char *const ends[] = {"", "-wal", "-shm"};
	char file[80];

	for (size_t i = 0; i < ARRAY_SIZE(ends); i++) {
		snprintf(file, sizeof(file), "%s%s", path, ends[i]);
		unlink(file);
	}
	return rmdir(folder);
}

static void load_frozen(int version)
{
	char file[64];
	AUTO_FREE char *sql = NULL;
	char *text = NULL;
	sqlite3 *raw = NULL;
	struct err err;

	snprintf(file, sizeof(file), "selftests/abi/schema_%d.sql", version);
	if (file_read(file, MAX_SQL_BYTES, &sql, NULL, &err))
		fail_msg("%s", err.text);
	assert_int_equal(sqlite3_open(path, &raw), SQLITE_OK);
	if (sqlite3_exec(raw, sql, NULL, NULL, &text) != SQLITE_OK)
		fail_msg("%s: %s", file, text);
	sqlite3_close(raw);
}

/* Every object's statement, in an order of its own. */
static int schema_of(char out[static MAX_SQL_BYTES])
{
	static const char sql[] = "SELECT group_concat(sql, ';') FROM (SELECT sql FROM "
				  "sqlite_schema WHERE sql IS NOT NULL AND name NOT LIKE "
				  "'sqlite_%' ORDER BY type, name)";
	sqlite3_stmt *stmt = NULL;
	sqlite3 *raw = NULL;
	int version;

	assert_int_equal(sqlite3_open(path, &raw), SQLITE_OK);
	assert_int_equal(sqlite3_prepare_v2(raw, sql, -1, &stmt, NULL), SQLITE_OK);
	assert_int_equal(sqlite3_step(stmt), SQLITE_ROW);
	snprintf(out, MAX_SQL_BYTES, "%s", (const char *)sqlite3_column_text(stmt, 0));
	sqlite3_finalize(stmt);
	assert_int_equal(sqlite3_prepare_v2(raw, "PRAGMA user_version", -1, &stmt, NULL),
			 SQLITE_OK);
	assert_int_equal(sqlite3_step(stmt), SQLITE_ROW);
	version = sqlite3_column_int(stmt, 0);
	sqlite3_finalize(stmt);
	sqlite3_close(raw);
	return version;
}

static void again(void)
{
	tear_down(NULL);
	assert_int_equal(set_up(NULL), 0);
}

static void released_migrations_make_what_they_made(UNUSED void **state)
{
	static char frozen[MAX_SQL_BYTES], made[MAX_SQL_BYTES];

	for (int version = 1; version < db_schema_newest(); version++) {
		struct db *db = NULL;
		struct err err;

		again();
		load_frozen(version);
		assert_int_equal(schema_of(frozen), version);
		again();
		if (db_open_schema(path, version, &db, &err))
			fail_msg("schema %d: %s", version, err.text);
		db_close(db);
		assert_int_equal(schema_of(made), version);
		if (strcmp(frozen, made))
			fail_msg("schema %d is not as it was released", version);
	}
}

static void check_first(struct db *db)
{
	struct db_account account;
	struct db_token token;
	struct db_address held;
	struct db_peer peer;
	uint32_t peers, ipv4;

	assert_int_equal(db_account_find(db, "alice", &account, NULL), 0);
	assert_string_equal(account.tier, "pulse");
	assert_int_equal(db_token_get(db, 1, &token, NULL), 0);
	assert_int_equal(token.max_peers, 5);
	assert_int_equal(token.max_ipv4, DB_TOKEN_NO_LIMIT);
	assert_int_equal(db_token_get(db, 2, &token, NULL), 0);
	assert_int_equal(token.revoked_at, 200);
	assert_int_equal(db_peer_get(db, 7, &peer, NULL), 0);
	assert_true(peer.live);
	assert_true(peer.ipv4);
	assert_false(peer.ipv4_stopped);
	assert_int_equal(peer.stopped, DB_PEER_RUNS);
	assert_int_equal(peer.stopped_at, 0);
	assert_int_equal(peer.address.generation, 2);
	assert_int_equal(peer.last_handshake, 400);
	assert_int_equal(db_peer_count(db, 1, 0, DB_PEER_NO_SLOT, &peers, &ipv4, NULL), 0);
	assert_int_equal(peers, 1);
	assert_int_equal(ipv4, 1);
	assert_int_equal(db_address_get(db, 9, &held, NULL), 0);
	assert_int_equal(held.held_since, 300);
}

static int one_audit(const struct db_audit *entry, void *ctx)
{
	assert_string_equal(entry->action, "token.create");
	assert_int_equal(entry->at, 500);
	++*(int *)ctx;
	return 0;
}

static void check_second(struct db *db)
{
	uint8_t hash[DB_CANARY_HASH_LEN];
	struct db_account account;
	struct db_token token;
	int64_t sequence;
	int n = 0;

	assert_int_equal(db_account_find(db, "alice", &account, NULL), 0);
	assert_int_equal(account.billing_until, 900);
	assert_int_equal(db_token_get(db, 2, &token, NULL), 0);
	assert_int_equal(token.parent, 1);
	assert_int_equal(db_audit_list(db, 1, 0, 10, one_audit, &n, NULL), 0);
	assert_int_equal(n, 1);
	assert_int_equal(db_canary_last(db, &sequence, hash, NULL), 0);
	assert_int_equal(sequence, 3);
	assert_int_equal(hash[0], 0x0c);
}

static void check_later(struct db *db, int version)
{
	uint8_t id[DB_IDENTITY_LEN], zero[DB_IDENTITY_LEN] = {};
	struct sc_firewall rules = {};
	struct db_machine machine;

	if (version >= 2)
		check_second(db);
	assert_int_equal(db_firewall_get(db, 7, &rules, NULL), 0);
	assert_int_equal(rules.n, version >= 3 ? 2 : 0);
	assert_int_equal(db_machine_find(db, 1, "m", &machine, NULL), version >= 4 ? 0 : -ENOENT);
	if (version >= 4)
		assert_int_equal(machine.seen_at, 800);
	assert_int_equal(db_identity(db, id, NULL), 0);
	assert_int_equal(id[0] == 0x1d, version >= 5);
	assert_memory_not_equal(id, zero, sizeof(id));
}

static void every_former_schema_is_brought_up_to_date(UNUSED void **state)
{
	for (int version = 1; version < db_schema_newest(); version++) {
		struct db *db = NULL;
		struct err err = {};
		int64_t v;

		again();
		load_frozen(version);
		if (db_open(path, &db, &err))
			fail_msg("from schema %d: %s", version, err.text);
		assert_int_equal(db_int(db, &v, NULL, "PRAGMA user_version", ""), 0);
		assert_int_equal(v, db_schema_newest());
		assert_int_equal(db_check(db, NULL), 0);
		assert_int_equal(
			db_int(db, &v, NULL, "SELECT count(*) FROM pragma_foreign_key_check", ""),
			0);
		assert_int_equal(v, 0);
		check_first(db);
		check_later(db, version);
		db_close(db);
	}
}

static void a_database_has_an_identity_that_its_copy_shares(UNUSED void **state)
{
	uint8_t a[DB_IDENTITY_LEN], b[DB_IDENTITY_LEN], c[DB_IDENTITY_LEN];
	struct db *db = NULL, *copy = NULL;
	char to[80];

	snprintf(to, sizeof(to), "%s-copy", path);
	assert_int_equal(db_open(path, &db, NULL), 0);
	assert_int_equal(db_identity(db, a, NULL), 0);
	assert_int_equal(db_snapshot(db, to, NULL), 0);
	assert_int_equal(db_open(to, &copy, NULL), 0);
	assert_int_equal(db_identity(copy, b, NULL), 0);
	assert_memory_equal(a, b, sizeof(a));
	db_close(copy);
	db_close(db);
	unlink(to);
	again();
	assert_int_equal(db_open(path, &db, NULL), 0);
	assert_int_equal(db_identity(db, c, NULL), 0);
	assert_memory_not_equal(a, c, sizeof(a));
	db_close(db);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(released_migrations_make_what_they_made, set_up,
						tear_down),
		cmocka_unit_test_setup_teardown(every_former_schema_is_brought_up_to_date, set_up,
						tear_down),
		cmocka_unit_test_setup_teardown(a_database_has_an_identity_that_its_copy_shares,
						set_up, tear_down),
	};

	return RUN_TESTS(tests);
}
