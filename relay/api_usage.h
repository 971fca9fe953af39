/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Rounds: what the net role has counted of every slot goes into the database, once a minute, when
 * somebody asks, and at the end. What nobody has fetched yet is in the kernel still: only a machine
 * that loses its power loses it.
 */
#ifndef RELAY_API_USAGE_H
#define RELAY_API_USAGE_H

#include "api.h"
#include "usage.h"

#define API_USAGE_MS 60000
#define API_USAGE_WAITING 16 /* for the end of one round; more: -EBUSY */

int api_usage_start(struct api *api, struct err *err);
/* The round that runs, or a new one; done is called once at its end, r as of api_net_request(). */
typedef void api_usage_done(int r, void *ctx);
int api_usage_round(struct api *api, api_usage_done *done, void *ctx);
bool api_usage_busy(const struct api *api);
void api_usage_stop(struct api *api); /* what is fetched is stored */

/* The counters in an answer to STATS_GET or PEER_DEL, inside the caller's transaction. */
int api_usage_stats(struct api *api, const struct msg *answer, struct err *err);
/* Of all slots since this process began. */
struct usage api_usage_total(const struct api *api);
/* enum tally_state, as of the last round. */
uint32_t api_usage_tally(const struct api *api, uint32_t slot);

#endif
