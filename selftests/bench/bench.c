/* SPDX-License-Identifier: GPL-2.0-only */
/* Topology, rows, output. */
#include <arpa/inet.h>
#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/ethtool.h>
#include <linux/if_tun.h>
#include <linux/sockios.h>
#include <net/if.h>
#include <sched.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/utsname.h>
#include <time.h>
#include <unistd.h>
#include <cmocka.h>
#include "bench.h"
#include "sidecar.skel.h"

#define MAX_ROWS 128
#define MAX_TARGETS 48
#define BATCH 64

static struct row rows[MAX_ROWS];
static int n_rows;

static struct {
	char name[96];
	double value, limit;
	bool at_most;
	const char *unit;
} targets[MAX_TARGETS];
static int n_targets;

static void die(const char *what)
{
	fprintf(stderr, "bench: %s: %s\n", what, strerror(errno));
	exit(1);
}

static struct row *row_find(const char *group, const char *what, uint32_t peers)
{
	for (int i = 0; i < n_rows; i++) {
		if (!strcmp(rows[i].group, group) && !strcmp(rows[i].what, what) &&
		    rows[i].peers == peers)
			return &rows[i];
	}
	return NULL;
}

void row_add(const char *group, const char *what, uint32_t peers, const char *unit, double value)
{
	struct row *r = row_find(group, what, peers);

	if (!r && n_rows == MAX_ROWS)
		die("too many rows");
	if (!r) {
		r = &rows[n_rows++];
		*r = (struct row){.group = group, .what = what, .peers = peers, .unit = unit};
	}
	if (r->n < BENCH_ROUNDS)
		r->value[r->n++] = value;
}

static int by_value(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;

	return (x > y) - (x < y);
}

static double sorted(const struct row *r, int at)
{
	double v[BENCH_ROUNDS];

	memcpy(v, r->value, sizeof(v));
	qsort(v, (size_t)r->n, sizeof(*v), by_value);
	return v[at];
}

double row_median(const char *group, const char *what, uint32_t peers)
{
	const struct row *r = row_find(group, what, peers);

	if (!r)
		die(what);
	return sorted(r, r->n / 2);
}

void target(const char *name, double value, bool at_most, double limit, const char *unit)
{
	if (n_targets == MAX_TARGETS)
		die("too many targets");
	snprintf(targets[n_targets].name, sizeof(targets[0].name), "%s", name);
	targets[n_targets].value = value;
	targets[n_targets].at_most = at_most;
	targets[n_targets].limit = limit;
	targets[n_targets++].unit = unit;
}

double bench_now_ns(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (double)ts.tv_sec * 1e9 + (double)ts.tv_nsec;
}

static void frame_set(struct bench *b, const struct pkt *p)
{
	memset(b->gen->bss->gen_frame, 0, BENCH_FRAME_LEN);
	memcpy(b->gen->bss->gen_frame, p->b, p->len);
}

void bench_frame_packet(struct bench *b)
{
	struct pkt p = {};

	pkt_eth(&p, RIG_MAC, RIG_PEER, 0x86dd);
	pkt_ip6(&p, "2001:db8:99::9", BENCH_POOL, 17, 64);
	pkt_udp(&p, 4000, 4001);
	pkt_done(&p);
	frame_set(b, &p);
}

/* A packet from a peer inside of another: VXLAN-GPE (next protocol 2: IPv6), as a tunnel without
 * link layer whose packets come by NAPI, like WireGuard's. */
void bench_frame_up(struct bench *b)
{
	struct pkt inner = {}, p = {};

	pkt_eth(&inner, RIG_MAC, RIG_MAC, 0x86dd);
	pkt_ip6(&inner, BENCH_POOL, "2001:db8:99::9", 17, 64);
	pkt_udp(&inner, 4000, 4001);
	pkt_done(&inner);
	pkt_eth(&p, RIG_MAC, RIG_PEER, 0x0800);
	pkt_ip4(&p, "203.0.113.9", "203.0.113.10", 17, 64, 0);
	pkt_udp(&p, 4000, 4790);
	pkt_hex(&p, "0c00000200000000");
	memcpy(p.b + p.len, inner.b + 14, inner.len - 14);
	p.len += inner.len - 14;
	pkt_done(&p);
	memset(p.b + p.upper + 6, 0, 2); /* no checksum: the source changes */
	frame_set(b, &p);
}

void bench_frame_solicit(struct bench *b)
{
	struct pkt p = {};

	pkt_eth(&p, "33:33:00:00:00:00", RIG_PEER, 0x86dd);
	pkt_ip6(&p, "fe80::b", "ff02::1:0:0", 58, 255);
	pkt_nd(&p, 135, 0, BENCH_POOL);
	pkt_nd_mac(&p, 1, RIG_PEER);
	pkt_done(&p);
	frame_set(b, &p);
}

static void must(int r, const struct err *err)
{
	if (!r)
		return;
	fprintf(stderr, "bench: %s\n", err->text);
	exit(1);
}

static void slot_of(const struct bench *b, uint32_t nr, struct sc_slot *ret_slot)
{
	uint64_t host = htobe64(BENCH_HOST_PART(nr, BENCH_LIVE_MUL));

	*ret_slot = (struct sc_slot){.flags = SC_SLOT_LIVE,
				     .generation = 1,
				     .account = nr,
				     .wg_ifindex = b->peers_wg,
				     .vrf_ifindex = b->rig.vrf,
				     .class_minor = 1 + nr % 2048,
				     .mtu = 1420,
				     .in_byte_ps = 1,
				     .in_packet_ns = 1,
				     .scan_ns = 10000000};
	inet_pton(AF_INET6, BENCH_POOL, ret_slot->v6);
	memcpy(ret_slot->v6 + 8, &host, sizeof(host));
}

void bench_open(struct bench *b, uint32_t peers)
{
	struct err err = {};
	struct sc_slot slot;

	must(dp_open(&b->rig.conf, &b->rig.dp, &err), &err);
	for (uint32_t nr = 0; nr < peers; nr++) {
		slot_of(b, nr, &slot);
		must(dp_slot_set(b->rig.dp, nr, &slot, &err), &err);
	}
	b->gen->bss->gen_peers = peers;
	b->gen->bss->gen_mul = BENCH_LIVE_MUL;
}

void bench_close(struct bench *b)
{
	struct err err = {};

	dp_close(b->rig.dp);
	b->rig.dp = NULL;
	must(dp_unpin(b->rig.pin_dir, &err), &err);
}

double bench_send(struct bench *b, const struct bpf_program *prog, uint32_t n)
{
	LIBBPF_OPTS(bpf_test_run_opts, opts, .data_in = b->gen->bss->gen_frame,
		    .data_size_in = BENCH_FRAME_LEN, .repeat = (int)n,
		    .flags = BPF_F_TEST_XDP_LIVE_FRAMES, .batch_size = BATCH);
	double start;

	opts.data_size_in = prog == b->gen->progs.gen_solicit	? BENCH_SOLICIT_LEN
			    : prog == b->gen->progs.gen_send_up ? BENCH_UP_LEN
								: BENCH_PACKET_LEN;
	b->gen->bss->gen_out_ifindex = b->up1;
	b->gen->bss->gen_seen = 0;
	if (setns(b->world, CLONE_NEWNET))
		die("setns");
	start = bench_now_ns();
	if (bpf_prog_test_run_opts(bpf_program__fd(prog), &opts))
		die("live frames");
	start = bench_now_ns() - start;
	if (setns(b->home, CLONE_NEWNET))
		die("setns");
	return start;
}

void bench_hooks_off(struct bench *b)
{
	DIR *dir = opendir(b->rig.pin_dir);
	const struct dirent *e;

	while (dir && (e = readdir(dir))) {
		char path[PATH_MAX];
		AUTO_FD int fd = -1;

		if (strncmp(e->d_name, "link_", 5))
			continue;
		snprintf(path, sizeof(path), "%s/%s", b->rig.pin_dir, e->d_name);
		fd = bpf_obj_get(path);
		/* Without this the kernel takes its time after the last pin is gone. */
		if (fd < 0 || bpf_link_detach(fd) || unlink(path))
			die(path);
	}
	if (dir)
		closedir(dir);
}

void bench_sink_off(struct bench *b)
{
	if (b->sink >= 0)
		close(b->sink);
	b->sink = -1;
}

void bench_sink_on(struct bench *b, uint32_t ifindex)
{
	LIBBPF_OPTS(bpf_link_create_opts, opts, .flags = BPF_F_AFTER);

	bench_sink_off(b);
	b->sink = bpf_link_create(bpf_program__fd(b->gen->progs.gen_sink), (int)ifindex,
				  BPF_TCX_EGRESS, &opts);
	if (b->sink < 0)
		die("sink");
}

double bench_per_packet(struct bench *b, const struct bpf_program *prog, uint32_t n,
			const char *what)
{
	double ns = bench_send(b, prog, n), seen = (double)b->gen->bss->gen_seen;

	if (seen < 0.99 * n)
		printf("note: %s: %.1f %% of the packets were lost\n", what, 100 - 100 * seen / n);
	return seen > 0 ? ns / seen : 0;
}

static void stats_of(const struct bpf_program *prog, uint64_t *ret_ns, uint64_t *ret_runs)
{
	struct bpf_prog_info info = {};
	uint32_t len = sizeof(info);

	if (bpf_prog_get_info_by_fd(bpf_program__fd(prog), &info, &len))
		die("statistics");
	*ret_ns = info.run_time_ns;
	*ret_runs = info.run_cnt;
}

void bench_stats(struct bench *b, const struct bpf_program *prog, uint32_t n, uint32_t peers)
{
	const struct sidecar *skel = b->rig.dp->skel;
	const struct bpf_program *const progs[] = {
		skel->progs.sc_uplink_xdp, skel->progs.sc_uplink_in,  skel->progs.sc_wg_out,
		skel->progs.sc_wg_in,	   skel->progs.sc_uplink_out,
	};
	static const char *const names[] = {"XDP guard", "tc ingress of the uplink",
					    "tc egress of the tunnel", "tc ingress of the tunnel",
					    "tc egress of the uplink"};
	uint64_t ns[ARRAY_SIZE(progs)], runs[ARRAY_SIZE(progs)];

	for (size_t i = 0; i < ARRAY_SIZE(progs); i++)
		stats_of(progs[i], &ns[i], &runs[i]);
	env_run("echo 1 >/proc/sys/kernel/bpf_stats_enabled");
	bench_send(b, prog, n);
	env_run("echo 0 >/proc/sys/kernel/bpf_stats_enabled");
	for (size_t i = 0; i < ARRAY_SIZE(progs); i++) {
		uint64_t ns_after, runs_after;

		stats_of(progs[i], &ns_after, &runs_after);
		if (runs_after - runs[i] > n / 2)
			row_add(prog == b->gen->progs.gen_send_up
					? "upload, each hook by the kernel's own clock"
					: "download, each hook by the kernel's own clock",
				names[i], peers, "ns",
				(double)(ns_after - ns[i]) / (double)(runs_after - runs[i]));
	}
}

/* A veth device takes frames from XDP only when it polls: by GRO, or by a program of its own. */
static void gro_on(const char *name)
{
	struct ethtool_value value = {.cmd = ETHTOOL_SGRO, .data = 1};
	struct ifreq req = {.ifr_data = (void *)&value};
	AUTO_FD int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);

	snprintf(req.ifr_name, sizeof(req.ifr_name), "%s", name);
	if (fd < 0 || ioctl(fd, SIOCETHTOOL, &req))
		die("GRO");
}

static int tun_open(const char *name)
{
	struct ifreq req = {.ifr_flags = IFF_TUN | IFF_NO_PI};
	int fd = open("/dev/net/tun", O_RDWR | O_CLOEXEC | O_NONBLOCK);

	snprintf(req.ifr_name, sizeof(req.ifr_name), "%s", name);
	if (fd < 0 || ioctl(fd, TUNSETIFF, &req))
		die("/dev/net/tun");
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
		die("unshare");
	b->world = open("/proc/self/ns/net", O_RDONLY);
	env_run("ip link set lo up");
	if (setns(b->home, CLONE_NEWNET))
		die("setns");
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
		die("sink");
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

static void print_group(const char *group)
{
	printf("\n%s\n", group);
	for (int i = 0; i < n_rows; i++) {
		const struct row *r = &rows[i];

		if (strcmp(group, r->group))
			continue;
		printf("  %-54s", r->what);
		if (r->peers)
			printf(" %7u", r->peers);
		else
			printf(" %7s", "");
		printf("  %12.1f [%.1f, %.1f] %s\n", sorted(r, r->n / 2), sorted(r, 0),
		       sorted(r, r->n - 1), r->unit);
	}
}

static void print_targets(void)
{
	printf("\ntargets\n");
	for (int i = 0; i < n_targets; i++) {
		bool met = targets[i].at_most ? targets[i].value <= targets[i].limit
					      : targets[i].value >= targets[i].limit;

		printf("  %-4s %-72s %10.2f, %s %.2f %s\n", met ? "met" : "LOST", targets[i].name,
		       targets[i].value, targets[i].at_most ? "at most" : "at least",
		       targets[i].limit, targets[i].unit);
	}
}

static void print_text(const struct utsname *kernel, const char *cpu)
{
	printf("\nkernel %s, %s, one CPU, %d rounds in turns: median [lowest, highest]\n",
	       kernel->release, cpu, BENCH_ROUNDS);
	for (int i = 0; i < n_rows; i++) {
		bool first = true;

		for (int k = 0; k < i; k++)
			first &= strcmp(rows[k].group, rows[i].group) != 0;
		if (first)
			print_group(rows[i].group);
	}
	print_targets();
}

static void print_json(const char *path, const struct utsname *kernel, const char *cpu)
{
	FILE *f = fopen(path, "we");

	if (!f)
		die(path);
	fprintf(f, "{\"kernel\": \"%s\", \"cpu\": \"%s\", \"rounds\": %d, \"rows\": [",
		kernel->release, cpu, BENCH_ROUNDS);
	for (int i = 0; i < n_rows; i++) {
		const struct row *r = &rows[i];

		fprintf(f, "%s\n  {\"group\": \"%s\", \"what\": \"%s\", \"peers\": %u, ",
			i ? "," : "", r->group, r->what, r->peers);
		fprintf(f, "\"unit\": \"%s\", \"median\": %.2f, \"low\": %.2f, \"high\": %.2f}",
			r->unit, sorted(r, r->n / 2), sorted(r, 0), sorted(r, r->n - 1));
	}
	fprintf(f, "],\n\"targets\": [");
	for (int i = 0; i < n_targets; i++)
		fprintf(f,
			"%s\n  {\"name\": \"%s\", \"value\": %.3f, \"%s\": %.3f, "
			"\"unit\": \"%s\"}",
			i ? "," : "", targets[i].name, targets[i].value,
			targets[i].at_most ? "at_most" : "at_least", targets[i].limit,
			targets[i].unit);
	fprintf(f, "]}\n");
	if (fclose(f))
		die(path);
	printf("\nthe same as JSON: %s\n", path);
}

/* One CPU: sender, softirq and receiver share it, so that time over packets is what one costs. */
static void pin_to_cpu(int cpu)
{
	cpu_set_t set;

	CPU_ZERO(&set);
	CPU_SET(cpu, &set);
	if (sched_setaffinity(0, sizeof(set), &set))
		die("CPU");
}

static const struct {
	const char *name;
	void (*run)(struct bench *b);
} parts[] = {
	{"hooks", bench_hooks}, {"forward", bench_forward}, {"up", bench_up},
	{"drop", bench_drop},	{"ndp", bench_ndp},	    {"scrape", bench_scrape},
};

/* bench [JSON-FILE [PART]] */
int main(int argc, char **argv)
{
	struct utsname kernel;
	struct bench b = {.sink = -1};
	char cpu[128];

	env_enter();
	pin_to_cpu(0);
	/* Others' work should not show in the numbers. */
	setpriority(PRIO_PROCESS, 0, -15);
	uname(&kernel);
	b.gen = gen__open_and_load();
	if (!b.gen)
		die("generator");
	conf(&b);
	make_topology(&b);
	for (size_t i = 0; i < ARRAY_SIZE(parts); i++) {
		if (argc < 3 || !strcmp(argv[2], parts[i].name))
			parts[i].run(&b);
	}
	gen__destroy(b.gen);
	print_text(&kernel, cpu_name(cpu));
	if (argc > 1)
		print_json(argv[1], &kernel, cpu);
	return 0;
}
