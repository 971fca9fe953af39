/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * /v1/device/authorize and /v1/device/token, for the device: forms are RFC 8628 to the letter;
 * JSON has statuses of its own (428, 429, 400), and no client_id or grant_type.
 */
#include <string.h>
#include "../lib/log.h"
#include "api_device.h"
#include "api_handlers.h"
#include "api_oauth.h"
#include "api_rate.h"
#include "api_token.h"

#define GRANT "urn:ietf:params:oauth:grant-type:device_code"

static int get(const struct api_req *req, const char *key, size_t max, bool required,
	       const char **ret, struct err *err)
{
	int r = json_get_string(req->body, key, ret, err);

	if (r == -ENOENT && !required) {
		*ret = "";
		return 0;
	}
	if (!r && strlen(*ret) >= max)
		r = err_set(err, -EINVAL, "%s: longer than %zu characters", key, max - 1);
	/* RFC 6749 section 3.1: a parameter without a value is as one that is not there. */
	if (!r && !**ret && required)
		r = err_set(err, -EINVAL, "%s: missing", key);
	return r;
}

/* RFC 6749 appendix A.1: VSCHAR. */
static bool client_ok(const char *text)
{
	for (; *text; text++) {
		if (*text < 0x21 || *text > 0x7e)
			return false;
	}
	return true;
}

static int parse_ask(const struct api_req *req, struct api_device *ask, enum api_error *ret_error,
		     struct err *err)
{
	static const char *const known[] = {"scope", "tier", "client_id", NULL};
	const char *client, *scope, *tier;
	int r = 0;

	*ret_error = API_ERROR_INVALID_REQUEST;
	/* RFC 6749 section 3.1: unknown parameters of a form are ignored. */
	if (!req->form)
		r = json_only(req->body, known, err);
	if (!r)
		r = get(req, "client_id", sizeof(ask->client), req->form, &client, err);
	if (!r && !client_ok(client))
		r = err_set(err, -EINVAL, "client_id: a character that is not printable");
	if (!r)
		r = get(req, "scope", 256, false, &scope, err);
	if (!r)
		r = get(req, "tier", sizeof(ask->tier), false, &tier, err);
	if (!r && tier[0] && !conf_tier(&req->api->conf, tier))
		r = err_set(err, -EINVAL, "tier: there is no such tier");
	if (r)
		return r;
	ask->scopes = DB_SCOPES_DEFAULT;
	if (scope[0] &&
	    (db_scopes_parse(scope, &ask->scopes) || ask->scopes & ~DB_SCOPES_OF_ACCOUNTS)) {
		*ret_error = API_ERROR_INVALID_SCOPE;
		return err_set(err, -EINVAL, "scope: expected some of peers:read peers:add admin");
	}
	memcpy(ask->client, client, strlen(client) + 1);
	memcpy(ask->tier, tier, strlen(tier) + 1);
	return 0;
}

/* In the dialect of the request. */
static void refuse(struct api_req *req, enum api_error e, const char *text)
{
	if (req->form)
		api_oauth_refuse(req, e, "%s", text);
	else
		api_refuse(req, e, "%s", text);
}

void api_device_authorize(struct api_req *req)
{
	struct api_device ask = {.remote = http_exchange_remote(req->x)}, *d;
	char code[API_DEVICE_CODE_LEN], url[API_URL_LEN];
	enum api_error error;
	struct err err;
	int r;

	if (parse_ask(req, &ask, &error, &err)) {
		refuse(req, error, err.text);
		return;
	}
	r = api_rate_add(req->api->rate_device, &ask.remote, mono_now()) ? -EDQUOT : 0;
	if (!r)
		r = api_device_add(req->api->devices, &ask, mono_now(), code, &d);
	if (r) {
		/* RFC 6749 has no code for "later": both dialects get the status that says it. */
		api_refuse(req, r == -EDQUOT ? API_ERROR_RATE_LIMITED : API_ERROR_BUSY, "%s",
			   r == -EDQUOT ? "too many devices of this address ask already"
					: "too many devices ask already");
		return;
	}
	api_base_url(req, url);
	api_reply_json(req, 200,
		       json_pack("{s:s, s:s, s:o, s:o, s:i, s:i}", "device_code", code, "user_code",
				 d->user_code, "verification_uri", json_sprintf("%s/device", url),
				 "verification_uri_complete",
				 json_sprintf("%s/device?code=%s", url, d->user_code), "expires_in",
				 API_DEVICE_TTL_S, "interval", API_DEVICE_INTERVAL_S));
	explicit_bzero(code, sizeof(code));
}

/* The token that was approved, if who approved still may. */
static int make_token(struct api_req *req, struct api_device *d, char text[static TOKEN_LEN],
		      enum api_error *ret_error, struct err *err)
{
	struct db_token approver;
	struct db *db = req->api->db;
	int r;

	*ret_error = API_ERROR_INTERNAL;
	r = db_begin(db, err);
	if (r)
		return r;
	r = db_token_get(db, d->token.id, &approver, err);
	if (!r && approver.revoked_at) {
		*ret_error = API_ERROR_ACCESS_DENIED;
		r = err_set(err, -EACCES, "the token that approved was revoked");
	}
	if (!r)
		r = api_token_insert(req->api, req, &d->token, text, err);
	if (r) {
		db_rollback(db);
		return r;
	}
	return db_commit(db, err);
}

static void give(struct api_req *req, struct api_device *d)
{
	char text[TOKEN_LEN] = "", scopes[DB_SCOPES_TEXT_LEN];
	struct db_token token = d->token;
	enum api_error error;
	struct err err;

	if (make_token(req, d, text, &error, &err)) {
		d->token = token;
		if (error == API_ERROR_INTERNAL) {
			log_err("device %s: %s", d->user_code, err.text);
			api_refuse(req, error, "the token could not be stored");
			return;
		}
		api_device_end(d);
		refuse(req, error, err.text);
		return;
	}
	log_info("token %jd made for a device", (intmax_t)d->token.id);
	token = d->token;
	api_device_end(d);
	api_reply_json(req, 200,
		       json_pack("{s:s, s:s, s:s}", "access_token", text, "token_type", "bearer",
				 "scope", db_scopes_text(scopes, token.scopes)));
	explicit_bzero(text, sizeof(text));
}

static int parse_poll(struct api_req *req, const char **ret_code, const char **ret_client)
{
	static const char *const known[] = {"device_code", "client_id", "grant_type", NULL};
	const char *grant;
	struct err err;
	int r = 0;

	if (!req->form)
		r = json_only(req->body, known, &err);
	if (!r)
		r = get(req, "grant_type", 128, req->form, &grant, &err);
	if (!r)
		r = get(req, "device_code", 128, true, ret_code, &err);
	if (!r)
		r = get(req, "client_id", API_DEVICE_CLIENT_LEN, req->form, ret_client, &err);
	if (r)
		refuse(req, API_ERROR_INVALID_REQUEST, err.text);
	if (r || !grant[0] || !strcmp(grant, GRANT))
		return r;
	refuse(req, API_ERROR_UNSUPPORTED_GRANT, "grant_type: only " GRANT);
	return -EINVAL;
}

void api_device_token(struct api_req *req)
{
	const char *code, *client;
	struct mono now = mono_now();
	struct api_device *d;

	if (parse_poll(req, &code, &client))
		return;
	d = api_device_find(req->api->devices, code);
	if (!d || (req->form && strcmp(d->client, client))) {
		/* RFC 6749 section 5.2; to JSON: begin anew. */
		refuse(req, req->form ? API_ERROR_INVALID_GRANT : API_ERROR_EXPIRED_TOKEN,
		       "no such device code: it was used, or the relay was restarted");
	} else if (api_device_old(d, now)) {
		api_device_end(d);
		refuse(req, API_ERROR_EXPIRED_TOKEN, "nobody approved in time");
	} else if (api_device_poll(d, now)) {
		refuse(req, API_ERROR_SLOW_DOWN, "asked before the interval was over: 5 s more");
	} else if (d->state == API_DEVICE_DENIED) {
		api_device_end(d);
		refuse(req, API_ERROR_ACCESS_DENIED, "the request was denied");
	} else if (d->state == API_DEVICE_PENDING) {
		refuse(req, API_ERROR_AUTHORIZATION_PENDING, "nobody has approved yet");
	} else {
		give(req, d);
	}
}
