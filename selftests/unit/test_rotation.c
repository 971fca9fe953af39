/* SPDX-License-Identifier: GPL-2.0-only */
/* The relay's table of keys under rotation: what may follow what, and when it ends by itself. */
#include "test.h"
#include "relay/rotation.h"

static const uint8_t key[][KEY_LEN] = {{1}, {2}, {3}};
static struct rotations table;

static struct mono at(int64_t ms)
{
	return (struct mono){.ns = 1000000000 + ms * 1000000};
}

static int set_up(void **state UNUSED)
{
	memset(&table, 0, sizeof(table));
	return 0;
}

static struct rotation *begin(uint32_t slot, int old, int new, int64_t ms)
{
	struct rotation *r = NULL;

	assert_int_equal(rotation_begin(&table, slot, 1, key[old], key[new], at(ms), &r), 0);
	return r;
}

static void the_same_again_is_the_same_rotation(void **state UNUSED)
{
	struct rotation *r = begin(5, 0, 1, 0);

	assert_ptr_equal(begin(5, 0, 1, 59000), r);
	assert_true(rotation_due(r, at(60000)));
}

static void another_next_key_replaces_the_first(void **state UNUSED)
{
	struct rotation *r = begin(5, 0, 1, 0);

	assert_ptr_equal(begin(5, 0, 2, 1000), r);
	assert_null(rotation_by_new_key(&table, key[1]));
	assert_ptr_equal(rotation_by_new_key(&table, key[2]), r);
}

static void one_key_is_next_of_one_slot_only(void **state UNUSED)
{
	struct rotation *r;

	begin(5, 0, 1, 0);
	assert_int_equal(rotation_begin(&table, 6, 1, key[2], key[1], at(0), &r), -EEXIST);
}

static void what_is_not_committed_ends_after_a_minute(void **state UNUSED)
{
	struct rotation *r = begin(5, 0, 1, 0);

	assert_false(rotation_due(r, at(ROTATION_PENDING_MS - 1)));
	assert_true(rotation_due(r, at(ROTATION_PENDING_MS)));
	rotation_end(r);
	assert_null(rotation_by_slot(&table, 5, 1));
	assert_false(rotation_due(r, at(ROTATION_PENDING_MS)));
}

static void the_former_key_counts_for_ten_seconds(void **state UNUSED)
{
	struct rotation *r = begin(5, 0, 1, 0);

	rotation_commit(r, at(50000));
	assert_false(rotation_due(r, at(50000 + ROTATION_FORMER_MS - 1)));
	assert_true(rotation_due(r, at(50000 + ROTATION_FORMER_MS)));
}

static void the_next_rotation_waits_for_the_last(void **state UNUSED)
{
	struct rotation *r = begin(5, 0, 1, 0);

	rotation_commit(r, at(0));
	assert_int_equal(rotation_begin(&table, 5, 1, key[1], key[2], at(1), &r), -EBUSY);
	/* The slot has another owner: what was is nobody's. */
	assert_int_equal(rotation_begin(&table, 5, 2, key[1], key[2], at(1), &r), 0);
	assert_null(rotation_by_slot(&table, 5, 1));
}

static void each_key_names_the_other(void **state UNUSED)
{
	const struct rotation *r = begin(5, 0, 1, 0);

	assert_memory_equal(rotation_other(r, key[0]), key[1], KEY_LEN);
	assert_memory_equal(rotation_other(r, key[1]), key[0], KEY_LEN);
	assert_null(rotation_other(r, key[2]));
}

static void a_full_table_says_busy(void **state UNUSED)
{
	uint8_t next[KEY_LEN] = {9};
	struct rotation *r;

	for (uint32_t i = 0; i < ROTATION_MAX; i++) {
		memcpy(next + 1, &i, sizeof(i));
		assert_int_equal(rotation_begin(&table, i, 1, key[0], next, at(0), &r), 0);
	}
	assert_int_equal(rotation_begin(&table, ROTATION_MAX, 1, key[0], key[1], at(0), &r),
			 -EBUSY);
}

#define T(name) cmocka_unit_test_setup(name, set_up)

int main(void)
{
	const struct CMUnitTest tests[] = {
		T(the_same_again_is_the_same_rotation),
		T(another_next_key_replaces_the_first),
		T(one_key_is_next_of_one_slot_only),
		T(what_is_not_committed_ends_after_a_minute),
		T(the_former_key_counts_for_ten_seconds),
		T(the_next_rotation_waits_for_the_last),
		T(each_key_names_the_other),
		T(a_full_table_says_busy),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests_name("rotation", tests, NULL, NULL);
}
