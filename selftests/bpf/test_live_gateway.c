/* SPDX-License-Identifier: GPL-2.0-only */
/* From the tunnel straight to the uplink's router, past the stack. */
#include <arpa/inet.h>
#include <pthread.h>
#include <sched.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <sys/socket.h>
#include <cmocka.h>
#include "live.h"

#define FAR6 "2001:db8:77::9"
#define FAR4 "198.18.7.9"
#define PACKETS 20000

/* The uplink's router is asked for by its own address. The relay itself has no route to FAR, so it
 * is not the stack that sends it. */
static void straight(const char *far, const char *slot3, uint16_t router_family, const void *router)
{
	uint16_t family = strchr(far, ':') ? AF_INET6 : AF_INET;
	int fd = live_udp_open(family, far);
	struct err err = {};
	struct pkt p;

	if (dp_gateway_set(live.rig.dp, family, router_family, router, &err)) {
		print_error("%s\n", err.text);
		fail();
	}
	live_udp(&p, slot3, far, 64, true);
	live_tunnel_sends(&p);
	live_world_gets(fd, "pong", family == AF_INET6 ? 63 : 0);
	close(fd);
}

static void test_straight_to_the_router(void **state UNUSED)
{
	struct in6_addr router6;
	struct in_addr router4;

	inet_pton(AF_INET6, LIVE_WORLD6, &router6);
	inet_pton(AF_INET, LIVE_WORLD4, &router4);
	live_world_run("ip addr add " FAR6 "/128 dev lo nodad && ip addr add " FAR4 "/32 dev lo");
	live_open(DP_XDP_GENERIC, "generic");
	assert_int_equal(setns(live.world, CLONE_NEWNET), 0);
	straight(FAR6, SLOT3_V6, AF_INET6, &router6);
	straight(FAR4, SLOT3_V4, AF_INET, &router4);
	straight(FAR4, SLOT3_V4, AF_INET6, &router6);
	assert_int_equal(setns(live.home, CLONE_NEWNET), 0);
	live_world_run("ip addr del " FAR6 "/128 dev lo; ip addr del " FAR4 "/32 dev lo");
}

static void test_straight_to_the_router_clsact(void **state)
{
	live.no_tcx = true;
	test_straight_to_the_router(state);
}

/* With the router or without: by either way it is the same one. */
static void *change_router(void *stop)
{
	static bool refused = true;
	struct in_addr router;
	struct err err = {};

	inet_pton(AF_INET, LIVE_WORLD4, &router);
	while (!__atomic_load_n((bool *)stop, __ATOMIC_RELAXED)) {
		if (dp_gateway_set(live.rig.dp, AF_INET, AF_INET, &router, &err) ||
		    dp_gateway_set(live.rig.dp, AF_INET, 0, NULL, &err))
			return &refused;
	}
	return NULL;
}

/* How many of PACKETS do not arrive, until it is hopeless. No assertion: the thread is running. */
static int lost(int fd)
{
	int n = 0;
	struct pkt p;

	live_udp(&p, SLOT3_V4, FAR4, 64, true);
	for (int i = 0; i < PACKETS && n < 3; i++) {
		char data[16];

		live_tunnel_sends(&p);
		n += !live_readable(fd) || recv(fd, data, sizeof(data), MSG_DONTWAIT) != 4;
	}
	return n;
}

static void test_no_packet_is_lost_while_the_router_changes(void **state UNUSED)
{
	void *failed = NULL;
	bool stop = false;
	pthread_t thread;
	int fd, n;

	live_world_run("ip addr add " FAR4 "/32 dev lo");
	env_run("ip route add " FAR4 " via " LIVE_WORLD4);
	live_open(DP_XDP_GENERIC, "generic");
	assert_int_equal(setns(live.world, CLONE_NEWNET), 0);
	fd = live_udp_open(AF_INET, FAR4);
	assert_int_equal(pthread_create(&thread, NULL, change_router, &stop), 0);
	n = lost(fd);
	__atomic_store_n(&stop, true, __ATOMIC_RELAXED);
	assert_int_equal(pthread_join(thread, &failed), 0);
	close(fd);
	assert_int_equal(setns(live.home, CLONE_NEWNET), 0);
	env_run("ip route del " FAR4);
	live_world_run("ip addr del " FAR4 "/32 dev lo");
	assert_null(failed);
	assert_int_equal(n, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		LIVE_TEST(test_straight_to_the_router),
		LIVE_TEST(test_straight_to_the_router_clsact),
		LIVE_TEST(test_no_packet_is_lost_while_the_router_changes),
	};

	live_enter();
	return cmocka_run_group_tests_name("live_gateway", tests, NULL, NULL);
}
