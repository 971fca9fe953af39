/* SPDX-License-Identifier: GPL-2.0-only */
/* shaper: edt: the time at which a packet may leave, what it costs, what is dropped. */
#include <linux/pkt_cls.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <cmocka.h>
#include "../../relay/dp_impl.h"
#include "rig.h"
#include "spec.h"
#include "sidecar.skel.h"

#define BYTE_PS 800000u /* 10 Mbit/s */

static struct rig rig;

/* len: of the UDP payload. */
static void packet(struct pkt *p, const char *src, const char *dst, size_t len)
{
	const struct spec s = {.src = src, .dst = dst, .upper = UDP, .len = len};

	*p = (struct pkt){};
	spec_make(&s, p);
}

static struct sc_pace get_next(uint32_t nr)
{
	struct sc_pace p;

	assert_int_equal(bpf_map_lookup_elem(bpf_map__fd(rig.dp->skel->maps.pace), &nr, &p), 0);
	return p;
}

static void set_next(uint32_t nr, uint64_t down_ns, uint64_t up_ns)
{
	const struct sc_pace p = {.down_ns = down_ns, .up_ns = up_ns};
	int fd = bpf_map__fd(rig.dp->skel->maps.pace);

	assert_int_equal(bpf_map_update_elem(fd, &nr, &p, BPF_ANY), 0);
}

static void set_pace(uint32_t nr, uint32_t byte_ps)
{
	struct sc_slot s;

	assert_int_equal(dp_slot_get(rig.dp, nr, &s), 0);
	s.pace_byte_ps = byte_ps;
	assert_int_equal(dp_slot_set(rig.dp, nr, &s, NULL), 0);
}

/* What one packet costs, to the nanosecond: IP bytes of every segment. */
static const struct cost_case {
	const char *name;
	const char *dst;
	size_t len;
	uint32_t gso_size, gso_segs, wire_len;
	uint32_t byte_ps;
	uint64_t cost_ns;
} costs[] = {
	{"IPv6", SLOT3_V6, 52, .byte_ps = BYTE_PS, .cost_ns = 80000},
	{"IPv4", SLOT3_V4, 72, .byte_ps = BYTE_PS, .cost_ns = 80000},
	{"8 kbit/s", SLOT3_V6, 952, .byte_ps = 1000000000, .cost_ns = SECOND_NS},
	{"100 Gbit/s", SLOT3_V6, 1372, .byte_ps = 80, .cost_ns = 113},
	{"merged", SLOT3_V6, 1800, 600, 3, 3 * (14 + 48 + 600), BYTE_PS, 3 * 648 * 800},
	{"merged, the last one short", SLOT3_V4, 1300, 600, 3, 1300 + 3 * (14 + 28), BYTE_PS,
	 (1300 + 3 * 28) * 800},
};

static void test_costs_down(void **state UNUSED)
{
	for (size_t i = 0; i < ARRAY_SIZE(costs); i++) {
		const struct cost_case *c = &costs[i];
		const struct __sk_buff skb = {
			.ifindex = rig.wg0, .gso_size = c->gso_size, .gso_segs = c->gso_segs};
		uint64_t at = env_now_ns() + SC_PACE_HORIZON_NS / 2;
		struct rig_result r;
		struct pkt in;

		set_pace(3, c->byte_ps);
		set_next(3, at, 0);
		packet(&in, strchr(c->dst, ':') ? FAR6 : FAR4, c->dst, c->len);
		rig_run(&rig, RIG_WG_OUT, &in, &skb, &r);
		assert_int_equal(r.verdict, TC_ACT_UNSPEC);
		assert_int_equal(r.skb.tstamp, at);
		if (get_next(3).down_ns - at != c->cost_ns)
			print_error("%s\n", c->name);
		assert_int_equal(get_next(3).down_ns - at, c->cost_ns);
		assert_int_equal(get_next(3).up_ns, 0);
		rig_same(c->name, &r.out, &in);
	}
}

static void test_costs_up(void **state UNUSED)
{
	for (size_t i = 0; i < ARRAY_SIZE(costs); i++) {
		const struct cost_case *c = &costs[i];
		const struct __sk_buff skb = {.mark = SC_MARK_UP | 3,
					      .gso_size = c->gso_size,
					      .gso_segs = c->gso_segs,
					      .wire_len = c->wire_len};
		uint64_t at = env_now_ns() + SC_PACE_HORIZON_NS / 2;
		struct rig_result r;
		struct pkt in;

		set_pace(3, c->byte_ps);
		set_next(3, 0, at);
		packet(&in, c->dst, strchr(c->dst, ':') ? FAR6 : FAR4, c->len);
		rig_run(&rig, RIG_UPLINK_OUT, &in, &skb, &r);
		assert_int_equal(r.verdict, TC_ACT_UNSPEC);
		assert_int_equal(r.skb.tstamp, at);
		if (get_next(3).up_ns - at != c->cost_ns)
			print_error("%s\n", c->name);
		assert_int_equal(get_next(3).up_ns - at, c->cost_ns);
		assert_int_equal(get_next(3).down_ns, 0);
		rig_same(c->name, &r.out, &in);
	}
}

/* Cut at every length: what there is of it is paid for. */
static void test_costs_cut_short(void **state UNUSED)
{
	static const char *const sources[] = {SLOT3_V6, SLOT3_V4};
	const struct __sk_buff skb = {.mark = SC_MARK_UP | 3};

	set_pace(3, BYTE_PS);
	for (size_t i = 0; i < ARRAY_SIZE(sources); i++) {
		struct rig_result r;
		struct pkt whole;

		packet(&whole, sources[i], i ? FAR4 : FAR6, 20);
		for (size_t len = rig_min_len(RIG_UPLINK_OUT, &whole); len < whole.len; len++) {
			uint64_t at = env_now_ns() + SC_PACE_HORIZON_NS / 2;
			struct pkt in = whole;

			in.len = len;
			set_next(3, 0, at);
			rig_run(&rig, RIG_UPLINK_OUT, &in, &skb, &r);
			assert_int_equal(r.verdict, TC_ACT_UNSPEC);
			assert_int_equal(r.reason, 0);
			assert_int_equal(r.skb.tstamp, at);
			assert_int_equal(get_next(3).up_ns - at, (len - 14) * 800);
			rig_same("cut", &r.out, &in);
		}
	}
}

/* Without a pause each packet leaves when the one before is paid; after one, at once. */
static void test_one_behind_the_other(void **state UNUSED)
{
	const struct __sk_buff skb = {.ifindex = rig.wg0};
	uint64_t first = env_now_ns() + SC_PACE_HORIZON_NS / 2;
	struct rig_result r;
	struct pkt in;

	set_pace(3, BYTE_PS);
	set_next(3, first, 0);
	packet(&in, FAR6, SLOT3_V6, 52);
	for (uint64_t i = 0; i < 5; i++) {
		rig_run(&rig, RIG_WG_OUT, &in, &skb, &r);
		assert_int_equal(r.skb.tstamp, first + i * 80000);
	}
	set_next(3, 1, 0);
	rig_run(&rig, RIG_WG_OUT, &in, &skb, &r);
	assert_in_range(r.skb.tstamp, first - SC_PACE_HORIZON_NS, env_now_ns());
	assert_int_equal(get_next(3).down_ns, r.skb.tstamp + 80000);
}

/* Beyond the horizon: dropped and counted, never paid for; a neighbour is unharmed. */
static void test_horizon(void **state UNUSED)
{
	const struct __sk_buff down = {.ifindex = rig.wg0}, up = {.mark = SC_MARK_UP | 3};
	struct sc_counters before, after;
	uint64_t far = env_now_ns() + 3600 * SECOND_NS;
	struct rig_result r;
	struct pkt in;

	set_pace(3, BYTE_PS);
	set_pace(5, BYTE_PS);
	set_next(3, far, far);
	dp_counters(rig.dp, 3, &before);
	packet(&in, FAR6, SLOT3_V6, 52);
	rig_run(&rig, RIG_WG_OUT, &in, &down, &r);
	assert_int_equal(r.verdict, TC_ACT_SHOT);
	assert_int_equal(r.reason, SC_DROP_SHAPER);
	packet(&in, FAR4, SLOT3_V4, 72);
	rig_run(&rig, RIG_WG_OUT, &in, &down, &r);
	assert_int_equal(r.reason, SC_DROP_SHAPER);
	packet(&in, SLOT3_V6, FAR6, 52);
	rig_run(&rig, RIG_UPLINK_OUT, &in, &up, &r);
	assert_int_equal(r.verdict, TC_ACT_SHOT);
	assert_int_equal(r.reason, SC_DROP_SHAPER);
	dp_counters(rig.dp, 3, &after);
	assert_int_equal(after.drop_packets - before.drop_packets, 3);
	assert_int_equal(after.drop_bytes - before.drop_bytes, 300);
	assert_int_equal(after.down_packets, before.down_packets);
	assert_int_equal(get_next(3).down_ns, far);
	assert_int_equal(get_next(3).up_ns, far);
	packet(&in, FAR6, SLOT5_V6, 52);
	rig_run(&rig, RIG_WG_OUT, &in, &down, &r);
	assert_int_equal(r.verdict, TC_ACT_UNSPEC);
	assert_in_range(r.skb.tstamp, 1, env_now_ns());
}

/* What the former owner of a slot still owed is not the next one's to wait for. */
static void test_next_owner_starts_anew(void **state UNUSED)
{
	const struct __sk_buff down = {.ifindex = rig.wg0}, up = {.mark = SC_MARK_UP | 3};
	uint64_t far = env_now_ns() + 3600 * SECOND_NS;
	struct rig_result r;
	struct sc_slot s;
	struct pkt in;

	set_pace(3, BYTE_PS);
	set_next(3, far, far);
	assert_int_equal(dp_slot_get(rig.dp, 3, &s), 0);
	/* The same owner, closed and open again. */
	s.flags = 0;
	assert_int_equal(dp_slot_set(rig.dp, 3, &s, NULL), 0);
	s.flags = SC_SLOT_LIVE;
	assert_int_equal(dp_slot_set(rig.dp, 3, &s, NULL), 0);
	assert_int_equal(get_next(3).down_ns, far);
	assert_int_equal(get_next(3).up_ns, far);
	s.generation++;
	assert_int_equal(dp_slot_set(rig.dp, 3, &s, NULL), 0);
	assert_int_equal(get_next(3).down_ns, 0);
	assert_int_equal(get_next(3).up_ns, 0);
	packet(&in, FAR6, SLOT3_V6, 52);
	rig_run(&rig, RIG_WG_OUT, &in, &down, &r);
	assert_int_equal(r.verdict, TC_ACT_UNSPEC);
	packet(&in, SLOT3_V6, FAR6, 52);
	rig_run(&rig, RIG_UPLINK_OUT, &in, &up, &r);
	assert_int_equal(r.verdict, TC_ACT_UNSPEC);
	set_next(3, far, far);
	s.account++;
	assert_int_equal(dp_slot_set(rig.dp, 3, &s, NULL), 0);
	assert_int_equal(get_next(3).down_ns, 0);
}

/* Refused for another reason: costs nothing. */
static void test_refused_first(void **state UNUSED)
{
	const struct __sk_buff skb = {.ifindex = rig.wg1};
	struct rig_result r;
	struct pkt in;

	set_pace(3, BYTE_PS);
	packet(&in, FAR6, SLOT3_V6, 52);
	rig_run(&rig, RIG_WG_OUT, &in, &skb, &r);
	assert_int_equal(r.reason, SC_DROP_NOT_OURS);
	assert_int_equal(get_next(3).down_ns, 0);
}

/* The mark carries the slot from the tunnel to the uplink, no HTB class. */
static void test_mark(void **state UNUSED)
{
	const struct __sk_buff skb = {.ifindex = rig.wg0};
	struct rig_result r;
	struct pkt in;

	packet(&in, SLOT5_V4, FAR4, 72);
	rig_run(&rig, RIG_WG_IN, &in, &skb, &r);
	assert_int_equal(r.verdict, TC_ACT_REDIRECT);
	assert_int_equal(r.skb.mark, SC_MARK_UP | 5);
}

/* Unshaped, no mark of ours, or of no slot: goes as it came. */
static void test_unshaped(void **state UNUSED)
{
	static const uint32_t marks[] = {0,
					 3,
					 SC_MARK_DOWN | 3,
					 SC_MARK_UP | 4,
					 SC_MARK_UP | ENV_SLOTS,
					 SC_MARK_UP | SC_MARK_SLOT};
	const struct __sk_buff down = {.ifindex = rig.wg1};
	struct rig_result r;
	struct pkt in;

	set_pace(3, BYTE_PS);
	set_next(3, 0, env_now_ns() + 3600 * SECOND_NS);
	set_next(4, 0, env_now_ns() + 3600 * SECOND_NS);
	packet(&in, SLOT3_V6, FAR6, 52);
	for (size_t i = 0; i < ARRAY_SIZE(marks); i++) {
		const struct __sk_buff up = {.mark = marks[i]};

		rig_run(&rig, RIG_UPLINK_OUT, &in, &up, &r);
		assert_int_equal(r.verdict, TC_ACT_UNSPEC);
		assert_int_equal(r.skb.tstamp, 0);
		assert_int_equal(r.skb.priority, 0);
	}
	packet(&in, FAR6, SLOT4_V6, 52);
	rig_run(&rig, RIG_WG_OUT, &in, &down, &r);
	assert_int_equal(r.verdict, TC_ACT_UNSPEC);
	assert_int_equal(r.skb.tstamp, 0);
	assert_int_equal(get_next(4).down_ns, 0);
}

/* shaper: htb: what the slot says of a pace is not looked at. */
static void test_off(void **state UNUSED)
{
	const struct __sk_buff down = {.ifindex = rig.wg0}, up = {.mark = SC_MARK_UP | 3};
	struct rig_result r;
	struct pkt in;

	rig_close(&rig);
	rig_conf(&rig);
	rig_open(&rig);
	set_pace(3, BYTE_PS);
	set_next(3, env_now_ns() + 3600 * SECOND_NS, env_now_ns() + 3600 * SECOND_NS);
	packet(&in, FAR6, SLOT3_V6, 52);
	rig_run(&rig, RIG_WG_OUT, &in, &down, &r);
	assert_int_equal(r.verdict, TC_ACT_UNSPEC);
	assert_int_equal(r.skb.tstamp, 0);
	assert_int_equal(r.skb.priority, SC_HTB_MAJOR | 7);
	packet(&in, SLOT3_V6, FAR6, 52);
	rig_run(&rig, RIG_UPLINK_OUT, &in, &up, &r);
	assert_int_equal(r.verdict, TC_ACT_UNSPEC);
	assert_int_equal(r.skb.tstamp, 0);
	assert_int_equal(r.skb.priority, SC_HTB_MAJOR | 3);
}

static int setup(void **state UNUSED)
{
	rig_conf(&rig);
	rig.conf.pace = true;
	rig_open(&rig);
	return 0;
}

static int teardown(void **state UNUSED)
{
	rig_close(&rig);
	return 0;
}

#define T(f) cmocka_unit_test_setup_teardown(f, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		T(test_costs_down),	 T(test_costs_up),	T(test_one_behind_the_other),
		T(test_horizon),	 T(test_refused_first), T(test_mark),
		T(test_unshaped),	 T(test_off),		T(test_next_owner_starts_anew),
		T(test_costs_cut_short),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	env_enter();
	rig_devices();
	return cmocka_run_group_tests_name("pace", tests, NULL, NULL);
}
