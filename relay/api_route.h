/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * From a request to its handler: the route table, authentication, scopes, media type. A handler
 * gets a struct api_req and must end it with exactly one api_reply_*() or api_refuse(), now or
 * later on the loop.
 */
#ifndef RELAY_API_ROUTE_H
#define RELAY_API_ROUTE_H

#include "../lib/json.h"
#include "api.h"
#include "api_error.h"
#include "db_account.h"
#include "db_token.h"

struct api_route;

#define API_TAIL_LEN 160 /* of a path's last segment, decoded; longer: 404 */

struct api_req {
	struct api *api;
	const struct api_route *route;
	struct http_exchange *x;
	const struct http_msg *msg;
	struct db_token token;	   /* public API */
	struct db_account account; /* public API */
	json_t *body;		   /* parsed, where the route wants one */
	json_t *query;		   /* an object of strings */
	bool form;		   /* body was a form: an object of strings */
	char tail[API_TAIL_LEN];   /* routes that end in '/': what stood behind it */
	char allow[64];		   /* API_ERROR_METHOD: what is allowed */
};

typedef void api_handler(struct api_req *req);

#define API_ROUTE_BODY 0x1u /* wants a JSON object */
#define API_ROUTE_FORM 0x2u /* takes a form too */
#define API_ROUTE_OPEN 0x4u /* no token */
#define API_ROUTE_TAIL 0x8u /* the path ends in '/', one more segment follows */

/* The table is what is served and what /api/openapi.json says of it. */
struct api_route {
	const char *method;
	const char *path;
	uint32_t scope; /* any one of these; 0 = any valid token */
	unsigned int flags;
	api_handler *handler;
	const char *summary;
	const char *body;   /* schema of the body, by its name in web/schemas.json */
	const char *answer; /* "200 Peer", "200,201 Peer", "200 [Peer]", "200 text/html" */
	uint64_t errors;    /* 1 << enum api_error: beside those that follow from the flags */
};

/* Ends with an entry without method. */
extern const struct api_route api_public_routes[];

/* http_handler of the TLS server and of relayctl's socket. ctx is a struct api. */
void api_route_public(struct http_exchange *x, void *ctx);
void api_route_ctl(struct http_exchange *x, void *ctx);

/* Has the token what the scope asks for? */
bool api_scope_ok(const struct db_token *token, uint32_t scope);

/* body is copied. */
void api_reply_raw(struct api_req *req, int status, const struct http_header *headers,
		   size_t n_headers, const void *body, size_t body_len);
/* All end and free the request. json is taken; NULL = out of memory, answered as such. */
void api_reply_json(struct api_req *req, int status, json_t *json);
void api_refuse(struct api_req *req, enum api_error e, const char *fmt, ...) PRINTF(3, 4);

/* API_ERROR_PSK_EPOCH with a member "epoch": the one that comes next. */
void api_refuse_epoch(struct api_req *req, uint64_t epoch, const char *fmt, ...) PRINTF(3, 4);

#define API_URL_LEN 280
/* Where clients reach us: url of relay.yaml, or what the request was addressed to. No slash at the
 * end. */
const char *api_base_url(const struct api_req *req, char out[static API_URL_LEN]);

/* "2025-01-31T23:59:59Z" (RFC 3339), or null for 0. */
json_t *api_time_json(int64_t seconds);

#endif
