/* SPDX-License-Identifier: GPL-2.0-only */
/* Folders of the daemon, each with its owner, and the lock that keeps a second relayd out. */
#ifndef RELAY_SUPERVISOR_DIRS_H
#define RELAY_SUPERVISOR_DIRS_H

#include "conf.h"

int supervisor_dirs_make(const struct conf *conf, struct err *err);
/* In state.mode: tmpfs a database left by disk, or put there by relayctl restore, is handed to the
 * replica role. In disk, one that is in a replica only is an error. With the lock. */
int supervisor_database(const struct conf *conf, struct err *err);
/* -EBUSY: another relayd has this run_dir. The lock goes with the descriptor. */
int supervisor_lock(const struct conf *conf, int *ret_fd, struct err *err);

#endif
