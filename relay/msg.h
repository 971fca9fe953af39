/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Messages between the api role and the net role: fixed size, one per SOCK_SEQPACKET datagram,
 * host byte order (same machine, same binary). The net role checks every value again.
 *
 *	api -> net		net -> api
 *	SYNC_BEGIN		RELAY (once, and when it changes)
 *	PEER_SET ...		DONE (seq of each request, in order)
 *	SYNC_END
 *	PEER_SET, PEER_DEL, PEER_PSK
 *	PEER_DEL		also STATS: the last of its counters, before DONE
 *	STATS_GET		STATS (slot), then DONE
 *	USAGE_GET		USAGE (slots from this one on that have counted anything), then DONE
 *	DROPS_GET		DROPS, then DONE
 *	EVENTS_GET		EVENTS (drops of late), then DONE; the next two seconds' are kept
 *				SEEN (peer's handshake or endpoint changed; every 5 s at most)
 *				RELOAD (configuration file changed: api role exits, is started anew)
 */
#ifndef RELAY_MSG_H
#define RELAY_MSG_H

#include <stdint.h>
#include "../bpf/include/drop.h"
#include "../lib/err.h"
#include "db_identity.h"
#include "dp.h"
#include "peer.h"
#include "pool.h"
#include "tally.h"
#include "usage.h"

#define MSG_MAX_EVENTS 8
#define MSG_MAX_USAGE 12

enum msg_type {
	MSG_NONE,
	MSG_SYNC_BEGIN, /* what is not named before SYNC_END is removed */
	MSG_SYNC_END,
	MSG_PEER_SET,
	MSG_PEER_DEL,
	MSG_PEER_PSK, /* the pre-shared key of a live peer */
	MSG_STATS_GET,
	MSG_DROPS_GET,
	MSG_RELAY,
	MSG_DONE,
	MSG_STATS,
	MSG_DROPS,
	MSG_SEEN,
	MSG_RELOAD,
	MSG_EVENTS_GET,
	MSG_EVENTS,
	MSG_USAGE_GET,
	MSG_USAGE,
	MSG_TYPE_MAX,
};

struct msg {
	uint32_t type; /* enum msg_type */
	uint32_t seq;  /* of the request; an answer repeats it */
	union {
		struct {
			uint8_t database[DB_IDENTITY_LEN]; /* where the peers come from */
		} sync;					   /* SYNC_BEGIN */
		struct peer peer;			   /* PEER_SET */
		struct {
			uint32_t slot;
			uint32_t generation;
		} slot; /* PEER_DEL, STATS_GET; USAGE_GET: where to begin */
		struct {
			uint32_t slot;
			uint32_t generation;
			uint8_t public_key[KEY_LEN];
			uint8_t psk[KEY_LEN];
		} psk; /* PEER_PSK */
		struct {
			uint8_t wg_public_key[2][KEY_LEN];
			uint16_t wg_port[2];
			uint32_t slots;
			uint32_t max_mtu;
			uint64_t memory_bytes; /* of the data plane's maps */
			struct addr4 router4;  /* nobody may have it; zero = none */
			char xdp_mode[16];
			uint8_t pool6_why[SC_MAX_POOLS]; /* enum pool_why, as configured */
			uint8_t pool4_why[SC_MAX_POOLS];
		} relay;
		struct {
			int32_t result; /* 0 or negative errno */
			char text[ERR_TEXT_LEN];
		} done;
		struct {
			uint32_t slot;
			uint32_t generation;
			uint8_t run[USAGE_RUN_LEN];
			struct usage usage;
			uint64_t outside_packets; /* of usage.down_packets */
			uint64_t drop_packets, drop_bytes;
			struct tally tally; /* as of the last USAGE_GET of slot 0 */
		} stats;
		struct {
			uint8_t run[USAGE_RUN_LEN];
			uint32_t next; /* where to go on, 0 = that was all */
			uint32_t n;
			struct {
				uint32_t slot;
				uint32_t generation;
				uint32_t tally; /* enum tally_state */
				struct usage usage;
			} entry[MSG_MAX_USAGE];
		} usage;
		struct {
			uint64_t count[SC_DROP_MAX];
			uint32_t tally_differs; /* peers, as of the last USAGE_GET of slot 0 */
		} drops;
		struct {
			uint32_t n; /* as many as MSG_MAX_EVENTS: ask again at once */
			struct dp_event event[MSG_MAX_EVENTS];
		} events;
		struct {
			uint32_t slot;
			uint32_t generation;
			int64_t last_handshake_s;    /* CLOCK_REALTIME, 0 = never */
			uint64_t rx_bytes, tx_bytes; /* WireGuard's own counters */
			struct endpoint endpoint;
		} seen;
	};
};

/* Inherited descriptors of the api role. */
#define MSG_FD 3      /* socket pair to the net role */
#define MSG_FD_TLS 4  /* listening socket of the API */
#define MSG_FD_CTL 5  /* listening socket of relayctl (Unix) */
#define MSG_FD_CONF 6 /* the configuration file's text (memfd) */

/* One datagram each way; short, long or unknown messages are -EPROTO. -EAGAIN when none/full. */
int msg_send(int fd, const struct msg *msg);
int msg_recv(int fd, struct msg *ret_msg);

#endif
