/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The benchmark: one program, one run, one CPU. What is compared runs in turns (A B A B ...); each
 * row is the median of the rounds with their range.
 */
#ifndef SELFTESTS_BENCH_H
#define SELFTESTS_BENCH_H

#include <stdint.h>
#include "../../relay/dp_impl.h"
#include "../bpf/rig.h"
#include "bench_gen.h"
#include "gen.skel.h"

#define BENCH_ROUNDS 5
#define BENCH_POOL "2001:db8:5::"
#define BENCH_SLOTS SC_SLOTS_MAX

struct row {
	const char *group, *what; /* of string literals */
	uint32_t peers;		  /* 0 = does not matter */
	const char *unit;
	double value[BENCH_ROUNDS];
	int n;
};

/* Rows are kept by (group, what, peers); the first call makes one. */
void row_add(const char *group, const char *what, uint32_t peers, const char *unit, double value);
double row_median(const char *group, const char *what, uint32_t peers);

/* A target of design.md section 8, or a comparison that may be lost. at_most: else at least. */
void target(const char *name, double value, bool at_most, double limit, const char *unit);

struct utsname;
void bench_print(const struct utsname *kernel, const char *cpu);
void bench_print_json(const char *path, const struct utsname *kernel, const char *cpu);
void bench_die(const char *what); /* with errno's text */

struct bench {
	struct rig rig; /* BENCH_SLOTS slots, the first `peers` of them live */
	struct gen *gen;
	int home, world;   /* namespaces */
	uint32_t up1;	   /* the other end of the uplink, in world */
	int tun;	   /* the tunnel's stand-in for what goes in */
	uint32_t peers_wg; /* the device of all slots */
	int sink;	   /* link, -1 = none */
	uint32_t most;	   /* parts leave out what has more peers */
};

/* Frames for the generator. */
void bench_frame_packet(struct bench *b);
void bench_frame_up(struct bench *b);
void bench_frame_solicit(struct bench *b);
/* Opens the data plane, whose first n slots are live. */
void bench_open(struct bench *b, uint32_t peers);
void bench_close(struct bench *b);
/* Sends n frames from world into the uplink; nanoseconds from the first to the last. */
double bench_send(struct bench *b, const struct bpf_program *prog, uint32_t n);
double bench_now_ns(void);

/* Detaches our programs from all devices, at once; the data plane stays open. */
void bench_hooks_off(struct bench *b);
/* Takes all IPv6 packets that leave by the device, behind every program that is there. */
void bench_sink_on(struct bench *b, uint32_t ifindex);
void bench_sink_off(struct bench *b);
/* Nanoseconds for each of n packets that reached the sink; a note when some did not. */
double bench_per_packet(struct bench *b, const struct bpf_program *prog, uint32_t n,
			const char *what);

/* Adds a row for each program of ours that ran while n frames were sent, by the kernel's own clock
 * (kernel.bpf_stats_enabled), which costs a few nanoseconds itself. */
void bench_stats(struct bench *b, const struct bpf_program *prog, uint32_t n, uint32_t peers);

/* nftables that counts and limits each peer, by its address: "saddr" or "daddr" of IPv6. */
void bench_nft_per_peer(const char *whose);
void bench_nft(const char *rules);
void bench_nft_off(void);

void bench_hooks(struct bench *b);
void bench_forward(struct bench *b);
void bench_up(struct bench *b);
void bench_drop(struct bench *b);
void bench_ndp(struct bench *b);
void bench_scrape(struct bench *b);

#endif
