/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Real packets through the attached programs, in each mode of the guard:
 *
 *	namespace "world"		  this namespace
 *	up1 2001:db8:99::9/64 ---veth---- up0 2001:db8:5::1/64, 198.51.100.126/26
 *	    198.51.100.65/26		  wg0 a tun device: as without link layer as WireGuard's;
 *					      this program is its peer
 *					  vrf0 stands in for the VRF device
 */
#include <arpa/inet.h>
#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/if_tun.h>
#include <net/if.h>
#include <poll.h>
#include <pthread.h>
#include <sched.h>
#include <semaphore.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <time.h>
#include <cmocka.h>
#include "rig.h"

#define WORLD6 "2001:db8:99::9"
#define WORLD4 "198.51.100.65"
#define FAR6 "2001:db8:77::9"
#define FAR4 "198.18.7.9"
#define WAIT_MS 3000
#define VRF_MAC "02:53:43:00:00:01"

static int home = -1, world = -1, tun = -1;
static int udp6 = -1, udp4 = -1; /* sockets in world */
static bool no_tcx;
static struct rig rig;

static void world_run(const char *command)
{
	env_run("nsenter --net=/proc/%d/fd/%d sh -c '%s'", getpid(), world, command);
}

static int tun_open(const char *name)
{
	struct ifreq req = {.ifr_flags = IFF_TUN | IFF_NO_PI};
	int fd = open("/dev/net/tun", O_RDWR | O_CLOEXEC | O_NONBLOCK);

	snprintf(req.ifr_name, sizeof(req.ifr_name), "%s", name);
	assert_true(fd >= 0);
	assert_int_equal(ioctl(fd, TUNSETIFF, &req), 0);
	return fd;
}

/* A veth device takes what its peer answers from XDP only when it runs XDP itself. */
static void xdp_pass(const char *name)
{
	const struct bpf_insn insns[] = {
		{.code = BPF_ALU64 | BPF_MOV | BPF_K, .dst_reg = BPF_REG_0, .imm = XDP_PASS},
		{.code = BPF_JMP | BPF_EXIT},
	};
	AUTO_FD int fd =
		bpf_prog_load(BPF_PROG_TYPE_XDP, "pass", "GPL", insns, ARRAY_SIZE(insns), NULL);

	assert_true(fd >= 0);
	assert_int_equal(bpf_xdp_attach((int)if_nametoindex(name), fd, 0, NULL), 0);
}

static int udp_open(int family, const char *addr)
{
	struct sockaddr_storage ss = {.ss_family = (sa_family_t)family};
	struct sockaddr_in *in = (struct sockaddr_in *)&ss;
	struct sockaddr_in6 *in6 = (struct sockaddr_in6 *)&ss;
	int fd = socket(family, SOCK_DGRAM | SOCK_CLOEXEC, 0), one = 1;

	in->sin_port = htons(7000); /* at the same place in both */
	inet_pton(family, addr, family == AF_INET ? (void *)&in->sin_addr : &in6->sin6_addr);
	assert_int_equal(bind(fd, (struct sockaddr *)&ss, sizeof(ss)), 0);
	if (family == AF_INET6) {
		setsockopt(fd, IPPROTO_IPV6, IPV6_RECVHOPLIMIT, &one, sizeof(one));
		setsockopt(fd, IPPROTO_IPV6, IPV6_DONTFRAG, &one, sizeof(one));
	}
	return fd;
}

static void make_world(void)
{
	home = open("/proc/self/ns/net", O_RDONLY | O_CLOEXEC);
	assert_int_equal(unshare(CLONE_NEWNET), 0);
	world = open("/proc/self/ns/net", O_RDONLY);
	env_run("ip link set lo up; echo 0 > /proc/sys/net/ipv6/auto_flowlabels");
	assert_int_equal(setns(home, CLONE_NEWNET), 0);
	env_run("ip link add up0 address " RIG_MAC " type veth peer name up1 address " RIG_PEER);
	env_run("ip link set up1 netns /proc/%d/fd/%d", getpid(), world);
	world_run("ip link set up1 up && ip addr add " WORLD6 "/64 dev up1 nodad && "
		  "ip addr add " WORLD4 "/26 dev up1 && ip route add 2001:db8:5::/64 dev up1");
	assert_int_equal(setns(world, CLONE_NEWNET), 0);
	xdp_pass("up1");
	udp6 = udp_open(AF_INET6, WORLD6);
	udp4 = udp_open(AF_INET, WORLD4);
	assert_int_equal(setns(home, CLONE_NEWNET), 0);
}

static void make_relay(void)
{
	env_run("for f in all default; do echo 1 > /proc/sys/net/ipv6/conf/$f/forwarding; "
		"echo 0 > /proc/sys/net/ipv4/conf/$f/rp_filter; done; "
		"echo 1 > /proc/sys/net/ipv4/ip_forward");
	env_run("ip link set up0 up && ip addr add 2001:db8:5::1/64 dev up0 nodad && "
		"ip addr add 198.51.100.126/26 dev up0 && ip route add 2001:db8:99::/64 dev up0");
	tun = tun_open("wg0");
	env_run("ip link set wg0 mtu 1420 up && ip route add " SLOT3_V6 "/128 dev wg0");
	env_run("ip link add wg1 type veth peer name wg1-b");
	env_run("ip link add vrf0 address " VRF_MAC " type veth peer name vrf0-b && "
		"ip link set vrf0 up && ip link set vrf0-b up");
}

static void open_mode(enum dp_xdp_mode mode, const char *text)
{
	uint8_t stale[PKT_MAX];
	struct err err = {};

	rig_conf(&rig);
	rig.conf.xdp_mode = mode;
	rig.conf.wg_l2_len = 0;
	rig.conf.no_tcx = no_tcx;
	rig_open(&rig);
	if (dp_attach_wg(rig.dp, (int)rig.wg0, 0, &err)) {
		print_error("%s\n", err.text);
		fail();
	}
	assert_string_equal(dp_xdp_mode_text(rig.dp), text);
	world_run("ip neigh flush all");
	while (read(tun, stale, sizeof(stale)) > 0)
		; /* sent before the programs were there */
}

static int teardown(void **state UNUSED)
{
	if (rig.dp)
		rig_close(&rig);
	rig.dp = NULL;
	no_tcx = false;
	return 0;
}

static bool readable(int fd)
{
	struct pollfd p = {.fd = fd, .events = POLLIN};

	return poll(&p, 1, WAIT_MS) == 1;
}

static void world_send(int fd, const char *dst, size_t len)
{
	struct sockaddr_in6 to6 = {.sin6_family = AF_INET6, .sin6_port = htons(9)};
	struct sockaddr_in to4 = {.sin_family = AF_INET, .sin_port = htons(9)};
	bool v6 = inet_pton(AF_INET6, dst, &to6.sin6_addr) == 1;
	uint8_t data[1500];

	memset(data, 0x44, sizeof(data));
	if (!v6)
		assert_int_equal(inet_pton(AF_INET, dst, &to4.sin_addr), 1);
	assert_int_equal(sendto(fd, data, len, 0, v6 ? (void *)&to6 : (void *)&to4,
				v6 ? sizeof(to6) : sizeof(to4)),
			 len);
}

/* What the tunnel's device sends must be exactly these bytes, behind the Ethernet header. */
static void tunnel_gets(struct pkt *want, bool any_id)
{
	struct pkt have = {}, tail = {};
	ssize_t n;

	assert_true(readable(tun));
	n = read(tun, have.b, sizeof(have.b));
	assert_true(n > 0);
	have.len = (size_t)n;
	if (any_id) { /* IPv4: the sender's identification and flags */
		memcpy(want->b + want->ip + 4, have.b + 4, 4);
		pkt_ip4_sum(want);
	}
	tail.len = want->len - 14;
	memcpy(tail.b, want->b + 14, tail.len);
	rig_same("from the tunnel", &have, &tail);
}

static void tunnel_sends(const struct pkt *p)
{
	assert_int_equal(write(tun, p->b + 14, p->len - 14), p->len - 14);
}

static void world_gets(int fd, const char *payload, int hop_limit)
{
	char data[64], control[64];
	struct iovec iov = {data, sizeof(data)};
	struct msghdr msg = {.msg_iov = &iov,
			     .msg_iovlen = 1,
			     .msg_control = control,
			     .msg_controllen = sizeof(control)};
	struct cmsghdr *c;

	assert_true(readable(fd));
	assert_int_equal(recvmsg(fd, &msg, 0), strlen(payload));
	assert_memory_equal(data, payload, strlen(payload));
	c = CMSG_FIRSTHDR(&msg);
	if (hop_limit)
		assert_int_equal(*(int *)CMSG_DATA(c), hop_limit);
}

static void udp_packet(struct pkt *p, const char *src, const char *dst, uint8_t ttl, bool up)
{
	bool v6 = strchr(src, ':');

	*p = (struct pkt){};
	pkt_eth(p, RIG_MAC, RIG_MAC, v6 ? 0x86dd : 0x0800);
	if (v6)
		pkt_ip6(p, src, dst, 17, ttl);
	else
		pkt_ip4(p, src, dst, 17, ttl, 0);
	pkt_udp(p, up ? 9 : 7000, up ? 7000 : 9);
	if (up)
		pkt_hex(p, "706f6e67");
	else
		pkt_fill(p, 100, 0x44);
	pkt_done(p);
}

/* There and back, the neighbour found by NDP or ARP, each counted. */
static void exchange(int fd, const char *here, const char *slot3)
{
	bool v6 = strchr(here, ':');
	struct sc_counters n;
	char command[160];
	struct pkt p;

	udp_packet(&p, here, slot3, 63, false);
	world_send(fd, slot3, 100);
	tunnel_gets(&p, !v6);
	snprintf(command, sizeof(command),
		 "nsenter --net=/proc/%d/fd/%d ip neigh show to %s | grep -q '" RIG_MAC
		 ".*REACHABLE'",
		 getpid(), world, slot3);
	assert_true(env_wait(WAIT_MS, command));
	dp_counters(rig.dp, 3, &n);
	assert_int_equal(n.down_packets, 1);
	assert_int_equal(n.down_bytes, p.len - 14);
	assert_int_equal(n.outside_packets, 1);

	udp_packet(&p, slot3, here, 64, true);
	tunnel_sends(&p);
	world_gets(fd, "pong", v6 ? 63 : 0);
	dp_counters(rig.dp, 3, &n);
	assert_int_equal(n.up_packets, 1);
	assert_int_equal(n.up_bytes, p.len - 14);
	assert_int_equal(n.drop_packets, 0);
	dp_counters_reset(rig.dp, 3);
}

/* The uplink's router is asked for by its own address. The relay itself has no route to FAR, so it
 * is not the stack that sends it. */
static void straight(const char *far, const char *slot3, uint16_t router_family, const void *router)
{
	uint16_t family = strchr(far, ':') ? AF_INET6 : AF_INET;
	int fd = udp_open(family, far);
	struct err err = {};
	struct pkt p;

	if (dp_gateway_set(rig.dp, family, router_family, router, &err)) {
		print_error("%s\n", err.text);
		fail();
	}
	udp_packet(&p, slot3, far, 64, true);
	tunnel_sends(&p);
	world_gets(fd, "pong", family == AF_INET6 ? 63 : 0);
	close(fd);
}

static void test_straight_to_the_router(void **state UNUSED)
{
	struct in6_addr router6;
	struct in_addr router4;

	inet_pton(AF_INET6, WORLD6, &router6);
	inet_pton(AF_INET, WORLD4, &router4);
	world_run("ip addr add " FAR6 "/128 dev lo nodad && ip addr add " FAR4 "/32 dev lo");
	open_mode(DP_XDP_GENERIC, "generic");
	assert_int_equal(setns(world, CLONE_NEWNET), 0);
	straight(FAR6, SLOT3_V6, AF_INET6, &router6);
	straight(FAR4, SLOT3_V4, AF_INET, &router4);
	straight(FAR4, SLOT3_V4, AF_INET6, &router6);
	assert_int_equal(setns(home, CLONE_NEWNET), 0);
	world_run("ip addr del " FAR6 "/128 dev lo; ip addr del " FAR4 "/32 dev lo");
}

static void test_straight_to_the_router_clsact(void **state)
{
	no_tcx = true;
	test_straight_to_the_router(state);
}

static void test_mode(enum dp_xdp_mode mode, const char *text)
{
	open_mode(mode, text);
	exchange(udp6, WORLD6, SLOT3_V6);
	exchange(udp4, WORLD4, SLOT3_V4);
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
	no_tcx = true;
	test_native(state);
}

static void test_tc_clsact(void **state)
{
	no_tcx = true;
	test_tc(state);
}

/* Another host must not take a live slot's address: its own kernel finds the duplicate. */
static void test_dad(void **state UNUSED)
{
	char command[160];

	open_mode(DP_XDP_GENERIC, "generic");
	world_run("ip addr add " SLOT3_V6 "/128 dev up1");
	snprintf(command, sizeof(command),
		 "nsenter --net=/proc/%d/fd/%d ip -6 addr show dev up1 | grep -q dadfailed",
		 getpid(), world);
	assert_true(env_wait(WAIT_MS, command));
	world_run("ip addr del " SLOT3_V6 "/128 dev up1");
}

static uint64_t drops_of(enum sc_drop reason)
{
	uint64_t n[SC_DROP_MAX];

	assert_int_equal(dp_drops(rig.dp, n, NULL), 0);
	return n[reason];
}

static void test_bad_source(void **state UNUSED)
{
	struct sc_counters n;
	struct pkt p;

	open_mode(DP_XDP_GENERIC, "generic");
	udp_packet(&p, "2001:db8:5::2", WORLD6, 64, true);
	tunnel_sends(&p);
	udp_packet(&p, SLOT5_V6, "2001:db8:5::1", 64, true); /* slot 5 lives, but to the relay */
	tunnel_sends(&p);
	udp_packet(&p, SLOT3_V6, WORLD6, 64, true); /* in order behind them */
	tunnel_sends(&p);
	world_gets(udp6, "pong", 63);
	assert_int_equal(drops_of(SC_DROP_BAD_SOURCE), 1);
	assert_int_equal(drops_of(SC_DROP_TO_RELAY), 1);
	dp_counters(rig.dp, 5, &n);
	assert_int_equal(n.drop_packets, 1);
}

/* IPv6 of total_len bytes from slot 3, as no test run by hand takes it. */
static void tunnel_sends_long(size_t total_len)
{
	AUTO_FREE uint8_t *bytes = calloc(1, total_len);
	struct pkt head = {};

	assert_non_null(bytes);
	pkt_eth(&head, RIG_MAC, RIG_MAC, 0x86dd);
	pkt_ip6(&head, SLOT3_V6, WORLD6, 47, 64);
	pkt_done(&head);
	memcpy(bytes, head.b + 14, 40);
	bytes[4] = (uint8_t)((total_len - 40) >> 8);
	bytes[5] = (uint8_t)(total_len - 40);
	assert_int_equal(write(tun, bytes, total_len), total_len);
}

/* The VRF device's header has no room in front of a packet of more than 16 KiB that is not merged:
 * the kernel's helper refuses. As long a one as any tunnel carries has it. */
static void test_no_room_for_the_header(void **state UNUSED)
{
	struct sc_counters n;

	open_mode(DP_XDP_GENERIC, "generic");
	tunnel_sends_long(8940);
	dp_counters(rig.dp, 3, &n);
	assert_int_equal(n.up_packets, 1);
	assert_int_equal(n.up_bytes, 8940);
	assert_int_equal(drops_of(SC_DROP_REDIRECT), 0);
	tunnel_sends_long(20000);
	dp_counters(rig.dp, 3, &n);
	assert_int_equal(drops_of(SC_DROP_REDIRECT), 1);
	assert_int_equal(n.drop_packets, 1);
	assert_int_equal(n.drop_bytes, 20000);
	assert_int_equal(n.up_packets, 1);
}

/* Longer than the tunnel's MTU: the stack answers with Packet Too Big, the sender learns. */
static void test_packet_too_big(void **state UNUSED)
{
	char command[200];

	open_mode(DP_XDP_GENERIC, "generic");
	world_send(udp6, SLOT3_V6, 1400); /* 1448 with headers */
	snprintf(command, sizeof(command),
		 "nsenter --net=/proc/%d/fd/%d ip -6 route get " SLOT3_V6 " | grep -q 'mtu 1420'",
		 getpid(), world);
	assert_true(env_wait(WAIT_MS, command));
}

/* The route of a peer with a smaller MTU, as relayd sets it (locked): the sender learns that. */
static void test_packet_too_big_for_one_peer(void **state UNUSED)
{
	struct sc_slot slot;
	char command[200];

	open_mode(DP_XDP_GENERIC, "generic");
	assert_int_equal(dp_slot_get(rig.dp, 3, &slot), 0);
	slot.mtu = 1280;
	assert_int_equal(dp_slot_set(rig.dp, 3, &slot, NULL), 0);
	env_run("ip route replace " SLOT3_V6 "/128 dev wg0 mtu lock 1280");
	snprintf(command, sizeof(command), "nsenter --net=/proc/%d/fd/%d ip -6 route flush cache",
		 getpid(), world);
	env_run("%s", command);
	world_send(udp6, SLOT3_V6, 1300);
	snprintf(command, sizeof(command),
		 "nsenter --net=/proc/%d/fd/%d ip -6 route get " SLOT3_V6 " | grep -q 'mtu 1280'",
		 getpid(), world);
	assert_true(env_wait(WAIT_MS, command));
	env_run("ip route replace " SLOT3_V6 "/128 dev wg0");
	env_run("nsenter --net=/proc/%d/fd/%d ip -6 route flush cache", getpid(), world);
}

/* What the peer sends to the far end comes back through the tunnel, counted both ways; nothing of
 * it came from outside. */
static void test_echo(void **state UNUSED)
{
	struct pkt question = {}, answer = {};
	struct sc_counters n;

	open_mode(DP_XDP_GENERIC, "generic");
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
	tunnel_sends(&question);
	tunnel_gets(&answer, false);
	dp_counters(rig.dp, 3, &n);
	assert_int_equal(n.up_packets, 1);
	assert_int_equal(n.up_bytes, 1420);
	assert_int_equal(n.down_packets, 1);
	assert_int_equal(n.down_bytes, 1420);
	assert_int_equal(n.outside_packets, 0);
	assert_int_equal(n.drop_packets, 0);
}

/* relayd stopped: everything is pinned, packets flow; a new one takes over without a gap. */
static void test_outlives_relayd(void **state UNUSED)
{
	struct err err = {};
	struct pkt p;

	open_mode(DP_XDP_GENERIC, "generic");
	dp_close(rig.dp);
	udp_packet(&p, WORLD6, SLOT3_V6, 63, false);
	world_send(udp6, SLOT3_V6, 100);
	tunnel_gets(&p, false);
	assert_int_equal(dp_open(&rig.conf, &rig.dp, &err), 0);
	for (int i = 0; i < 200; i++) {
		if (i == 100) {
			assert_int_equal(dp_attach_wg(rig.dp, (int)rig.wg0, 0, &err), 0);
			assert_int_equal(dp_attach_uplink(rig.dp, (int)rig.up, &err), 0);
		}
		world_send(udp6, SLOT3_V6, 100);
		tunnel_gets(&p, false);
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
		until.tv_sec += WAIT_MS / 1000;
		if (sem_timedwait(&s->window, &until))
			break; /* lost packets hold every place: the reader will tell */
		world_send(udp6, SLOT3_V6, 100);
		__atomic_add_fetch(&s->sent, 1, __ATOMIC_RELEASE);
	}
	return NULL;
}

static void *stream_read(void *arg)
{
	struct stream *s = arg;
	uint8_t packet[PKT_MAX];

	while (readable(tun)) { /* ends when nothing came for so long */
		if (read(tun, packet, sizeof(packet)) == 40 + 8 + 100) {
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

	open_mode(no_tcx ? DP_XDP_GENERIC : DP_XDP_NATIVE, no_tcx ? "generic" : "native");
	assert_int_equal(sem_init(&s.window, 0, WINDOW), 0);
	assert_int_equal(pthread_create(&reader, NULL, stream_read, &s), 0);
	assert_int_equal(pthread_create(&sender, NULL, stream_send, &s), 0);
	for (int i = 0; i < SWAPS; i++) {
		dp_close(rig.dp);
		assert_int_equal(dp_open(&rig.conf, &rig.dp, &err), 0);
		assert_int_equal(dp_attach_wg(rig.dp, (int)rig.wg0, 0, &err), 0);
		assert_int_equal(dp_attach_uplink(rig.dp, (int)rig.up, &err), 0);
		/* What the one before had counted, and more. */
		dp_counters(rig.dp, 3, &n);
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
	dp_counters(rig.dp, 3, &n);
	printf("# %lu packets through %d replacements of every program\n", s.sent, SWAPS);
	assert_int_equal(s.got, s.sent);
	assert_int_equal(n.down_packets, s.sent);
	assert_int_equal(n.down_bytes, s.sent * 148);
	assert_int_equal(n.drop_packets, 0);
	sem_destroy(&s.window);
}

static void test_swaps_lose_nothing_clsact(void **state)
{
	no_tcx = true;
	test_swaps_lose_nothing(state);
}

#define T(f) cmocka_unit_test_teardown(f, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		T(test_native),
		T(test_generic),
		T(test_tc),
		T(test_straight_to_the_router),
		T(test_straight_to_the_router_clsact),
		T(test_dad),
		T(test_bad_source),
		T(test_no_room_for_the_header),
		T(test_packet_too_big),
		T(test_packet_too_big_for_one_peer),
		T(test_echo),
		T(test_outlives_relayd),
		T(test_swaps_lose_nothing),
		T(test_native_clsact),
		T(test_tc_clsact),
		T(test_swaps_lose_nothing_clsact),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	env_enter();
	make_world();
	make_relay();
	setvbuf(stdout, NULL, _IOLBF, 0);
	return cmocka_run_group_tests_name("live", tests, NULL, NULL);
}
