/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Handshakes and endpoints as the net role sees them, on their way into the database: collected,
 * then written in one transaction, since each costs an fsync.
 */
#ifndef RELAY_API_SEEN_H
#define RELAY_API_SEEN_H

#include "api.h"

#define API_SEEN_MAX 2048 /* full: written at once */
#define API_SEEN_FLUSH_MS 5000

int api_seen_start(struct api *api, struct err *err);
void api_seen_add(struct api *api, const struct msg *msg);
/* A handshake that is not in the database yet, or 0. */
int64_t api_seen_pending(const struct api *api, uint32_t slot, uint32_t generation);
void api_seen_stop(struct api *api); /* writes what is left */

#endif
