/* SPDX-License-Identifier: GPL-2.0-only */
#include "test.h"
#include <stdio.h>
#include "agent/backoff.h"
#include "agent/plan.h"

/* A container that runs, with everything in place. */
static const struct plan_in settled = {
	.wanted = true,
	.running = true,
	.has_entry = true,
	.has_handle = true,
	.same_run = true,
	.checked = true,
	.touched = true,
	.attached = true,
	.has_config = true,
	.confirmed = true,
	.keyed = true,
	.relay_due = true,
	.helper_due = true,
};

/* What a step changes when it succeeds; Docker is not asked. */
static void succeed(struct plan_in *in, enum plan_step step)
{
	switch (step) {
	case PLAN_OPEN:
		in->has_handle = in->same_run = true;
		in->checked = false;
		break;
	case PLAN_CHECK:
		in->checked = true;
		break;
	case PLAN_POST:
		in->confirmed = in->has_config = in->keyed = true;
		break;
	case PLAN_ATTACH:
		in->touched = in->attached = true;
		break;
	case PLAN_DELETE:
		in->readd = in->confirmed = in->keyed = false;
		break;
	case PLAN_DETACH:
		in->touched = in->attached = false;
		break;
	case PLAN_CLOSE:
		in->has_handle = in->same_run = in->checked = in->touched = in->attached = false;
		break;
	case PLAN_FORGET:
		in->has_entry = in->confirmed = in->readd = false;
		break;
	case PLAN_NOTHING:
		break;
	}
}

/* All steps until there is nothing to do, as words. */
static const char *run(struct plan_in in)
{
	static char text[256];
	enum plan_step step;
	size_t n = 0;

	text[0] = '\0';
	for (int i = 0; i < 12 && (step = plan_next(&in)) != PLAN_NOTHING; i++) {
		n += (size_t)snprintf(text + n, sizeof(text) - n, "%s%s", n ? " " : "",
				      plan_step_name(step));
		succeed(&in, step);
	}
	assert_int_equal(plan_next(&in), PLAN_NOTHING);
	return text;
}

static void a_settled_container_needs_nothing(void **state UNUSED)
{
	assert_string_equal(run(settled), "");
}

static void a_new_container_goes_all_the_way(void **state UNUSED)
{
	struct plan_in in = {.wanted = true,
			     .running = true,
			     .has_entry = true,
			     .relay_due = true,
			     .helper_due = true};

	assert_string_equal(run(in), "open check post attach");
}

static void nothing_is_attached_before_the_second_inspection(void **state UNUSED)
{
	struct plan_in in = settled;

	in.checked = in.attached = false;
	assert_int_equal(plan_next(&in), PLAN_CHECK);
}

static void another_run_gets_another_namespace(void **state UNUSED)
{
	struct plan_in in = settled;

	in.same_run = false;
	assert_string_equal(run(in), "close open check attach");
}

static void a_stopped_container_is_closed_and_forgotten(void **state UNUSED)
{
	struct plan_in in = settled;

	in.wanted = in.running = false;
	in.same_run = false;
	assert_string_equal(run(in), "close forget");
}

static void a_container_that_runs_on_unwanted_is_detached(void **state UNUSED)
{
	struct plan_in in = settled;

	in.wanted = false;
	assert_string_equal(run(in), "detach close forget");
}

static void another_name_is_told_to_the_relay_and_no_more(void **state UNUSED)
{
	struct plan_in in = settled;

	in.confirmed = false;
	assert_string_equal(run(in), "post");
}

static void another_configuration_is_attached(void **state UNUSED)
{
	struct plan_in in = settled;

	in.attached = false;
	assert_string_equal(run(in), "attach");
}

static void a_silent_relay_means_the_last_known_addresses(void **state UNUSED)
{
	struct plan_in in = settled;

	in.confirmed = in.attached = in.relay_due = false;
	assert_int_equal(plan_next(&in), PLAN_NOTHING);
	in.relay_down = true;
	assert_int_equal(plan_next(&in), PLAN_ATTACH);
	in.has_config = false;
	assert_int_equal(plan_next(&in), PLAN_NOTHING);
}

static void without_a_key_no_tunnel_is_made_while_the_relay_answers(void **state UNUSED)
{
	struct plan_in in = settled;

	in.attached = in.keyed = false;
	assert_int_equal(plan_next(&in), PLAN_NOTHING);
	in.relay_down = true;
	assert_int_equal(plan_next(&in), PLAN_ATTACH);
}

static void a_relay_that_refuses_gets_no_tunnel_made(void **state UNUSED)
{
	struct plan_in in = settled;

	in.confirmed = in.attached = in.relay_due = false;
	assert_int_equal(plan_next(&in), PLAN_NOTHING);
}

static void back_off_holds_each_side(void **state UNUSED)
{
	struct plan_in in = settled;

	in.has_handle = in.same_run = in.helper_due = false;
	assert_int_equal(plan_next(&in), PLAN_NOTHING);
	in = settled;
	in.confirmed = in.relay_due = false;
	assert_int_equal(plan_next(&in), PLAN_NOTHING);
	in = settled;
	in.attached = in.helper_due = false;
	assert_int_equal(plan_next(&in), PLAN_NOTHING);
}

static void without_a_handshake_the_peer_is_added_anew(void **state UNUSED)
{
	struct plan_in in = settled;

	in.readd = true;
	assert_string_equal(run(in), "delete post");
	in.relay_due = false;
	assert_int_equal(plan_next(&in), PLAN_NOTHING);
}

/* From every state there is, success leads to rest in a few steps. */
static void every_state_comes_to_rest(void **state UNUSED)
{
	for (unsigned int bits = 0; bits < 1u << 12; bits++) {
		struct plan_in in = {
			.wanted = bits & 1,
			.running = bits & 2,
			.has_entry = bits & 4,
			.has_handle = bits & 8,
			.same_run = bits & 16,
			.checked = bits & 32,
			.touched = bits & 64,
			.attached = bits & 128,
			.has_config = bits & 256,
			.confirmed = bits & 512,
			.readd = bits & 1024,
			.keyed = bits & 2048,
			.relay_due = true,
			.helper_due = true,
		};

		run(in);
	}
}

static void pauses_grow_to_a_limit_and_can_be_reset(void **state UNUSED)
{
	struct backoff b = {};
	int64_t left;

	assert_true(backoff_due(&b));
	for (int i = 0; i < 20; i++)
		backoff_fail(&b, 1000, 30000);
	assert_false(backoff_due(&b));
	assert_int_equal(b.ms, 30000);
	left = -mono_ms_since(b.until);
	assert_in_range(left, 22000, 37500);
	backoff_reset(&b);
	assert_true(backoff_due(&b));
}

static void a_first_pause_is_the_least(void **state UNUSED)
{
	struct backoff b = {};

	backoff_fail(&b, 1000, 30000);
	assert_int_equal(b.ms, 1000);
	assert_in_range(-mono_ms_since(b.until), 500, 1250);
	/* A cause with longer pauses starts at its own least. */
	backoff_fail(&b, 15000, 300000);
	assert_int_equal(b.ms, 15000);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_settled_container_needs_nothing),
		cmocka_unit_test(a_new_container_goes_all_the_way),
		cmocka_unit_test(nothing_is_attached_before_the_second_inspection),
		cmocka_unit_test(another_run_gets_another_namespace),
		cmocka_unit_test(a_stopped_container_is_closed_and_forgotten),
		cmocka_unit_test(a_container_that_runs_on_unwanted_is_detached),
		cmocka_unit_test(another_name_is_told_to_the_relay_and_no_more),
		cmocka_unit_test(another_configuration_is_attached),
		cmocka_unit_test(a_silent_relay_means_the_last_known_addresses),
		cmocka_unit_test(without_a_key_no_tunnel_is_made_while_the_relay_answers),
		cmocka_unit_test(a_relay_that_refuses_gets_no_tunnel_made),
		cmocka_unit_test(back_off_holds_each_side),
		cmocka_unit_test(without_a_handshake_the_peer_is_added_anew),
		cmocka_unit_test(every_state_comes_to_rest),
		cmocka_unit_test(pauses_grow_to_a_limit_and_can_be_reset),
		cmocka_unit_test(a_first_pause_is_the_least),
	};

	return RUN_TESTS(tests);
}
