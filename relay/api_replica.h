/* SPDX-License-Identifier: GPL-2.0-only */
/* What the api role sees of the replica role, through files in the database's folder. */
#ifndef RELAY_API_REPLICA_H
#define RELAY_API_REPLICA_H

#include "conf.h"

bool api_replica_up(const struct conf *conf);
/* For how long the database has had something that is not in the replica; 0 = it has not. */
uint64_t api_replica_behind_s(const struct conf *conf);

#endif
