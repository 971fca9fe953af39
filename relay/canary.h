/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A warrant canary as its author signed it, offline (relay.yaml(5) says how):
 *
 *	Sidecar warrant canary 1
 *	Sequence: 12
 *	Date: 2026-11-01
 *	Next: 2026-12-01
 *	Previous: SHA-256 of the former signed text in hexadecimal; "-" for the first
 *
 *	The statement, any lines.
 *	Signature: BASE64
 *
 * Signed are all bytes before the last line: Ed25519 (RFC 8032), 64 bytes.
 */
#ifndef RELAY_CANARY_H
#define RELAY_CANARY_H

#include <stdbool.h>
#include <stddef.h>
#include "../lib/b64.h"
#include "../lib/err.h"

#define CANARY_MAX_BYTES 16384
#define CANARY_HASH_LEN 32
#define CANARY_SIGNATURE_LEN 64

struct canary {
	uint32_t sequence; /* from 1 */
	int64_t date, next_due;
	bool first; /* no previous */
	uint8_t previous[CANARY_HASH_LEN];
	uint8_t hash[CANARY_HASH_LEN]; /* of the signed text */
	uint8_t signature[CANARY_SIGNATURE_LEN];
	size_t signed_len;
	size_t statement; /* offset */
};

/* Form alone. -EINVAL. */
int canary_parse(const char *text, size_t len, struct canary *ret_canary, struct err *err);
/* -EKEYREJECTED when the signature is not of this key. */
int canary_verify(const struct canary *canary, const char *text, const uint8_t key[static KEY_LEN],
		  struct err *err);
/* Does it follow the one that was accepted last? 1 = it is that one, 0 = it is the next. */
int canary_follows(const struct canary *canary, int64_t last_sequence,
		   const uint8_t last_hash[static CANARY_HASH_LEN], struct err *err);

#endif
