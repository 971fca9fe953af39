/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What a tunnel's path carries, told by echoes of several sizes: what is to be sent next, pure.
 *
 * A round begins with the size that is in use, those above it that are worth a try, and the floor.
 * What is not answered is sent again, MTU_TRIES times in all: a lost packet is no limit. Between
 * the largest size that was answered and the next one the sizes left are tried, until there are
 * none. A size that was answered speaks for all below it.
 */
#ifndef AGENT_MTU_H
#define AGENT_MTU_H

#include <stdbool.h>
#include <stdint.h>

#define MTU_MIN 1280 /* IPv6's least (RFC 8200 section 5) */
#define MTU_MAX 9200
#define MTU_STEP 16 /* WireGuard pads packets to it: sizes between make no difference */
#define MTU_VOLLEY 16
#define MTU_TRIES 3

struct mtu_volley {
	uint32_t n;
	uint16_t size[MTU_VOLLEY];
};

struct mtu_search {
	bool running;
	uint32_t max;
	uint32_t lo, hi; /* largest that was answered, 0 = none; least that was not, above it */
	bool spare_floor;
	unsigned int sent; /* this volley, so many times */
	struct mtu_volley volley;
	uint32_t answered; /* bits of the volley */
};

/* known: what is in use; 0: nothing is known. */
void mtu_begin(struct mtu_search *s, uint32_t known, uint32_t max);
/*
 * answers: that have come since the last call. False: the round is over, s->lo is what the path
 * carries; 0: nothing was answered, nothing is known. True: send ret_send (n = 0: nothing), wait,
 * and call again.
 */
bool mtu_step(struct mtu_search *s, const struct mtu_volley *answers, struct mtu_volley *ret_send);

#endif
