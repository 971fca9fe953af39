/* SPDX-License-Identifier: GPL-2.0-only */
/* Packets as long as a tunnel carries, and longer ones. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <cmocka.h>
#include "live.h"

/* IPv6 of total_len bytes from slot 3, as no test run by hand takes it. */
static void tunnel_sends_long(size_t total_len)
{
	AUTO_FREE uint8_t *bytes = calloc(1, total_len);
	struct pkt head = {};

	assert_non_null(bytes);
	pkt_eth(&head, RIG_MAC, RIG_MAC, 0x86dd);
	pkt_ip6(&head, SLOT3_V6, LIVE_WORLD6, 47, 64);
	pkt_done(&head);
	memcpy(bytes, head.b + 14, 40);
	bytes[4] = (uint8_t)((total_len - 40) >> 8);
	bytes[5] = (uint8_t)(total_len - 40);
	assert_int_equal(write(live.tun, bytes, total_len), total_len);
}

/* The VRF device's header has no room in front of a packet of more than 16 KiB that is not merged:
 * the kernel's helper refuses. As long a one as any tunnel carries has it. */
static void test_no_room_for_the_header(void **state UNUSED)
{
	struct sc_counters n;

	live_open(DP_XDP_GENERIC, "generic");
	tunnel_sends_long(8940);
	dp_counters(live.rig.dp, 3, &n);
	assert_int_equal(n.up_packets, 1);
	assert_int_equal(n.up_bytes, 8940);
	assert_int_equal(live_drops(SC_DROP_REDIRECT), 0);
	tunnel_sends_long(20000);
	dp_counters(live.rig.dp, 3, &n);
	assert_int_equal(live_drops(SC_DROP_REDIRECT), 1);
	assert_int_equal(n.drop_packets, 1);
	assert_int_equal(n.drop_bytes, 20000);
	assert_int_equal(n.up_packets, 1);
}

/* Longer than the tunnel's MTU: the stack answers with Packet Too Big, the sender learns. */
static void test_packet_too_big(void **state UNUSED)
{
	live_open(DP_XDP_GENERIC, "generic");
	live_world_sends(live.udp6, SLOT3_V6, 1400); /* 1448 with headers */
	assert_true(live_world_shows("-6 route get " SLOT3_V6, "mtu 1420"));
}

/* The route of a peer with a smaller MTU, as relayd sets it (locked): the sender learns that. */
static void test_packet_too_big_for_one_peer(void **state UNUSED)
{
	struct sc_slot slot;

	live_open(DP_XDP_GENERIC, "generic");
	assert_int_equal(dp_slot_get(live.rig.dp, 3, &slot), 0);
	slot.mtu = 1280;
	assert_int_equal(dp_slot_set(live.rig.dp, 3, &slot, NULL), 0);
	env_run("ip route replace " SLOT3_V6 "/128 dev wg0 mtu lock 1280");
	live_world_run("ip -6 route flush cache");
	live_world_sends(live.udp6, SLOT3_V6, 1300);
	assert_true(live_world_shows("-6 route get " SLOT3_V6, "mtu 1280"));
	env_run("ip route replace " SLOT3_V6 "/128 dev wg0");
	live_world_run("ip -6 route flush cache");
}

/* What the peer sends to the far end comes back through the tunnel, counted both ways; nothing of
 * it came from outside. */
static void test_echo(void **state UNUSED)
{
	struct pkt question = {}, answer = {};
	struct sc_counters n;

	live_open(DP_XDP_GENERIC, "generic");
	pkt_eth(&question, RIG_MAC, RIG_MAC, 0x86dd);
	pkt_ip6(&question, SLOT3_V6, "fe80::1", 17, 64);
	pkt_udp(&question, 40000, 7);
	pkt_fill(&question, 1372, 0x5a);
	pkt_done(&question);
	pkt_eth(&answer, RIG_MAC, RIG_MAC, 0x86dd);
	pkt_ip6(&answer, "fe80::1", SLOT3_V6, 17, 64);
	pkt_udp(&answer, 7, 40000);
	pkt_fill(&answer, 1372, 0x5a);
	pkt_done(&answer);
	live_tunnel_sends(&question);
	live_tunnel_gets(&answer, false);
	dp_counters(live.rig.dp, 3, &n);
	assert_int_equal(n.up_packets, 1);
	assert_int_equal(n.up_bytes, 1420);
	assert_int_equal(n.down_packets, 1);
	assert_int_equal(n.down_bytes, 1420);
	assert_int_equal(n.outside_packets, 0);
	assert_int_equal(n.drop_packets, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		LIVE_TEST(test_no_room_for_the_header),
		LIVE_TEST(test_packet_too_big),
		LIVE_TEST(test_packet_too_big_for_one_peer),
		LIVE_TEST(test_echo),
	};

	live_enter();
	return cmocka_run_group_tests_name("live_mtu", tests, NULL, NULL);
}
