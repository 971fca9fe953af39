/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Whole ways through the machine, from the frame on the wire to the tunnel's queue: plain
 * forwarding by the kernel, with our hooks, and with nftables counting and limiting each peer.
 */
#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <limits.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <cmocka.h>
#include "bench.h"

#define DOWN "internet to tunnel, one packet"
#define DROP "packets to nobody"
#define DROP_NS "packets to nobody, time with the sender's"
#define FLOOR "sender and device alone: a program that drops all"
#define PACKETS 300000

static void fail_on(int r, const char *what)
{
	if (!r)
		return;
	fprintf(stderr, "bench: %s: %d\n", what, r);
	exit(1);
}

static void hooks_on(struct bench *b)
{
	struct err err = {};
	int r = dp_attach_wg(b->rig.dp, (int)b->rig.wg0, 0, &err);

	if (!r)
		r = dp_attach_uplink(b->rig.dp, (int)b->rig.up, &err);
	fail_on(r, err.text);
}

static void one(struct bench *b, const char *what, uint32_t peers)
{
	const struct bpf_program *prog = b->gen->progs.gen_send;

	bench_sink_on(b, b->rig.wg0);
	bench_send(b, prog, peers < 20000 ? 20000 : 2 * peers); /* warm: every peer is known */
	row_add(DOWN, what, peers, "ns", bench_per_packet(b, prog, PACKETS, what));
}

void bench_forward(struct bench *b)
{
	static const uint32_t sizes[] = {1000, 10000, 100000};

	bench_frame_packet(b);
	for (size_t i = 0; i < ARRAY_SIZE(sizes) && sizes[i] <= b->most; i++) {
		bench_open(b, sizes[i]);
		for (int round = 0; round < BENCH_ROUNDS; round++) {
			one(b, "plain forwarding, no hook, no rule", sizes[i]);
			bench_sink_off(b);
			hooks_on(b);
			one(b, "all our hooks", sizes[i]);
			bench_stats(b, b->gen->progs.gen_send, PACKETS / 10, sizes[i]);
			bench_hooks_off(b);
			bench_nft_per_peer("daddr");
			one(b, "nftables, counter and limit per peer", sizes[i]);
			bench_nft_off();
		}
		bench_sink_off(b);
		bench_close(b);
	}
	for (size_t i = 0; i < ARRAY_SIZE(sizes) && sizes[i] <= b->most; i++) {
		double plain = row_median(DOWN, "plain forwarding, no hook, no rule", sizes[i]);
		double ours = row_median(DOWN, "all our hooks", sizes[i]);
		double rules = row_median(DOWN, "nftables, counter and limit per peer", sizes[i]);
		char name[96];

		snprintf(name, sizeof(name), "added by all our hooks, download, %u peers",
			 sizes[i]);
		target(name, (ours - plain) / 1000, true, 0.4, "us");
		snprintf(name, sizeof(name), "... against what nftables adds (%.2f us)",
			 (rules - plain) / 1000);
		target(name, (ours - plain) / 1000, true, (rules - plain) / 1000, "us");
	}
}

/* How fast packets are taken that are for nobody: none of them may come out. */
static void drop_one(struct bench *b, const char *what)
{
	double ns;

	bench_sink_on(b, b->rig.wg0);
	b->gen->bss->gen_mul = BENCH_DEAD_MUL;
	bench_send(b, b->gen->progs.gen_send, PACKETS / 10);
	ns = bench_send(b, b->gen->progs.gen_send, 2 * PACKETS);
	b->gen->bss->gen_mul = BENCH_LIVE_MUL;
	row_add(DROP, what, 0, "packets/s", 2 * PACKETS / ns * 1e9);
	row_add(DROP_NS, what, 0, "ns", ns / (2 * PACKETS));
	if (b->gen->bss->gen_seen && strcmp(what, FLOOR))
		printf("note: %s: %llu packets came through\n", what, b->gen->bss->gen_seen);
}

/* The cheapest that can be: an XDP program that drops all it gets. */
static void drop_floor(struct bench *b)
{
	fail_on(bpf_xdp_attach((int)b->rig.up, bpf_program__fd(b->gen->progs.gen_drop), 0, NULL),
		"empty program");
	drop_one(b, FLOOR);
	bpf_xdp_detach((int)b->rig.up, 0, NULL);
}

/* The live addresses as a set; the rest of the prefix is dropped. */
static void nft_live(const struct bench *b, const char *chain)
{
	FILE *f = fopen("/tmp/bench.nft", "we");
	uint32_t peers = b->gen->bss->gen_peers;

	if (!f)
		fail_on(-1, "rules");
	fprintf(f, "table %s bench {\n\tset live { type ipv6_addr; elements = {\n",
		strstr(chain, "ingress") ? "netdev" : "inet");
	for (uint32_t nr = 0; nr < peers; nr++) {
		unsigned long long host = BENCH_HOST_PART(nr, BENCH_LIVE_MUL);

		fprintf(f, "2001:db8:5:0:%llx:%llx:%llx:%llx%s", host >> 48, host >> 32 & 0xffff,
			host >> 16 & 0xffff, host & 0xffff, nr + 1 < peers ? ",\n" : "");
	}
	fprintf(f,
		"} }\n\tchain guard {\n\t\t%s\n"
		"\t\tip6 daddr " BENCH_POOL "/64 ip6 daddr != @live drop\n\t}\n}\n",
		chain);
	fclose(f);
	env_run("nft -f /tmp/bench.nft");
}

void bench_drop(struct bench *b)
{
	static const uint32_t peers = 10000;
	static const char ours[] = "our guard in XDP", generic[] = "our guard in tc",
			  ingress[] = "nftables, a set of peers, ingress hook",
			  raw[] = "nftables, a set of peers, prerouting";
	double beyond, floor;

	bench_frame_packet(b);
	bench_open(b, peers);
	for (int round = 0; round < BENCH_ROUNDS; round++) {
		drop_floor(b);
		hooks_on(b);
		drop_one(b, ours);
		bench_hooks_off(b);
		b->rig.dp->conf.xdp_mode = DP_XDP_TC;
		hooks_on(b);
		drop_one(b, generic);
		bench_hooks_off(b);
		b->rig.dp->conf.xdp_mode = DP_XDP_AUTO;
		nft_live(b, "type filter hook ingress device \"up0\" priority 0;");
		drop_one(b, ingress);
		bench_nft_off();
		nft_live(b, "type filter hook prerouting priority raw;");
		drop_one(b, raw);
		bench_nft_off();
	}
	bench_sink_off(b);
	bench_close(b);
	target("packets to nobody, against nftables in prerouting",
	       row_median(DROP, ours, 0) / row_median(DROP, raw, 0), false, 3, "x");
	target("packets to nobody, against nftables in ingress",
	       row_median(DROP, ours, 0) / row_median(DROP, ingress, 0), false, 3, "x");
	target("packets to nobody, our guard in tc, against nftables in ingress",
	       row_median(DROP, generic, 0) / row_median(DROP, ingress, 0), false, 1, "x");
	printf("note: a program that drops all it gets is %.2fx of nftables in prerouting, %.2fx "
	       "in "
	       "ingress: no guard is more\n",
	       row_median(DROP, FLOOR, 0) / row_median(DROP, raw, 0),
	       row_median(DROP, FLOOR, 0) / row_median(DROP, ingress, 0));
	fflush(stdout); /* other rows fork */
	floor = row_median(DROP_NS, FLOOR, 0);
	beyond = row_median(DROP_NS, ours, 0) - floor;
	if (beyond < 1) /* a nanosecond: less than the rows' own spread */
		beyond = 1;
	target("... ingress, time beyond sender and device",
	       (row_median(DROP_NS, ingress, 0) - floor) / beyond, false, 3, "x");
}
