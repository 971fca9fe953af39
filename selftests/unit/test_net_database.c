/* SPDX-License-Identifier: GPL-2.0-only */
/* Which database may take live peers away. */
#include "test.h"
#include <stdio.h>
#include "relay/net_database.h"
#include "relay/net_int.h"

static char folder[32], file[64];
static const uint8_t ours[DB_IDENTITY_LEN] = {1, [15] = 0xff}, other[DB_IDENTITY_LEN] = {2};

static int set_up(UNUSED void **state)
{
	snprintf(folder, sizeof(folder), "/tmp/test_net_db.XXXXXX");
	if (!mkdtemp(folder))
		return -1;
	snprintf(file, sizeof(file), "%s/" NET_DATABASE_FILE, folder);
	return 0;
}

static int tear_down(UNUSED void **state)
{
	unlink(file);
	return rmdir(folder);
}

static void nobody_has_said(UNUSED void **state)
{
	assert_int_equal(net_database_same(folder, ours, NULL), 1);
}

static void the_same_one(UNUSED void **state)
{
	assert_int_equal(net_database_adopt(folder, ours, NULL), 0);
	assert_int_equal(net_database_same(folder, ours, NULL), 1);
}

static void another_one(UNUSED void **state)
{
	struct err err;

	assert_int_equal(net_database_adopt(folder, ours, NULL), 0);
	assert_int_equal(net_database_same(folder, other, NULL), 0);
	assert_int_equal(net_database_refuse(folder, 3, &err), -EPERM);
	assert_non_null(strstr(err.text, "without 3 of the live peers"));
	assert_non_null(strstr(err.text, file));
	assert_int_equal(net_database_adopt(folder, other, NULL), 0);
	assert_int_equal(net_database_same(folder, other, NULL), 1);
}

static void a_file_that_says_nothing_is_another_one(UNUSED void **state)
{
	FILE *f = fopen(file, "w");

	assert_non_null(f);
	fclose(f);
	assert_int_equal(net_database_same(folder, ours, NULL), 0);
}

static void lost_is_what_the_sync_does_not_name(UNUSED void **state)
{
	struct peer next[4] = {[1] = {.slot = 1, .v6 = {{1}}}, [2] = {.slot = 2, .v6 = {{2}}}};
	bool next_used[4] = {[1] = true, [2] = true};
	struct net net = {.conf = {.slots = 4}, .next = next, .next_used = next_used};
	struct kslot slots[] = {{.slot = 1, .v6 = {{1}}},  /* named */
				{.slot = 2, .v6 = {{9}}},  /* another's address */
				{.slot = 3, .v6 = {{3}}},  /* not named */
				{.slot = 4, .v6 = {{4}}}}; /* beyond what there is */
	struct kstate observed = {.slots = slots, .n_slots = 1};

	assert_int_equal(net_database_lost(&net, &observed), 0);
	observed.n_slots = ARRAY_SIZE(slots);
	assert_int_equal(net_database_lost(&net, &observed), 3);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(nobody_has_said, set_up, tear_down),
		cmocka_unit_test_setup_teardown(the_same_one, set_up, tear_down),
		cmocka_unit_test_setup_teardown(another_one, set_up, tear_down),
		cmocka_unit_test_setup_teardown(a_file_that_says_nothing_is_another_one, set_up,
						tear_down),
		cmocka_unit_test(lost_is_what_the_sync_does_not_name),
	};

	return RUN_TESTS(tests);
}
