/* SPDX-License-Identifier: GPL-2.0-only */
/* Frames through a device: sent, counted at the other end, each hook by the kernel's clock. */
#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <dirent.h>
#include <sched.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>
#include <cmocka.h>
#include "bench.h"
#include "sidecar.skel.h"

#define BATCH 64

double bench_now_ns(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (double)ts.tv_sec * 1e9 + (double)ts.tv_nsec;
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
		bench_die("setns");
	start = bench_now_ns();
	if (bpf_prog_test_run_opts(bpf_program__fd(prog), &opts))
		bench_die("live frames");
	start = bench_now_ns() - start;
	if (setns(b->home, CLONE_NEWNET))
		bench_die("setns");
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
			bench_die(path);
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
		bench_die("sink");
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
		bench_die("statistics");
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
