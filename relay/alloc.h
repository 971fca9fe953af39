/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Which slot and which addresses an identity gets: pure functions of a secret key, so that the
 * same container on the same machine gets the same addresses (even from an empty database), and
 * nobody can guess them in bulk. What is taken already is asked of the caller.
 */
#ifndef RELAY_ALLOC_H
#define RELAY_ALLOC_H

#include "conf.h"

#define ALLOC_KEY_LEN 32
#define ALLOC_NAME_LEN 129 /* of a container */
#define ALLOC_MACHINE_LEN 65

/* Account and machine and container by name; ids of the database are not part of it. */
struct alloc_id {
	char account[CONF_NAME_LEN];
	char machine[ALLOC_MACHINE_LEN]; /* may be "" */
	char name[ALLOC_NAME_LEN];
};

/* 1 = taken, 0 = free, or a negative errno that ends the search. */
typedef int alloc_slot_taken(uint32_t slot, void *ctx);
typedef int alloc_v4_taken(struct addr4 v4, void *ctx);

/* A free slot, by linear probing from the keyed hash. -ENOSPC when all are taken. */
int alloc_slot(const uint8_t key[static ALLOC_KEY_LEN], const struct alloc_id *id, uint32_t slots,
	       alloc_slot_taken *taken, void *ctx, uint32_t *ret_slot);
/* Prefix, keyed pseudo-random bits, slot. Never the relay's own address. */
int alloc_v6(const uint8_t key[static ALLOC_KEY_LEN], const struct alloc_id *id,
	     const struct conf *conf, uint32_t slot, struct addr6 *ret_v6);
/* A free address of the IPv4 pools. Never a network or broadcast address, never the relay's own.
 * -ENOSPC when all are taken. */
int alloc_v4(const uint8_t key[static ALLOC_KEY_LEN], const struct alloc_id *id,
	     const struct conf *conf, alloc_v4_taken *taken, void *ctx, struct addr4 *ret_v4);

/* Does the configuration still own this address? */
bool alloc_v6_ours(const struct conf *conf, const struct addr6 *v6, uint32_t slot);
bool alloc_v4_ours(const struct conf *conf, struct addr4 v4);

#endif
