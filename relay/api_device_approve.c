/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * /v1/device/lookup and /v1/device/approve, for the human at /device, who shows a token. It gives
 * no more than that token has. Without admin, it could not make tokens: so what it approves falls
 * with it. Guesses of codes are counted by token and by address.
 */
#include <string.h>
#include "../lib/log.h"
#include "api_audit.h"
#include "api_device.h"
#include "api_handlers.h"
#include "api_rate.h"
#include "api_token.h"

/* NULL after having refused. */
static struct api_device *find(struct api_req *req)
{
	struct endpoint remote = http_exchange_remote(req->x);
	struct api *api = req->api;
	struct mono now = mono_now();
	struct api_device *d;
	const char *code;
	struct err err;

	if (json_get_string(req->body, "user_code", &code, &err)) {
		api_refuse(req, API_ERROR_INVALID_REQUEST, "%s", err.text);
		return NULL;
	}
	/* Who guessed too often learns nothing, not even by a right guess. */
	if (api_rate_full(api->rate_guess, &remote, now)) {
		api_refuse(req, API_ERROR_RATE_LIMITED, "too many wrong codes from this address");
		return NULL;
	}
	d = api_device_find_user(api->devices, code, now);
	if (d)
		return d;
	if (api_rate_add(api->rate_guess, &remote, now) ||
	    api_rate_add_id(api->rate_guess, req->token.id, now))
		api_refuse(req, API_ERROR_RATE_LIMITED, "too many wrong codes");
	else
		api_refuse(req, API_ERROR_CODE_NOT_FOUND,
			   "no device waits with this code: it is wrong, used or too old");
	return NULL;
}

void api_device_lookup(struct api_req *req)
{
	static const char *const known[] = {"user_code", NULL};
	char remote[ENDPOINT_TEXT_LEN], scopes[DB_SCOPES_TEXT_LEN];
	const struct api_device *d;
	struct err err;

	if (json_only(req->body, known, &err)) {
		api_refuse(req, API_ERROR_INVALID_REQUEST, "%s", err.text);
		return;
	}
	d = find(req);
	if (!d)
		return;
	endpoint_text(remote, &d->remote);
	api_reply_json(req, 200,
		       json_pack("{s:s, s:o, s:s, s:o, s:s, s:i, s:s, s:s}", "user_code",
				 d->user_code, "client_id",
				 d->client[0] ? json_string(d->client) : json_null(), "scope",
				 db_scopes_text(scopes, d->scopes), "tier",
				 d->tier[0] ? json_string(d->tier) : json_null(), "address", remote,
				 "age", (int)(mono_ms_since(d->since) / 1000), "account",
				 req->account.name, "account_tier", req->account.tier));
}

static int approve(struct api_req *req, struct api_device *d, enum api_error *ret_error,
		   struct err *err)
{
	uint32_t own = req->token.scopes, n;
	int r;

	if (own & DB_SCOPE_ADMIN)
		own |= DB_SCOPES_OF_ACCOUNTS;
	if (d->scopes & ~own) {
		*ret_error = API_ERROR_INSUFFICIENT_SCOPE;
		return err_set(err, -EACCES, "a token cannot give scopes that it does not have");
	}
	*ret_error = API_ERROR_INTERNAL;
	r = db_token_count(req->api->db, req->account.id, NULL, &n, err);
	if (!r && n >= API_TOKEN_MAX) {
		*ret_error = API_ERROR_TOKEN_QUOTA;
		r = err_set(err, -EDQUOT, "the account has %d valid tokens", API_TOKEN_MAX);
	}
	if (r)
		return r;
	d->token = (struct db_token){
		.id = req->token.id, /* until it is made: who approved */
		.account = req->account.id,
		.scopes = d->scopes,
		.max_peers = req->token.max_peers,
		.max_ipv4 = req->token.max_ipv4,
		.parent = req->token.scopes & DB_SCOPE_ADMIN ? 0 : req->token.id,
	};
	snprintf(d->token.name, sizeof(d->token.name), "device-%s", d->user_code);
	d->state = API_DEVICE_APPROVED;
	return 0;
}

static int note(struct api_req *req, const struct api_device *d, bool yes, struct err *err)
{
	char remote[ENDPOINT_TEXT_LEN];
	int r;

	r = db_begin(req->api->db, err);
	if (r)
		return r;
	r = api_audit(req->api, req, req->account.id, err, yes ? "device.approve" : "device.deny",
		      "%s of %s", d->user_code, endpoint_text(remote, &d->remote));
	if (r) {
		db_rollback(req->api->db);
		return r;
	}
	return db_commit(req->api->db, err);
}

void api_device_approve(struct api_req *req)
{
	static const char *const known[] = {"user_code", "approve", NULL};
	enum api_error error = API_ERROR_INTERNAL;
	struct api_device *d;
	struct err err;
	bool yes;
	int r;

	r = json_only(req->body, known, &err);
	if (!r)
		r = json_get_bool(req->body, "approve", &yes, &err);
	if (r) {
		api_refuse(req, API_ERROR_INVALID_REQUEST, "%s", err.text);
		return;
	}
	d = find(req);
	if (!d)
		return;
	r = note(req, d, yes, &err);
	if (!r && yes)
		r = approve(req, d, &error, &err);
	else if (!r)
		d->state = API_DEVICE_DENIED;
	if (r) {
		api_refuse(req, error, "%s", err.text);
		return;
	}
	log_info("device %s: %s by token %jd", d->user_code, yes ? "approved" : "denied",
		 (intmax_t)req->token.id);
	api_reply_json(req, 200,
		       json_pack("{s:b, s:s}", "approved", (int)yes, "user_code", d->user_code));
}
