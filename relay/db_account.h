/* SPDX-License-Identifier: GPL-2.0-only */
/* Customers. An account is never deleted, so its id is never another's. */
#ifndef RELAY_DB_ACCOUNT_H
#define RELAY_DB_ACCOUNT_H

#include "conf.h"
#include "db.h"

struct db_account {
	int64_t id;
	char name[CONF_NAME_LEN];
	char tier[CONF_NAME_LEN];
	int64_t created_at;
	int64_t billing_until; /* end of what is paid; 0 = no end */
};

/* -ENOENT if there is none. */
int db_account_get(struct db *db, int64_t id, struct db_account *ret, struct err *err);
int db_account_find(struct db *db, const char *name, struct db_account *ret, struct err *err);
int db_account_add(struct db *db, const char *name, const char *tier, int64_t *ret_id,
		   struct err *err);
int db_account_set_tier(struct db *db, int64_t id, const char *tier, struct err *err);
/* until 0 = no end. */
int db_account_set_billing(struct db *db, int64_t id, int64_t until, struct err *err);
bool db_account_expired(const struct db_account *account, int64_t now);
/* peers: those that are live. */
typedef int db_account_cb(const struct db_account *account, uint32_t peers, uint32_t ipv4,
			  void *ctx);
int db_account_list(struct db *db, db_account_cb *cb, void *ctx, struct err *err);
/* Those with running peers and a billing period over at `now`, and those with stopped peers. The
 * counts are 0. */
int db_account_list_due(struct db *db, int64_t now, db_account_cb *cb, void *ctx, struct err *err);

#endif
