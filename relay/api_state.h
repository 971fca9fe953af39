/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The api role's files, made at first start: relay.db (place.h), token.key and address.key (random,
 * never in the database), tls/live.key and tls/standby.key with their certificates.
 */
#ifndef RELAY_API_STATE_H
#define RELAY_API_STATE_H

#include "api.h"

#define API_STATE_DIR_LEN (CONF_PATH_LEN + 8)

/* state_dir/api */
const char *api_state_dir(char out[static API_STATE_DIR_LEN], const struct conf *conf);
/* Opens or makes all of them, and mends rows that the configuration no longer fits. */
int api_state_open(struct api *api, struct err *err);

#endif
