/* SPDX-License-Identifier: GPL-2.0-only */
/* Reading the counters of 100,000 peers: from the mapped memory, and in batches by system calls. */
#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <stdio.h>
#include <stdlib.h>
#include "bench.h"
#include "sidecar.skel.h"

#define SCRAPE "counters of all peers, read once"
#define PEERS 100000
#define BATCH 4096

static double by_mmap(struct bench *b)
{
	double start = bench_now_ns();
	volatile uint64_t sum = 0;

	for (uint32_t nr = 0; nr < PEERS; nr++) {
		struct sc_counters c;

		dp_counters(b->rig.dp, nr, &c);
		sum += c.up_bytes + c.down_bytes;
	}
	return (bench_now_ns() - start) / 1e6;
}

/* The same map's stripes, in the same order, added up in the same way. */
static double by_batch(struct bench *b)
{
	int fd = bpf_map__fd(b->rig.dp->skel->maps.counters);
	uint64_t *sums = calloc(BENCH_SLOTS, sizeof(*sums));
	struct sc_counters *values = calloc(BATCH, sizeof(*values));
	uint32_t *keys = calloc(BATCH, sizeof(*keys)), at = 0, count;
	double start = bench_now_ns();
	int r = 0;

	if (!sums || !values || !keys)
		exit(1);
	for (bool first = true; !r; first = false) {
		count = BATCH;
		r = bpf_map_lookup_batch(fd, first ? NULL : &at, &at, keys, values, &count, NULL);
		for (uint32_t i = 0; i < count; i++)
			sums[keys[i] % BENCH_SLOTS] += values[i].up_bytes + values[i].down_bytes;
	}
	start = (bench_now_ns() - start) / 1e6;
	free(sums);
	free(values);
	free(keys);
	return start;
}

void bench_scrape(struct bench *b)
{
	bench_open(b, PEERS);
	for (int round = 0; round < BENCH_ROUNDS; round++) {
		row_add(SCRAPE, "memory map, no system call", PEERS, "ms", by_mmap(b));
		row_add(SCRAPE, "lookup_batch", PEERS, "ms", by_batch(b));
	}
	bench_close(b);
	target("counters of 100000 peers, time against lookup_batch",
	       row_median(SCRAPE, "memory map, no system call", PEERS) /
		       row_median(SCRAPE, "lookup_batch", PEERS),
	       true, 1, "x");
}
