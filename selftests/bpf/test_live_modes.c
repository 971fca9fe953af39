/* SPDX-License-Identifier: GPL-2.0-only */
/* A packet in and one out in each mode of the guard, by tcx links and by filters of clsact. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <cmocka.h>
#include "live.h"

/* There and back, the neighbour found by NDP or ARP, each counted. */
static void exchange(int fd, const char *here, const char *slot3)
{
	bool v6 = strchr(here, ':');
	struct sc_counters n;
	char show[80];
	struct pkt p;

	live_udp(&p, here, slot3, 63, false);
	live_world_sends(fd, slot3, 100);
	live_tunnel_gets(&p, !v6);
	snprintf(show, sizeof(show), "neigh show to %s", slot3);
	assert_true(live_world_shows(show, RIG_MAC ".*REACHABLE"));
	dp_counters(live.rig.dp, 3, &n);
	assert_int_equal(n.down_packets, 1);
	assert_int_equal(n.down_bytes, p.len - 14);
	assert_int_equal(n.outside_packets, 1);

	live_udp(&p, slot3, here, 64, true);
	live_tunnel_sends(&p);
	live_world_gets(fd, "pong", v6 ? 63 : 0);
	dp_counters(live.rig.dp, 3, &n);
	assert_int_equal(n.up_packets, 1);
	assert_int_equal(n.up_bytes, p.len - 14);
	assert_int_equal(n.drop_packets, 0);
	dp_counters_reset(live.rig.dp, 3);
}

static void test_mode(enum dp_xdp_mode mode, const char *text)
{
	live_open(mode, text);
	exchange(live.udp6, LIVE_WORLD6, SLOT3_V6);
	exchange(live.udp4, LIVE_WORLD4, SLOT3_V4);
}

static void test_native(void **state UNUSED)
{
	test_mode(DP_XDP_NATIVE, "native");
}

static void test_generic(void **state UNUSED)
{
	test_mode(DP_XDP_GENERIC, "generic");
}

static void test_tc(void **state UNUSED)
{
	test_mode(DP_XDP_TC, "tc");
}

/* As on a kernel before 6.6: filters of clsact in the place of tcx links. */
static void test_native_clsact(void **state)
{
	live.no_tcx = true;
	test_native(state);
}

static void test_tc_clsact(void **state)
{
	live.no_tcx = true;
	test_tc(state);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		LIVE_TEST(test_native),	       LIVE_TEST(test_generic),	  LIVE_TEST(test_tc),
		LIVE_TEST(test_native_clsact), LIVE_TEST(test_tc_clsact),
	};

	live_enter();
	return cmocka_run_group_tests_name("live_modes", tests, NULL, NULL);
}
