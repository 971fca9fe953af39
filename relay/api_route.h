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

struct api_req {
	struct api *api;
	struct http_exchange *x;
	const struct http_msg *msg;
	struct db_token token;	   /* public API */
	struct db_account account; /* public API */
	json_t *body;		   /* parsed, where the route wants one */
	char allow[64];		   /* API_ERROR_METHOD: what is allowed */
};

typedef void api_handler(struct api_req *req);

/* http_handler of the TLS server and of relayctl's socket. ctx is a struct api. */
void api_route_public(struct http_exchange *x, void *ctx);
void api_route_ctl(struct http_exchange *x, void *ctx);

/* All end and free the request. json is taken; NULL = out of memory, answered as such. */
void api_reply_json(struct api_req *req, int status, json_t *json);
void api_refuse(struct api_req *req, enum api_error e, const char *fmt, ...) PRINTF(3, 4);

/* API_ERROR_PSK_EPOCH with a member "epoch": the one that comes next. */
void api_refuse_epoch(struct api_req *req, uint64_t epoch, const char *fmt, ...) PRINTF(3, 4);

/* "2025-01-31T23:59:59Z" (RFC 3339), or null for 0. */
json_t *api_time_json(int64_t seconds);

#endif
