/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Each hook alone, on packets for peers drawn at random: the generator with the hook behind it,
 * less the generator without.
 */
#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <stdio.h>
#include <stdlib.h>
#include "bench.h"
#include "sidecar.skel.h"

#define GROUP "one hook alone"
#define RUNS 1000000

static double run(const struct bpf_program *prog, uint32_t len, uint32_t ifindex, uint32_t mark,
		  struct bench *b)
{
	struct __sk_buff skb = {.ifindex = ifindex, .mark = mark};
	LIBBPF_OPTS(bpf_test_run_opts, opts, .data_in = b->gen->bss->gen_frame, .data_size_in = len,
		    .repeat = RUNS);
	int r;

	if (ifindex) {
		opts.ctx_in = &skb;
		opts.ctx_size_in = sizeof(skb);
	}
	r = bpf_prog_test_run_opts(bpf_program__fd(prog), &opts);
	if (r) {
		fprintf(stderr, "bench: test run: %d\n", r);
		exit(1);
	}
	return opts.duration;
}

struct hook {
	const char *what;
	const struct bpf_program *gen, *prog;
	int array; /* fd */
	uint32_t len, ifindex, mark;
};

static void measure(struct bench *b, const struct hook *h, uint32_t peers)
{
	int fd = bpf_program__fd(h->prog), r;
	uint32_t zero = 0;
	double without, with;

	without = run(h->gen, h->len, h->ifindex, h->mark, b);
	r = bpf_map_update_elem(h->array, &zero, &fd, BPF_ANY);
	if (r) {
		fprintf(stderr, "bench: %s: %d\n", h->what, r);
		exit(1);
	}
	with = run(h->gen, h->len, h->ifindex, h->mark, b);
	bpf_map_delete_elem(h->array, &zero);
	row_add(GROUP, h->what, peers, "ns", with - without);
}

static void round_of(struct bench *b, uint32_t peers)
{
	struct sidecar *skel = b->rig.dp->skel;
	const int xdp = bpf_map__fd(b->gen->maps.gen_hook_xdp),
		  in = bpf_map__fd(b->gen->maps.gen_hook_in),
		  out = bpf_map__fd(b->gen->maps.gen_hook_out);
	const struct hook hooks[] = {
		{"XDP guard, packet to a live peer", b->gen->progs.gen_xdp,
		 skel->progs.sc_uplink_xdp, xdp, BENCH_PACKET_LEN, 0, 0},
		{"tc ingress of the uplink (steer)", b->gen->progs.gen_in, skel->progs.sc_uplink_in,
		 in, BENCH_PACKET_LEN, b->rig.up, 0},
		{"tc egress of the tunnel (count, class, firewall none)", b->gen->progs.gen_out,
		 skel->progs.sc_wg_out, out, BENCH_PACKET_LEN, b->rig.wg0, 0},
		{"tc egress of the uplink (mark to class)", b->gen->progs.gen_out,
		 skel->progs.sc_uplink_out, out, BENCH_PACKET_LEN, b->rig.up, 0x5c000007},
	};
	const struct hook solicit = {"XDP guard, solicitation answered",
				     b->gen->progs.gen_xdp_solicit,
				     skel->progs.sc_uplink_xdp,
				     xdp,
				     BENCH_SOLICIT_LEN,
				     0,
				     0};
	struct hook drop = hooks[0];

	bench_frame_packet(b);
	for (size_t i = 0; i < ARRAY_SIZE(hooks); i++)
		measure(b, &hooks[i], peers);
	drop.what = "XDP guard, packet to no peer";
	b->gen->bss->gen_mul = BENCH_DEAD_MUL;
	measure(b, &drop, peers);
	b->gen->bss->gen_mul = BENCH_LIVE_MUL;
	bench_frame_solicit(b);
	measure(b, &solicit, peers);
}

void bench_hooks(struct bench *b)
{
	static const uint32_t sizes[] = {1000, 10000, 100000};
	struct err err = {};

	b->rig.conf.wg_l2_len = 14; /* test runs always have an Ethernet header */
	for (size_t i = 0; i < ARRAY_SIZE(sizes) && sizes[i] <= b->most; i++) {
		bench_open(b, sizes[i]);
		if (dp_attach_uplink(b->rig.dp, (int)b->rig.up, &err)) {
			fprintf(stderr, "bench: %s\n", err.text);
			exit(1);
		}
		for (int round = 0; round < BENCH_ROUNDS; round++)
			round_of(b, sizes[i]);
		bench_close(b);
	}
	b->rig.conf.wg_l2_len = 0;
}
