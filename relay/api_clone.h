/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Two agents with one key: an older connection is used after a newer one had begun, or sessions
 * come from two addresses in turn. Two tunnels with one key: its packets come from two endpoints in
 * turn. Each happens once by itself (a request that was late, a host that roams), but not so often
 * in so short a time.
 */
#ifndef RELAY_API_CLONE_H
#define RELAY_API_CLONE_H

#include <stdbool.h>
#include <stdint.h>
#include "../lib/addr.h"
#include "../lib/mono.h"

#define API_CLONE_SIGNS 3
#define API_CLONE_WINDOW_MS 600000
#define API_CLONE_PLACES 4096 /* by id; who shares a place is not watched while the other is */

struct api_clones;

struct api_clones *api_clones_new(uint32_t slots);
void api_clones_free(struct api_clones *clones);
/* The serial of a session that begins. */
uint64_t api_clone_next(struct api_clones *clones);
/* A session of the machine is used. True when this is one sign too many; then counting begins
 * anew. */
bool api_clone_seen(struct api_clones *clones, int64_t id, uint64_t serial,
		    const struct endpoint *remote, struct mono now);
/* Packets of the slot's peer come from there now. True when this is one sign too many, once in the
 * window. ret_other: where they came from before. */
bool api_clone_moved(struct api_clones *clones, uint32_t slot, uint32_t generation,
		     const struct endpoint *from, struct mono now, struct endpoint *ret_other);

#endif
