/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * How often somebody may do a thing: by address (IPv6: by /64) or by a number such as a token's id.
 * GCRA in a fixed table; when it is full, who did it longest ago makes room.
 */
#ifndef RELAY_API_RATE_H
#define RELAY_API_RATE_H

#include <stdbool.h>
#include "../lib/addr.h"
#include "../lib/mono.h"

#define API_RATE_MAX_KEYS 1024

struct api_rate;

/* `burst` at once, then one per interval. NULL without memory. */
struct api_rate *api_rate_new(uint32_t burst, uint32_t interval_ms);
void api_rate_free(struct api_rate *rate);
/* Counts one. True: too many, and then it is not counted. */
bool api_rate_add(struct api_rate *rate, const struct endpoint *remote, struct mono now);
bool api_rate_add_id(struct api_rate *rate, int64_t id, struct mono now);
/* Is it used up? Counts nothing. */
bool api_rate_full(const struct api_rate *rate, const struct endpoint *remote, struct mono now);

#endif
