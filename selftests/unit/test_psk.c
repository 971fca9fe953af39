/* SPDX-License-Identifier: GPL-2.0-only */
/* LONG=1: a hundred histories instead of four. */
#include "test.h"
#include <stdlib.h>
#include "psk_world.h"

#define AGREE_MS 10000

static struct world w;

static void both_ends_derive_the_same_and_each_value_counts(void **state UNUSED)
{
	struct psk_ids ids = {.relay = "a"}, other;
	uint8_t pk[XWING_PK_LEN] = {1}, ct[XWING_CT_LEN] = {2}, ss[XWING_SS_LEN] = {3};
	struct psk_keys a, b;

	assert_int_equal(psk_derive(&ids, 7, pk, ct, ss, &a, NULL), 0);
	assert_int_equal(psk_derive(&ids, 7, pk, ct, ss, &b, NULL), 0);
	assert_memory_equal(&a, &b, sizeof(a));
	assert_memory_not_equal(a.psk, ss, KEY_LEN);
	assert_memory_not_equal(a.psk, a.confirm_agent, KEY_LEN);
	assert_memory_not_equal(a.confirm_relay, a.confirm_agent, KEY_LEN);
	for (int i = 0; i < 8; i++) {
		other = ids;
		other.relay[0] = i == 0 ? 'b' : 'a';
		other.peer.b[15] = i == 1;
		other.agent_key[0] = i == 2;
		other.relay_key[31] = i == 3;
		pk[5] = i == 4;
		ct[5] = i == 5;
		ss[5] = i == 6;
		psk_derive(&other, i == 7 ? 8 : 7, pk, ct, ss, &b, NULL);
		assert_memory_not_equal(a.psk, b.psk, KEY_LEN);
		assert_memory_not_equal(a.confirm_relay, b.confirm_relay, KEY_LEN);
	}
}

/* From Python's hashlib and hmac, by RFC 5869. */
static void the_derivation_is_the_documented_one(void **state UNUSED)
{
	static const uint8_t want[KEY_LEN] = {
		0x7b, 0xa6, 0xc4, 0x31, 0x11, 0x6e, 0x82, 0x9f, 0x2b, 0x26, 0xd6,
		0x57, 0x77, 0x6e, 0x07, 0x64, 0x38, 0xff, 0x32, 0xf2, 0x6b, 0xb1,
		0x24, 0x10, 0xcc, 0xad, 0x68, 0xd2, 0x34, 0x4e, 0x02, 0x26,
	};
	struct psk_ids ids = {.relay = "relay"};
	uint8_t pk[XWING_PK_LEN], ct[XWING_CT_LEN], ss[XWING_SS_LEN];
	struct psk_keys got;

	memset(&ids.peer, 1, sizeof(ids.peer));
	memset(ids.agent_key, 2, KEY_LEN);
	memset(ids.relay_key, 3, KEY_LEN);
	memset(pk, 4, sizeof(pk));
	memset(ct, 5, sizeof(ct));
	memset(ss, 6, sizeof(ss));
	assert_int_equal(psk_derive(&ids, 0x0102030405, pk, ct, ss, &got, NULL), 0);
	assert_memory_equal(got.psk, want, KEY_LEN);
}

static void before_the_first_exchange_nothing_can_pass(void **state UNUSED)
{
	world_init(&w, 1, PSK_PERIOD_MS, 0);
	w.dead = true;
	world_run(&w, 600000);
	assert_false(world_agrees(&w));
	assert_int_equal(w.handshake_ms, 0);
	assert_null(psk_agent_key(&w.agent));
}

static void the_first_exchange_takes_less_than_two_seconds(void **state UNUSED)
{
	world_init(&w, 2, PSK_PERIOD_MS, 0);
	world_run(&w, 2000);
	assert_true(world_agrees(&w));
	assert_int_equal(w.exchanges, 1);
}

static void exchanges_come_every_120_s_give_or_take_a_tenth(void **state UNUSED)
{
	int64_t last_ms = 0, least_ms = INT64_MAX, most_ms = 0;
	unsigned int exchanges = 0;

	world_init(&w, 3, PSK_PERIOD_MS, 0);
	for (int i = 0; i < 400000; i++) {
		world_step(&w);
		if (w.exchanges == exchanges)
			continue;
		exchanges = w.exchanges;
		if (exchanges > 1 && w.now_ms - last_ms < least_ms)
			least_ms = w.now_ms - last_ms;
		if (exchanges > 1 && w.now_ms - last_ms > most_ms)
			most_ms = w.now_ms - last_ms;
		last_ms = w.now_ms;
	}
	assert_in_range(exchanges, 300, 400);
	assert_in_range(least_ms, 108000, 110000);
	assert_in_range(most_ms, 130000, 134000);
}

static void offer(struct psk_relay *r, uint64_t epoch, uint8_t seed_byte, int want,
		  struct psk_answer *ret_answer)
{
	uint8_t seed[XWING_SEED_LEN] = {seed_byte}, pk[XWING_PK_LEN];
	static uint8_t eseed[XWING_ESEED_LEN];

	eseed[0]++;
	assert_int_equal(xwing_public(seed, pk, NULL), 0);
	assert_int_equal(psk_relay_offer(r, &w.ids, epoch, pk, eseed, ret_answer, NULL), want);
}

static void a_repeated_epoch_is_answered_as_before(void **state UNUSED)
{
	struct psk_answer a, b;
	struct psk_relay r;

	psk_relay_init(&r, 40);
	offer(&r, 40, 1, 0, &a);
	offer(&r, 40, 1, 0, &b);
	assert_memory_equal(&a, &b, sizeof(a));
	offer(&r, 40, 2, -ESTALE, &b);
	offer(&r, 39, 1, -ESTALE, &b);
	offer(&r, 42, 1, -ESTALE, &b);
	assert_int_equal(psk_relay_commit(&r, 40, r.keys.confirm_agent, NULL), 1);
	psk_relay_installed(&r, 40, true);
	offer(&r, 40, 1, -ESTALE, &b);
	offer(&r, 41, 1, 0, &b);
	assert_memory_not_equal(&a, &b, sizeof(a));
}

static void a_commit_without_the_secret_installs_nothing(void **state UNUSED)
{
	uint8_t confirm[PSK_CONFIRM_LEN];
	struct psk_answer a;
	struct psk_relay r;

	psk_relay_init(&r, 40);
	offer(&r, 40, 1, 0, &a);
	memcpy(confirm, r.keys.confirm_agent, sizeof(confirm));
	assert_int_equal(psk_relay_commit(&r, 40, a.confirm, NULL), -EKEYREJECTED);
	assert_int_equal(psk_relay_commit(&r, 41, confirm, NULL), -ESTALE);
	assert_int_equal(psk_relay_commit(&r, 40, confirm, NULL), 1);
	assert_int_equal(psk_relay_commit(&r, 40, confirm, NULL), -EBUSY);
	psk_relay_installed(&r, 40, false);
	assert_int_equal(psk_relay_commit(&r, 40, confirm, NULL), 1);
	psk_relay_installed(&r, 40, true);
	assert_int_equal(psk_relay_commit(&r, 40, confirm, NULL), 0);
	confirm[0] ^= 1;
	assert_int_equal(psk_relay_commit(&r, 40, confirm, NULL), -EKEYREJECTED);
}

static void nothing_secret_stays_at_the_relay(void **state UNUSED)
{
	static const uint8_t zero[sizeof(struct psk_keys)];
	struct psk_answer a;
	struct psk_relay r;

	psk_relay_init(&r, 40);
	offer(&r, 40, 1, 0, &a);
	assert_int_equal(psk_relay_commit(&r, 40, r.keys.confirm_agent, NULL), 1);
	psk_relay_installed(&r, 40, true);
	assert_memory_equal(&r.keys, zero, sizeof(r.keys));
	assert_memory_equal(r.eseed, zero, sizeof(r.eseed));
}

static void an_answer_without_the_secret_is_refused_by_the_agent(void **state UNUSED)
{
	struct psk_answer answer;
	struct psk_agent a;
	struct psk_relay r;
	struct mono t = {.ns = 1};
	uint8_t seed[XWING_SEED_LEN] = {1}, eseed[XWING_ESEED_LEN] = {2}, pk[XWING_PK_LEN];
	uint64_t epoch;
	struct err err;

	psk_agent_init(&a, PSK_PERIOD_MS, 0, t);
	psk_agent_hint(&a, 40, t);
	psk_relay_init(&r, 40);
	assert_int_equal(psk_agent_due(&a, t), PSK_AGENT_OFFER);
	assert_int_equal(psk_agent_offer(&a, seed, &epoch, pk, NULL), 0);
	assert_int_equal(epoch, 40);
	assert_int_equal(psk_relay_offer(&r, &w.ids, epoch, pk, eseed, &answer, NULL), 0);
	answer.ct[0] ^= 1;
	assert_int_equal(psk_agent_answered(&a, &w.ids, epoch, &answer, t, &err), -EKEYREJECTED);
	assert_string_equal(err.text, "the relay's confirmation is wrong");
	assert_null(psk_agent_key(&a));
	assert_int_equal(a.state, PSK_AGENT_IDLE);
}

static void a_dead_control_channel_cuts_nothing(void **state UNUSED)
{
	world_init(&w, 4, PSK_PERIOD_MS, 0);
	world_run(&w, 300000);
	w.dead = true;
	for (int i = 0; i < 72000; i++) {
		world_step(&w);
		assert_true(world_silent_ms(&w) < 140000);
	}
}

/* The worst moment: the relay has installed the key, and its answer is lost for good. */
static void an_answer_lost_for_good_cuts_nothing(void **state UNUSED)
{
	for (uint64_t seed = 0; seed < 20; seed++) {
		unsigned int exchanges;

		world_init(&w, 100 + seed, PSK_PERIOD_MS, 0);
		world_run(&w, 200000 + (int64_t)seed * 7000);
		for (exchanges = w.exchanges; w.exchanges == exchanges;) {
			world_step(&w);
			assert_true(w.now_ms < 1000000);
		}
		memset(w.message, 0, sizeof(w.message));
		/* Half of them: relayd starts anew, and the last the agent hears is a refusal. */
		if (seed % 2)
			world_restart_relay(&w, false);
		while (seed % 2 && w.agent.state == PSK_AGENT_COMMITTING && w.now_ms < 1000000)
			world_step(&w);
		memset(w.message, 0, sizeof(w.message));
		w.dead = true;
		assert_false(world_agrees(&w));
		for (int i = 0; i < 12000; i++) {
			world_step(&w);
			assert_true(world_silent_ms(&w) < 180000);
		}
		assert_true(world_agrees(&w));
	}
}

static bool is_old(void)
{
	return psk_agent_old(&w.agent, (struct mono){.ns = w.now_ms * 1000000});
}

static void ten_minutes_without_an_exchange_are_noticed(void **state UNUSED)
{
	world_init(&w, 6, PSK_PERIOD_MS, 0);
	world_run(&w, 600000);
	assert_false(is_old());
	w.dead = true;
	/* The last exchange was 132 s ago at most. */
	world_run(&w, 460000);
	assert_false(is_old());
	world_run(&w, 140000);
	assert_true(is_old());
	w.dead = false;
	world_run(&w, AGREE_MS);
	assert_false(is_old());
}

static void a_restart_hides_it_for_no_longer_than_a_period(void **state UNUSED)
{
	world_init(&w, 10, PSK_PERIOD_MS, 0);
	world_run(&w, 60000);
	w.dead = true;
	world_run(&w, 500000);
	world_restart_agent(&w);
	world_run(&w, PSK_PERIOD_MS - 1000);
	assert_false(is_old());
	world_run(&w, 2000);
	assert_true(is_old());
}

static void strict_closes_after_its_time_and_opens_with_an_exchange(void **state UNUSED)
{
	world_init(&w, 5, PSK_PERIOD_MS, 600000);
	world_run(&w, 60000);
	w.dead = true;
	world_run(&w, 500000);
	assert_true(world_agrees(&w));
	world_run(&w, 200000);
	assert_true(w.agent.closed);
	assert_false(world_agrees(&w));
	world_run(&w, 300000);
	assert_true(world_silent_ms(&w) > 180000);
	w.dead = false;
	world_run(&w, AGREE_MS);
	assert_true(world_agrees(&w));
	assert_false(w.agent.closed);
}

/* The time that strict grants is the key's, not the process's. */
static void strict_counts_on_over_restarts_of_the_agent(void **state UNUSED)
{
	world_init(&w, 7, PSK_PERIOD_MS, 600000);
	world_run(&w, 60000);
	w.dead = true;
	for (int i = 0; i < 5; i++) {
		world_run(&w, 90000);
		world_restart_agent(&w);
		assert_true(world_agrees(&w));
	}
	world_run(&w, 150000);
	assert_true(w.agent.closed);
	assert_false(world_agrees(&w));
}

static void what_strict_closed_stays_closed_over_a_restart(void **state UNUSED)
{
	world_init(&w, 8, PSK_PERIOD_MS, 600000);
	world_run(&w, 60000);
	w.dead = true;
	world_run(&w, 700000);
	assert_true(w.agent.closed);
	world_restart_agent(&w);
	/* What a tunnel that is made anew gets at once, and what it gets later. */
	assert_null(psk_agent_key(&w.agent));
	world_run(&w, 60000);
	assert_null(psk_agent_key(&w.agent));
	assert_false(world_agrees(&w));
	w.dead = false;
	world_run(&w, AGREE_MS);
	assert_true(world_agrees(&w));
	assert_false(w.agent.closed);
}

static void a_key_too_old_for_strict_is_not_adopted(void **state UNUSED)
{
	world_init(&w, 9, PSK_PERIOD_MS, 600000);
	world_run(&w, 60000);
	w.dead = true;
	/* While no agent runs nobody closes. */
	w.now_ms += 700000;
	world_restart_agent(&w);
	assert_null(psk_agent_key(&w.agent));
	world_run(&w, 2000);
	assert_false(world_agrees(&w));
}

static void a_rebooted_relay_gets_a_key_within_10_s(void **state UNUSED)
{
	world_init(&w, 6, PSK_PERIOD_MS, 0);
	world_run(&w, 60000);
	world_restart_relay(&w, true);
	assert_false(world_agrees(&w));
	world_run(&w, AGREE_MS);
	assert_true(world_agrees(&w));
}

/* Quiet and wild times in turn; once in a while nothing passes at all. */
static void next_weather(void)
{
	static const struct world_faults quiet, wild = {
							.lose = 200000,
							.twice = 100000,
							.hold = 200000,
							.restart_agent = 3000,
							.restart_relay = 3000,
							.reboot_relay = 500,
						};
	bool was_quiet = !w.faults.lose && !w.dead;

	w.dead = was_quiet && world_random(&w) % 4 == 0;
	w.faults = was_quiet && !w.dead ? wild : quiet;
}

static void history(uint64_t seed, uint32_t period_ms, unsigned int steps)
{
	int64_t weather_ms = 0, apart_ms = 0;
	unsigned int agreed = 0;

	world_init(&w, seed, period_ms, 0);
	for (unsigned int i = 0; i < steps; i++) {
		if (w.now_ms >= weather_ms) {
			next_weather();
			weather_ms = w.now_ms + 1000 + (int64_t)(world_random(&w) % 90000);
		}
		world_step(&w);
		if (world_agrees(&w)) {
			apart_ms = 0;
			agreed++;
			continue;
		}
		if (!apart_ms)
			apart_ms = w.now_ms;
		if (w.now_ms - w.fault_ms > AGREE_MS && w.now_ms - apart_ms > AGREE_MS)
			fail_msg("seed %d, step %u: the ends differ", (int)seed, i);
	}
	print_message("# seed %d: %u exchanges, %u restarts, %u lost, alike in %u of %u steps\n",
		      (int)seed, w.exchanges, w.restarts, w.lost, agreed, steps);
	assert_true(w.exchanges > 20 && w.restarts > 20 && w.lost > 100);
}

static void ends_agree_within_10_s_of_the_last_fault(void **state UNUSED)
{
	const char *many = getenv("LONG");
	unsigned int histories = many && *many ? 100 : 4;

	for (uint64_t seed = 0; seed < histories; seed++)
		history(1000 + seed, seed % 2 ? PSK_PERIOD_MS : 10000, 100000);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(both_ends_derive_the_same_and_each_value_counts),
		cmocka_unit_test(the_derivation_is_the_documented_one),
		cmocka_unit_test(before_the_first_exchange_nothing_can_pass),
		cmocka_unit_test(the_first_exchange_takes_less_than_two_seconds),
		cmocka_unit_test(exchanges_come_every_120_s_give_or_take_a_tenth),
		cmocka_unit_test(a_repeated_epoch_is_answered_as_before),
		cmocka_unit_test(a_commit_without_the_secret_installs_nothing),
		cmocka_unit_test(nothing_secret_stays_at_the_relay),
		cmocka_unit_test(an_answer_without_the_secret_is_refused_by_the_agent),
		cmocka_unit_test(a_dead_control_channel_cuts_nothing),
		cmocka_unit_test(an_answer_lost_for_good_cuts_nothing),
		cmocka_unit_test(ten_minutes_without_an_exchange_are_noticed),
		cmocka_unit_test(a_restart_hides_it_for_no_longer_than_a_period),
		cmocka_unit_test(strict_closes_after_its_time_and_opens_with_an_exchange),
		cmocka_unit_test(strict_counts_on_over_restarts_of_the_agent),
		cmocka_unit_test(what_strict_closed_stays_closed_over_a_restart),
		cmocka_unit_test(a_key_too_old_for_strict_is_not_adopted),
		cmocka_unit_test(a_rebooted_relay_gets_a_key_within_10_s),
		cmocka_unit_test(ends_agree_within_10_s_of_the_last_fault),
	};

	return RUN_TESTS(tests);
}
