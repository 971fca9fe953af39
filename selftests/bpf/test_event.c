/* SPDX-License-Identifier: GPL-2.0-only */
/* Drops as relayctl monitor sees them: only while asked for, sampled, with the packet's 5-tuple. */
#include <arpa/inet.h>
#include <linux/bpf.h>
#include <linux/pkt_cls.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <cmocka.h>
#include "rig.h"

#define FAR6 "2001:db8:99::9"
#define FAR4 "198.18.0.1"
#define MAX_SEEN 512

static struct rig rig;
static struct dp_event seen[MAX_SEEN];
static unsigned int n_seen;

static void on_event(const struct dp_event *event, void *ctx)
{
	assert_ptr_equal(ctx, &rig);
	if (n_seen < MAX_SEEN)
		seen[n_seen++] = *event;
}

static unsigned int read_all(void)
{
	int n;

	n_seen = 0;
	do {
		n = dp_events_read(rig.dp, 7, on_event, &rig);
		assert_in_range(n, 0, 7);
	} while (n);
	return n_seen;
}

static void drop(enum rig_prog prog, const struct pkt *in, uint32_t ifindex, int reason)
{
	const struct __sk_buff skb = {.ifindex = ifindex};
	struct rig_result r;

	rig_run(&rig, prog, in, prog > RIG_UPLINK_SKB ? &skb : NULL, &r);
	assert_int_equal(r.reason, reason);
}

static void unknown_slot(struct pkt *p)
{
	*p = (struct pkt){};
	pkt_eth(p, RIG_MAC, RIG_PEER, 0x86dd);
	pkt_ip6(p, FAR6, "2001:db8:5::2", 6, 60);
	pkt_tcp(p, 4321, 443, 3);
	pkt_done(p);
}

static void expect_tuple(const struct dp_event *e, int family, const char *src, const char *dst,
			 int proto, int src_port, int dst_port)
{
	uint8_t a[16] = {}, b[16] = {};

	assert_int_equal(inet_pton(family, src, a), 1);
	assert_int_equal(inet_pton(family, dst, b), 1);
	assert_int_equal(e->family, family);
	assert_memory_equal(e->src, a, 16);
	assert_memory_equal(e->dst, b, 16);
	assert_int_equal(e->proto, proto);
	assert_int_equal(e->src_port, src_port);
	assert_int_equal(e->dst_port, dst_port);
}

static void test_only_while_wanted(void **state UNUSED)
{
	struct pkt p;

	unknown_slot(&p);
	drop(RIG_UPLINK_XDP, &p, rig.up, SC_DROP_NO_SLOT);
	assert_int_equal(read_all(), 0);
	assert_int_equal(dp_events_want(rig.dp, 60000, NULL), 0);
	drop(RIG_UPLINK_XDP, &p, rig.up, SC_DROP_NO_SLOT);
	assert_int_equal(read_all(), 1);
	assert_int_equal(dp_events_want(rig.dp, 0, NULL), 0);
	drop(RIG_UPLINK_XDP, &p, rig.up, SC_DROP_NO_SLOT);
	assert_int_equal(read_all(), 0);
}

/* Each program's own drop, from where its IP header starts. */
static void test_every_program(void **state UNUSED)
{
	struct timespec ts;
	struct pkt p;

	assert_int_equal(dp_events_want(rig.dp, 60000, NULL), 0);
	unknown_slot(&p);
	for (enum rig_prog prog = RIG_UPLINK_XDP; prog <= RIG_UPLINK_IN; prog++)
		drop(prog, &p, rig.up, SC_DROP_NO_SLOT);
	p = (struct pkt){};
	pkt_eth(&p, RIG_MAC, RIG_PEER, 0x0800);
	pkt_ip4(&p, SLOT3_V4, "127.0.0.1", 17, 60, 2);
	pkt_udp(&p, 1000, 2000);
	pkt_fill(&p, 400, 7);
	pkt_done(&p);
	drop(RIG_WG_IN, &p, rig.wg0, SC_DROP_BAD_DESTINATION);
	p = (struct pkt){};
	pkt_eth(&p, RIG_MAC, RIG_PEER, 0x0800);
	pkt_ip4(&p, FAR4, "203.0.113.77", 47, 60, 0);
	pkt_done(&p);
	drop(RIG_WG_OUT, &p, rig.wg0, SC_DROP_NOT_OURS);
	assert_int_equal(read_all(), 6);
	clock_gettime(CLOCK_MONOTONIC, &ts);
	for (int i = 0; i < 4; i++) {
		assert_int_equal(seen[i].reason, SC_DROP_NO_SLOT);
		assert_int_equal(seen[i].slot, DP_EVENT_NO_SLOT);
		assert_int_equal(seen[i].len, 72);
		assert_in_range(seen[i].time_ns / 1000000000, (uint64_t)ts.tv_sec - 60, ts.tv_sec);
		expect_tuple(&seen[i], AF_INET6, FAR6, "2001:db8:5::2", 6, 4321, 443);
	}
	assert_int_equal(seen[4].reason, SC_DROP_BAD_DESTINATION);
	assert_int_equal(seen[4].slot, 3);
	assert_int_equal(seen[4].len, 436);
	expect_tuple(&seen[4], AF_INET, SLOT3_V4, "127.0.0.1", 17, 1000, 2000);
	assert_int_equal(seen[5].reason, SC_DROP_NOT_OURS);
	expect_tuple(&seen[5], AF_INET, FAR4, "203.0.113.77", 47, 0, 0);
}

/* A storm: so many a window and CPU, and never more than the ring holds. */
static void test_sampled(void **state UNUSED)
{
	struct pkt p;
	unsigned int n;

	assert_int_equal(dp_events_want(rig.dp, 60000, NULL), 0);
	unknown_slot(&p);
	for (int i = 0; i < 400; i++)
		drop(RIG_UPLINK_XDP, &p, rig.up, SC_DROP_NO_SLOT);
	n = read_all();
	assert_in_range(n, SC_EVENTS_PER_WINDOW, 399);
}

/* What the parser makes of every cut of every header: never a wrong port, never a read outside. */
static void test_parser(void **state UNUSED)
{
	struct sc_event raw = {.reason = SC_DROP_SCAN, .slot = 3, .len = 99};
	struct dp_event e;
	struct pkt p = {};

	pkt_eth(&p, RIG_MAC, RIG_PEER, 0x86dd);
	pkt_ip6(&p, FAR6, SLOT3_V6, 60, 60);
	pkt_ext6(&p, 17, 8);
	pkt_udp(&p, 53, 5353);
	pkt_done(&p);
	for (uint32_t len = 0; len <= p.len - 14; len++) {
		memset(raw.head, 0xee, sizeof(raw.head));
		memcpy(raw.head, p.b + 14, len);
		raw.head_len = len;
		assert_true(dp_event_parse(&raw, sizeof(raw), &e));
		assert_int_equal(e.family, len ? AF_INET6 : 0);
		assert_int_equal(e.src_port, len >= 52 ? 53 : 0);
		assert_int_equal(e.dst_port, len >= 52 ? 5353 : 0);
	}
	raw.head[6] = 44; /* a later fragment: what follows is no header */
	raw.head[40] = 17;
	raw.head[42] = 1;
	assert_true(dp_event_parse(&raw, sizeof(raw), &e));
	assert_int_equal(e.proto, 17);
	assert_int_equal(e.src_port, 0);
	memset(raw.head, 0, sizeof(raw.head));
	raw.head[0] = 0x44; /* IPv4 header of 16 bytes */
	assert_true(dp_event_parse(&raw, sizeof(raw), &e));
	assert_int_equal(e.family, 0);
	raw.head[0] = 0x4f; /* longer than what is there */
	raw.head[9] = 6;
	raw.head_len = 40;
	assert_true(dp_event_parse(&raw, sizeof(raw), &e));
	assert_int_equal(e.src_port, 0);
	assert_false(dp_event_parse(&raw, sizeof(raw) - 1, &e));
	raw.head_len = sizeof(raw.head) + 1;
	assert_false(dp_event_parse(&raw, sizeof(raw), &e));
	raw.head_len = 0;
	raw.reason = SC_DROP_MAX;
	assert_false(dp_event_parse(&raw, sizeof(raw), &e));
}

static int setup(void **state UNUSED)
{
	rig_conf(&rig);
	rig_open(&rig);
	assert_true(dp_events_fd(rig.dp, NULL) >= 0);
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
	const struct CMUnitTest tests[] = {T(test_only_while_wanted), T(test_every_program),
					   T(test_sampled), T(test_parser)};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	env_enter();
	rig_devices();
	return cmocka_run_group_tests_name("event", tests, NULL, NULL);
}
