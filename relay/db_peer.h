/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Tunnels: a WireGuard key on an address row. A peer is live while its token is valid and neither
 * billing nor quota stopped it; one that is not keeps its row, but the kernel does not see it.
 */
#ifndef RELAY_DB_PEER_H
#define RELAY_DB_PEER_H

#include "../lib/b64.h"
#include "db_address.h"

#define DB_CONTAINER_ID_LEN 65

/* Numbers of the database: never reused. */
enum db_peer_stop { DB_PEER_RUNS, DB_PEER_STOP_BILLING, DB_PEER_STOP_QUOTA };

struct db_peer {
	struct db_address address; /* read with the peer; changed by db_address_*() alone */
	char account[CONF_NAME_LEN];
	char tier[CONF_NAME_LEN];
	bool live;
	uint8_t public_key[KEY_LEN];
	int64_t token;
	char container[ALLOC_NAME_LEN]; /* "" = not given */
	char container_id[DB_CONTAINER_ID_LEN];
	uint32_t bandwidth_mbps; /* guarantee, 0 = none */
	bool ipv4;		 /* asked for */
	bool ipv4_stopped;	 /* the tier has too few: held, but not in the kernel */
	enum db_peer_stop stopped;
	int64_t stopped_at; /* or when its token was revoked; 0 = neither */
	uint32_t wg;	    /* which device of the pair */
	uint32_t mtu;	    /* what its path carries, 0 = nobody looked */
	struct endpoint endpoint;
	int64_t last_handshake; /* 0 = never */
	int64_t created_at;
};

/* -ENOENT if there is none. */
int db_peer_get(struct db *db, uint32_t slot, struct db_peer *ret, struct err *err);
int db_peer_find_key(struct db *db, const uint8_t key[static KEY_LEN], struct db_peer *ret,
		     struct err *err);
/* Adds or replaces the peer of address.slot. */
int db_peer_put(struct db *db, const struct db_peer *peer, struct err *err);
int db_peer_del(struct db *db, uint32_t slot, struct err *err);
/* Only if the slot still has this generation. */
int db_peer_seen(struct db *db, uint32_t slot, uint32_t generation, int64_t last_handshake,
		 const struct endpoint *endpoint, struct err *err);

int db_peer_set_stopped(struct db *db, uint32_t slot, enum db_peer_stop stopped, bool ipv4_stopped,
			struct err *err);

/* Live peers and their IPv4 addresses: of an account, of a token; 0 = all. `except` is left out. */
int db_peer_count(struct db *db, int64_t account, int64_t token, uint32_t except,
		  uint32_t *ret_peers, uint32_t *ret_ipv4, struct err *err);
/* Live ones with a handshake after `since`, and those that billing or quota stopped. */
int db_peer_count_state(struct db *db, int64_t since, uint32_t *ret_up, uint32_t *ret_stopped,
			struct err *err);
#define DB_PEER_NO_SLOT UINT32_MAX

/* VALID: those of valid tokens, the running ones first, then the oldest. */
enum db_peer_set { DB_PEER_ALL, DB_PEER_LIVE, DB_PEER_VALID };
/* In order of slots (but VALID) from `from`, at most `limit`. account, token 0 = all. */
typedef int db_peer_cb(const struct db_peer *peer, void *ctx);
int db_peer_list(struct db *db, enum db_peer_set set, int64_t account, int64_t token, uint32_t from,
		 uint32_t limit, db_peer_cb *cb, void *ctx, struct err *err);

/* Not live since before `since`, at most `limit`. */
int db_peer_list_stopped(struct db *db, int64_t since, uint32_t limit, db_peer_cb *cb, void *ctx,
			 struct err *err);

#endif
