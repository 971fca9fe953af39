/* SPDX-License-Identifier: GPL-2.0-only */
#include "api_route.h"

#include <string.h>
#include "../lib/log.h"
#include "../lib/form.h"
#include "api_handlers.h"
#include "api_oauth.h"
#include "api_rate.h"

#define BODY API_ROUTE_BODY
#define FORM API_ROUTE_FORM
#define OPEN API_ROUTE_OPEN
#define TAIL API_ROUTE_TAIL
#define E(NAME) (UINT64_C(1) << API_ERROR_##NAME)

_Static_assert(API_ERROR_MAX <= 64, "struct api_route: a bit for each error");

#define PAGE(path)                                                                                 \
	{"GET",		  path,	       0, OPEN, api_page_get, "Page of the operator", NULL,        \
	 "200 text/html", E(NOT_FOUND)}
#define ASSET(path) {"GET", path, 0, OPEN, api_web_get, NULL, NULL, NULL, 0}

/* clang-format off: one route a line or two, so that the table can be read down. */
const struct api_route api_public_routes[] = {
	{"GET", "/v1/health", 0, 0, api_health_get, "State of the relay", NULL, "200 Health", 0},
	{"GET", "/v1/status", 0, 0, api_status_get, "The account: tier, use, billing period", NULL,
	 "200 Status", 0},
	{"GET", "/v1/peers", DB_SCOPE_PEERS_READ, 0, api_peer_list, "The account's live peers",
	 NULL, "200 [Peer]", 0},
	{"POST", "/v1/peers", DB_SCOPE_PEERS_ADD, BODY, api_peer_post,
	 "Registers a peer; the same key again changes nothing", "PeerAsk", "200,201 Peer",
	 E(BILLING_EXPIRED) | E(PEER_QUOTA) | E(IPV4_QUOTA) | E(BANDWIDTH_TIER) | E(KEY_IN_USE) |
		 E(MACHINE_SESSION) | E(RELAY_REFUSED) | E(RELAY_FULL) | E(IPV4_EXHAUSTED) |
		 E(BUSY)},
	{"DELETE", "/v1/peers", DB_SCOPE_PEERS_ADD, BODY, api_peer_delete,
	 "Removes a peer; its addresses are held for the same container", "PeerKey",
	 "200 PeerDeleted", E(MACHINE_SESSION) | E(PEER_NOT_FOUND) | E(RELAY_REFUSED) | E(BUSY)},
	{"POST", "/v1/peers/psk", DB_SCOPE_PEERS_ADD, BODY, api_psk_offer,
	 "The first half of a pre-shared key exchange (X-Wing)", "PskOffer", "200 PskAnswer",
	 E(MACHINE_SESSION) | E(PEER_NOT_FOUND) | E(PQ_REQUIRED) | E(PSK_EPOCH)},
	{"PUT", "/v1/peers/psk", DB_SCOPE_PEERS_ADD, BODY, api_psk_commit,
	 "Ends an exchange: this epoch's key is in use", "PskCommit", "200 PskDone",
	 E(MACHINE_SESSION) | E(PEER_NOT_FOUND) | E(PQ_REQUIRED) | E(PSK_EPOCH) | E(RELAY_REFUSED) |
		 E(BUSY)},
	{"POST", "/v1/peers/rotate", DB_SCOPE_PEERS_ADD, BODY, api_rotate_begin,
	 "A peer's next WireGuard key, beside the one in use: the peer as it will be", "Rotation",
	 "200 Peer",
	 E(MACHINE_SESSION) | E(PEER_NOT_FOUND) | E(KEY_IN_USE) | E(ROTATED) | E(RELAY_REFUSED) |
		 E(BUSY)},
	{"PUT", "/v1/peers/rotate", DB_SCOPE_PEERS_ADD, BODY, api_rotate_commit,
	 "The peer goes on with its next key, which has carried a packet", "Rotation", "200 Peer",
	 E(MACHINE_SESSION) | E(PEER_NOT_FOUND) | E(NO_ROTATION) | E(ROTATION_UNPROVEN) |
		 E(RELAY_REFUSED) | E(BUSY)},
	{"DELETE", "/v1/peers/rotate", DB_SCOPE_PEERS_ADD, BODY, api_rotate_drop,
	 "The peer keeps its key, the next one is forgotten", "Rotation", "200 PeerDeleted",
	 E(MACHINE_SESSION) | E(PEER_NOT_FOUND) | E(ROTATED) | E(RELAY_REFUSED) | E(BUSY)},
	{"GET", "/v1/relay", 0, 0, api_relay_get,
	 "The relay's keys, and what an agent's machine factors are hashed with", NULL, "200 Relay",
	 0},
	{"POST", "/v1/machines", DB_SCOPE_PEERS_ADD, BODY, api_machine_post,
	 "Enrols an agent's host, or begins a session of it on this connection", "MachineAsk",
	 "200,201 Machine",
	 E(PQ_REQUIRED) | E(MACHINE_SIGNATURE) | E(MACHINE_MISMATCH) | E(MACHINE_QUOTA) |
		 E(MACHINE_ENROLLED)},
	{"GET", "/v1/peers/by-container/", DB_SCOPE_PEERS_READ, TAIL, api_container_get,
	 "Is this container (name, id or short id) on the internet?", NULL, "200 Container",
	 E(PEER_NOT_FOUND) | E(CONFLICT) | E(RELAY_REFUSED) | E(BUSY) | E(INVALID_REQUEST)},
	{"GET", "/v1/canary", 0, 0, api_canary_get, "The warrant canary and its signature", NULL,
	 "200 Canary", E(CANARY_NOT_FOUND)},
	{"GET", "/v1/admin/tokens", DB_SCOPE_ADMIN, 0, api_admin_token_list, "The account's tokens",
	 NULL, "200 [Token]", 0},
	{"POST", "/v1/admin/tokens", DB_SCOPE_ADMIN, BODY, api_admin_token_post,
	 "Makes a token: the answer shows it once", "TokenAsk", "201 TokenMade",
	 E(TOKEN_QUOTA) | E(CONFLICT)},
	{"DELETE", "/v1/admin/tokens", DB_SCOPE_ADMIN, BODY, api_admin_token_delete,
	 "Revokes a token: its peers stop", "TokenId", "200 TokenRevoked", E(TOKEN_NOT_FOUND)},
	{"GET", "/v1/admin/audit", DB_SCOPE_ADMIN, 0, api_audit_list,
	 "Who changed what, the newest first", NULL, "200 [Audit]", E(INVALID_REQUEST)},
	{"POST", "/v1/device/authorize", 0, OPEN | BODY | FORM, api_device_authorize,
	 "A device asks for a token (RFC 8628 section 3.1)", "DeviceAsk", "200 DeviceCode",
	 E(INVALID_SCOPE) | E(BUSY)},
	{"POST", "/v1/device/token", 0, OPEN | BODY | FORM, api_device_token,
	 "The device polls for its token (RFC 8628 section 3.4)", "DevicePoll", "200 DeviceToken",
	 E(INVALID_GRANT) | E(UNSUPPORTED_GRANT) | E(EXPIRED_TOKEN) | E(ACCESS_DENIED) |
		 E(AUTHORIZATION_PENDING) | E(SLOW_DOWN)},
	{"POST", "/v1/device/lookup", 0, BODY, api_device_lookup,
	 "What a device with this code asks for", "DeviceLookup", "200 DeviceShown",
	 E(CODE_NOT_FOUND)},
	{"POST", "/v1/device/approve", 0, BODY, api_device_approve,
	 "Gives the device a token of this account, or denies it", "DeviceApprove",
	 "200 DeviceDone", E(CODE_NOT_FOUND) | E(INSUFFICIENT_SCOPE) | E(TOKEN_QUOTA)},
	{"GET", "/.well-known/oauth-protected-resource", 0, OPEN, api_web_get, "RFC 9728 metadata",
	 NULL, "200 Document", 0},
	{"GET", "/.well-known/oauth-authorization-server", 0, OPEN, api_web_get,
	 "RFC 8414 metadata", NULL, "200 Document", 0},
	{"GET", "/.well-known/agent-card.json", 0, OPEN, api_web_get, "A2A agent card", NULL,
	 "200 Document", 0},
	{"GET", "/.well-known/agent-onboarding.json", 0, OPEN, api_web_get,
	 "Install contract for programs: preflight, steps, rollback, errors, resume", NULL,
	 "200 Document", 0},
	{"GET", "/metrics", DB_SCOPE_METRICS, 0, api_metrics_get,
	 "Figures of the relay for Prometheus: only the operator gives this scope", NULL,
	 "200 text/plain", E(RELAY_REFUSED) | E(BUSY)},
	{"GET", "/api/openapi.json", 0, OPEN, api_openapi_get, "This document", NULL,
	 "200 Document", 0},
	{"GET", "/", 0, OPEN, api_web_get, "Status page", NULL, "200 text/html", 0},
	{"GET", "/tokens", 0, OPEN, api_web_get, "Page: tokens", NULL, "200 text/html", 0},
	{"GET", "/device", 0, OPEN, api_web_get, "Page: approve a device", NULL, "200 text/html",
	 0},
	{"GET", "/warrant-canary", 0, OPEN, api_page_canary, "Page: the warrant canary", NULL,
	 "200 text/html", E(CANARY_NOT_FOUND)},
	{"GET", "/warrant-canary.txt", 0, OPEN, api_page_canary_text, "The canary's signed text",
	 NULL, "200 text/plain", E(CANARY_NOT_FOUND)},
	PAGE("/terms"),
	PAGE("/privacy"),
	PAGE("/aup"),
	PAGE("/dmca"),
	PAGE("/subprocessors"),
	PAGE("/security"),
	ASSET("/style.css"),
	ASSET("/common.js"),
	ASSET("/status.js"),
	ASSET("/tokens.js"),
	ASSET("/device.js"),
	{},
};

static const struct api_route ctl_routes[] = {
	{"GET", "/ctl/v1/status", 0, 0, api_ctl_status, NULL, NULL, NULL, 0},
	{"GET", "/ctl/v1/drops", 0, 0, api_ctl_drops, NULL, NULL, NULL, 0},
	{"POST", "/ctl/v1/usage", 0, BODY, api_ctl_usage, NULL, NULL, NULL, 0},
	{"GET", "/ctl/v1/events", 0, 0, api_ctl_events, NULL, NULL, NULL, 0},
	{"POST", "/ctl/v1/join", 0, BODY, api_ctl_join, NULL, NULL, NULL, 0},
	{"GET", "/ctl/v1/peers", 0, 0, api_ctl_peer_list, NULL, NULL, NULL, 0},
	{"POST", "/ctl/v1/peer", 0, BODY, api_ctl_peer_show, NULL, NULL, NULL, 0},
	{"DELETE", "/ctl/v1/peer", 0, BODY, api_ctl_peer_delete, NULL, NULL, NULL, 0},
	{"GET", "/ctl/v1/tokens", 0, 0, api_token_list, NULL, NULL, NULL, 0},
	{"POST", "/ctl/v1/tokens", 0, BODY, api_token_post, NULL, NULL, NULL, 0},
	{"DELETE", "/ctl/v1/tokens", 0, BODY, api_token_delete, NULL, NULL, NULL, 0},
	{"GET", "/ctl/v1/machines", 0, 0, api_ctl_machine_list, NULL, NULL, NULL, 0},
	{"POST", "/ctl/v1/machine", 0, BODY, api_ctl_machine_show, NULL, NULL, NULL, 0},
	{"DELETE", "/ctl/v1/machine", 0, BODY, api_ctl_machine_release, NULL, NULL, NULL, 0},
	{"GET", "/ctl/v1/pins", 0, 0, api_ctl_pin_list, NULL, NULL, NULL, 0},
	{"POST", "/ctl/v1/pins", 0, BODY, api_ctl_pin_roll, NULL, NULL, NULL, 0},
	{"GET", "/ctl/v1/accounts", 0, 0, api_account_list, NULL, NULL, NULL, 0},
	{"POST", "/ctl/v1/accounts", 0, BODY, api_account_set, NULL, NULL, NULL, 0},
	{"GET", "/ctl/v1/metrics", 0, 0, api_metrics_get, NULL, NULL, NULL, 0},
	{"POST", "/ctl/v1/backup", 0, 0, api_ctl_backup, NULL, NULL, NULL, 0},
	{"GET", "/ctl/v1/audit", 0, 0, api_ctl_audit_list, NULL, NULL, NULL, 0},
	{},
};
/* clang-format on */

/* HEAD is answered like GET: lib/http leaves the body out (RFC 9110 section 9.3.2). */
static bool method_fits(const struct api_route *route, const char *method)
{
	return !strcmp(route->method, method) ||
	       (!strcmp(route->method, "GET") && !strcmp(method, "HEAD"));
}

/* 0 = another path. A last segment of its own may not be empty, hold a slash or be too long. */
static bool path_fits(const struct api_route *route, const char *path,
		      char tail[static API_TAIL_LEN])
{
	size_t len = strlen(route->path);

	if (!(route->flags & TAIL))
		return !strcmp(route->path, path);
	if (strncmp(path, route->path, len) || !path[len] || strchr(path + len, '/'))
		return false;
	return !form_decode(path + len, strlen(path + len), tail, API_TAIL_LEN);
}

/* The route, or NULL after having refused. */
static const struct api_route *find_route(struct api_req *req, const struct api_route *routes)
{
	size_t len = 0;

	for (const struct api_route *r = routes; r->method; r++) {
		if (!path_fits(r, req->msg->path, req->tail))
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

	if (api_rate_add(req->api->rate_fail, &remote, mono_now()))
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

bool api_scope_ok(const struct db_token *token, uint32_t scope)
{
	uint32_t has = token->scopes;

	if (has & DB_SCOPE_ADMIN)
		has |= DB_SCOPES_OF_ACCOUNTS;
	return !scope || has & scope;
}

static int check_scope(struct api_req *req, const struct api_route *route)
{
	char text[DB_SCOPES_TEXT_LEN];

	if (api_scope_ok(&req->token, route->scope))
		return 0;
	api_refuse(req, API_ERROR_INSUFFICIENT_SCOPE, "the token lacks the scope %s",
		   db_scopes_text(text, route->scope));
	return -EACCES;
}

/* Who may ask at all, and how often. */
static int admit(struct api_req *req, const struct api_route *route)
{
	struct endpoint remote;
	int r;

	if (route->flags & OPEN) {
		remote = http_exchange_remote(req->x);
		if (!api_rate_add(req->api->rate_open, &remote, mono_now()))
			return 0;
		api_refuse(req, API_ERROR_RATE_LIMITED, "too many requests from this address");
		return -EACCES;
	}
	r = authenticate(req);
	if (r)
		return r;
	http_exchange_known(req->x);
	if (api_rate_add_id(req->api->rate_token, req->token.id, mono_now())) {
		api_refuse(req, API_ERROR_RATE_LIMITED, "too many requests with this token");
		return -EACCES;
	}
	return check_scope(req, route);
}

/* application/json, with or without parameters (RFC 9110 section 8.3.1). */
static bool is_type(const char *type, const char *wanted)
{
	size_t len = strlen(wanted);

	if (!type || strncasecmp(type, wanted, len))
		return false;
	return !type[len] || type[len] == ';' || type[len] == ' ' || type[len] == '\t';
}

static int read_form(struct api_req *req)
{
	struct err err;

	req->form = true;
	if (!form_parse(req->msg->body, req->msg->body_len, &req->body, &err))
		return 0;
	api_oauth_refuse(req, API_ERROR_INVALID_REQUEST, "%s", err.text);
	return -EINVAL;
}

static int read_body(struct api_req *req, const struct api_route *route)
{
	const char *type = http_msg_header(req->msg, "content-type");
	struct err err;
	int r;

	if (route->flags & API_ROUTE_FORM && is_type(type, "application/x-www-form-urlencoded"))
		return read_form(req);
	if (!is_type(type, "application/json")) {
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

static int read_query(struct api_req *req)
{
	struct err err;

	if (!form_parse(req->msg->query, strlen(req->msg->query), &req->query, &err))
		return 0;
	api_refuse(req, API_ERROR_INVALID_REQUEST, "query: %s", err.text);
	return -EINVAL;
}

static void run(struct api_req *req, const struct api_route *route)
{
	req->route = route;
	if ((!(route->flags & OPEN) && read_query(req)) ||
	    (route->flags & BODY && read_body(req, route)))
		return;
	route->handler(req);
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
	route = find_route(req, api_public_routes);
	if (route && !admit(req, route))
		run(req, route);
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
	if (route)
		run(req, route);
}
