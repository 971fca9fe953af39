/* SPDX-License-Identifier: GPL-2.0-only */
/* Who changed what: tokens, tiers, billing, peers. Written in the transaction of the change. */
#ifndef RELAY_DB_AUDIT_H
#define RELAY_DB_AUDIT_H

#include "../lib/addr.h"
#include "db.h"

#define DB_AUDIT_MAX 100000 /* rows; then the oldest go */
#define DB_AUDIT_DETAIL_LEN 256

struct db_audit {
	int64_t id;
	int64_t at;
	int64_t account;		/* 0 = none */
	int64_t token;			/* that did it; 0 = the operator or the relay itself */
	char remote[ENDPOINT_TEXT_LEN]; /* "" = relayctl or the relay itself */
	char action[32];		/* "token.create" */
	char detail[DB_AUDIT_DETAIL_LEN];
};

/* id and at are filled here. */
int db_audit_add(struct db *db, const struct db_audit *entry, struct err *err);
typedef int db_audit_cb(const struct db_audit *entry, void *ctx);
/* The newest first, older than `before` (0 = from the newest); account 0 = all. */
int db_audit_list(struct db *db, int64_t account, int64_t before, uint32_t limit, db_audit_cb *cb,
		  void *ctx, struct err *err);

#endif
