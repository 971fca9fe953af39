/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What a tunnel sends to the internet goes to the uplink's router straight away: one hop less, then
 * the router is asked for by its address. The rest goes by the VRF as it came. That it arrives is
 * test_live_gateway's to show.
 */
#include <arpa/inet.h>
#include <linux/pkt_cls.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <cmocka.h>
#include "rig.h"
#include "spec.h"

#define UPLINK_MTU "1400"

static struct rig rig;

static void set_gateway(uint16_t family, uint16_t router_family)
{
	static const uint8_t v4[4] = {203, 0, 113, 1}, v6[16] = {0xfe, 0x80, [15] = 1};
	const void *router = router_family == AF_INET6 ? v6 : v4;

	assert_int_equal(
		dp_gateway_set(rig.dp, family, router_family, router_family ? router : NULL, NULL),
		0);
}

static int setup(void **state UNUSED)
{
	rig_conf(&rig);
	rig_open(&rig);
	set_gateway(AF_INET, AF_INET);
	set_gateway(AF_INET6, AF_INET6);
	return 0;
}

static int teardown(void **state UNUSED)
{
	rig_close(&rig);
	return 0;
}

static void one_hop(struct pkt *p)
{
	if (p->version == 6) {
		p->b[p->ip + 7]--;
		return;
	}
	p->b[p->ip + 8]--;
	pkt_ip4_sum(p);
}

static void sends(const char *name, const struct spec *spec, bool straight)
{
	struct spec s = *spec;
	struct sc_counters before, now;
	struct rig_result r;
	struct pkt in, out = {};

	s.src = spec_slot3(s.dst);
	dp_counters(rig.dp, 3, &before);
	spec_run(&rig, RIG_WG_IN, &s, rig.wg0, &in, &r);
	if (r.verdict != TC_ACT_REDIRECT || r.reason)
		print_error("%s: verdict %d, reason %d\n", name, r.verdict, r.reason);
	assert_int_equal(r.verdict, TC_ACT_REDIRECT);
	assert_int_equal(r.reason, 0);
	if (straight)
		one_hop(&in);
	spec_out(&in, &out);
	rig_same(name, &r.out, &out);
	assert_int_equal(r.skb.mark, 0x5c000007);
	dp_counters(rig.dp, 3, &now);
	assert_int_equal(now.up_packets - before.up_packets, s.gso_segs ? s.gso_segs : 1);
}

static const struct way_case {
	const char *name;
	struct spec spec;
	bool straight;
} ways[] = {
	{"IPv6", {.dst = FAR6, .len = 100}, true},
	{"IPv4", {.dst = FAR4, .len = 100}, true},
	{"IPv6, nothing in it", {.dst = FAR6}, true},
	{"IPv6 hop limit 2", {.dst = FAR6, .ttl = 2}, true},
	{"IPv6 hop limit 255", {.dst = FAR6, .ttl = 255}, true},
	{"IPv4 TTL 2", {.dst = FAR4, .ttl = 2, .len = 5}, true},
	{"IPv6 destination options", {.dst = FAR6, .options = 2, .len = 9}, true},
	{"IPv6 of the uplink's MTU", {.dst = FAR6, .len = 1360}, true},
	{"IPv4 of the uplink's MTU", {.dst = FAR4, .len = 1380}, true},
	{"merged TCP",
	 {.dst = FAR6, .upper = TCP, .len = 1800, .gso_size = 1328, .gso_segs = 2},
	 true},
	{"merged TCP, IPv4",
	 {.dst = FAR4, .upper = TCP, .len = 1800, .gso_size = 1348, .gso_segs = 2},
	 true},
	{"merged UDP",
	 {.dst = FAR6, .upper = UDP, .len = 1800, .gso_size = 1352, .gso_segs = 2},
	 true},

	{"IPv6 hop limit 1", {.dst = FAR6, .ttl = 1}, false},
	{"IPv4 TTL 1", {.dst = FAR4, .ttl = 1}, false},
	{"IPv6 hop-by-hop options", {.dst = FAR6, .options = 1}, false},
	{"IPv4 options", {.dst = FAR4, .options = 1}, false},
	{"IPv6 over the uplink's MTU", {.dst = FAR6, .len = 1361}, false},
	{"IPv4 over the uplink's MTU", {.dst = FAR4, .len = 1381}, false},
	{"merged TCP over the uplink's MTU",
	 {.dst = FAR6, .upper = TCP, .len = 1800, .gso_size = 1329, .gso_segs = 2},
	 false},
	{"merged UDP over the uplink's MTU",
	 {.dst = FAR4, .upper = UDP, .len = 1800, .gso_size = 1373, .gso_segs = 2},
	 false},
	{"merged unknown", {.dst = FAR6, .len = 1800, .gso_size = 900, .gso_segs = 2}, false},
	{"another account's peer", {.dst = SLOT5_V6}, false},
	{"another account's peer, IPv4", {.dst = SLOT5_V4}, false},
	{"a peer of the same account", {.dst = SLOT4_V6}, false},
	{"itself", {.dst = SLOT3_V6}, false},
	{"nobody in a pool", {.dst = "2001:db8:5::2"}, false},
	{"nobody in a pool, IPv4", {.dst = "192.0.2.15"}, false},
	/* Private: the operator's routes and rules say. */
	{"10.1.2.3", {.dst = "10.1.2.3"}, false},
	{"100.64.0.0", {.dst = "100.64.0.0"}, false},
	{"100.127.255.255", {.dst = "100.127.255.255"}, false},
	{"172.16.0.0", {.dst = "172.16.0.0"}, false},
	{"172.31.255.255", {.dst = "172.31.255.255"}, false},
	{"192.168.1.1", {.dst = "192.168.1.1"}, false},
	{"fd00::1", {.dst = "fd00::1"}, false},
	{"fc00::1", {.dst = "fc00::1"}, false},
	/* Their neighbours. */
	{"11.0.0.0", {.dst = "11.0.0.0"}, true},
	{"100.63.255.255", {.dst = "100.63.255.255"}, true},
	{"100.128.0.0", {.dst = "100.128.0.0"}, true},
	{"172.15.255.255", {.dst = "172.15.255.255"}, true},
	{"172.32.0.0", {.dst = "172.32.0.0"}, true},
	{"192.167.255.255", {.dst = "192.167.255.255"}, true},
	{"192.169.0.0", {.dst = "192.169.0.0"}, true},
	{"fe00::1", {.dst = "fe00::1"}, true},
	{"fbff::1", {.dst = "fbff::1"}, true},
};

static void a_plain_packet_to_the_internet_goes_straight(void **state UNUSED)
{
	for (size_t i = 0; i < ARRAY_SIZE(ways); i++)
		sends(ways[i].name, &ways[i].spec, ways[i].straight);
}

static void each_family_has_a_router_of_its_own(void **state UNUSED)
{
	const struct spec v4 = {.dst = FAR4, .len = 9}, v6 = {.dst = FAR6, .len = 9};

	set_gateway(AF_INET, 0);
	sends("IPv4, no router known", &v4, false);
	sends("IPv6, its own router", &v6, true);
	set_gateway(AF_INET6, 0);
	sends("IPv6, no router known", &v6, false);
	set_gateway(AF_INET, AF_INET6);
	sends("IPv4 by an IPv6 router", &v4, true);
}

static void an_uplink_that_is_gone_leaves_it_to_the_vrf(void **state UNUSED)
{
	const struct spec v6 = {.dst = FAR6, .len = 9};

	env_run("ip link del up0");
	sends("no uplink", &v6, false);
	env_run("ip link add up0 address " RIG_MAC " type veth peer name up0-b && "
		"ip link set up0 mtu " UPLINK_MTU " up && ip link set up0-b up");
}

/* The header's checksum as one hop less changes it, from every value. */
static void the_checksum_stays_right(void **state UNUSED)
{
	for (unsigned int i = 0; i < 256; i++) {
		const struct spec s = {.dst = FAR4, .ttl = (uint8_t)(2 + i % 254), .len = i};

		sends("checksum", &s, true);
	}
}

static void cut_anywhere_it_is_dropped_as_it_came(void **state UNUSED)
{
	static const struct spec specs[] = {
		{.src = SLOT3_V6, .dst = FAR6, .upper = TCP, .len = 9},
		{.src = SLOT3_V4, .dst = FAR4, .upper = TCP, .len = 9},
	};

	for (size_t i = 0; i < ARRAY_SIZE(specs); i++)
		spec_cut(&rig, RIG_WG_IN, &specs[i], rig.wg0);
}

#define T(f) cmocka_unit_test_setup_teardown(f, setup, teardown)

int main(void)
{
	static const struct CMUnitTest tests[] = {
		T(a_plain_packet_to_the_internet_goes_straight),
		T(each_family_has_a_router_of_its_own),
		T(an_uplink_that_is_gone_leaves_it_to_the_vrf),
		T(the_checksum_stays_right),
		T(cut_anywhere_it_is_dropped_as_it_came),
	};

	env_enter();
	rig_devices();
	env_run("ip link set up0 mtu " UPLINK_MTU);
	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
