/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What agent and relay know each other by, in the state folder: machine.key, this installation's
 * Ed25519 key (32 bytes, made at the first start), and relay.json, the pins that the relay has
 * announced since the join string was made. Both 0600, written atomically.
 *
 * Announced pins count for the join string that they began with: another one starts anew. They
 * come through a connection that the present pins hold for, and are two at least.
 */
#ifndef AGENT_TRUST_H
#define AGENT_TRUST_H

#include "../lib/join.h"
#include "../lib/machine.h"

#define TRUST_PATH_LEN 192
#define TRUST_KEY_FILE "machine.key"
#define TRUST_PINS_FILE "relay.json"

struct trust {
	char pins_path[TRUST_PATH_LEN];
	uint8_t seed[KEY_LEN];
	uint8_t public_key[KEY_LEN];
	struct join join; /* with the pins of the join string */
	struct tls_pin pins[TLS_MAX_PINS];
	size_t n_pins;
};

/* A file that makes no sense is an error, never overwritten. */
int trust_load(const char *dir, const struct join *join, struct trust *ret, struct err *err);
/* 1: other pins than before, stored; 0: the same. An error leaves the old ones. */
int trust_set_pins(struct trust *trust, const struct tls_pin *pins, size_t n, struct err *err);
void trust_wipe(struct trust *trust);

#endif
