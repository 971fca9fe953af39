/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The post-quantum pre-shared key of a tunnel: what both ends make of one X-Wing exchange, and the
 * schedule they keep. psk_agent.h and psk_relay.h are the two ends as state machines without
 * sockets, clocks or random sources of their own. The exchange runs in the authenticated channel,
 * never in the tunnel that it protects:
 *
 *	agent					relay
 *	offer {epoch, pk}	------------>	encapsulates, installs nothing
 *				<------------	{epoch, ct, confirm}
 *	commit {epoch, confirm}	------------>	knows that the agent has the key: installs it
 *				<------------	{epoch}
 *	installs it
 *
 * WireGuard looks at the key in handshakes only, so a running session feels none of this. The relay
 * says which epoch comes next: in what describes a peer, and when it refuses another one. A
 * repeated offer or commit is answered as before; whatever is older is refused. So a message that
 * was lost, doubled or late, or an end that started anew, costs one more exchange and no key.
 */
#ifndef LIB_PSK_H
#define LIB_PSK_H

#include <stdint.h>
#include "addr.h"
#include "b64.h"
#include "err.h"
#include "xwing.h"

#define PSK_CONFIRM_LEN 32
#define PSK_RELAY_NAME_LEN 64
#define PSK_PERIOD_MS 120000		 /* between exchanges, +-10 % */
#define PSK_EPOCH_MAX ((1ULL << 53) - 1) /* exact in every JSON implementation */

/* Who talks, as both ends know it. */
struct psk_ids {
	char relay[PSK_RELAY_NAME_LEN]; /* the relay's name */
	struct addr6 peer;		/* the peer's own address: its id */
	uint8_t agent_key[KEY_LEN];	/* WireGuard's public keys */
	uint8_t relay_key[KEY_LEN];
};

struct psk_keys {
	uint8_t psk[KEY_LEN];
	uint8_t confirm_relay[PSK_CONFIRM_LEN]; /* each shows that its sender has the secret */
	uint8_t confirm_agent[PSK_CONFIRM_LEN];
};

/*
 * HKDF-SHA-256 (RFC 5869) of the X-Wing secret. info holds version, relay, peer, both WireGuard
 * keys, epoch and the hash of all these with pk and ct: another value anywhere gives other keys.
 */
int psk_derive(const struct psk_ids *ids, uint64_t epoch, const uint8_t pk[static XWING_PK_LEN],
	       const uint8_t ct[static XWING_CT_LEN], const uint8_t ss[static XWING_SS_LEN],
	       struct psk_keys *ret_keys, struct err *err);

#endif
