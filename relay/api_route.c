/* SPDX-License-Identifier: GPL-2.0-only */
#include "api_route.h"

#include <string.h>
#include "../lib/log.h"
#include "api_fail.h"
#include "api_handlers.h"

#define BODY 0x1u /* wants a JSON object */

struct api_route {
	const char *method;
	const char *path;
	uint32_t scope; /* any one of these; 0 = any valid token */
	unsigned int flags;
	api_handler *handler;
};

static const struct api_route public_routes[] = {
	{"GET", "/v1/health", 0, 0, api_health_get},
	{"GET", "/v1/peers", DB_SCOPE_PEERS_READ, 0, api_peer_list},
	{"POST", "/v1/peers", DB_SCOPE_PEERS_ADD, BODY, api_peer_post},
	{"DELETE", "/v1/peers", DB_SCOPE_PEERS_ADD, BODY, api_peer_delete},
	{"POST", "/v1/peers/psk", DB_SCOPE_PEERS_ADD, BODY, api_psk_offer},
	{"PUT", "/v1/peers/psk", DB_SCOPE_PEERS_ADD, BODY, api_psk_commit},
	{},
};

static const struct api_route ctl_routes[] = {
	{"GET", "/ctl/v1/status", 0, 0, api_ctl_status},
	{"GET", "/ctl/v1/drops", 0, 0, api_ctl_drops},
	{"POST", "/ctl/v1/join", 0, BODY, api_ctl_join},
	{"GET", "/ctl/v1/peers", 0, 0, api_ctl_peer_list},
	{"POST", "/ctl/v1/peer", 0, BODY, api_ctl_peer_show},
	{"DELETE", "/ctl/v1/peer", 0, BODY, api_ctl_peer_delete},
	{"GET", "/ctl/v1/tokens", 0, 0, api_token_list},
	{"POST", "/ctl/v1/tokens", 0, BODY, api_token_post},
	{"DELETE", "/ctl/v1/tokens", 0, BODY, api_token_delete},
	{"GET", "/ctl/v1/accounts", 0, 0, api_account_list},
	{"POST", "/ctl/v1/accounts", 0, BODY, api_account_set},
	{},
};

/* HEAD is answered like GET: lib/http leaves the body out (RFC 9110 section 9.3.2). */
static bool method_fits(const struct api_route *route, const char *method)
{
	return !strcmp(route->method, method) ||
	       (!strcmp(route->method, "GET") && !strcmp(method, "HEAD"));
}

/* The route, or NULL after having refused. */
static const struct api_route *find_route(struct api_req *req, const struct api_route *routes)
{
	size_t len = 0;

	for (const struct api_route *r = routes; r->method; r++) {
		if (strcmp(r->path, req->msg->path))
			continue;
		if (method_fits(r, req->msg->method))
			return r;
		len += (size_t)snprintf(req->allow + len, sizeof(req->allow) - len, "%s%s%s",
					len ? ", " : "", r->method,
					strcmp(r->method, "GET") ? "" : ", HEAD");
	}
	if (len)
		api_refuse(req, API_ERROR_METHOD, "this path allows: %s", req->allow);
	else
		api_refuse(req, API_ERROR_NOT_FOUND, "no such path");
	return NULL;
}

/* The token behind "Bearer ", or NULL. RFC 9110 section 11.1: the scheme's case does not matter. */
static const char *bearer_of(const struct api_req *req)
{
	const char *value = http_msg_header(req->msg, "authorization");

	if (!value || strncasecmp(value, "Bearer ", 7))
		return NULL;
	value += 7;
	return value + strspn(value, " ");
}

static void refuse_token(struct api_req *req, const char *detail)
{
	struct endpoint remote = http_exchange_remote(req->x);

	if (api_fail_add(req->api->fail, &remote, mono_now()))
		api_refuse(req, API_ERROR_RATE_LIMITED,
			   "too many requests with invalid tokens from this address");
	else
		api_refuse(req, API_ERROR_INVALID_TOKEN, "%s", detail);
}

/* 0, or a negative errno after having refused. */
static int authenticate(struct api_req *req)
{
	struct api *api = req->api;
	const char *text = bearer_of(req);
	uint8_t hmac[TOKEN_HMAC_LEN];
	struct err err = {};
	int r;

	if (!text) {
		api_refuse(req, API_ERROR_NO_TOKEN,
			   "an \"Authorization: Bearer %s...\" header is "
			   "required",
			   TOKEN_PREFIX);
		return -EACCES;
	}
	r = token_check(text, &err);
	if (r) {
		refuse_token(req, err.text);
		return r;
	}
	r = token_hmac(api->token_key, text, hmac);
	if (!r)
		r = db_token_find(api->db, hmac, &req->token, &err);
	if (!r)
		r = db_account_get(api->db, req->token.account, &req->account, &err);
	if (r == -ENOENT) {
		refuse_token(req, "no such token");
	} else if (r) {
		log_err("looking a token up: %s", err.text);
		api_refuse(req, API_ERROR_INTERNAL, "the database cannot be read");
	} else if (req->token.revoked_at) {
		refuse_token(req, "the token was revoked");
		r = -EACCES;
	}
	return r;
}

static int check_scope(struct api_req *req, const struct api_route *route)
{
	char text[DB_SCOPES_TEXT_LEN];

	if (!route->scope || req->token.scopes & (route->scope | DB_SCOPE_ADMIN))
		return 0;
	api_refuse(req, API_ERROR_INSUFFICIENT_SCOPE, "the token lacks the scope %s",
		   db_scopes_text(text, route->scope));
	return -EACCES;
}

/* application/json, with or without parameters (RFC 9110 section 8.3.1). */
static bool is_json(const char *type)
{
	static const char json[] = "application/json";
	size_t len = sizeof(json) - 1;

	if (!type || strncasecmp(type, json, len))
		return false;
	return !type[len] || type[len] == ';' || type[len] == ' ' || type[len] == '\t';
}

static int read_body(struct api_req *req)
{
	struct err err;
	int r;

	if (!is_json(http_msg_header(req->msg, "content-type"))) {
		api_refuse(req, API_ERROR_MEDIA_TYPE,
			   "the body must be JSON with \"Content-Type: application/json\"");
		return -EINVAL;
	}
	r = json_parse(req->msg->body, req->msg->body_len, "body", &req->body, &err);
	if (!r && !json_is_object(req->body))
		r = err_set(&err, -EINVAL, "body: expected an object");
	if (r)
		api_refuse(req, API_ERROR_INVALID_JSON, "%s", err.text);
	return r;
}

static struct api_req *req_new(struct http_exchange *x, struct api *api)
{
	struct api_req *req = calloc(1, sizeof(*req));

	if (!req) {
		http_reply(x, 503, NULL, 0, NULL, 0);
		return NULL;
	}
	req->api = api;
	req->x = x;
	req->msg = http_exchange_msg(x);
	return req;
}

void api_route_public(struct http_exchange *x, void *ctx)
{
	struct api_req *req = req_new(x, ctx);
	const struct api_route *route;

	if (!req)
		return;
	route = find_route(req, public_routes);
	if (!route || authenticate(req) || check_scope(req, route))
		return;
	if (route->flags & BODY && read_body(req))
		return;
	route->handler(req);
}

/* Only root and relayd itself: the socket's mode says the same. */
static int check_uid(struct api_req *req)
{
	uint32_t uid;

	if (http_exchange_unix_uid(req->x, &uid) && (uid == 0 || uid == geteuid()))
		return 0;
	api_refuse(req, API_ERROR_FORBIDDEN, "only root may use this socket");
	return -EACCES;
}

/* #syscalls(api): geteuid */
void api_route_ctl(struct http_exchange *x, void *ctx)
{
	struct api_req *req = req_new(x, ctx);
	const struct api_route *route;

	if (!req || check_uid(req))
		return;
	route = find_route(req, ctl_routes);
	if (!route || (route->flags & BODY && read_body(req)))
		return;
	route->handler(req);
}
