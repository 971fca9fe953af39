/* SPDX-License-Identifier: GPL-2.0-only */
/* relayctl usage: what the database has, after a round that brings it up to date. */
#include <string.h>
#include "../lib/time_text.h"
#include "api_handlers.h"
#include "api_usage.h"
#include "db_account.h"
#include "db_usage.h"

struct asking {
	struct api_req *req;
	uint32_t month; /* 0 = all */
	int64_t account;
	bool peers;
};

struct listing {
	const struct asking *asking;
	json_t *array;
};

static const char *tally_text(const struct api *api, const struct db_usage *u)
{
	static const char *const words[] = {
		[TALLY_NONE] = NULL, [TALLY_AGREES] = "agrees", [TALLY_DIFFERS] = "differs"};
	uint32_t state = api_usage_tally(api, u->slot);

	/* It is of now. */
	if (u->month != month_of(db_now()) || state > TALLY_DIFFERS)
		return NULL;
	return words[state];
}

static json_t *text_or_null(const char *text)
{
	return text && text[0] ? json_string(text) : json_null();
}

static int add_to_list(const struct db_usage *u, void *ctx)
{
	struct listing *l = ctx;
	char month[MONTH_TEXT_LEN];
	json_t *json;

	json = json_pack("{s:s, s:s, s:I, s:I, s:I, s:I}", "month", month_text(month, u->month),
			 "account", u->account, "up_packets", (json_int_t)u->usage.up_packets,
			 "up_bytes", (json_int_t)u->usage.up_bytes, "down_packets",
			 (json_int_t)u->usage.down_packets, "down_bytes",
			 (json_int_t)u->usage.down_bytes);
	if (json && l->asking->peers) {
		bool gone = u->slot == DB_USAGE_GONE;

		json_object_set_new(json, "slot", gone ? json_null() : json_integer(u->slot));
		json_object_set_new(json, "name", text_or_null(u->name));
		json_object_set_new(json, "machine", text_or_null(u->machine));
		json_object_set_new(json, "wireguard",
				    text_or_null(gone ? NULL : tally_text(l->asking->req->api, u)));
	}
	return json_array_append_new(l->array, json) ? -ENOMEM : 0;
}

static void on_round(int r, void *ctx)
{
	AUTO_FREE struct asking *a = ctx;
	AUTO_JSON json_t *array = json_array();
	struct listing l = {.asking = a, .array = array};
	struct err err;

	if (r) {
		api_refuse(a->req, API_ERROR_RELAY_REFUSED, "the counters cannot be read");
		return;
	}
	if (db_usage_list(a->req->api->db, a->month, a->account, a->peers, add_to_list, &l, &err))
		api_refuse(a->req, API_ERROR_INTERNAL, "%s", err.text);
	else
		api_reply_json(a->req, 200, steal(&array));
}

/* Month: this one unless named, "all" for all. */
static int parse(struct api_req *req, struct asking *a, struct err *err)
{
	static const char *const known[] = {"account", "month", "peers", NULL};
	const char *text;
	struct db_account account;
	int r = json_only(req->body, known, err);

	if (r)
		return r;
	a->peers = json_is_true(json_object_get(req->body, "peers"));
	a->month = month_of(db_now());
	r = json_get_string(req->body, "month", &text, err);
	if (!r && !strcmp(text, "all"))
		a->month = 0;
	else if (!r && parse_month(text, &a->month))
		return err_set(err, -EINVAL, "month: expected one like 2026-11, or all");
	if (r && r != -ENOENT)
		return r;
	r = json_get_string(req->body, "account", &text, err);
	if (r)
		return r == -ENOENT ? 0 : r;
	r = db_account_find(req->api->db, text, &account, err);
	a->account = account.id;
	return r;
}

void api_ctl_usage(struct api_req *req)
{
	AUTO_FREE struct asking *a = calloc(1, sizeof(*a));
	struct err err;
	int r;

	if (!a) {
		api_refuse(req, API_ERROR_BUSY, "out of memory");
		return;
	}
	a->req = req;
	r = parse(req, a, &err);
	if (r) {
		api_refuse(req,
			   r == -ENOENT ? API_ERROR_ACCOUNT_NOT_FOUND : API_ERROR_INVALID_REQUEST,
			   "%s", err.text);
		return;
	}
	if (api_usage_round(req->api, on_round, a))
		api_refuse(req, API_ERROR_BUSY, "too many requests wait already");
	else
		steal(&a);
}
