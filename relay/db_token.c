/* SPDX-License-Identifier: GPL-2.0-only */
#include "db_token.h"

#include <openssl/crypto.h>
#include <string.h>
#include "db_stmt.h"

#define COLUMNS                                                                                    \
	"t.id, t.account, t.hmac, t.name, t.scopes, t.max_peers, t.max_ipv4, t.created_at, "       \
	"t.revoked_at, t.parent"

static const struct {
	const char *name;
	uint32_t scope;
} scope_names[] = {
	{"peers:read", DB_SCOPE_PEERS_READ},
	{"peers:add", DB_SCOPE_PEERS_ADD},
	{"admin", DB_SCOPE_ADMIN},
	{"metrics", DB_SCOPE_METRICS},
};

int db_scopes_parse(const char *text, uint32_t *ret_scopes)
{
	uint32_t scopes = 0;

	while (*text) {
		size_t i, len = strcspn(text, " ,");

		for (i = 0; i < ARRAY_SIZE(scope_names); i++) {
			if (strlen(scope_names[i].name) == len &&
			    !memcmp(scope_names[i].name, text, len))
				break;
		}
		if (i == ARRAY_SIZE(scope_names))
			return -EINVAL;
		scopes |= scope_names[i].scope;
		text += len;
		if (*text && !*++text)
			return -EINVAL;
	}
	if (!scopes)
		return -EINVAL;
	*ret_scopes = scopes;
	return 0;
}

const char *db_scopes_text(char out[static DB_SCOPES_TEXT_LEN], uint32_t scopes)
{
	size_t len = 0;

	out[0] = '\0';
	for (size_t i = 0; i < ARRAY_SIZE(scope_names); i++) {
		if (scopes & scope_names[i].scope)
			len += (size_t)snprintf(out + len, DB_SCOPES_TEXT_LEN - len, "%s%s",
						len ? " " : "", scope_names[i].name);
	}
	return out;
}

static uint32_t read_limit(sqlite3_stmt *stmt, int column)
{
	if (sqlite3_column_type(stmt, column) == SQLITE_NULL)
		return DB_TOKEN_NO_LIMIT;
	return (uint32_t)sqlite3_column_int64(stmt, column);
}

static void read_row(sqlite3_stmt *stmt, struct db_token *token)
{
	token->id = sqlite3_column_int64(stmt, 0);
	token->account = sqlite3_column_int64(stmt, 1);
	db_col_blob(stmt, 2, token->hmac, sizeof(token->hmac));
	db_col_text(stmt, 3, token->name, sizeof(token->name));
	token->scopes = (uint32_t)sqlite3_column_int64(stmt, 4);
	token->max_peers = read_limit(stmt, 5);
	token->max_ipv4 = read_limit(stmt, 6);
	token->created_at = sqlite3_column_int64(stmt, 7);
	token->revoked_at = sqlite3_column_int64(stmt, 8);
	token->parent = sqlite3_column_int64(stmt, 9);
}

static int set_limit(struct db *db, int64_t id, const char *sql, uint32_t limit, struct err *err)
{
	if (limit == DB_TOKEN_NO_LIMIT)
		return 0;
	return db_run(db, NULL, err, sql, "ii", (int64_t)limit, id);
}

int db_token_add(struct db *db, const struct db_token *token, int64_t *ret_id, struct err *err)
{
	int64_t id;
	int r;

	r = db_run(db, NULL, err,
		   "INSERT INTO token (account, hmac, name, scopes, created_at, parent) "
		   "VALUES (?, ?, ?, ?, ?, nullif(?, 0))",
		   "ibtiii", token->account, token->hmac, TOKEN_HMAC_LEN, token->name,
		   (int64_t)token->scopes, db_now(), token->parent);
	if (r)
		return r;
	id = sqlite3_last_insert_rowid(db->sql);
	r = set_limit(db, id, "UPDATE token SET max_peers = ? WHERE id = ?", token->max_peers, err);
	if (!r)
		r = set_limit(db, id, "UPDATE token SET max_ipv4 = ? WHERE id = ?", token->max_ipv4,
			      err);
	if (!r)
		*ret_id = id;
	return r;
}

static int read_one(struct db *db, sqlite3_stmt *stmt, struct db_token *ret, struct err *err)
{
	int r = db_step(db, stmt, err);

	if (r < 0)
		return r;
	if (!r)
		return err_set(err, -ENOENT, "no such token");
	read_row(stmt, ret);
	return 0;
}

int db_token_find(struct db *db, const uint8_t hmac[static TOKEN_HMAC_LEN], struct db_token *ret,
		  struct err *err)
{
	AUTO_STMT sqlite3_stmt *stmt = NULL;
	struct db_token token;
	int r;

	r = db_query(db, &stmt, err, "SELECT " COLUMNS " FROM token t WHERE t.hmac = ?", "b", hmac,
		     TOKEN_HMAC_LEN);
	if (!r)
		r = read_one(db, stmt, &token, err);
	if (r)
		return r;
	/* The index compares in its own time, though over an HMAC that nobody can choose. */
	if (CRYPTO_memcmp(token.hmac, hmac, TOKEN_HMAC_LEN))
		return err_set(err, -ENOENT, "no such token");
	*ret = token;
	return 0;
}

int db_token_get(struct db *db, int64_t id, struct db_token *ret, struct err *err)
{
	AUTO_STMT sqlite3_stmt *stmt = NULL;
	int r;

	r = db_query(db, &stmt, err, "SELECT " COLUMNS " FROM token t WHERE t.id = ?", "i", id);
	return r ? r : read_one(db, stmt, ret, err);
}

int db_token_revoke(struct db *db, int64_t id, struct err *err)
{
	int changes, r;

	r = db_run(db, &changes, err,
		   "WITH RECURSIVE below (id) AS (SELECT ?2 UNION SELECT t.id FROM token t "
		   "JOIN below b ON t.parent = b.id) "
		   "UPDATE token SET revoked_at = coalesce(revoked_at, ?1) "
		   "WHERE id IN (SELECT id FROM below)",
		   "ii", db_now(), id);
	if (!r && !changes)
		return err_set(err, -ENOENT, "no such token");
	return r;
}

int db_token_count(struct db *db, int64_t account, const char *name, uint32_t *ret, struct err *err)
{
	int64_t n;
	int r;

	r = db_int(db, &n, err,
		   "SELECT count(*) FROM token WHERE account = ?1 AND revoked_at IS NULL "
		   "AND (?2 IS NULL OR name = ?2)",
		   "it", account, name);
	if (!r)
		*ret = (uint32_t)n;
	return r;
}

int db_token_list(struct db *db, int64_t account, db_token_cb *cb, void *ctx, struct err *err)
{
	AUTO_STMT sqlite3_stmt *stmt = NULL;
	int r;

	r = db_query(db, &stmt, err,
		     "SELECT " COLUMNS ", a.name FROM token t JOIN account a ON a.id = t.account "
		     "WHERE ?1 = 0 OR t.account = ?1 ORDER BY t.id",
		     "i", account);
	while (!r && (r = db_step(db, stmt, err)) > 0) {
		struct db_token token;
		char name[CONF_NAME_LEN];

		read_row(stmt, &token);
		db_col_text(stmt, 10, name, sizeof(name));
		r = cb(&token, name, ctx);
	}
	return r;
}
