/* SPDX-License-Identifier: GPL-2.0-only */
/* relayctl token, and what every maker of tokens shares. */
#include "api_token.h"

#include <string.h>
#include "../lib/log.h"
#include "api_audit.h"
#include "api_enforce.h"
#include "api_handlers.h"
#include "api_peer.h"
#include "conf_key.h"

struct asked {
	const char *account;
	const char *tier; /* NULL = the account's, or the first tier for a new one */
	struct db_token token;
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

int api_token_parse(const json_t *body, struct db_token *ret, struct err *err)
{
	struct db_token t = {.scopes = DB_SCOPES_DEFAULT};
	const char *name = "", *scopes;
	int r;

	r = get_name(body, "name", &name, err);
	if (!r || r == -ENOENT)
		r = json_get_string(body, "scopes", &scopes, err);
	if (!r && db_scopes_parse(scopes, &t.scopes))
		r = err_set(err, -EINVAL, "scopes: expected some of peers:read peers:add admin");
	if (!r || r == -ENOENT)
		r = get_limit(body, "max_peers", &t.max_peers, err);
	if (!r)
		r = get_limit(body, "max_ipv4", &t.max_ipv4, err);
	if (r)
		return r;
	memcpy(t.name, name, strlen(name) + 1);
	*ret = t;
	return 0;
}

static int parse_asked(const struct api *api, const json_t *body, struct asked *ret,
		       struct err *err)
{
	static const char *const known[] = {"account",	 "tier",     "name", "scopes",
					    "max_peers", "max_ipv4", NULL};
	struct asked a = {};
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
		r = api_token_parse(body, &a.token, err);
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

int api_token_insert(struct api *api, const struct api_req *req, struct db_token *token,
		     char ret_text[static TOKEN_LEN], struct err *err)
{
	char scopes[DB_SCOPES_TEXT_LEN];
	int r;

	r = token_make(ret_text, err);
	if (r)
		return r;
	r = token_hmac(api->token_key, ret_text, token->hmac);
	if (r)
		return err_sys(err, r, "HMAC");
	r = db_token_add(api->db, token, &token->id, err);
	return r ? r
		 : api_audit(api, req, token->account, err, "token.create", "token %jd \"%s\" %s",
			     (intmax_t)token->id, token->name,
			     db_scopes_text(scopes, token->scopes));
}

static int add(struct api_req *req, struct asked *a, char text[static TOKEN_LEN],
	       struct db_account *account, struct err *err)
{
	struct api *api = req->api;
	int r;

	r = db_begin(api->db, err);
	if (r)
		return r;
	r = find_account(api, a, account, err);
	a->token.account = account->id;
	if (!r)
		r = api_token_insert(api, req, &a->token, text, err);
	if (r) {
		db_rollback(api->db);
		return r;
	}
	return db_commit(api->db, err);
}

void api_token_post(struct api_req *req)
{
	char text[TOKEN_LEN] = "", scopes[DB_SCOPES_TEXT_LEN];
	struct db_account account = {};
	struct asked asked = {};
	struct err err;
	int r;

	if (parse_asked(req->api, req->body, &asked, &err)) {
		api_refuse(req, API_ERROR_INVALID_REQUEST, "%s", err.text);
		return;
	}
	r = add(req, &asked, text, &account, &err);
	if (r) {
		api_refuse(req, r == -EEXIST ? API_ERROR_CONFLICT : API_ERROR_INTERNAL, "%s",
			   err.text);
	} else {
		log_info("token %jd added for account %s", (intmax_t)asked.token.id, account.name);
		api_reply_json(req, 201,
			       json_pack("{s:I, s:s, s:s, s:s, s:s, s:s}", "id",
					 (json_int_t)asked.token.id, "token", text, "account",
					 account.name, "tier", account.tier, "name",
					 asked.token.name, "scopes",
					 db_scopes_text(scopes, asked.token.scopes)));
	}
	explicit_bzero(text, sizeof(text));
}

json_t *api_token_limit_json(uint32_t limit)
{
	return limit == DB_TOKEN_NO_LIMIT ? json_null() : json_integer(limit);
}

static int add_to_list(const struct db_token *token, const char *account, void *ctx)
{
	char scopes[DB_SCOPES_TEXT_LEN];
	json_t *json;

	json = json_pack(
		"{s:I, s:s, s:s, s:s, s:o, s:o, s:o, s:o}", "id", (json_int_t)token->id, "account",
		account, "name", token->name, "scopes", db_scopes_text(scopes, token->scopes),
		"max_peers", api_token_limit_json(token->max_peers), "max_ipv4",
		api_token_limit_json(token->max_ipv4), "created_at",
		api_time_json(token->created_at), "revoked_at", api_time_json(token->revoked_at));
	return json_array_append_new(ctx, json) ? -ENOMEM : 0;
}

void api_token_list(struct api_req *req)
{
	AUTO_JSON json_t *array = json_array();
	struct err err;

	if (db_token_list(req->api->db, 0, add_to_list, array, &err))
		api_refuse(req, API_ERROR_INTERNAL, "%s", err.text);
	else
		api_reply_json(req, 200, steal(&array));
}

static int push(const struct db_peer *peer, void *ctx)
{
	if (!peer->live)
		api_peer_push(ctx, peer);
	return 0;
}

int api_token_revoke(struct api *api, const struct api_req *req, const struct db_token *token,
		     struct err *err)
{
	int r;

	r = db_begin(api->db, err);
	if (r)
		return r;
	r = db_token_revoke(api->db, token->id, err);
	if (!r)
		r = api_audit(api, req, token->account, err, "token.revoke", "token %jd \"%s\"",
			      (intmax_t)token->id, token->name);
	if (r) {
		db_rollback(api->db);
		return r;
	}
	r = db_commit(api->db, err);
	/* Tokens below it fell too: so all of the account's that are not live. */
	if (!r)
		r = db_peer_list(api->db, DB_PEER_ALL, token->account, 0, 0, UINT32_MAX, push, api,
				 err);
	if (!r)
		api_enforce_account(api, token->account);
	return r;
}

void api_token_delete(struct api_req *req)
{
	static const char *const known[] = {"id", NULL};
	struct db_token token;
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
	r = db_token_get(req->api->db, (int64_t)id, &token, &err);
	if (!r)
		r = api_token_revoke(req->api, req, &token, &err);
	if (r) {
		api_refuse(req, r == -ENOENT ? API_ERROR_TOKEN_NOT_FOUND : API_ERROR_INTERNAL, "%s",
			   err.text);
		return;
	}
	log_info("token %ju revoked", (uintmax_t)id);
	api_reply_json(req, 200, json_pack("{s:b, s:I}", "revoked", 1, "id", (json_int_t)id));
}
