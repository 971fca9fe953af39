/* SPDX-License-Identifier: GPL-2.0-only */
/* The database: what its rows mean. Its former schemas: test_db_schema.c. */
#include "test.h"
#include <stdio.h>
#include "relay/db_account.h"
#include "relay/db_audit.h"
#include "relay/db_canary.h"
#include "relay/db_peer.h"
#include "relay/db_stmt.h"
#include "relay/db_token.h"

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

static void run(struct db *db, const char *sql)
{
	struct err err = {};

	if (db_run(db, NULL, &err, sql, ""))
		fail_msg("%s: %s", sql, err.text);
}

/* An account, two tokens, a peer, a held address. */
static void fill_first(struct db *db)
{
	run(db, "INSERT INTO account (id, name, tier, created_at) "
		"VALUES (1, 'alice', 'pulse', 100)");
	run(db, "INSERT INTO token (id, account, hmac, name, scopes, max_peers, created_at) "
		"VALUES (1, 1, zeroblob(32), 't', 3, 5, 100)");
	run(db, "INSERT INTO token (id, account, hmac, name, scopes, created_at, revoked_at) "
		"VALUES (2, 1, randomblob(32), 'gone', 3, 100, 200)");
	run(db, "INSERT INTO address (slot, generation, account, machine, name, v6, v4) "
		"VALUES (7, 2, 1, 'm', 'web', randomblob(16), randomblob(4))");
	run(db, "INSERT INTO address (slot, generation, account, machine, name, v6, held_since) "
		"VALUES (9, 1, 1, '', 'old', randomblob(16), 300)");
	run(db, "INSERT INTO peer (slot, public_key, token, container, bandwidth, ipv4, wg, "
		"endpoint, last_handshake, created_at) "
		"VALUES (7, randomblob(32), 1, 'web', 10, 1, 1, '192.0.2.1:5', 400, 350)");
}

static void test_a_newer_schema_is_refused(UNUSED void **state)
{
	struct db *db = NULL;
	struct err err = {};

	assert_int_equal(db_open(path, &db, &err), 0);
	run(db, "PRAGMA user_version = 1000");
	db_close(db);
	db = NULL;
	assert_int_equal(db_open(path, &db, &err), -EPROTO);
	assert_non_null(strstr(err.text, "newer"));
	assert_null(db);
}

static void open_filled(struct db **ret)
{
	struct err err = {};

	if (db_open(path, ret, &err))
		fail_msg("%s", err.text);
	fill_first(*ret);
}

static void test_stopping(UNUSED void **state)
{
	struct db *db = NULL;
	struct db_peer peer;
	uint32_t peers, ipv4, up, stopped;
	int64_t since;

	open_filled(&db);
	assert_int_equal(db_peer_set_stopped(db, 7, DB_PEER_STOP_BILLING, false, NULL), 0);
	assert_int_equal(db_peer_get(db, 7, &peer, NULL), 0);
	assert_false(peer.live);
	since = peer.stopped_at;
	assert_true(since > 0);
	/* Another reason does not begin the time anew. */
	run(db, "UPDATE peer SET stopped_at = stopped_at - 50");
	assert_int_equal(db_peer_set_stopped(db, 7, DB_PEER_STOP_QUOTA, false, NULL), 0);
	assert_int_equal(db_peer_get(db, 7, &peer, NULL), 0);
	assert_int_equal(peer.stopped_at, since - 50);
	assert_int_equal(db_peer_count(db, 1, 0, DB_PEER_NO_SLOT, &peers, &ipv4, NULL), 0);
	assert_int_equal(peers + ipv4, 0);
	assert_int_equal(db_peer_count_state(db, 0, &up, &stopped, NULL), 0);
	assert_int_equal(up, 0);
	assert_int_equal(stopped, 1);
	assert_int_equal(db_peer_set_stopped(db, 7, DB_PEER_RUNS, true, NULL), 0);
	assert_int_equal(db_peer_get(db, 7, &peer, NULL), 0);
	assert_true(peer.live && peer.ipv4_stopped && !peer.stopped_at);
	assert_int_equal(db_peer_count(db, 1, 0, DB_PEER_NO_SLOT, &peers, &ipv4, NULL), 0);
	assert_int_equal(peers, 1);
	assert_int_equal(ipv4, 0);
	db_close(db);
}

static void test_tokens_fall_with_their_parent(UNUSED void **state)
{
	struct db_token t = {.account = 1,
			     .scopes = DB_SCOPES_DEFAULT,
			     .max_peers = DB_TOKEN_NO_LIMIT,
			     .max_ipv4 = DB_TOKEN_NO_LIMIT};
	struct db *db = NULL;
	int64_t id = 1;
	uint32_t n;

	open_filled(&db);
	for (int i = 0; i < 3; i++) {
		t.parent = id;
		t.hmac[0] = (uint8_t)(i + 1);
		assert_int_equal(db_token_add(db, &t, &id, NULL), 0);
	}
	t.parent = 0;
	t.hmac[0] = 9;
	assert_int_equal(db_token_add(db, &t, &id, NULL), 0);
	assert_int_equal(db_token_count(db, 1, NULL, &n, NULL), 0);
	assert_int_equal(n, 5);
	assert_int_equal(db_token_revoke(db, 1, NULL), 0);
	assert_int_equal(db_token_count(db, 1, NULL, &n, NULL), 0);
	assert_int_equal(n, 1);
	assert_int_equal(db_token_get(db, id, &t, NULL), 0);
	assert_int_equal(t.revoked_at, 0);
	db_close(db);
}

static int count(UNUSED const struct db_audit *e, void *ctx)
{
	++*(int *)ctx;
	return 0;
}

static void test_audit_is_bounded(UNUSED void **state)
{
	struct db_audit e = {.account = 1, .action = "a", .detail = "d"};
	struct db *db = NULL;
	int64_t rows;
	int n = 0;

	open_filled(&db);
	for (int i = 0; i < 5; i++)
		assert_int_equal(db_audit_add(db, &e, NULL), 0);
	assert_int_equal(db_audit_list(db, 1, 0, 3, count, &n, NULL), 0);
	assert_int_equal(n, 3);
	n = 0;
	assert_int_equal(db_audit_list(db, 1, 3, 100, count, &n, NULL), 0);
	assert_int_equal(n, 2);
	n = 0;
	assert_int_equal(db_audit_list(db, 2, 0, 100, count, &n, NULL), 0);
	assert_int_equal(n, 0);
	run(db, "UPDATE sqlite_sequence SET seq = 100004 WHERE name = 'audit'");
	assert_int_equal(db_audit_add(db, &e, NULL), 0);
	assert_int_equal(db_int(db, &rows, NULL, "SELECT count(*) FROM audit", ""), 0);
	assert_int_equal(rows, 1);
	db_close(db);
}

static void test_scopes(UNUSED void **state)
{
	char text[DB_SCOPES_TEXT_LEN];
	uint32_t scopes;

	assert_int_equal(db_scopes_parse("peers:add,peers:read", &scopes), 0);
	assert_string_equal(db_scopes_text(text, scopes), "peers:read peers:add");
	assert_int_equal(db_scopes_parse("admin metrics", &scopes), 0);
	assert_int_equal(scopes, DB_SCOPE_ADMIN | DB_SCOPE_METRICS);
	assert_int_equal(db_scopes_parse("", &scopes), -EINVAL);
	assert_int_equal(db_scopes_parse("peers", &scopes), -EINVAL);
	assert_int_equal(db_scopes_parse("admin ", &scopes), -EINVAL);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_a_newer_schema_is_refused, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_stopping, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_tokens_fall_with_their_parent, set_up,
						tear_down),
		cmocka_unit_test_setup_teardown(test_audit_is_bounded, set_up, tear_down),
		cmocka_unit_test(test_scopes),
	};

	return RUN_TESTS(tests);
}
