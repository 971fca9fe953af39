/* SPDX-License-Identifier: GPL-2.0-only */
/* relayd ends or another takes over, while packets run. */
#include <pthread.h>
#include <semaphore.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <time.h>
#include <cmocka.h>
#include "live.h"

/* relayd stopped: everything is pinned, packets flow; a new one takes over without a gap. */
static void test_outlives_relayd(void **state UNUSED)
{
	struct err err = {};
	struct pkt p;

	live_open(DP_XDP_GENERIC, "generic");
	dp_close(live.rig.dp);
	live_udp(&p, LIVE_WORLD6, SLOT3_V6, 63, false);
	live_world_sends(live.udp6, SLOT3_V6, 100);
	live_tunnel_gets(&p, false);
	assert_int_equal(dp_open(&live.rig.conf, &live.rig.dp, &err), 0);
	for (int i = 0; i < 200; i++) {
		if (i == 100) {
			assert_int_equal(dp_attach_wg(live.rig.dp, (int)live.rig.wg0, 0, &err), 0);
			assert_int_equal(dp_attach_uplink(live.rig.dp, (int)live.rig.up, &err), 0);
		}
		live_world_sends(live.udp6, SLOT3_V6, 100);
		live_tunnel_gets(&p, false);
	}
}

#define SWAPS 10
#define WINDOW 64 /* packets on their way at most: no queue overflows by itself */

/* A sender that never stops; the reader hands every packet's place back. */
struct stream {
	sem_t window;
	unsigned long sent, got;
	bool stop;
};

static void *stream_send(void *arg)
{
	struct stream *s = arg;
	struct timespec until;

	while (!__atomic_load_n(&s->stop, __ATOMIC_ACQUIRE)) {
		clock_gettime(CLOCK_REALTIME, &until);
		until.tv_sec += LIVE_WAIT_MS / 1000;
		if (sem_timedwait(&s->window, &until))
			break; /* lost packets hold every place: the reader will tell */
		live_world_sends(live.udp6, SLOT3_V6, 100);
		__atomic_add_fetch(&s->sent, 1, __ATOMIC_RELEASE);
	}
	return NULL;
}

static void *stream_read(void *arg)
{
	struct stream *s = arg;
	uint8_t packet[PKT_MAX];

	while (live_readable(live.tun)) { /* ends when nothing came for so long */
		if (read(live.tun, packet, sizeof(packet)) == 40 + 8 + 100) {
			s->got++;
			sem_post(&s->window);
		}
	}
	return NULL;
}

/* A new relayd, again and again, each with programs of its own, while packets run. */
static void test_swaps_lose_nothing(void **state UNUSED)
{
	struct stream s = {};
	struct sc_counters n, before = {};
	pthread_t sender, reader;
	struct err err = {};
	unsigned long at = 0;

	live_open(live.no_tcx ? DP_XDP_GENERIC : DP_XDP_NATIVE, live.no_tcx ? "generic" : "native");
	assert_int_equal(sem_init(&s.window, 0, WINDOW), 0);
	assert_int_equal(pthread_create(&reader, NULL, stream_read, &s), 0);
	assert_int_equal(pthread_create(&sender, NULL, stream_send, &s), 0);
	for (int i = 0; i < SWAPS; i++) {
		dp_close(live.rig.dp);
		assert_int_equal(dp_open(&live.rig.conf, &live.rig.dp, &err), 0);
		assert_int_equal(dp_attach_wg(live.rig.dp, (int)live.rig.wg0, 0, &err), 0);
		assert_int_equal(dp_attach_uplink(live.rig.dp, (int)live.rig.up, &err), 0);
		/* What the one before had counted, and more. */
		dp_counters(live.rig.dp, 3, &n);
		assert_true(n.down_packets >= before.down_packets);
		assert_true(n.down_bytes >= before.down_bytes);
		before = n;
		/* Packets ran meanwhile. */
		assert_true(__atomic_load_n(&s.sent, __ATOMIC_ACQUIRE) > at);
		at = __atomic_load_n(&s.sent, __ATOMIC_ACQUIRE);
	}
	__atomic_store_n(&s.stop, true, __ATOMIC_RELEASE);
	pthread_join(sender, NULL);
	pthread_join(reader, NULL);
	dp_counters(live.rig.dp, 3, &n);
	printf("# %lu packets through %d replacements of every program\n", s.sent, SWAPS);
	assert_int_equal(s.got, s.sent);
	assert_int_equal(n.down_packets, s.sent);
	assert_int_equal(n.down_bytes, s.sent * 148);
	assert_int_equal(n.drop_packets, 0);
	sem_destroy(&s.window);
}

static void test_swaps_lose_nothing_clsact(void **state)
{
	live.no_tcx = true;
	test_swaps_lose_nothing(state);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		LIVE_TEST(test_outlives_relayd),
		LIVE_TEST(test_swaps_lose_nothing),
		LIVE_TEST(test_swaps_lose_nothing_clsact),
	};

	live_enter();
	return cmocka_run_group_tests_name("live_takeover", tests, NULL, NULL);
}
