/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The other way: out of a tunnel and to the internet; in our case straight to the uplink's router,
 * or, as long as none is known, by way of the VRF's device. The tunnel's stand-in is VXLAN-GPE over
 * the uplink: no link layer, packets come by NAPI.
 */
#include <bpf/bpf.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <cmocka.h>
#include "bench.h"

#define UP "tunnel (VXLAN-GPE) to internet, one packet"
#define PLAIN "plain forwarding, no hook"
#define OURS "all our hooks"
#define VRF "all our hooks, by the VRF's route"
#define RULES "nftables, counter and limit per peer"
#define PACKETS 300000

static void one(struct bench *b, const char *what, uint32_t peers)
{
	const struct bpf_program *prog = b->gen->progs.gen_send_up;

	bench_sink_on(b, b->rig.up);
	bench_send(b, prog, peers < 20000 ? 20000 : 2 * peers); /* warm: every peer is known */
	row_add(UP, what, peers, "ns", bench_per_packet(b, prog, PACKETS, what));
}

static void hooks_on(struct bench *b, bool straight)
{
	static const uint8_t router[16] = {0xfe, 0x80, [15] = 0x0b};
	struct err err = {};

	if (!dp_gateway_set(b->rig.dp, AF_INET6, AF_INET6, straight ? router : NULL, &err) &&
	    !dp_attach_wg(b->rig.dp, (int)b->rig.wg1, 1, &err) &&
	    !dp_attach_uplink(b->rig.dp, (int)b->rig.up, &err))
		return;
	fprintf(stderr, "bench: %s\n", err.text);
	exit(1);
}

void bench_up(struct bench *b)
{
	static const uint32_t sizes[] = {1000, 10000, 100000};

	bench_frame_up(b);
	b->peers_wg = b->rig.wg1;
	for (size_t i = 0; i < ARRAY_SIZE(sizes) && sizes[i] <= b->most; i++) {
		bench_open(b, sizes[i]);
		for (int round = 0; round < BENCH_ROUNDS; round++) {
			one(b, PLAIN, sizes[i]);
			bench_sink_off(b);
			hooks_on(b, true);
			one(b, OURS, sizes[i]);
			bench_stats(b, b->gen->progs.gen_send_up, PACKETS / 10, sizes[i]);
			bench_hooks_off(b);
			hooks_on(b, false);
			one(b, VRF, sizes[i]);
			bench_hooks_off(b);
			bench_nft_per_peer("saddr");
			one(b, RULES, sizes[i]);
			bench_nft_off();
		}
		bench_sink_off(b);
		bench_close(b);
	}
	b->peers_wg = b->rig.wg0;
	for (size_t i = 0; i < ARRAY_SIZE(sizes) && sizes[i] <= b->most; i++) {
		double plain = row_median(UP, PLAIN, sizes[i]);
		double added = row_median(UP, OURS, sizes[i]) - plain;
		double rules = row_median(UP, RULES, sizes[i]) - plain;
		double vrf = row_median(UP, VRF, sizes[i]) - plain;
		char name[96];

		snprintf(name, sizeof(name), "added by all our hooks, upload, %u peers", sizes[i]);
		target(name, added / 1000, true, 0.4, "us");
		snprintf(name, sizeof(name), "... against by the VRF's route (%.2f us)",
			 vrf / 1000);
		target(name, added / 1000, true, vrf / 1000, "us");
		snprintf(name, sizeof(name), "... against what nftables adds (%.2f us)",
			 rules / 1000);
		target(name, added / 1000, true, rules / 1000, "us");
	}
}
