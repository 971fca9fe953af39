/* SPDX-License-Identifier: GPL-2.0-only */
/* The privileged process: starts the worker, does what helper_msg.h lists, nothing else. */
#ifndef AGENT_HELPER_H
#define AGENT_HELPER_H

#include "../lib/err.h"
#include "conf.h"

/* Serves one worker until its socket closes. netns_dir: OPEN accepts paths below it only. */
int helper_serve(int fd, const char *netns_dir, struct err *err);

/* Supervises: starts `argv0 --role worker`, serves it, restarts it with back-off; returns on
 * SIGTERM/SIGINT after the worker has gone. Tunnels stay. */
int helper_run(struct conf *conf, struct err *err);

#endif
