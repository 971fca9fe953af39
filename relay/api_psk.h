/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The relay's end of the PSK exchange (lib/psk.h), for every slot. Keys pass through to the net
 * role and are kept nowhere else: not in the database, not here after their installation. What was
 * agreed before relayd started anew lives on in the kernel, and the next exchange replaces it.
 */
#ifndef RELAY_API_PSK_H
#define RELAY_API_PSK_H

#include "../lib/psk_relay.h"
#include "api.h"
#include "db_peer.h"

struct api_psk;

struct api_psk *api_psk_new(uint32_t slots);
void api_psk_free(struct api_psk *psk);
struct api_req;
/* False: the connection's own key exchange is not post-quantum, and the request was refused. */
bool api_psk_channel_fits(struct api_req *req);
/* The epoch that the peer's next offer must have. */
uint64_t api_psk_next(const struct api *api, const struct db_peer *peer);
/* The slot's peer has gone, and its key in the kernel with it. */
void api_psk_forget(const struct api *api, uint32_t slot);

#endif
