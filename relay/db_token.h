/* SPDX-License-Identifier: GPL-2.0-only */
/* API tokens: what the database holds is their HMAC. A revoked token's row stays. */
#ifndef RELAY_DB_TOKEN_H
#define RELAY_DB_TOKEN_H

#include "../lib/token.h"
#include "conf.h"
#include "db.h"

#define DB_SCOPE_PEERS_READ 0x1u
#define DB_SCOPE_PEERS_ADD 0x2u
#define DB_SCOPE_ADMIN 0x4u   /* implies the two above */
#define DB_SCOPE_METRICS 0x8u /* the relay's own figures: only relayctl gives it */
#define DB_SCOPES_OF_ACCOUNTS (DB_SCOPE_PEERS_READ | DB_SCOPE_PEERS_ADD | DB_SCOPE_ADMIN)
#define DB_SCOPES_DEFAULT (DB_SCOPE_PEERS_READ | DB_SCOPE_PEERS_ADD)
#define DB_SCOPES_TEXT_LEN 64

#define DB_TOKEN_NO_LIMIT UINT32_MAX

struct db_token {
	int64_t id;
	int64_t account;
	uint8_t hmac[TOKEN_HMAC_LEN];
	char name[CONF_NAME_LEN]; /* may be "" */
	uint32_t scopes;	  /* DB_SCOPE_* */
	uint32_t max_peers;	  /* of this token, below the tier's */
	uint32_t max_ipv4;
	int64_t created_at;
	int64_t revoked_at; /* 0 = valid */
	int64_t parent;	    /* falls with this token; 0 = none */
};

int db_token_add(struct db *db, const struct db_token *token, int64_t *ret_id, struct err *err);
/* -ENOENT if there is none; a revoked one is found. */
int db_token_find(struct db *db, const uint8_t hmac[static TOKEN_HMAC_LEN], struct db_token *ret,
		  struct err *err);
int db_token_get(struct db *db, int64_t id, struct db_token *ret, struct err *err);
/* And every token below it. */
int db_token_revoke(struct db *db, int64_t id, struct err *err);
/* Valid ones of an account; with this name, or NULL for all. */
int db_token_count(struct db *db, int64_t account, const char *name, uint32_t *ret,
		   struct err *err);
typedef int db_token_cb(const struct db_token *token, const char *account, void *ctx);
/* account 0 = all. */
int db_token_list(struct db *db, int64_t account, db_token_cb *cb, void *ctx, struct err *err);

/* "peers:read peers:add", separated by spaces or commas. */
int db_scopes_parse(const char *text, uint32_t *ret_scopes);
const char *db_scopes_text(char out[static DB_SCOPES_TEXT_LEN], uint32_t scopes);

#endif
