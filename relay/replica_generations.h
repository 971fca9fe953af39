/* SPDX-License-Identifier: GPL-2.0-only */
/* The generations that a replica holds: each start of Litestream begins one, with a snapshot. */
#ifndef RELAY_REPLICA_GENERATIONS_H
#define RELAY_REPLICA_GENERATIONS_H

#include <stddef.h>
#include "conf.h"

#define REPLICA_GENERATION_LEN 17
#define REPLICA_GENERATIONS 16 /* older ones are not looked at */

struct replica_generation {
	char name[REPLICA_GENERATION_LEN];
	char end[32]; /* when it was written to last, RFC 3339 */
};

/* What "litestream generations" prints -> the latest ones, newest first; how many. */
size_t replica_generations_parse(char *text,
				 struct replica_generation ret[static REPLICA_GENERATIONS]);
int replica_generations(const struct conf *conf,
			struct replica_generation ret[static REPLICA_GENERATIONS], size_t *ret_n,
			struct err *err);

#endif
