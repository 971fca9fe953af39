/* SPDX-License-Identifier: GPL-2.0-only */
/* A peer's key changes without a packet lost: /v1/peers/rotate, and what is overdue. */
#ifndef RELAY_API_ROTATE_H
#define RELAY_API_ROTATE_H

#include "api.h"
#include "db_peer.h"

struct api_rotate;

int api_rotate_start(struct api *api, struct err *err);
void api_rotate_stop(struct api *api); /* run the loop on, then: */
void api_rotate_free(struct api *api);
/* The other key of a peer that rotates goes along in each PEER_SET. */
void api_rotate_fill(const struct api *api, const struct db_peer *peer, struct peer *ret_peer);
/* The peer that is to have this key, as it would be then. -ENOENT: none. */
int api_rotate_next(const struct api *api, const uint8_t key[static KEY_LEN],
		    struct db_peer *ret_peer, struct err *err);

#endif
