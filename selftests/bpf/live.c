/* SPDX-License-Identifier: GPL-2.0-only */
#include "live.h"

#include <arpa/inet.h>
#include <bpf/bpf.h>
#include <bpf/libbpf.h>
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

#define VRF_MAC "02:53:43:00:00:01"

struct live live = {.home = -1, .world = -1, .tun = -1, .udp6 = -1, .udp4 = -1};

void live_world_run(const char *command)
{
	env_run("nsenter --net=/proc/%d/fd/%d sh -c '%s'", getpid(), live.world, command);
}

bool live_world_shows(const char *show, const char *pattern)
{
	char command[200];

	snprintf(command, sizeof(command), "nsenter --net=/proc/%d/fd/%d ip %s | grep -q '%s'",
		 getpid(), live.world, show, pattern);
	return env_wait(LIVE_WAIT_MS, command);
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

int live_udp_open(int family, const char *addr)
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
	live.home = open("/proc/self/ns/net", O_RDONLY | O_CLOEXEC);
	assert_int_equal(unshare(CLONE_NEWNET), 0);
	live.world = open("/proc/self/ns/net", O_RDONLY);
	env_run("ip link set lo up; echo 0 > /proc/sys/net/ipv6/auto_flowlabels");
	assert_int_equal(setns(live.home, CLONE_NEWNET), 0);
	env_run("ip link add up0 address " RIG_MAC " type veth peer name up1 address " RIG_PEER);
	env_run("ip link set up1 netns /proc/%d/fd/%d", getpid(), live.world);
	live_world_run("ip link set up1 up && ip addr add " LIVE_WORLD6 "/64 dev up1 nodad && "
		       "ip addr add " LIVE_WORLD4
		       "/26 dev up1 && ip route add 2001:db8:5::/64 dev up1");
	assert_int_equal(setns(live.world, CLONE_NEWNET), 0);
	xdp_pass("up1");
	live.udp6 = live_udp_open(AF_INET6, LIVE_WORLD6);
	live.udp4 = live_udp_open(AF_INET, LIVE_WORLD4);
	assert_int_equal(setns(live.home, CLONE_NEWNET), 0);
}

static void make_relay(void)
{
	env_run("for f in all default; do echo 1 > /proc/sys/net/ipv6/conf/$f/forwarding; "
		"echo 0 > /proc/sys/net/ipv4/conf/$f/rp_filter; done; "
		"echo 1 > /proc/sys/net/ipv4/ip_forward");
	env_run("ip link set up0 up && ip addr add 2001:db8:5::1/64 dev up0 nodad && "
		"ip addr add 198.51.100.126/26 dev up0 && ip route add 2001:db8:99::/64 dev up0");
	live.tun = tun_open("wg0");
	env_run("ip link set wg0 mtu 1420 up && ip route add " SLOT3_V6 "/128 dev wg0");
	env_run("ip link add wg1 type veth peer name wg1-b");
	env_run("ip link add vrf0 address " VRF_MAC " type veth peer name vrf0-b && "
		"ip link set vrf0 up && ip link set vrf0-b up");
}

void live_enter(void)
{
	cmocka_set_message_output(CM_OUTPUT_TAP);
	env_enter();
	make_world();
	make_relay();
	setvbuf(stdout, NULL, _IOLBF, 0);
}

void live_open(enum dp_xdp_mode mode, const char *text)
{
	uint8_t stale[PKT_MAX];
	struct err err = {};

	rig_conf(&live.rig);
	live.rig.conf.xdp_mode = mode;
	live.rig.conf.wg_l2_len = 0;
	live.rig.conf.no_tcx = live.no_tcx;
	rig_open(&live.rig);
	if (dp_attach_wg(live.rig.dp, (int)live.rig.wg0, 0, &err)) {
		print_error("%s\n", err.text);
		fail();
	}
	assert_string_equal(dp_xdp_mode_text(live.rig.dp), text);
	live_world_run("ip neigh flush all");
	while (read(live.tun, stale, sizeof(stale)) > 0)
		; /* sent before the programs were there */
}

int live_close(void **state UNUSED)
{
	if (live.rig.dp)
		rig_close(&live.rig);
	live.rig.dp = NULL;
	live.no_tcx = false;
	return 0;
}

bool live_readable(int fd)
{
	struct pollfd p = {.fd = fd, .events = POLLIN};

	return poll(&p, 1, LIVE_WAIT_MS) == 1;
}

void live_world_sends(int fd, const char *dst, size_t len)
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

void live_world_gets(int fd, const char *payload, int hop_limit)
{
	char data[64], control[64];
	struct iovec iov = {data, sizeof(data)};
	struct msghdr msg = {.msg_iov = &iov,
			     .msg_iovlen = 1,
			     .msg_control = control,
			     .msg_controllen = sizeof(control)};
	struct cmsghdr *c;

	assert_true(live_readable(fd));
	assert_int_equal(recvmsg(fd, &msg, 0), strlen(payload));
	assert_memory_equal(data, payload, strlen(payload));
	c = CMSG_FIRSTHDR(&msg);
	if (hop_limit)
		assert_int_equal(*(int *)CMSG_DATA(c), hop_limit);
}

void live_tunnel_sends(const struct pkt *p)
{
	assert_int_equal(write(live.tun, p->b + 14, p->len - 14), p->len - 14);
}

void live_tunnel_gets(struct pkt *want, bool any_id)
{
	struct pkt have = {}, tail = {};
	ssize_t n;

	assert_true(live_readable(live.tun));
	n = read(live.tun, have.b, sizeof(have.b));
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

void live_udp(struct pkt *p, const char *src, const char *dst, uint8_t ttl, bool up)
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

uint64_t live_drops(enum sc_drop reason)
{
	uint64_t n[SC_DROP_MAX];

	assert_int_equal(dp_drops(live.rig.dp, n, NULL), 0);
	return n[reason];
}
