/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What every stage uses. A stage returns 0 (go on), a verdict (positive) or a drop reason
 * (negative, drop.h); each program has one exit that turns this into the hook's own number and
 * counts it.
 */
#ifndef SIDECAR_BASE_H
#define SIDECAR_BASE_H

#include <stdbool.h>
#include <stddef.h>
#include <linux/bpf.h>
#include <linux/if_ether.h>
#include <bpf/bpf_endian.h>
#include <bpf/bpf_helpers.h>
#include "../include/abi.h"
#include "../include/drop.h"

#define STAGE static __always_inline
/* A function that the verifier reads once, whatever led to its call: for loops over a packet, which
 * would be read again for every path before them. */
#define ONCE __attribute__((noinline))

enum verdict {
	V_PASS = 1, /* not ours: to the next program, then the stack */
	V_STACK,    /* ours, but the stack has to deal with it */
	V_ANSWER,   /* becomes its own answer and goes back where it came from */
	V_FORWARD,  /* goes on as this program's job is */
};

#define SLOT_NONE 0xffffffff

/* Packets are read and written by words wherever they lie: these types may alias anything. */
typedef __u16 __attribute__((may_alias)) word16;
typedef __u32 __attribute__((may_alias)) word32;
typedef __u64 __attribute__((may_alias)) word64;

/* An IPv6 address, in network order. */
struct addr6 {
	__u32 w[4];
} __attribute__((may_alias));

STAGE bool addr6_eq(const void *a, const void *b)
{
	const word64 *x = a, *y = b;

	return x[0] == y[0] && x[1] == y[1];
}

STAGE void addr6_copy(void *to, const void *from)
{
	const word32 *x = from;
	word32 *y = to;

	y[0] = x[0];
	y[1] = x[1];
	y[2] = x[2];
	y[3] = x[3];
}

STAGE bool mac_eq(const __u8 *a, const __u8 *b)
{
	const word16 *x = (const void *)a, *y = (const void *)b;

	return !((x[0] ^ y[0]) | (x[1] ^ y[1]) | (x[2] ^ y[2]));
}

STAGE void mac_copy(__u8 *to, const __u8 *from)
{
	const word16 *x = (const void *)from;
	word16 *y = (void *)to;

	y[0] = x[0];
	y[1] = x[1];
	y[2] = x[2];
}

#endif
