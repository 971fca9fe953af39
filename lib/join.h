/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Join string: what an agent needs to trust a relay, in one line to copy:
 *	sidecar://HOST:PORT/?pin=PIN&pin=PIN
 * PIN is base64url (no padding) of SHA-256 over the relay's SubjectPublicKeyInfo; the first is the
 * live key, the second the standby key. At least two, at most TLS_MAX_PINS, all different.
 */
#ifndef LIB_JOIN_H
#define LIB_JOIN_H

#include <stdint.h>
#include "err.h"
#include "tls.h"

#define JOIN_HOST_LEN 254
#define JOIN_TEXT_LEN 600

struct join {
	char host[JOIN_HOST_LEN]; /* name, IPv4 or IPv6 literal without brackets */
	uint16_t port;
	struct tls_pin pins[TLS_MAX_PINS];
	size_t n_pins;
};

int join_parse(const char *text, struct join *ret_join, struct err *err);
const char *join_text(char out[static JOIN_TEXT_LEN], const struct join *join);

#endif
