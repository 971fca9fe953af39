/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Where the database is.
 *
 *	state.mode	database		survives a reboot by
 *	disk		state_dir/api/		itself
 *	tmpfs		run_dir/state/		Litestream's replica; marks in state_dir/replica/
 *
 * Keys are in state_dir/api/ in both.
 */
#ifndef RELAY_PLACE_H
#define RELAY_PLACE_H

#include "conf.h"

#define PLACE_LEN (CONF_PATH_LEN + 48)
#define PLACE_DATABASE "relay.db"
#define PLACE_LOCK "litestream.lock" /* beside the database: held while Litestream runs */
#define PLACE_CONFIG "litestream.yml"
#define PLACE_BEHIND "replica.behind" /* since when something waits: see replica_watch.h */
#define PLACE_STARTED "started"	      /* in state_dir/replica: there was a database */
#define PLACE_IMPORT "import.db"      /* there too: to be taken before any replica */

/* Each returns `out`. `name` goes behind the folder; NULL gives the folder. */
const char *place_db(char out[static PLACE_LEN], const struct conf *conf, const char *name);
const char *place_replica(char out[static PLACE_LEN], const struct conf *conf, const char *name);
bool place_replica_is_folder(const struct conf *conf);

#endif
