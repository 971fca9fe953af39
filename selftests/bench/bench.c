/* SPDX-License-Identifier: GPL-2.0-only */
/* Topology, and which parts run. */
#include <bpf/bpf.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/ethtool.h>
#include <linux/if_tun.h>
#include <linux/sockios.h>
#include <net/if.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/utsname.h>
#include <unistd.h>
#include "../../lib/parse.h"
#include "bench.h"

void bench_die(const char *what)
{
	fprintf(stderr, "bench: %s: %s\n", what, strerror(errno));
	exit(1);
}

/* A veth device takes frames from XDP only when it polls: by GRO, or by a program of its own. */
static void gro_on(const char *name)
{
	struct ethtool_value value = {.cmd = ETHTOOL_SGRO, .data = 1};
	struct ifreq req = {.ifr_data = (void *)&value};
	AUTO_FD int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);

	snprintf(req.ifr_name, sizeof(req.ifr_name), "%s", name);
	if (fd < 0 || ioctl(fd, SIOCETHTOOL, &req))
		bench_die("GRO");
}

static int tun_open(const char *name)
{
	struct ifreq req = {.ifr_flags = IFF_TUN | IFF_NO_PI};
	int fd = open("/dev/net/tun", O_RDWR | O_CLOEXEC | O_NONBLOCK);

	snprintf(req.ifr_name, sizeof(req.ifr_name), "%s", name);
	if (fd < 0 || ioctl(fd, TUNSETIFF, &req))
		bench_die("/dev/net/tun");
	return fd;
}

/*
 *	namespace "world"		this namespace
 *	up1 fe80::b ------veth------ up0	wg0, a tun device without a reader: packets into it
 *are counted and dropped by the last program of its egress wg1, VXLAN-GPE: packets out of a tunnel
 *						vrf0 stands in for a VRF device
 */
static void make_topology(struct bench *b)
{
	b->home = open("/proc/self/ns/net", O_RDONLY | O_CLOEXEC);
	if (unshare(CLONE_NEWNET))
		bench_die("unshare");
	b->world = open("/proc/self/ns/net", O_RDONLY);
	env_run("ip link set lo up");
	if (setns(b->home, CLONE_NEWNET))
		bench_die("setns");
	env_run("for f in all default; do echo 1 >/proc/sys/net/ipv6/conf/$f/forwarding; "
		"echo 0 >/proc/sys/net/ipv4/conf/$f/rp_filter; done; "
		"echo 1 >/proc/sys/net/ipv4/ip_forward");
	env_run("ip link add up0 address " RIG_MAC " type veth peer name up1 address " RIG_PEER);
	env_run("ip link set up1 netns /proc/%d/fd/%d", getpid(), b->world);
	env_run("nsenter --net=/proc/%d/fd/%d ip link set up1 up", getpid(), b->world);
	env_run("ip link set up0 up && ip addr add 2001:db8:98::1/64 dev up0 nodad && "
		"ip route add 2001:db8:99::/64 via fe80::b dev up0 && "
		"ip neigh add fe80::b lladdr " RIG_PEER " dev up0 nud permanent && "
		"ip addr add 203.0.113.10/24 dev up0");
	gro_on("up0");
	b->tun = tun_open("wg0");
	env_run("ip link set wg0 mtu 1420 up && ip route add " BENCH_POOL "/64 dev wg0");
	env_run("ip link add wg1 type vxlan gpe external dstport 4790 && "
		"ip link set wg1 mtu 1420 up");
	env_run("ip link add vrf0 address 02:53:43:00:00:01 type veth peer name vrf0-b && "
		"ip link set vrf0 up && ip link set vrf0-b up");
	b->rig.up = if_nametoindex("up0");
	b->rig.wg0 = if_nametoindex("wg0");
	b->rig.wg1 = if_nametoindex("wg1");
	b->rig.vrf = if_nametoindex("vrf0");
	b->peers_wg = b->rig.wg0;
	setns(b->world, CLONE_NEWNET);
	b->up1 = if_nametoindex("up1");
	if (bpf_xdp_attach((int)b->up1, bpf_program__fd(b->gen->progs.gen_sink_xdp), 0, NULL))
		bench_die("sink");
	setns(b->home, CLONE_NEWNET);
}

static void conf(struct bench *b)
{
	rig_conf(&b->rig);
	b->rig.conf.slots = BENCH_SLOTS;
	b->rig.conf.wg_l2_len = 0;
	b->rig.conf.handshakes_per_s = 100;
}

static const char *cpu_name(char out[static 128])
{
	FILE *f = fopen("/proc/cpuinfo", "re");
	char line[256];

	snprintf(out, 128, "unknown CPU");
	while (f && fgets(line, sizeof(line), f)) {
		const char *colon = strchr(line, ':');

		if (strncmp(line, "model name", 10) || !colon)
			continue;
		snprintf(out, 128, "%.*s", (int)strcspn(colon + 2, "\n"), colon + 2);
		break;
	}
	if (f)
		fclose(f);
	return out;
}

/* One CPU: sender, softirq and receiver share it, so that time over packets is what one costs. */
static void pin_to_cpu(int cpu)
{
	cpu_set_t set;

	CPU_ZERO(&set);
	CPU_SET(cpu, &set);
	if (sched_setaffinity(0, sizeof(set), &set))
		bench_die("CPU");
}

static const struct {
	const char *name;
	void (*run)(struct bench *b);
} parts[] = {
	{"hooks", bench_hooks}, {"forward", bench_forward}, {"up", bench_up},
	{"drop", bench_drop},	{"ndp", bench_ndp},	    {"scrape", bench_scrape},
};

/* bench [JSON-FILE [PART [PEERS]]]: PEERS leaves larger sizes out, to see whether it runs. */
int main(int argc, char **argv)
{
	struct utsname kernel;
	struct bench b = {.sink = -1, .most = UINT32_MAX};
	char cpu[128];

	if (argc > 3 && parse_u32(argv[3], 1, UINT32_MAX, &b.most))
		return 2;
	env_enter();
	pin_to_cpu(0);
	/* Others' work should not show in the numbers. */
	setpriority(PRIO_PROCESS, 0, -15);
	uname(&kernel);
	b.gen = gen__open_and_load();
	if (!b.gen)
		bench_die("generator");
	conf(&b);
	make_topology(&b);
	for (size_t i = 0; i < ARRAY_SIZE(parts); i++) {
		if (argc < 3 || !strcmp(argv[2], parts[i].name))
			parts[i].run(&b);
	}
	gen__destroy(b.gen);
	bench_print(&kernel, cpu_name(cpu));
	if (argc > 1)
		bench_print_json(argv[1], &kernel, cpu);
	return 0;
}
