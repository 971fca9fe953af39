/* SPDX-License-Identifier: GPL-2.0-only */
/* Usage by month: every byte once, whoever dies, restarts, goes or comes meanwhile. */
#include "test.h"
#include <stdio.h>
#include "lib/time_text.h"
#include "relay/db_account.h"
#include "relay/db_stmt.h"
#include "relay/db_usage.h"

#define SLOT 5
#define NOV (2026 * 12 + 10)
#define DEC (2026 * 12 + 11)

static char folder[32], path[64];
static struct db *db;
static int64_t alice, bob;
static const uint8_t boot[USAGE_RUN_LEN] = {1}, next_boot[USAGE_RUN_LEN] = {2};

#define OK(call) assert_int_equal(call, 0)

static void row(uint32_t slot, uint32_t generation, int64_t account, const char *name)
{
	struct db_address address = {.slot = slot, .generation = generation, .account = account};

	snprintf(address.name, sizeof(address.name), "%s", name);
	address.v6.b[15] = (uint8_t)slot;
	address.v6.b[14] = (uint8_t)generation;
	OK(db_address_add(db, &address, NULL));
}

static int set_up(UNUSED void **state)
{
	snprintf(folder, sizeof(folder), "/tmp/test_usage.XXXXXX");
	if (!mkdtemp(folder))
		return -1;
	snprintf(path, sizeof(path), "%s/relay.db", folder);
	OK(db_open(path, &db, NULL));
	OK(db_account_add(db, "alice", "free", &alice, NULL));
	OK(db_account_add(db, "bob", "free", &bob, NULL));
	row(SLOT, 1, alice, "web");
	return 0;
}

static int tear_down(UNUSED void **state)
{
	static const char *const ends[] = {"", "-wal", "-shm"};
	char file[80];

	db_close(db);
	for (size_t i = 0; i < ARRAY_SIZE(ends); i++) {
		snprintf(file, sizeof(file), "%s%s", path, ends[i]);
		unlink(file);
	}
	return rmdir(folder);
}

/* The four numbers are n, 100 n, 2 n, 200 n: what is added up wrongly shows. */
static struct usage amount(uint64_t n)
{
	return (struct usage){n, 100 * n, 2 * n, 200 * n};
}

static uint64_t amount_of(const struct usage *u)
{
	const struct usage want = amount(u->up_packets);

	assert_memory_equal(u, &want, sizeof(want));
	return u->up_packets;
}

static uint64_t count(uint32_t month, uint32_t generation, const uint8_t *run, uint64_t n)
{
	struct usage now = amount(n), more;
	struct err err = {};

	if (db_usage_count(db, month, SLOT, generation, run, &now, &more, &err))
		fail_msg("%s", err.text);
	return amount_of(&more);
}

static uint64_t total(uint32_t month, int64_t account)
{
	struct usage u;

	OK(db_usage_get(db, month, account, &u, NULL));
	return amount_of(&u);
}

static void what_is_new_is_added(UNUSED void **state)
{
	assert_int_equal(count(NOV, 1, boot, 10), 10);
	assert_int_equal(count(NOV, 1, boot, 10), 0);
	assert_int_equal(count(NOV, 1, boot, 25), 15);
	assert_int_equal(total(NOV, alice), 25);
	assert_int_equal(total(NOV, bob), 0);
}

static void another_relayd_goes_on_from_there(UNUSED void **state)
{
	count(NOV, 1, boot, 10);
	db_close(db);
	OK(db_open(path, &db, NULL));
	assert_int_equal(count(NOV, 1, boot, 30), 20);
	assert_int_equal(total(NOV, alice), 30);
}

static void what_was_rolled_back_is_counted_the_next_time(UNUSED void **state)
{
	count(NOV, 1, boot, 10);
	OK(db_begin(db, NULL));
	assert_int_equal(count(NOV, 1, boot, 30), 20);
	db_rollback(db);
	assert_int_equal(total(NOV, alice), 10);
	assert_int_equal(count(NOV, 1, boot, 31), 21);
	assert_int_equal(total(NOV, alice), 31);
}

/* Also where the new counters have passed the old ones before anybody looks. */
static void after_a_reboot_counters_begin_at_zero(UNUSED void **state)
{
	count(NOV, 1, boot, 10);
	assert_int_equal(count(NOV, 1, next_boot, 4), 4);
	assert_int_equal(total(NOV, alice), 14);
	assert_int_equal(count(NOV, 1, boot, 300), 300);
	assert_int_equal(total(NOV, alice), 314);
}

static void counters_that_went_back_began_anew(UNUSED void **state)
{
	count(NOV, 1, boot, 10);
	assert_int_equal(count(NOV, 1, boot, 9), 9);
	assert_int_equal(total(NOV, alice), 19);
	assert_int_equal(count(NOV, 1, boot, 12), 3);
}

static void months_are_apart(UNUSED void **state)
{
	count(NOV, 1, boot, 10);
	assert_int_equal(count(DEC, 1, boot, 17), 7);
	assert_int_equal(total(NOV, alice), 10);
	assert_int_equal(total(DEC, alice), 7);
	OK(db_usage_prune(db, DEC, NULL));
	assert_int_equal(total(NOV, alice), 0);
	assert_int_equal(total(DEC, alice), 7);
	assert_int_equal(count(DEC, 1, boot, 18), 1);
}

static void a_held_row_is_its_former_peers(UNUSED void **state)
{
	OK(db_address_set_held(db, SLOT, 1000, NULL));
	assert_int_equal(count(NOV, 1, boot, 10), 10);
	assert_int_equal(total(NOV, alice), 10);
}

/* Their counters are of another generation, whether the kernel or the database is first. */
static void the_slots_next_owner_begins_at_zero(UNUSED void **state)
{
	count(NOV, 1, boot, 10);
	OK(db_address_del(db, SLOT, NULL));
	assert_int_equal(count(NOV, 1, boot, 11), 0); /* nobody's */
	row(SLOT, 2, bob, "db");
	assert_int_equal(count(NOV, 1, boot, 12), 0);
	assert_int_equal(count(NOV, 2, boot, 50), 50);
	assert_int_equal(total(NOV, alice), 10);
	assert_int_equal(total(NOV, bob), 50);
}

struct seen {
	char text[512];
	size_t len;
};

static int see(const struct db_usage *u, void *ctx)
{
	struct seen *s = ctx;
	char month[MONTH_TEXT_LEN];

	s->len += (size_t)snprintf(s->text + s->len, sizeof(s->text) - s->len, "%s %s %d %s %ju\n",
				   month_text(month, u->month), u->account, (int)u->slot, u->name,
				   (uintmax_t)amount_of(&u->usage));
	return 0;
}

static void listed(const char *want, uint32_t month, int64_t account, bool peers)
{
	struct seen s = {};

	OK(db_usage_list(db, month, account, peers, see, &s, NULL));
	assert_string_equal(s.text, want);
}

/* A peer's own rows go with its address row; its account's sum never changes by that. */
static void peers_that_are_gone_stay_in_the_accounts_sum(UNUSED void **state)
{
	listed("", 0, 0, false);
	count(NOV, 1, boot, 10);
	count(DEC, 1, boot, 15);
	OK(db_address_del(db, SLOT, NULL));
	row(SLOT, 2, alice, "db");
	count(DEC, 2, boot, 3);
	OK(db_address_del(db, SLOT, NULL));
	row(SLOT, 3, bob, "bobs");
	count(DEC, 3, boot, 1);
	listed("2026-12 alice -1  8\n"
	       "2026-12 bob 5 bobs 1\n"
	       "2026-11 alice -1  10\n",
	       0, 0, true);
	listed("2026-12 alice 0  8\n"
	       "2026-12 bob 0  1\n",
	       DEC, 0, false);
	listed("2026-12 alice 0  8\n"
	       "2026-11 alice 0  10\n",
	       0, alice, false);
	assert_int_equal(total(DEC, alice), 8);
}

#define T(test) cmocka_unit_test_setup_teardown(test, set_up, tear_down)

int main(void)
{
	static const struct CMUnitTest tests[] = {
		T(what_is_new_is_added),
		T(another_relayd_goes_on_from_there),
		T(what_was_rolled_back_is_counted_the_next_time),
		T(after_a_reboot_counters_begin_at_zero),
		T(counters_that_went_back_began_anew),
		T(months_are_apart),
		T(a_held_row_is_its_former_peers),
		T(the_slots_next_owner_begins_at_zero),
		T(peers_that_are_gone_stay_in_the_accounts_sum),
	};

	return RUN_TESTS(tests);
}
