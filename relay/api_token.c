/* SPDX-License-Identifier: GPL-2.0-only */
/* relayctl token: made here, shown once, kept as an HMAC. */
#include <string.h>
#include "../lib/log.h"
#include "../lib/parse.h"
#include "api_handlers.h"
#include "api_peer.h"
#include "conf_key.h"

struct asked {
	const char *account;
	const char *tier; /* NULL = the account's, or the first tier for a new one */
	const char *name;
	uint32_t scopes;
	uint32_t max_peers, max_ipv4;
};

static int get_limit(const json_t *body, const char *key, uint32_t *ret, struct err *err)
{
	uint64_t v = DB_TOKEN_NO_LIMIT;
	int r;

	r = json_get_u64(body, key, 0, DB_TOKEN_NO_LIMIT - 1, &v, err);
	*ret = (uint32_t)v;
	return r == -ENOENT ? 0 : r;
}

static int get_name(const json_t *body, const char *key, const char **ret, struct err *err)
{
	int r = json_get_string(body, key, ret, err);

	if (!r && !conf_name_ok(*ret))
		r = err_set(err, -EINVAL, "%s: expected letters, digits and . _ + -, at most %d",
			    key, CONF_NAME_LEN - 1);
	return r;
}

static int parse_asked(const struct api *api, const json_t *body, struct asked *ret,
		       struct err *err)
{
	static const char *const known[] = {"account",	 "tier",     "name", "scopes",
					    "max_peers", "max_ipv4", NULL};
	struct asked a = {.name = "", .scopes = DB_SCOPES_DEFAULT};
	const char *scopes;
	int r;

	r = json_only(body, known, err);
	if (!r)
		r = get_name(body, "account", &a.account, err);
	if (r)
		return r;
	r = get_name(body, "tier", &a.tier, err);
	if (!r && !conf_tier(&api->conf, a.tier))
		return err_set(err, -EINVAL, "tier: relay.yaml has no tier \"%s\"", a.tier);
	if (!r || r == -ENOENT)
		r = get_name(body, "name", &a.name, err);
	if (!r || r == -ENOENT)
		r = json_get_string(body, "scopes", &scopes, err);
	if (!r && db_scopes_parse(scopes, &a.scopes))
		r = err_set(err, -EINVAL, "scopes: expected some of peers:read peers:add admin");
	if (!r || r == -ENOENT)
		r = get_limit(body, "max_peers", &a.max_peers, err);
	if (!r)
		r = get_limit(body, "max_ipv4", &a.max_ipv4, err);
	if (!r)
		*ret = a;
	return r;
}

/* The account, made if it is new. */
static int find_account(struct api *api, const struct asked *a, struct db_account *ret,
			struct err *err)
{
	const char *tier = a->tier;
	int64_t id;
	int r;

	r = db_account_find(api->db, a->account, ret, err);
	if (!r && tier && strcmp(tier, ret->tier))
		return err_set(err, -EEXIST,
			       "account %s has tier %s: change it by relayctl "
			       "account set-tier",
			       a->account, ret->tier);
	if (r != -ENOENT)
		return r;
	if (!tier)
		tier = conf_tier(&api->conf, "free") ? "free" : api->conf.tiers[0].name;
	r = db_account_add(api->db, a->account, tier, &id, err);
	return r ? r : db_account_get(api->db, id, ret, err);
}

static int add(struct api *api, const struct asked *a, const char *text, struct db_token *token,
	       struct db_account *account, struct err *err)
{
	int r;

	*token = (struct db_token){
		.scopes = a->scopes, .max_peers = a->max_peers, .max_ipv4 = a->max_ipv4};
	snprintf(token->name, sizeof(token->name), "%s", a->name);
	r = token_hmac(api->token_key, text, token->hmac);
	if (r)
		return err_sys(err, r, "HMAC");
	r = db_begin(api->db, err);
	if (r)
		return r;
	r = find_account(api, a, account, err);
	token->account = account->id;
	if (!r)
		r = db_token_add(api->db, token, &token->id, err);
	if (r) {
		db_rollback(api->db);
		return r;
	}
	return db_commit(api->db, err);
}

void api_token_post(struct api_req *req)
{
	char text[TOKEN_LEN], scopes[DB_SCOPES_TEXT_LEN];
	struct db_account account = {};
	struct db_token token;
	struct asked asked = {};
	struct err err;
	int r;

	if (parse_asked(req->api, req->body, &asked, &err)) {
		api_refuse(req, API_ERROR_INVALID_REQUEST, "%s", err.text);
		return;
	}
	r = token_make(text, &err);
	if (!r)
		r = add(req->api, &asked, text, &token, &account, &err);
	if (r) {
		api_refuse(req, r == -EEXIST ? API_ERROR_CONFLICT : API_ERROR_INTERNAL, "%s",
			   err.text);
	} else {
		log_info("token %jd added for account %s", (intmax_t)token.id, account.name);
		api_reply_json(req, 201,
			       json_pack("{s:I, s:s, s:s, s:s, s:s, s:s}", "id",
					 (json_int_t)token.id, "token", text, "account",
					 account.name, "tier", account.tier, "name", token.name,
					 "scopes", db_scopes_text(scopes, token.scopes)));
	}
	explicit_bzero(text, sizeof(text));
}

static json_t *limit_json(uint32_t limit)
{
	return limit == DB_TOKEN_NO_LIMIT ? json_null() : json_integer(limit);
}

static int add_to_list(const struct db_token *token, const char *account, void *ctx)
{
	char scopes[DB_SCOPES_TEXT_LEN];
	json_t *json;

	json = json_pack("{s:I, s:s, s:s, s:s, s:o, s:o, s:o, s:o}", "id", (json_int_t)token->id,
			 "account", account, "name", token->name, "scopes",
			 db_scopes_text(scopes, token->scopes), "max_peers",
			 limit_json(token->max_peers), "max_ipv4", limit_json(token->max_ipv4),
			 "created_at", api_time_json(token->created_at), "revoked_at",
			 api_time_json(token->revoked_at));
	return json_array_append_new(ctx, json) ? -ENOMEM : 0;
}

void api_token_list(struct api_req *req)
{
	AUTO_JSON json_t *array = json_array();
	struct err err;

	if (db_token_list(req->api->db, add_to_list, array, &err))
		api_refuse(req, API_ERROR_INTERNAL, "%s", err.text);
	else
		api_reply_json(req, 200, steal(&array));
}

static int push(const struct db_peer *peer, void *ctx)
{
	api_peer_push(ctx, peer);
	return 0;
}

/* The token's peers stop at once; their rows and addresses stay. */
void api_token_delete(struct api_req *req)
{
	static const char *const known[] = {"id", NULL};
	struct db *db = req->api->db;
	uint64_t id;
	struct err err;
	int r;

	r = json_only(req->body, known, &err);
	if (!r)
		r = json_get_u64(req->body, "id", 1, INT64_MAX, &id, &err);
	if (r) {
		api_refuse(req, API_ERROR_INVALID_REQUEST, "%s", err.text);
		return;
	}
	r = db_token_revoke(db, (int64_t)id, &err);
	if (!r)
		r = db_peer_list(db, DB_PEER_ALL, 0, (int64_t)id, 0, UINT32_MAX, push, req->api,
				 &err);
	if (r) {
		api_refuse(req, r == -ENOENT ? API_ERROR_TOKEN_NOT_FOUND : API_ERROR_INTERNAL, "%s",
			   err.text);
		return;
	}
	log_info("token %ju revoked", (uintmax_t)id);
	api_reply_json(req, 200, json_pack("{s:b, s:I}", "revoked", 1, "id", (json_int_t)id));
}
