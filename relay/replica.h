/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The replica role (state.mode: tmpfs): brings the database back, says so, and keeps Litestream at
 * work (replica_watch.h).
 *
 *	import.db	from state.mode: disk or relayctl restore: into its place, and into the
 *			replica before anything else
 *	database there	relayd started again, the machine did not
 *	else		what Litestream restores. Nothing to restore is well at the very first start
 *			alone: an empty database in place of a lost one would end every peer.
 */
#ifndef RELAY_REPLICA_H
#define RELAY_REPLICA_H

#include <stdbool.h>

/* Returns an exit code: 0 when it was told to end, and everything is replicated. `again`: the api
 * role has the database open. */
int replica_main(bool verbose, bool again);

#endif
