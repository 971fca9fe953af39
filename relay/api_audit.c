/* SPDX-License-Identifier: GPL-2.0-only */
#include "api_audit.h"

#include <stdarg.h>
#include <stdio.h>
#include "../lib/log.h"
#include "../lib/parse.h"
#include "api_handlers.h"
#include "db_audit.h"

#define PAGE_ROWS 100

int api_audit(struct api *api, const struct api_req *req, int64_t account, struct err *err,
	      const char *action, const char *fmt, ...)
{
	struct db_audit entry = {.account = account};
	struct endpoint remote;
	va_list ap;

	if (req) {
		remote = http_exchange_remote(req->x);
		entry.token = req->token.id;
		endpoint_text(entry.remote, &remote);
	}
	snprintf(entry.action, sizeof(entry.action), "%s", action);
	va_start(ap, fmt);
	vsnprintf(entry.detail, sizeof(entry.detail), fmt, ap);
	va_end(ap);
	return db_audit_add(api->db, &entry, err);
}

static json_t *id_json(int64_t id)
{
	return id ? json_sprintf("%jd", (intmax_t)id) : json_null();
}

static int add_to_list(const struct db_audit *e, void *ctx)
{
	json_t *json;

	json = json_pack("{s:o, s:o, s:o, s:o, s:o, s:s, s:s}", "id", id_json(e->id), "at",
			 api_time_json(e->at), "account", id_json(e->account), "token",
			 id_json(e->token), "remote",
			 e->remote[0] ? json_string(e->remote) : json_null(), "action", e->action,
			 "detail", e->detail);
	return json_array_append_new(ctx, json) ? -ENOMEM : 0;
}

/* "?before=ID" goes back page by page. */
static void list(struct api_req *req, int64_t account)
{
	AUTO_JSON json_t *array = json_array();
	const char *before = json_string_value(json_object_get(req->query, "before"));
	uint64_t id = 0;
	struct err err;

	if (before && parse_u64(before, 1, INT64_MAX, &id)) {
		api_refuse(req, API_ERROR_INVALID_REQUEST, "before: expected an entry's id");
		return;
	}
	if (db_audit_list(req->api->db, account, (int64_t)id, PAGE_ROWS, add_to_list, array,
			  &err)) {
		log_err("reading the audit log: %s", err.text);
		api_refuse(req, API_ERROR_INTERNAL, "the database cannot be read");
		return;
	}
	api_reply_json(req, 200, steal(&array));
}

void api_audit_list(struct api_req *req)
{
	list(req, req->account.id);
}

void api_ctl_audit_list(struct api_req *req)
{
	list(req, 0);
}
