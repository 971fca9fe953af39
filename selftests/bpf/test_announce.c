/* SPDX-License-Identifier: GPL-2.0-only */
/* What the neighbours are told of a new address, as it comes out at the other end of the wire. */
#include <arpa/inet.h>
#include <errno.h>
#include <linux/if_packet.h>
#include <net/if.h>
#include <poll.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>
#include <cmocka.h>
#include "rig.h"

#define WAIT_MS 3000

static struct rig rig;
static int wire = -1;

static void received(struct pkt *want)
{
	struct pollfd p = {.fd = wire, .events = POLLIN};
	struct pkt have = {};
	ssize_t n;

	assert_int_equal(poll(&p, 1, WAIT_MS), 1);
	n = recv(wire, have.b, sizeof(have.b), 0);
	assert_true(n > 0);
	have.len = (size_t)n;
	rig_same("on the wire", &have, want);
}

static void test_neighbour_advertisement(void **state UNUSED)
{
	struct pkt want = {};
	struct err err = {};
	uint8_t v6[16];

	assert_int_equal(inet_pton(AF_INET6, SLOT3_V6, v6), 1);
	assert_int_equal(dp_announce6(rig.dp, v6, &err), 0);
	pkt_eth(&want, "33:33:00:00:00:01", RIG_MAC, 0x86dd);
	pkt_ip6(&want, SLOT3_V6, "ff02::1", 58, 255);
	pkt_nd(&want, 136, 0xa0000000, SLOT3_V6);
	pkt_nd_mac(&want, 2, RIG_MAC);
	pkt_done(&want);
	received(&want);
}

static void test_arp_announcement(void **state UNUSED)
{
	struct pkt want = {};
	struct err err = {};
	__be32 v4;

	assert_int_equal(inet_pton(AF_INET, SLOT3_V4, &v4), 1);
	assert_int_equal(dp_announce4(rig.dp, v4, &err), 0);
	pkt_eth(&want, "ff:ff:ff:ff:ff:ff", RIG_MAC, 0x0806);
	pkt_arp(&want, 1, RIG_MAC, SLOT3_V4, "00:00:00:00:00:00", SLOT3_V4);
	received(&want);
}

static int setup(void **state UNUSED)
{
	struct sockaddr_ll at = {.sll_family = AF_PACKET, .sll_protocol = htons(0x0003)};

	rig_conf(&rig);
	rig_open(&rig);
	at.sll_ifindex = (int)if_nametoindex("up0-b");
	wire = socket(AF_PACKET, SOCK_RAW | SOCK_CLOEXEC, htons(0x0003)); /* ETH_P_ALL */
	return wire < 0 || bind(wire, (struct sockaddr *)&at, sizeof(at));
}

static int teardown(void **state UNUSED)
{
	close(wire);
	rig_close(&rig);
	return 0;
}

#define T(f) cmocka_unit_test_setup_teardown(f, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {T(test_neighbour_advertisement),
					   T(test_arp_announcement)};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	env_enter();
	env_run("echo 1 >/proc/sys/net/ipv6/conf/default/disable_ipv6"); /* no frame but ours */
	rig_devices();
	return cmocka_run_group_tests_name("announce", tests, NULL, NULL);
}
