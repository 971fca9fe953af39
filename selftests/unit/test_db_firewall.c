/* SPDX-License-Identifier: GPL-2.0-only */
/* A peer's rules in the database: kept, replaced, gone with the peer, never open by mistake. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include <cmocka.h>
#include "relay/db_account.h"
#include "relay/db_firewall.h"
#include "relay/db_peer.h"
#include "relay/db_stmt.h"
#include "relay/db_token.h"

#define SLOT 5

static char folder[32];
static char path[64];
static struct db *db;

#define OK(call) assert_int_equal(call, 0)

static struct sc_firewall rules_of(const char *text)
{
	struct sc_firewall rules;

	OK(firewall_parse(text, &rules, NULL));
	return rules;
}

static int setup(void **state)
{
	struct db_token token = {.name = "t", .max_peers = DB_TOKEN_NO_LIMIT};
	struct db_peer peer = {.address = {.slot = SLOT, .generation = 1, .name = "web"}};
	struct err err = {};

	(void)state;
	snprintf(folder, sizeof(folder), "/tmp/test-db-fw-%d", getpid());
	snprintf(path, sizeof(path), "%s/relay.db", folder);
	OK(mkdir(folder, 0700));
	OK(db_open(path, &db, &err));
	OK(db_account_add(db, "alice", "free", &token.account, &err));
	OK(db_token_add(db, &token, &peer.token, &err));
	peer.address.account = token.account;
	peer.address.v6.b[15] = SLOT;
	OK(db_address_add(db, &peer.address, &err));
	peer.public_key[0] = 1;
	return db_peer_put(db, &peer, &err);
}

static int teardown(void **state)
{
	char name[96];

	(void)state;
	db_close(db);
	for (size_t i = 0; i < 3; i++) {
		static const char *const ends[] = {"", "-wal", "-shm"};

		snprintf(name, sizeof(name), "%s%s", path, ends[i]);
		unlink(name);
	}
	return rmdir(folder);
}

static void rules_are_kept_and_replaced(void **state)
{
	struct sc_firewall a = rules_of("allow in tcp 22; deny in"), b = rules_of("deny out"), got;
	const struct sc_firewall none = {};

	(void)state;
	OK(db_firewall_get(db, SLOT, &got, NULL));
	assert_memory_equal(&got, &none, sizeof(got));
	OK(db_firewall_set(db, SLOT, &a, NULL));
	OK(db_firewall_get(db, SLOT, &got, NULL));
	assert_memory_equal(&got, &a, sizeof(got));
	OK(db_firewall_set(db, SLOT, &b, NULL));
	OK(db_firewall_get(db, SLOT, &got, NULL));
	assert_memory_equal(&got, &b, sizeof(got));
	OK(db_firewall_set(db, SLOT, &none, NULL));
	OK(db_firewall_get(db, SLOT, &got, NULL));
	assert_int_equal(got.n, 0);
}

static void rules_go_with_their_peer(void **state)
{
	struct sc_firewall rules = rules_of("deny in"), got;

	(void)state;
	OK(db_firewall_set(db, SLOT, &rules, NULL));
	OK(db_peer_del(db, SLOT, NULL));
	OK(db_firewall_get(db, SLOT, &got, NULL));
	assert_int_equal(got.n, 0);
	/* And nothing is kept for a slot without a peer. */
	assert_true(db_firewall_set(db, SLOT, &rules, NULL) < 0);
}

static void what_cannot_be_read_is_an_error(void **state)
{
	struct sc_firewall got = {.n = 77};
	struct err err = {};

	(void)state;
	OK(db_run(db, NULL, &err, "INSERT INTO firewall (slot, rules) VALUES (5, 'open all')", ""));
	assert_int_equal(db_firewall_get(db, SLOT, &got, &err), -EINVAL);
	assert_int_equal(got.n, 77);
	assert_non_null(strstr(err.text, "slot 5: its firewall: rule 1"));
}

#define T(f) cmocka_unit_test_setup_teardown(f, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {T(rules_are_kept_and_replaced),
					   T(rules_go_with_their_peer),
					   T(what_cannot_be_read_is_an_error)};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests_name("db_firewall", tests, NULL, NULL);
}
