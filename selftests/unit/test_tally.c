/* SPDX-License-Identifier: GPL-2.0-only */
/* The bounds that WireGuard's counters must be within, worked out by hand. */
#include "test.h"
#include "relay/tally.h"

/* 1000 packets of 1000 bytes up, 500 of 100 down, 10 of 40 dropped, in ten seconds. */
static struct tally_sample from, to;

static int set_up(UNUSED void **state)
{
	const struct tally_count a = {.up_packets = 7,
				      .up_bytes = 700,
				      .down_packets = 1,
				      .down_bytes = 50,
				      .drop_packets = 2,
				      .drop_bytes = 80};
	const struct tally_count b = {.up_packets = 1007,
				      .up_bytes = 1000700,
				      .down_packets = 501,
				      .down_bytes = 50050,
				      .drop_packets = 12,
				      .drop_bytes = 480};

	from = (struct tally_sample){
		.before = a, .after = a, .rx_bytes = 5000, .tx_bytes = 900, .at_s = 100};
	to = (struct tally_sample){.before = b,
				   .after = b,
				   .rx_bytes = 5000 + 1040000,
				   .tx_bytes = 900 + 70000,
				   .at_s = 110};
	return 0;
}

static struct tally judge(void)
{
	struct tally t;

	tally_judge(&from, &to, &t);
	assert_int_equal(t.state, t.rx_off || t.tx_off ? TALLY_DIFFERS : TALLY_AGREES);
	return t;
}

static void bounds_are_overhead_and_padding(UNUSED void **state)
{
	struct tally t = judge();

	assert_int_equal(t.state, TALLY_AGREES);
	assert_int_equal(t.seconds, 10);
	assert_int_equal(t.rx_bytes, 1040000);
	assert_int_equal(t.rx_min, 1000000 + 32 * 1000);
	assert_int_equal(t.rx_max, 1000400 + 47 * 1010 + 640);
	assert_int_equal(t.tx_min, 50000 + 32 * 500);
	assert_int_equal(t.tx_max, 50000 + 47 * 500 + 640);
}

/* A packet that was counted between the readings may be in WireGuard's or not. */
static void readings_that_are_not_at_once_widen_them(UNUSED void **state)
{
	struct tally t;

	from.after.up_packets += 10;
	from.after.up_bytes += 1000;
	to.after.down_packets += 3;
	to.after.down_bytes += 300;
	t = judge();
	assert_int_equal(t.rx_min, 999000 + 32 * 990);
	assert_int_equal(t.rx_max, 1000400 + 47 * 1010 + 640);
	assert_int_equal(t.tx_min, 50000 + 32 * 500);
	assert_int_equal(t.tx_max, 50300 + 47 * 503 + 640);
	/* More in between than in the whole: nothing is counted for sure. */
	from.after.up_bytes += 10000000;
	assert_int_equal(judge().rx_min, 32 * 990);
}

static void more_than_was_counted_is_a_difference(UNUSED void **state)
{
	to.rx_bytes = from.rx_bytes + judge().rx_max + TALLY_SLACK_BYTES;
	assert_int_equal(judge().state, TALLY_AGREES);
	to.rx_bytes++;
	assert_int_equal(judge().rx_off, TALLY_SLACK_BYTES + 1);
	set_up(NULL);
	to.tx_bytes = from.tx_bytes + judge().tx_max + TALLY_SLACK_BYTES + 1;
	assert_int_equal(judge().tx_off, TALLY_SLACK_BYTES + 1);
	assert_int_equal(judge().rx_off, 0);
}

static void less_than_was_counted_is_a_difference(UNUSED void **state)
{
	const uint64_t much = 10u << 20;

	to.before.up_bytes += much;
	to.after.up_bytes += much;
	to.rx_bytes = from.rx_bytes + judge().rx_min - TALLY_SLACK_BYTES;
	assert_int_equal(judge().state, TALLY_AGREES);
	to.rx_bytes--;
	assert_int_equal(judge().rx_off, -(int64_t)TALLY_SLACK_BYTES - 1);
}

/* Counted on the way to the peer, dropped or waiting in the device's queue. */
static void what_the_queues_hold_or_dropped_is_none(UNUSED void **state)
{
	const uint64_t much = 10u << 20;

	to.before.down_bytes += much;
	to.after.down_bytes += much;
	assert_true(judge().tx_off < 0);
	to.lost = from.lost + much / TALLY_MAX_SKB_BYTES + 1;
	assert_int_equal(judge().tx_off, 0);
	to.lost = from.lost;
	to.waiting_bytes = much;
	assert_int_equal(judge().tx_off, 0);
	/* Waiting at the beginning: sent since, and not counted since. */
	set_up(NULL);
	to.tx_bytes += much;
	assert_true(judge().tx_off > 0);
	from.waiting_bytes = much;
	assert_int_equal(judge().tx_off, 0);
	/* It is no excuse for what came from the peer. */
	set_up(NULL);
	to.lost = 1000000;
	to.rx_bytes = from.rx_bytes;
	to.before.up_bytes += much;
	to.after.up_bytes += much;
	assert_true(judge().rx_off < 0);
}

static void counters_that_began_anew_are_seen(UNUSED void **state)
{
	assert_false(tally_went_back(&from, &to));
	assert_true(tally_went_back(&to, &from));
	to.rx_bytes = from.rx_bytes - 1;
	assert_true(tally_went_back(&from, &to));
	set_up(NULL);
	to.before.down_packets = 0;
	assert_true(tally_went_back(&from, &to));
}

#define T(test) cmocka_unit_test_setup(test, set_up)

int main(void)
{
	static const struct CMUnitTest tests[] = {
		T(bounds_are_overhead_and_padding),
		T(readings_that_are_not_at_once_widen_them),
		T(more_than_was_counted_is_a_difference),
		T(less_than_was_counted_is_a_difference),
		T(what_the_queues_hold_or_dropped_is_none),
		T(counters_that_began_anew_are_seen),
	};

	return RUN_TESTS(tests);
}
