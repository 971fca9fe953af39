/* SPDX-License-Identifier: GPL-2.0-only */
/* Litestream as a program: its configuration, and what it is called for. */
#ifndef RELAY_REPLICA_RUN_H
#define RELAY_REPLICA_RUN_H

#include <sys/types.h>
#include "conf.h"

/* litestream.yml beside the database: relayd's, made anew at each start, of use to a person too. */
int replica_run_conf(const struct conf *conf, bool verbose, struct err *err);
/* generation: NULL = the newest; then 0 whether there was something to restore or not: the database
 * is there or not. */
int replica_run_restore(const struct conf *conf, const char *generation, struct err *err);
/* What it prints of the replica's generations. */
int replica_run_list(const struct conf *conf, char *text, size_t size, struct err *err);
/* Until all that the database has is in the replica. */
int replica_run_once(const struct conf *conf, struct err *err);
/* Starts Litestream, or -errno. What it says is read from *ret_said. It ends with this process. */
pid_t replica_run(const struct conf *conf, int *ret_said, struct err *err);

#endif
