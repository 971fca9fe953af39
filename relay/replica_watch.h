/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Litestream under supervision. Its log says when something is in the replica; the database's own
 * log, when there is something to bring there. When the second goes unanswered for long, Litestream
 * is started anew: after one failed write 0.3.13 never writes again, and says nothing.
 *
 * Since when something waits stands in PLACE_BEHIND (CLOCK_BOOTTIME, ns; 0 = nothing), for
 * /metrics.
 */
#ifndef RELAY_REPLICA_WATCH_H
#define RELAY_REPLICA_WATCH_H

#include "conf.h"

/* Until SIGTERM. 0: Litestream ended well, all is replicated. */
int replica_watch(const struct conf *conf, struct err *err);

#endif
