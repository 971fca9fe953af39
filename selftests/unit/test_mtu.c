/* SPDX-License-Identifier: GPL-2.0-only */
/* The search for what a path carries, against paths that carry so much and lose some packets. */
#include "test.h"
#include "agent/mtu.h"

/* A path that carries packets up to `limit`; every lose-th that fits is lost, 0 = none. */
struct path {
	uint32_t limit;
	unsigned int lose, packets, volleys;
	uint32_t least; /* size of all that were sent */
};

static void echo(struct path *p, const struct mtu_volley *sent, struct mtu_volley *ret_answers)
{
	*ret_answers = (struct mtu_volley){};
	p->volleys++;
	for (uint32_t i = 0; i < sent->n; i++) {
		p->least = sent->size[i] < p->least ? sent->size[i] : p->least;
		if (sent->size[i] > p->limit)
			continue;
		if (p->lose && ++p->packets % p->lose == 0)
			continue;
		ret_answers->size[ret_answers->n++] = sent->size[i];
	}
}

static uint32_t search(struct path *p, uint32_t known, uint32_t max)
{
	struct mtu_volley answers = {}, send;
	struct mtu_search s;

	p->least = UINT32_MAX;
	mtu_begin(&s, known, max);
	while (mtu_step(&s, &answers, &send)) {
		assert_in_range(send.n, 1, MTU_VOLLEY);
		for (uint32_t i = 0; i < send.n; i++)
			assert_in_range(send.size[i], MTU_MIN, max);
		echo(p, &send, &answers);
		assert_true(p->volleys < 32);
	}
	assert_false(s.running);
	return s.lo;
}

/* The largest multiple of 16 that fits, or the largest of all. */
static uint32_t right(uint32_t limit, uint32_t max)
{
	if (limit < MTU_MIN)
		return 0;
	return limit >= max ? max : limit - limit % MTU_STEP;
}

static const uint32_t maxima[] = {1280, 1281, 1296, 1297, 1420, 1452, 8940, MTU_MAX};

static void every_path_is_found_from_nothing(void **state UNUSED)
{
	for (size_t m = 0; m < ARRAY_SIZE(maxima); m++) {
		for (uint32_t limit = 1270; limit <= maxima[m] + 20; limit++) {
			struct path p = {.limit = limit};

			assert_int_equal(search(&p, 0, maxima[m]), right(limit, maxima[m]));
		}
	}
}

static void every_change_is_found_from_every_size(void **state UNUSED)
{
	static const uint32_t max = 1420;

	for (uint32_t known = MTU_MIN; known <= 1500; known += known < 1408 ? MTU_STEP : 12) {
		for (uint32_t limit = 1270; limit <= 1440; limit++) {
			struct path p = {.limit = limit};

			assert_int_equal(search(&p, known, max), right(limit, max));
		}
	}
}

static void a_lost_packet_is_no_limit(void **state UNUSED)
{
	for (unsigned int lose = 2; lose < 40; lose++) {
		for (uint32_t limit = 1280; limit <= 1420; limit += 4) {
			struct path p = {.limit = limit, .lose = lose};
			struct path q = {.limit = limit, .lose = lose};

			assert_int_equal(search(&p, 0, 1420), right(limit, 1420));
			assert_int_equal(search(&q, 1420, 1420), right(limit, 1420));
		}
	}
}

static void a_path_that_stays_costs_one_packet(void **state UNUSED)
{
	struct path p = {.limit = 1420};

	assert_int_equal(search(&p, 1420, 1420), 1420);
	assert_int_equal(p.volleys, 1);
	assert_int_equal(p.least, 1420);
}

static void a_silent_path_says_nothing(void **state UNUSED)
{
	struct path p = {};

	assert_int_equal(search(&p, 1420, 1420), 0);
	assert_int_equal(p.volleys, MTU_TRIES);
	assert_int_equal(p.least, MTU_MIN);
}

static void the_usual_tunnel_takes_one_volley(void **state UNUSED)
{
	struct path whole = {.limit = 1420}, small = {.limit = 1280};

	assert_int_equal(search(&whole, 0, 1420), 1420);
	assert_int_equal(whole.volleys, 1);
	assert_int_equal(search(&small, 0, 1420), 1280);
	assert_int_equal(small.volleys, MTU_TRIES);
}

static void late_answers_count(void **state UNUSED)
{
	struct mtu_volley none = {}, late = {1, {1420}}, send;
	struct mtu_search s;

	mtu_begin(&s, 1420, 1420);
	assert_true(mtu_step(&s, &none, &send));
	assert_true(mtu_step(&s, &none, &send));
	assert_false(mtu_step(&s, &late, &send));
	assert_int_equal(s.lo, 1420);
}

static void answers_of_sizes_never_sent_are_none(void **state UNUSED)
{
	struct mtu_volley none = {}, odd = {2, {1400, 9000}}, send;
	struct mtu_search s;

	mtu_begin(&s, 1420, 1420);
	assert_true(mtu_step(&s, &none, &send));
	assert_true(mtu_step(&s, &odd, &send));
	assert_int_equal(s.lo, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_path_is_found_from_nothing),
		cmocka_unit_test(every_change_is_found_from_every_size),
		cmocka_unit_test(a_lost_packet_is_no_limit),
		cmocka_unit_test(a_path_that_stays_costs_one_packet),
		cmocka_unit_test(a_silent_path_says_nothing),
		cmocka_unit_test(the_usual_tunnel_takes_one_volley),
		cmocka_unit_test(late_answers_count),
		cmocka_unit_test(answers_of_sizes_never_sent_are_none),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests_name("mtu", tests, NULL, NULL);
}
