/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * /v1/admin/tokens: an account's own tokens. Scopes and limits of a new one are within those of
 * the token that makes it. A name belongs to one valid token, so that a repeated POST is refused
 * instead of making a second one.
 */
#include <string.h>
#include "../lib/log.h"
#include "../lib/parse.h"
#include "api_handlers.h"
#include "api_token.h"

static json_t *token_json(const struct db_token *t)
{
	char scopes[DB_SCOPES_TEXT_LEN];

	return json_pack("{s:o, s:s, s:s, s:o, s:o, s:o, s:o}", "id",
			 json_sprintf("%jd", (intmax_t)t->id), "name", t->name, "scopes",
			 db_scopes_text(scopes, t->scopes), "max_peers",
			 api_token_limit_json(t->max_peers), "max_ipv4",
			 api_token_limit_json(t->max_ipv4), "created_at",
			 api_time_json(t->created_at), "revoked_at", api_time_json(t->revoked_at));
}

static int narrow(uint32_t *limit, uint32_t own, const char *name, struct err *err)
{
	if (*limit == DB_TOKEN_NO_LIMIT)
		*limit = own;
	if (*limit > own)
		return err_set(err, -EINVAL, "%s: above that of the token that asks", name);
	return 0;
}

static int parse(const struct api_req *req, struct db_token *t, enum api_error *ret_error,
		 struct err *err)
{
	static const char *const known[] = {"name", "scopes", "max_peers", "max_ipv4", NULL};
	uint32_t own = req->token.scopes;
	int r;

	*ret_error = API_ERROR_INVALID_REQUEST;
	if (own & DB_SCOPE_ADMIN)
		own |= DB_SCOPES_OF_ACCOUNTS;
	r = json_only(req->body, known, err);
	if (!r)
		r = api_token_parse(req->body, t, err);
	if (!r && !t->name[0])
		r = err_set(err, -EINVAL, "name: missing");
	if (!r)
		r = narrow(&t->max_peers, req->token.max_peers, "max_peers", err);
	if (!r)
		r = narrow(&t->max_ipv4, req->token.max_ipv4, "max_ipv4", err);
	if (!r && t->scopes & ~own) {
		*ret_error = API_ERROR_INSUFFICIENT_SCOPE;
		r = err_set(err, -EACCES, "a token cannot give scopes that it does not have");
	}
	t->account = req->account.id;
	return r;
}

static int check_count(const struct api_req *req, const struct db_token *t,
		       enum api_error *ret_error, struct err *err)
{
	uint32_t all, same;
	int r;

	r = db_token_count(req->api->db, t->account, NULL, &all, err);
	if (!r)
		r = db_token_count(req->api->db, t->account, t->name, &same, err);
	if (!r && same) {
		*ret_error = API_ERROR_CONFLICT;
		r = err_set(err, -EEXIST, "the account has a valid token of this name");
	} else if (!r && all >= API_TOKEN_MAX) {
		*ret_error = API_ERROR_TOKEN_QUOTA;
		r = err_set(err, -EDQUOT, "the account has %d valid tokens", API_TOKEN_MAX);
	}
	return r;
}

static int insert(const struct api_req *req, struct db_token *t, char text[static TOKEN_LEN],
		  enum api_error *ret_error, struct err *err)
{
	struct db *db = req->api->db;
	int r;

	*ret_error = API_ERROR_INTERNAL;
	r = db_begin(db, err);
	if (r)
		return r;
	r = check_count(req, t, ret_error, err);
	if (!r)
		r = api_token_insert(req->api, req, t, text, err);
	if (!r)
		r = db_token_get(db, t->id, t, err);
	if (r) {
		db_rollback(db);
		return r;
	}
	return db_commit(db, err);
}

void api_admin_token_post(struct api_req *req)
{
	char text[TOKEN_LEN] = "";
	enum api_error error;
	struct db_token t;
	struct err err;
	json_t *json;
	int r;

	r = parse(req, &t, &error, &err);
	if (!r)
		r = insert(req, &t, text, &error, &err);
	if (r) {
		if (error == API_ERROR_INTERNAL)
			log_err("adding a token: %s", err.text);
		api_refuse(req, error, "%s",
			   error == API_ERROR_INTERNAL ? "the token could not be stored"
						       : err.text);
		return;
	}
	log_info("token %jd added by token %jd of account %s", (intmax_t)t.id,
		 (intmax_t)req->token.id, req->account.name);
	json = token_json(&t);
	if (json && json_object_set_new(json, "token", json_string(text))) {
		json_decref(json);
		json = NULL;
	}
	api_reply_json(req, 201, json);
	explicit_bzero(text, sizeof(text));
}

static int add_to_list(const struct db_token *token, UNUSED const char *account, void *ctx)
{
	return json_array_append_new(ctx, token_json(token)) ? -ENOMEM : 0;
}

void api_admin_token_list(struct api_req *req)
{
	AUTO_JSON json_t *array = json_array();
	struct err err;

	if (db_token_list(req->api->db, req->account.id, add_to_list, array, &err)) {
		log_err("listing tokens: %s", err.text);
		api_refuse(req, API_ERROR_INTERNAL, "the database cannot be read");
		return;
	}
	api_reply_json(req, 200, steal(&array));
}

void api_admin_token_delete(struct api_req *req)
{
	static const char *const known[] = {"id", NULL};
	struct db_token token;
	const char *text;
	uint64_t id;
	struct err err;
	int r;

	r = json_only(req->body, known, &err);
	if (!r)
		r = json_get_string(req->body, "id", &text, &err);
	if (!r && parse_u64(text, 1, INT64_MAX, &id))
		r = err_set(&err, -EINVAL, "id: not the id of a token");
	if (r) {
		api_refuse(req, API_ERROR_INVALID_REQUEST, "%s", err.text);
		return;
	}
	r = db_token_get(req->api->db, (int64_t)id, &token, &err);
	/* Another account's token looks as if it were not there. */
	if (!r && token.account != req->account.id)
		r = -ENOENT;
	if (!r)
		r = api_token_revoke(req->api, req, &token, &err);
	if (r == -ENOENT) {
		api_refuse(req, API_ERROR_TOKEN_NOT_FOUND, "the account has no token with this id");
	} else if (r) {
		log_err("revoking token %ju: %s", (uintmax_t)id, err.text);
		api_refuse(req, API_ERROR_INTERNAL, "the token could not be revoked");
	} else {
		log_info("token %ju revoked by token %jd", (uintmax_t)id, (intmax_t)req->token.id);
		api_reply_json(req, 200,
			       json_pack("{s:b, s:o}", "revoked", 1, "id",
					 json_sprintf("%ju", (uintmax_t)id)));
	}
}
