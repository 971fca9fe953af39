/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * How a neighbour finds a live address, on each kind of segment:
 *
 *	namespace "world"	  "switch"		this namespace
 *	up1 2001:db8:5::9/64 ---- p1 br0 p0 ----------- up0 2001:db8:5::1/64
 *	    198.51.100.65/26	  (or a cable, or VLAN 5	    198.51.100.126/26
 *				   of a cable)		wg0 a tun device, this program its peer
 */
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/if_tun.h>
#include <net/if.h>
#include <poll.h>
#include <sched.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <cmocka.h>
#include "../../lib/nl_neigh.h"
#include "../../relay/net_int.h"
#include "rig.h"

#define WORLD6 "2001:db8:5::9"
#define WORLD4 "198.51.100.65"
#define WAIT_MS 5000

enum segment { CABLE, VLAN, SWITCH };

static int world = -1, sw = -1, tun = -1;
static bool has_vlan;
static struct rig rig;

static int new_ns(void)
{
	AUTO_FD int home = open("/proc/self/ns/net", O_RDONLY | O_CLOEXEC);
	int fd;

	assert_int_equal(unshare(CLONE_NEWNET), 0);
	fd = open("/proc/self/ns/net", O_RDONLY | O_CLOEXEC);
	env_run("ip link set lo up");
	assert_int_equal(setns(home, CLONE_NEWNET), 0);
	return fd;
}

static void in_ns(int ns, const char *command)
{
	env_run("nsenter --net=/proc/%d/fd/%d sh -c '%s'", getpid(), ns, command);
}

static bool waits_for(int ns, const char *command)
{
	char text[400];

	snprintf(text, sizeof(text), "nsenter --net=/proc/%d/fd/%d sh -c '%s'", getpid(), ns,
		 command);
	return env_wait(WAIT_MS, text);
}

static void make_segment(enum segment kind)
{
	if (kind == SWITCH) {
		env_run("ip link add up0 address " RIG_MAC " type veth peer name p0 && "
			"ip link add up1 address " RIG_PEER " type veth peer name p1 && "
			"ip link set p0 netns /proc/%d/fd/%d && ip link set p1 netns "
			"/proc/%d/fd/%d",
			getpid(), sw, getpid(), sw);
		/* It floods for one response interval from when it becomes the querier. */
		in_ns(sw, "ip link add br0 type bridge mcast_snooping 1 "
			  "mcast_query_response_interval 10 mcast_query_interval 100 "
			  "mcast_startup_query_interval 100 mcast_mld_version 2 && "
			  "ip link set br0 type bridge mcast_querier 1");
		in_ns(sw, "for p in p0 p1; do ip link set $p master br0 up; done; "
			  "ip link set br0 up");
	} else if (kind == VLAN) {
		env_run("ip link add eth0 address " RIG_MAC
			" type veth peer name eth1 address " RIG_PEER
			" && ip link set eth0 up && ip link set eth1 up && "
			"ip link add link eth0 name up0 type vlan id 5 && "
			"ip link add link eth1 name up1 type vlan id 5");
	} else {
		env_run("ip link add up0 address " RIG_MAC
			" type veth peer name up1 address " RIG_PEER);
	}
	env_run("ip link set up1 netns /proc/%d/fd/%d", getpid(), world);
}

static void make_relay(void)
{
	struct ifreq req = {.ifr_name = "wg0", .ifr_flags = IFF_TUN | IFF_NO_PI};

	tun = open("/dev/net/tun", O_RDWR | O_CLOEXEC | O_NONBLOCK);
	assert_true(tun >= 0);
	assert_int_equal(ioctl(tun, TUNSETIFF, &req), 0);
	env_run("for f in all default up0; do echo 1 > /proc/sys/net/ipv6/conf/$f/forwarding; "
		"done; "
		"echo 1 > /proc/sys/net/ipv4/ip_forward; "
		"ip link add wg1 type veth peer name wg1-b && "
		"ip link add vrf0 type veth peer name vrf0-b && ip link set vrf0 up");
	env_run("ip link set wg0 mtu 1420 up && ip link set up0 up && "
		"ip addr add 2001:db8:5::1/64 dev up0 nodad && "
		"ip addr add 198.51.100.126/26 dev up0 && ip route add " SLOT3_V6 " dev wg0 && "
		"ip route add " SLOT3_V4 " dev wg0");
}

static void make(enum segment kind)
{
	assert_int_equal(unshare(CLONE_NEWNET), 0);
	env_run("ip link set lo up");
	world = new_ns();
	sw = new_ns();
	make_segment(kind);
	make_relay();
	in_ns(world, "ip link set up1 up && ip addr add " WORLD6 "/64 dev up1 nodad && "
		     "ip addr add " WORLD4 "/26 dev up1");
}

static void open_mode(enum dp_xdp_mode mode, const char *text)
{
	struct err err = {};

	rig_conf(&rig);
	rig.conf.xdp_mode = mode;
	rig.conf.wg_l2_len = 0;
	rig_open(&rig);
	if (dp_attach_wg(rig.dp, (int)rig.wg0, 0, &err)) {
		print_error("%s\n", err.text);
		fail();
	}
	assert_string_equal(dp_xdp_mode_text(rig.dp), text);
}

static int teardown(void **state UNUSED)
{
	if (!rig.dp)
		return 0;
	rig_close(&rig);
	rig = (struct rig){};
	close(tun);
	close(world);
	close(sw);
	return 0;
}

static void world_sends(const char *dst)
{
	char command[200];

	snprintf(command, sizeof(command), "ip neigh flush all; echo hello >/dev/udp/%s/9", dst);
	env_run("nsenter --net=/proc/%d/fd/%d bash -c '%s'", getpid(), world, command);
}

static bool tunnel_gets(const char *dst)
{
	struct pollfd p = {.fd = tun, .events = POLLIN};
	bool v6 = strchr(dst, ':');
	uint8_t packet[2048], want[16];

	assert_int_equal(inet_pton(v6 ? AF_INET6 : AF_INET, dst, want), 1);
	while (poll(&p, 1, WAIT_MS) == 1) {
		ssize_t n = read(tun, packet, sizeof(packet));

		if (n >= (v6 ? 48 : 28) && !memcmp(packet + (v6 ? 24 : 16), want, v6 ? 16 : 4) &&
		    packet[v6 ? 6 : 9] == IPPROTO_UDP)
			return true;
	}
	return false;
}

/* The neighbour is asked for, found at our MAC, and what waited for it arrives. */
static void is_found(const char *dst)
{
	char command[160];

	world_sends(dst);
	if (!tunnel_gets(dst)) {
		in_ns(world, "ip neigh show; ip -s link show up1");
		fail_msg("%s", dst);
	}
	snprintf(command, sizeof(command), "ip neigh show to %s | grep -q \"" RIG_MAC "\"", dst);
	assert_true(waits_for(world, command));
}

static void is_not_found(const char *dst)
{
	char command[160];

	world_sends(dst);
	snprintf(command, sizeof(command), "ip neigh show to %s | grep -q FAILED", dst);
	assert_true(waits_for(world, command));
}

static uint64_t asked(unsigned int pool)
{
	uint64_t n[2 * SC_MAX_POOLS];

	assert_int_equal(dp_asked(rig.dp, n, NULL), 0);
	return n[pool];
}

/* Tagged frames on the parent are the device's own, untagged ones are not. */
static void test_vlan(void **state UNUSED)
{
	static const struct {
		enum dp_xdp_mode mode;
		const char *text;
	} modes[] = {{DP_XDP_AUTO, "generic"}, {DP_XDP_TC, "tc"}};

	if (!has_vlan) {
		printf("# this kernel has no VLAN devices\n");
		skip();
	}
	make(VLAN);
	for (size_t i = 0; i < ARRAY_SIZE(modes); i++) {
		open_mode(modes[i].mode, modes[i].text);
		is_found(SLOT3_V6);
		is_found(SLOT3_V4);
		is_not_found(SLOT6_V6);
		if (i + 1 < ARRAY_SIZE(modes))
			rig_close(&rig);
	}
}

static void test_asked_counts_by_pool(void **state UNUSED)
{
	make(CABLE);
	open_mode(DP_XDP_GENERIC, "generic");
	assert_int_equal(asked(0) | asked(1) | asked(SC_MAX_POOLS) | asked(SC_MAX_POOLS + 1), 0);
	is_found(SLOT3_V6);
	assert_true(asked(0) > 0);
	is_not_found(SLOT6_V6); /* closed: believed to be here all the same */
	assert_true(asked(0) > 1);
	assert_int_equal(asked(SC_MAX_POOLS + 1), 0);
	is_found(SLOT3_V4);
	assert_true(asked(SC_MAX_POOLS + 1) > 0);
	assert_int_equal(asked(1) | asked(SC_MAX_POOLS), 0);
	/* The relay's own address in a pool says nothing about it. */
	env_run("ip addr add 192.0.2.14/28 dev up0");
	in_ns(world, "ip addr add 192.0.2.13/28 dev up1; ping -c 1 -W 3 192.0.2.14 >/dev/null");
	assert_int_equal(asked(SC_MAX_POOLS), 0);
}

static void add_proxy(const char *addr)
{
	AUTO_NL struct nl *nl = NULL;
	struct nl_proxy proxy = {.ifindex = (int)if_nametoindex("up0"),
				 .family = strchr(addr, ':') ? AF_INET6 : AF_INET,
				 .protocol = KSTATE_RTPROT};
	struct err err = {};

	assert_int_equal(inet_pton(proxy.family, addr, &proxy.v6), 1);
	assert_int_equal(nl_open(NETLINK_ROUTE, &nl, NULL), 0);
	if (nl_proxy_add(nl, &proxy, &err))
		fail_msg("%s", err.text);
}

/*
 * A switch that looks at MLD sends solicitations only where somebody has joined their group. The
 * membership is no socket's: it is there when this program has nothing open any more.
 */
static void test_snooping_switch(void **state UNUSED)
{
	uint64_t before;

	make(SWITCH);
	open_mode(DP_XDP_GENERIC, "generic");
	/* Not before it is the querier does it believe to know who listens. */
	assert_true(
		waits_for(sw, "ip -d link show br0 | grep -q \"mcast_querier_ipv6_addr fe80\""));
	assert_true(waits_for(sw, "bridge mdb show | grep -q \"port p0 grp ff02::1:ff00:1 \""));
	before = asked(0);
	is_not_found(SLOT3_V6);
	assert_int_equal(asked(0), before);
	add_proxy(SLOT3_V6);
	assert_true(waits_for(sw, "bridge mdb show | grep -q \"port p0 grp ff02::1:ff40:3\""));
	is_found(SLOT3_V6);
	dp_close(rig.dp);
	is_found(SLOT3_V6);
	assert_int_equal(dp_open(&rig.conf, &rig.dp, NULL), 0);
	is_found(SLOT3_V4); /* ARP goes to all */
}

/* The kernel answers for what has an entry, is live, and nothing else. */
static void test_kernel_answers(void **state UNUSED)
{
	struct conf conf = {.uplink = "up0", .xdp = DP_XDP_PROXY};
	struct err err = {};

	make(CABLE);
	open_mode(DP_XDP_PROXY, "proxy");
	if (net_proxy_sysctls(&conf, &err))
		fail_msg("%s", err.text);
	is_not_found(SLOT3_V6);
	is_not_found(SLOT3_V4);
	add_proxy(SLOT3_V6);
	add_proxy(SLOT3_V4);
	is_found(SLOT3_V6);
	is_found(SLOT3_V4);
	assert_true(asked(0) > 0 && asked(SC_MAX_POOLS + 1) > 0);
	/* Asked at the address itself, from a link-local one as routers do. */
	in_ns(world, "ip neigh replace " SLOT3_V6 " dev up1 lladdr " RIG_MAC " nud probe");
	assert_true(waits_for(world, "ip neigh show to " SLOT3_V6 " | grep -q REACHABLE"));
	in_ns(world, "ip addr del " WORLD6 "/64 dev up1; ip route add 2001:db8:5::/64 dev up1; "
		     "ip neigh replace " SLOT3_V6 " dev up1 lladdr " RIG_MAC " nud probe");
	assert_true(waits_for(world, "ip neigh show to " SLOT3_V6 " | grep -q REACHABLE"));
	in_ns(world, "ip addr add " WORLD6 "/64 dev up1 nodad");
	/* An entry that was left behind is no reason: the slot is closed. */
	add_proxy(SLOT6_V6);
	add_proxy(SLOT6_V4);
	is_not_found(SLOT6_V6);
}

#define T(f) cmocka_unit_test_teardown(f, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		T(test_asked_counts_by_pool),
		T(test_vlan),
		T(test_snooping_switch),
		T(test_kernel_answers),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	env_enter();
	/* Not on lo, which takes none. */
	has_vlan = env_wait(1, "ip link add vl0 type dummy 2>/dev/null; "
			       "ip link add link vl0 name vl5 type vlan id 5 2>/dev/null");
	return cmocka_run_group_tests_name("onlink", tests, NULL, NULL);
}
