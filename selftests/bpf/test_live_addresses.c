/* SPDX-License-Identifier: GPL-2.0-only */
/* Nobody takes an address that is another's: no host of the uplink's link, no peer. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include "live.h"

/* Another host must not take a live slot's address: its own kernel finds the duplicate. */
static void test_dad(void **state UNUSED)
{
	live_open(DP_XDP_GENERIC, "generic");
	live_world_run("ip addr add " SLOT3_V6 "/128 dev up1");
	assert_true(live_world_shows("-6 addr show dev up1", "dadfailed"));
	live_world_run("ip addr del " SLOT3_V6 "/128 dev up1");
}

static void test_bad_source(void **state UNUSED)
{
	struct sc_counters n;
	struct pkt p;

	live_open(DP_XDP_GENERIC, "generic");
	live_udp(&p, "2001:db8:5::2", LIVE_WORLD6, 64, true);
	live_tunnel_sends(&p);
	live_udp(&p, SLOT5_V6, "2001:db8:5::1", 64, true); /* slot 5 lives, but to the relay */
	live_tunnel_sends(&p);
	live_udp(&p, SLOT3_V6, LIVE_WORLD6, 64, true); /* in order behind them */
	live_tunnel_sends(&p);
	live_world_gets(live.udp6, "pong", 63);
	assert_int_equal(live_drops(SC_DROP_BAD_SOURCE), 1);
	assert_int_equal(live_drops(SC_DROP_TO_RELAY), 1);
	dp_counters(live.rig.dp, 5, &n);
	assert_int_equal(n.drop_packets, 1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		LIVE_TEST(test_dad),
		LIVE_TEST(test_bad_source),
	};

	live_enter();
	return cmocka_run_group_tests_name("live_addresses", tests, NULL, NULL);
}
