/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A database that was lost, emptied or mistaken for another would have every live peer removed at
 * the next sync. So run_dir/database says whose peers the kernel has, and another database may add
 * to them, not take one away.
 */
#ifndef RELAY_NET_DATABASE_H
#define RELAY_NET_DATABASE_H

#include "db_identity.h"

#define NET_DATABASE_FILE "database"

/* 1 = the file names it, or is not there; 0 = it names another. */
int net_database_same(const char *run_dir, const uint8_t id[static DB_IDENTITY_LEN],
		      struct err *err);
/* What to say of a sync that another database would begin with a loss. */
int net_database_refuse(const char *run_dir, unsigned int lost, struct err *err);
/* From now on the kernel's peers are this one's. */
int net_database_adopt(const char *run_dir, const uint8_t id[static DB_IDENTITY_LEN],
		       struct err *err);

#endif
