/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A peer on its way: asked for (api_peer_ask.c), given a row and addresses (api_peer_add.c), sent
 * to the net role and answered (api_peer.c), shown (api_peer_json.c).
 */
#ifndef RELAY_API_PEER_H
#define RELAY_API_PEER_H

#include <jansson.h>
#include "api.h"
#include "api_error.h"
#include "db_account.h"
#include "db_firewall.h"
#include "db_peer.h"
#include "db_token.h"

/* The body of POST /v1/peers. "Not mentioned" is has_x = false. */
struct api_peer_ask {
	uint8_t public_key[KEY_LEN];
	bool ipv4;
	bool has_container, has_container_id, has_machine, has_bandwidth;
	char container[ALLOC_NAME_LEN];
	char container_id[DB_CONTAINER_ID_LEN];
	char machine[ALLOC_MACHINE_LEN];
	uint32_t bandwidth_mbps;
	uint32_t mtu; /* what its path carries, 0 = not mentioned */
	struct sc_firewall firewall;
};

/* -EINVAL and in err the member's name. */
int api_peer_ask_parse(const json_t *body, struct api_peer_ask *ret_ask, struct err *err);
/* "pubkey" alone, of DELETE. */
int api_peer_key_parse(const json_t *body, uint8_t ret_key[static KEY_LEN], struct err *err);

/* What one request did to the database, so that it can be undone if the net role refuses. */
struct api_peer_change {
	bool had; /* the slot had a peer before */
	struct db_peer before;
	struct sc_firewall firewall_before;
	struct db_peer now;
};

/*
 * Who gets which row: the key's own row if it has one (the row follows the key), else the row of
 * (account, machine, container), whose key is replaced, else a new row. Committed when this
 * returns 0, and then the slot is taken (api_busy_take()). Otherwise nothing changed, and
 * ret_error says which answer fits.
 */
int api_peer_add(struct api *api, const struct db_account *account, const struct db_token *token,
		 const struct api_peer_ask *ask, struct api_peer_change *ret_change,
		 enum api_error *ret_error, struct err *err);
int api_peer_undo(struct api *api, const struct api_peer_change *change, struct err *err);

/* Held rows (addresses without a peer) an account may keep: this many per peer of its tier. */
#define API_PEER_HELD_PER_PEER 16

struct api_req;
/* Out of the kernel, then out of the database, then answered. */
void api_peer_remove(struct api_req *req, const struct db_peer *peer);

/* PEER_SET of a row; its addresses must be of the configured pools: -ERANGE. */
int api_peer_msg(const struct api *api, const struct db_peer *peer, struct msg *ret_msg);
/* Adds or replaces this peer in the kernel, or takes it out if it is not live. Logs a refusal. */
void api_peer_push(struct api *api, const struct db_peer *peer);

/* The public peer object. */
json_t *api_peer_json(const struct api *api, const struct db_peer *peer);

#endif
