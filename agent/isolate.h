/* SPDX-License-Identifier: GPL-2.0-only */
/* What the worker gives up before it reads anything foreign: see isolate.c for the stages. */
#ifndef AGENT_ISOLATE_H
#define AGENT_ISOLATE_H

#include <sys/types.h>
#include "../lib/err.h"

#define ISOLATE_WORKER_USER "sidecar-agent"

/* Who the worker will be; -ENOENT and root's own ids when the user does not exist. */
int isolate_worker_ids(uid_t *ret_uid, gid_t *ret_gid);

/* Stages 1 to 3. docker_socket: its group is kept. Before the loop is made: it must not find
 * io_uring. */
int isolate_worker(const char *docker_socket, struct err *err);
/* Stage 4. */
int isolate_worker_syscalls(struct err *err);

#endif
