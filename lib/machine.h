/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The binding of an agent's installation to its host. The agent has an Ed25519 key; in every TLS
 * connection it signs that connection's exporter (RFC 8446 section 7.5), its name and three
 * factors, so that a proof is of no use in another connection. A factor is
 * HMAC-SHA-256(salt, HMAC-SHA-256(pepper, kind 00 value)): the salt is the relay's for the account,
 * the pepper comes with the agent's build and is no secret.
 */
#ifndef LIB_MACHINE_H
#define LIB_MACHINE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include "b64.h"
#include "err.h"

#define MACHINE_NAME_LEN 65 /* letters, digits, _ and -, NUL */
#define MACHINE_SIG_LEN 64
#define MACHINE_EXPORT_LEN 32
#define MACHINE_EXPORT_LABEL "EXPORTER-sidecar-machine"

/* machine-id; DMI; first network device and CPU. Never given another meaning. */
#define MACHINE_FACTORS 3
#define MACHINE_FACTOR_LEN 32

struct machine_factors {
	uint8_t hash[MACHINE_FACTORS][MACHINE_FACTOR_LEN]; /* all zero = this host has none */
};

/* What a session's signature is over. */
struct machine_proof {
	uint8_t exporter[MACHINE_EXPORT_LEN];
	const char *name;
	struct machine_factors factors;
};

int machine_public(const uint8_t seed[static KEY_LEN], uint8_t ret_public[static KEY_LEN],
		   struct err *err);
int machine_sign(const uint8_t seed[static KEY_LEN], const struct machine_proof *proof,
		 uint8_t ret_sig[static MACHINE_SIG_LEN], struct err *err);
/* -EKEYREJECTED: somebody else's signature, or over something else. */
int machine_verify(const uint8_t public_key[static KEY_LEN], const struct machine_proof *proof,
		   const uint8_t sig[static MACHINE_SIG_LEN], struct err *err);

/* The agent's first half. value "" = none: the hash is zero. */
int machine_factor(const char *pepper, const char *kind, const char *value,
		   uint8_t ret_hash[static MACHINE_FACTOR_LEN]);
/* The second half, of all that are there. */
int machine_factors_salt(const struct machine_factors *inner, const uint8_t salt[static KEY_LEN],
			 struct machine_factors *ret);

unsigned int machine_factors_count(const struct machine_factors *f);
/* Is `now` the host that `was` is of? Two factors must agree, or the one if there was one only.
 * ret_changed: not all three are the same. Constant time in the hashes. */
bool machine_factors_match(const struct machine_factors *was, const struct machine_factors *now,
			   bool *ret_changed);

#endif
