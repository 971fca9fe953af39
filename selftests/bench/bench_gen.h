/* SPDX-License-Identifier: GPL-2.0-only */
/* What the benchmark's programs and its user side agree on. */
#ifndef SELFTESTS_BENCH_GEN_H
#define SELFTESTS_BENCH_GEN_H

#define BENCH_FRAME_LEN 128
#define BENCH_PACKET_LEN 62  /* Ethernet, IPv6, UDP */
#define BENCH_SOLICIT_LEN 86 /* Ethernet, IPv6, neighbour solicitation, source option */
#define BENCH_UP_LEN 106     /* Ethernet, IPv4, UDP, VXLAN-GPE, IPv6, UDP */
#define BENCH_UP_SRC_AT 58
#define BENCH_DST_AT 38
#define BENCH_SUM_AT 56
#define BENCH_TARGET_AT 62

/* A peer's address: 44 bits that look random, then its slot. Another multiplier: no peer's. */
#define BENCH_LIVE_MUL 0x9e3779b97f4a7c15ull
#define BENCH_DEAD_MUL 0xd1342543de82ef95ull
#define BENCH_HOST_PART(nr, mul) ((((__u64)(nr) + 1) * (mul) & ~0xfffffull) | (nr))

#endif
