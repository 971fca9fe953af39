/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A peer as both roles and the reconciler know it: one container's tunnel. The api role reads it
 * from the database, sends it to the net role, plan.c compares it with what the kernel has.
 */
#ifndef RELAY_PEER_H
#define RELAY_PEER_H

#include <stdint.h>
#include "../bpf/include/abi.h"
#include "../lib/addr.h"
#include "../lib/b64.h"

struct peer {
	uint32_t slot;
	uint32_t generation; /* of the slot: a new owner is a new number */
	uint32_t account;    /* database id */
	uint32_t wg;	     /* 0 or 1: which device of the pair */
	uint8_t public_key[KEY_LEN];
	uint8_t psk[KEY_LEN]; /* all zero = what the peer has, or a random one */
	struct addr6 v6;
	struct addr4 v4; /* zero = none */
	uint32_t mtu;
	uint32_t rate_kbps;	     /* guarantee (HTB rate), 0 = the tier's share */
	uint32_t ceil_kbps;	     /* tier (HTB ceil), 0 = unshaped */
	uint32_t smtp;		     /* tier: 1 = port 25 is open */
	uint32_t scan_per_s;	     /* tier: new destinations, 0 = no limit */
	struct sc_firewall firewall; /* the peer's own rules, n = 0: open */
	/* While a key rotates: its next or its former key, on the other device of the pair. */
	uint32_t has_other;
	uint8_t other_key[KEY_LEN];
	uint8_t other_psk[KEY_LEN]; /* as psk */
	struct endpoint endpoint;   /* last known; used only when the peer is new to the kernel */
};

#endif
