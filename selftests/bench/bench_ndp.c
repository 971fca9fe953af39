/* SPDX-License-Identifier: GPL-2.0-only */
/* Solicitations for addresses drawn at random: answers a second, ours and the kernel's proxy. */
#include <arpa/inet.h>
#include <bpf/bpf.h>
#include <sched.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>
#include <cmocka.h>
#include "bench.h"

#define NDP "neighbour solicitations, answers"
#define PROXY "kernel, proxy_ndp (its delay set to 0)"
#define XDP "ours in XDP"
#define TC "ours in tc"
#define NDPPD "ndppd, a rule an address, same flood, its own CPU"

static void proxies(const struct bench *b, const char *verb)
{
	FILE *f = fopen("/tmp/bench.ip", "we");

	for (uint32_t nr = 0; f && nr < b->gen->bss->gen_peers; nr++) {
		unsigned long long host = BENCH_HOST_PART(nr, BENCH_LIVE_MUL);

		fprintf(f, "neigh %s proxy 2001:db8:5:0:%llx:%llx:%llx:%llx dev up0\n", verb,
			host >> 48, host >> 32 & 0xffff, host >> 16 & 0xffff, host & 0xffff);
	}
	if (!f || fclose(f))
		exit(1);
	env_run("ip -6 -batch /tmp/bench.ip");
}

/* As many solicitations as are answered in about the same time. */
static void one(struct bench *b, const char *what, uint32_t n, uint32_t peers)
{
	double ns;

	bench_send(b, b->gen->progs.gen_solicit, n / 10);
	ns = bench_send(b, b->gen->progs.gen_solicit, n);
	row_add(NDP, what, peers, "answers/s", (double)b->gen->bss->gen_seen / ns * 1e9);
	if ((double)b->gen->bss->gen_seen < 0.99 * n)
		printf("note: %s, %u addresses: %.1f %% unanswered\n", what, peers,
		       100 - 100 * (double)b->gen->bss->gen_seen / n);
}

static void attach(struct bench *b, enum dp_xdp_mode mode)
{
	struct err err = {};

	b->rig.dp->conf.xdp_mode = mode;
	if (!dp_attach_uplink(b->rig.dp, (int)b->rig.up, &err))
		return;
	fprintf(stderr, "bench: %s\n", err.text);
	exit(1);
}

/* One rule an address: it answers for what is there, as ours does. */
static void ndppd_conf(const struct bench *b)
{
	FILE *f = fopen("/tmp/ndppd.conf", "we");

	if (!f)
		exit(1);
	fprintf(f, "proxy up0 {\n\trouter yes\n");
	for (uint32_t nr = 0; nr < b->gen->bss->gen_peers; nr++) {
		unsigned long long host = BENCH_HOST_PART(nr, BENCH_LIVE_MUL);

		fprintf(f, "\trule 2001:db8:5:0:%llx:%llx:%llx:%llx/128 { static }\n", host >> 48,
			host >> 32 & 0xffff, host >> 16 & 0xffff, host & 0xffff);
	}
	fprintf(f, "}\n");
	fclose(f);
}

/* On the other CPU, if there is one: that is to its advantage. */
static pid_t ndppd_start(const char *path)
{
	char name[] = "ndppd", opt[] = "-c", conf[] = "/tmp/ndppd.conf";
	char *args[] = {name, opt, conf, NULL};
	pid_t pid = fork();
	cpu_set_t set;

	if (pid)
		return pid;
	CPU_ZERO(&set);
	CPU_SET(1, &set);
	sched_setaffinity(0, sizeof(set), &set);
	if (!freopen("/dev/null", "w", stdout) || !freopen("/dev/null", "w", stderr))
		_exit(1);
	execv(path, args);
	_exit(127);
}

static const char *ndppd_path(void)
{
	static const char *const paths[] = {"/usr/sbin/ndppd", "build/ndppd/usr/sbin/ndppd"};

	for (size_t i = 0; i < ARRAY_SIZE(paths); i++) {
		if (!access(paths[i], X_OK))
			return paths[i];
	}
	return NULL;
}

/* Frames go on for a second, whatever becomes of them; what is answered meanwhile counts. */
static void ndppd(struct bench *b, uint32_t peers)
{
	const char *path = ndppd_path();
	const struct timespec pause = {.tv_nsec = 100000000};
	pid_t pid;

	if (!path) {
		printf("note: ndppd is not here; to compare: apt-get download ndppd && "
		       "dpkg -x ndppd*.deb build/ndppd\n");
		return;
	}
	ndppd_conf(b);
	pid = ndppd_start(path);
	for (int tries = 0; tries < 100 && !b->gen->bss->gen_seen; tries++) {
		bench_send(b, b->gen->progs.gen_solicit, 64);
		nanosleep(&pause, NULL);
	}
	for (int round = 0; round < BENCH_ROUNDS; round++) {
		double ns = 0, seen = 0;

		while (ns < 1e9) {
			ns += bench_send(b, b->gen->progs.gen_solicit, 20000);
			seen += (double)b->gen->bss->gen_seen;
		}
		row_add(NDP, NDPPD, peers, "answers/s", seen / ns * 1e9);
	}
	kill(pid, SIGTERM);
	waitpid(pid, NULL, 0);
}

void bench_ndp(struct bench *b)
{
	static const uint32_t sizes[] = {100, 1000, 10000};

	bench_frame_solicit(b);
	env_run("echo 1 >/proc/sys/net/ipv6/conf/up0/proxy_ndp; "
		"echo 0 >/proc/sys/net/ipv6/neigh/up0/proxy_delay; "
		"ip link set up0 allmulticast on");
	for (size_t i = 0; i < ARRAY_SIZE(sizes) && sizes[i] <= b->most; i++) {
		bench_open(b, sizes[i]);
		for (int round = 0; round < BENCH_ROUNDS; round++) {
			attach(b, DP_XDP_NATIVE);
			one(b, XDP, 300000, sizes[i]);
			bench_hooks_off(b);
			attach(b, DP_XDP_TC);
			one(b, TC, 100000, sizes[i]);
			bench_hooks_off(b);
			proxies(b, "add");
			one(b, PROXY, sizes[i] >= 10000 ? 10000 : 50000, sizes[i]);
			proxies(b, "del");
		}
		ndppd(b, sizes[i]);
		bench_close(b);
	}
	env_run("echo 0 >/proc/sys/net/ipv6/conf/up0/proxy_ndp");
	for (size_t i = 0; i < ARRAY_SIZE(sizes) && sizes[i] <= b->most; i++) {
		char name[96];

		snprintf(name, sizeof(name), "answers at %u addresses, against kernel proxy_ndp",
			 sizes[i]);
		target(name, row_median(NDP, XDP, sizes[i]) / row_median(NDP, PROXY, sizes[i]),
		       false, sizes[i] >= 10000 ? 30 : 1, "x");
		if (!ndppd_path())
			continue;
		snprintf(name, sizeof(name), "answers at %u addresses, against ndppd", sizes[i]);
		target(name,
		       row_median(NDP, XDP, sizes[i]) / (row_median(NDP, NDPPD, sizes[i]) + 1),
		       false, 1, "x");
	}
}
