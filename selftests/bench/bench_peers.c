/* SPDX-License-Identifier: GPL-2.0-only */
/* The frames that are sent, and the slots they are for. */
#include <arpa/inet.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "bench.h"

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
