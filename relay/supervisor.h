/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The first process: runs the net role in its own loop and the api role as a child.
 *
 *	STARTING --api role serves--> RUNNING --SIGHUP--> RELOADING --serves again--> RUNNING
 *	any --SIGTERM, SIGINT--> STOPPING --child gone--> end
 *
 * In state.mode: tmpfs the replica role (replica_child.h) comes before the api role and goes after
 * it.
 *
 * A child that dies is started again after a growing pause. Whatever happens here, the kernel's
 * state stays.
 */
#ifndef RELAY_SUPERVISOR_H
#define RELAY_SUPERVISOR_H

#include "conf.h"

/* relayctl waits for this file in run_dir to change: "ok", or why the reload was refused. */
#define SUPERVISOR_RELOAD_FILE "reload"

/* Runs until stopped. conf was read from path. Returns an exit code. */
int supervisor_run(const char *path, const struct conf *conf, bool verbose);

#endif
