/* SPDX-License-Identifier: GPL-2.0-only */
/* What a role gives up before it reads anything foreign: see isolate.c for the stages. */
#ifndef RELAY_ISOLATE_H
#define RELAY_ISOLATE_H

#include "../lib/err.h"
#include "conf.h"

#define ISOLATE_API_USER "sidecar-relay"

/* Who the api role will be: root's own ids when the user does not exist. */
int isolate_api_ids(uid_t *ret_uid, gid_t *ret_gid);

/* Stages 1 to 3. Both folders stay readable and writable, all else of the file system goes. */
int isolate_api(const char *dir, const char *db_dir, struct err *err);
/* What is not there yet of the folders it keeps is an error. */
int isolate_replica(const struct conf *conf, struct err *err);
/* Stage 4, when everything that the loop needs is open. */
int isolate_api_syscalls(struct err *err);

#endif
