/* SPDX-License-Identifier: GPL-2.0-only */
/* A random number that tells a database from every other one, but not from its copies. */
#ifndef RELAY_DB_IDENTITY_H
#define RELAY_DB_IDENTITY_H

#include "db.h"

#define DB_IDENTITY_LEN 16

int db_identity(struct db *db, uint8_t ret_id[static DB_IDENTITY_LEN], struct err *err);

#endif
