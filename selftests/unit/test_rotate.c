/* SPDX-License-Identifier: GPL-2.0-only */
/* The agent's rotation, step by step: what follows what, and what is undone when a step fails. */
#include "test.h"
#include "agent/rotate.h"

static struct mono at(int64_t ms)
{
	return (struct mono){.ns = 1000000000 + ms * 1000000};
}

static const struct {
	enum rotate_do what;
	enum rotate_state state;
} way[] = {
	{ROTATE_ASK, ROTATE_ASKING},	    {ROTATE_KEY, ROTATE_KEYING},
	{ROTATE_PREPARE, ROTATE_PREPARING}, {ROTATE_LOOK, ROTATE_PROVING},
	{ROTATE_COMMIT, ROTATE_COMMITTING},
};

/* Up to the state whose turn is `steps`, at time 0. */
static struct rotate after(size_t steps)
{
	struct rotate r;

	rotate_begin(&r, at(0));
	for (size_t i = 0; i < steps; i++) {
		assert_int_equal(r.state, way[i].state);
		assert_int_equal(rotate_next(&r, at(0)), way[i].what);
		assert_int_equal(rotate_next(&r, at(0)), ROTATE_NOTHING);
		assert_int_equal(rotate_done(&r, ROTATE_OK, at(0)), i == 4);
	}
	return r;
}

static void all_going_well_ends_with_the_new_tunnel_alone(void **state UNUSED)
{
	struct rotate r = after(5);

	assert_int_equal(rotate_next(&r, at(0)), ROTATE_SWITCH);
	assert_false(rotate_done(&r, ROTATE_OK, at(0)));
	assert_int_equal(rotate_next(&r, at(ROTATE_SETTLE_MS - 1)), ROTATE_NOTHING);
	assert_int_equal(rotate_next(&r, at(ROTATE_SETTLE_MS)), ROTATE_FINISH);
	assert_int_equal(r.state, ROTATE_IDLE);
	assert_int_equal(rotate_next(&r, at(99999)), ROTATE_NOTHING);
}

static void a_refusal_anywhere_drops_and_undoes(void **state UNUSED)
{
	for (size_t i = 0; i < ARRAY_SIZE(way); i++) {
		struct rotate r = after(i);

		assert_int_equal(rotate_next(&r, at(0)), way[i].what);
		assert_false(rotate_done(&r, ROTATE_NO, at(0)));
		assert_int_equal(rotate_next(&r, at(0)), ROTATE_DROP);
		assert_false(rotate_done(&r, ROTATE_OK, at(0)));
		assert_int_equal(rotate_next(&r, at(0)), ROTATE_UNDO);
		assert_int_equal(r.state, ROTATE_IDLE);
	}
}

static void a_missing_answer_repeats_the_step(void **state UNUSED)
{
	for (size_t i = 0; i < ARRAY_SIZE(way); i++) {
		struct rotate r = after(i);

		for (int64_t ms = 0; ms < 3 * ROTATE_RETRY_MS; ms += ROTATE_RETRY_MS) {
			assert_int_equal(rotate_next(&r, at(ms)), way[i].what);
			assert_false(rotate_done(&r, ROTATE_LATER, at(ms)));
			assert_int_equal(rotate_next(&r, at(ms)), ROTATE_NOTHING);
		}
	}
}

static void what_takes_too_long_is_dropped(void **state UNUSED)
{
	for (size_t i = 0; i < ARRAY_SIZE(way); i++) {
		struct rotate r = after(i);

		assert_int_equal(rotate_next(&r, at(0)), way[i].what);
		/* An answer that is waited for is waited for. */
		assert_int_equal(rotate_next(&r, at(ROTATE_LIMIT_MS)), ROTATE_NOTHING);
		assert_false(rotate_done(&r, ROTATE_LATER, at(ROTATE_LIMIT_MS)));
		assert_int_equal(rotate_next(&r, at(ROTATE_LIMIT_MS)), ROTATE_DROP);
	}
}

static void without_a_commit_a_silent_relay_is_given_up(void **state UNUSED)
{
	struct rotate r = after(3);

	rotate_next(&r, at(0));
	rotate_done(&r, ROTATE_NO, at(0));
	for (int i = 0; i < ROTATE_DROPS; i++) {
		assert_int_equal(rotate_next(&r, at(i * 1000)), ROTATE_DROP);
		rotate_done(&r, ROTATE_LATER, at(i * 1000));
	}
	assert_int_equal(rotate_next(&r, at(ROTATE_DROPS * 1000)), ROTATE_UNDO);
}

/* The commit's answer was lost: neither way may be taken before the relay has said which. */
static void after_a_commit_the_relay_is_asked_until_it_answers(void **state UNUSED)
{
	struct rotate r = after(4);
	int64_t ms = 0;

	for (; ms < ROTATE_LIMIT_MS; ms += 1000) {
		assert_int_equal(rotate_next(&r, at(ms)), ROTATE_COMMIT);
		assert_false(rotate_done(&r, ROTATE_LATER, at(ms)));
	}
	for (; ms < 20 * ROTATE_LIMIT_MS; ms += 1000) {
		assert_int_equal(rotate_next(&r, at(ms)), ROTATE_DROP);
		assert_false(rotate_done(&r, ROTATE_LATER, at(ms)));
	}
	assert_int_equal(rotate_next(&r, at(ms)), ROTATE_DROP);
	assert_true(rotate_done(&r, ROTATE_TURNED, at(ms)));
	assert_int_equal(rotate_next(&r, at(ms)), ROTATE_SWITCH);
}

static void a_switch_that_fails_is_made_up_for_at_once(void **state UNUSED)
{
	struct rotate r = after(5);

	assert_int_equal(rotate_next(&r, at(0)), ROTATE_SWITCH);
	assert_false(rotate_done(&r, ROTATE_NO, at(0)));
	assert_int_equal(rotate_next(&r, at(0)), ROTATE_FINISH);
}

static void an_answer_to_nothing_changes_nothing(void **state UNUSED)
{
	struct rotate r = after(2);

	assert_false(rotate_done(&r, ROTATE_NO, at(0)));
	assert_int_equal(r.state, ROTATE_PREPARING);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(all_going_well_ends_with_the_new_tunnel_alone),
		cmocka_unit_test(a_refusal_anywhere_drops_and_undoes),
		cmocka_unit_test(a_missing_answer_repeats_the_step),
		cmocka_unit_test(what_takes_too_long_is_dropped),
		cmocka_unit_test(without_a_commit_a_silent_relay_is_given_up),
		cmocka_unit_test(after_a_commit_the_relay_is_asked_until_it_answers),
		cmocka_unit_test(a_switch_that_fails_is_made_up_for_at_once),
		cmocka_unit_test(an_answer_to_nothing_changes_nothing),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests_name("rotate", tests, NULL, NULL);
}
