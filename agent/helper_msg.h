/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Messages between the worker (no rights: Docker, HTTPS, JSON) and the helper (root: namespaces and
 * devices). Fixed size, one per SOCK_SEQPACKET datagram, host byte order. The helper checks every
 * value again. Each request gets exactly one answer with the same seq, in order.
 *
 *	OPEN	netns path (Docker's SandboxKey) -> handle of the open namespace. The worker
 *		inspects the container again before it uses the handle: pid reuse cannot fool it.
 *	ATTACH	handle: makes, configures and moves the tunnel into the namespace, or adjusts by
 *		difference the one that is there. Idempotent.
 *	DETACH	handle: removes device, rules and routes from the namespace. Nothing there =
 *		success.
 *	STATUS	handle: what the tunnel there looks like.
 *	PSK	handle: another pre-shared key for the tunnel there.
 *	PREPARE	handle: a second tunnel beside the one that is there, with another key. Nothing is
 *		sent into it yet.
 *	SWITCH	handle: routes lead into the second tunnel from now on. ATTACH with either one's
 *		configuration leaves that one alone and removes the other.
 *	PROBE	handle: sends packets of these sizes to the echo at the tunnel's far end. None: says
 *		which have come back. Waits for nothing.
 *	CLOSE	handle: forgets the namespace.
 *	SWEEP	removes devices "wg-" and 8 digits that a crash left in the host's namespace.
 */
#ifndef AGENT_HELPER_MSG_H
#define AGENT_HELPER_MSG_H

#include <stdint.h>
#include "../lib/addr.h"
#include "../lib/b64.h"
#include "../lib/err.h"
#include "mtu.h"

#define HELPER_PATH_LEN 192
#define HELPER_ID_LEN 65	/* container id: 64 hex digits and NUL */
#define HELPER_MAX_HANDLES 1024 /* open namespaces; more: -EMFILE */
#define HELPER_FD 3		/* the worker's end of the socket pair */

#define TUNNEL_DEVICE "sidecar0" /* the device's name inside the container */
#define TUNNEL_SECOND "sidecar1" /* while a key rotates; on Linux before 6.2 every other time */
#define TUNNEL_TABLE 5820	 /* routing table and first rule priority inside the container */
#define TUNNEL_RTPROT 92

enum helper_type {
	HELPER_NONE,
	HELPER_OPEN,
	HELPER_ATTACH,
	HELPER_DETACH,
	HELPER_STATUS,
	HELPER_PSK,
	HELPER_PREPARE,
	HELPER_SWITCH,
	HELPER_PROBE,
	HELPER_CLOSE,
	HELPER_SWEEP,
	HELPER_ANSWER,
	HELPER_TYPE_MAX,
};

/* Everything a tunnel is made of. */
struct tunnel_conf {
	char container_id[HELPER_ID_LEN];
	uint8_t private_key[KEY_LEN];
	uint8_t relay_key[KEY_LEN];
	uint8_t psk[KEY_LEN]; /* all zero = what the tunnel has; a new one gets a random one */
	struct endpoint endpoint;
	struct addr6 v6;	/* zero = none */
	struct addr4 v4;	/* zero = none */
	uint32_t mtu;		/* of its routes: what the path carries */
	uint32_t mtu_max;	/* of the device: a probe must be able to try it */
	uint32_t egress_tunnel; /* 1: default routes of the granted families lead into the tunnel */
};

/* Which of two: the one that has this key; all zero = the one that is there. */
struct tunnel_which {
	uint8_t public_key[KEY_LEN];
};

/* The pre-shared key alone, of a tunnel that is there. */
struct tunnel_psk {
	struct tunnel_which which;
	uint8_t relay_key[KEY_LEN];
	uint8_t psk[KEY_LEN]; /* all zero = a random one: nothing passes */
};

/* BEGIN: what comes back of former ones is not counted any more. END: neither sends nor says. */
enum tunnel_probe_how { TUNNEL_PROBE_GO_ON, TUNNEL_PROBE_BEGIN, TUNNEL_PROBE_END };

struct tunnel_probe {
	struct tunnel_which which;
	struct addr6 v6; /* the container's, zero = none */
	struct addr4 v4; /* used where there is no IPv6 */
	uint32_t how;	 /* enum tunnel_probe_how */
	struct mtu_volley volley;
};

struct tunnel_status {
	uint32_t present; /* the device is there, is WireGuard and up */
	uint8_t public_key[KEY_LEN];
	struct addr6 v6; /* as configured on the device */
	struct addr4 v4;
	int64_t last_handshake_s; /* CLOCK_REALTIME, 0 = never */
	uint64_t rx_bytes, tx_bytes;
};

struct helper_msg {
	uint32_t type;
	uint32_t seq;
	uint32_t handle; /* all but OPEN and SWEEP; answer to OPEN */
	int32_t result;	 /* answer: 0 or negative errno */
	union {
		char path[HELPER_PATH_LEN];  /* OPEN */
		struct tunnel_conf conf;     /* ATTACH, PREPARE, SWITCH */
		struct tunnel_which which;   /* STATUS */
		struct tunnel_psk psk;	     /* PSK */
		struct tunnel_status status; /* answer to STATUS */
		struct tunnel_probe probe;   /* PROBE; in the answer the volley alone: what came */
		uint32_t without_v6;	     /* answer to ATTACH: 1 = the machine has no IPv6 */
		char text[ERR_TEXT_LEN];     /* answer with result < 0 */
	};
};

/* One datagram each way; wrong size or type is -EPROTO, -EAGAIN when none/full. */
int helper_msg_send(int fd, const struct helper_msg *msg);
int helper_msg_recv(int fd, struct helper_msg *ret_msg);

#endif
