/* SPDX-License-Identifier: GPL-2.0-only */
/* relayctl account. */
#include "../lib/log.h"
#include "../lib/time_text.h"
#include "api_audit.h"
#include "api_enforce.h"
#include "api_handlers.h"
#include "api_peer.h"

static int add_to_list(const struct db_account *account, uint32_t peers, uint32_t ipv4, void *ctx)
{
	json_t *json;

	json = json_pack("{s:I, s:s, s:s, s:i, s:i, s:o, s:o}", "id", (json_int_t)account->id,
			 "name", account->name, "tier", account->tier, "peers", (int)peers, "ipv4",
			 (int)ipv4, "created_at", api_time_json(account->created_at),
			 "billing_period_end", api_time_json(account->billing_until));
	return json_array_append_new(ctx, json) ? -ENOMEM : 0;
}

void api_account_list(struct api_req *req)
{
	AUTO_JSON json_t *array = json_array();
	struct err err;

	if (db_account_list(req->api->db, add_to_list, array, &err))
		api_refuse(req, API_ERROR_INTERNAL, "%s", err.text);
	else
		api_reply_json(req, 200, steal(&array));
}

static int push(const struct db_peer *peer, void *ctx)
{
	api_peer_push(ctx, peer);
	return 0;
}

struct asked {
	const char *account;
	const char *tier; /* NULL = as it is */
	bool has_billing;
	int64_t billing_until;
};

static int parse_asked(const struct api *api, const json_t *body, struct asked *a, struct err *err)
{
	static const char *const known[] = {"account", "tier", "billing_period_end", NULL};
	const json_t *until = json_object_get(body, "billing_period_end");
	int r;

	*a = (struct asked){.has_billing = until != NULL};
	r = json_only(body, known, err);
	if (!r)
		r = json_get_string(body, "account", &a->account, err);
	if (r)
		return r;
	r = json_get_string(body, "tier", &a->tier, err);
	if (!r && !conf_tier(&api->conf, a->tier))
		return err_set(err, -EINVAL, "tier: relay.yaml has no such tier");
	if (r && r != -ENOENT)
		return r;
	if (r && !until)
		return err_set(err, -EINVAL, "tier or billing_period_end is required");
	if (until && !json_is_null(until) &&
	    (!json_is_string(until) || parse_time(json_string_value(until), &a->billing_until)))
		return err_set(err, -EINVAL,
			       "billing_period_end: expected a time like 2026-12-31T23:59:59Z, "
			       "a day, or null");
	return 0;
}

static int set(struct api_req *req, const struct asked *a, struct db_account *account,
	       struct err *err)
{
	struct db *db = req->api->db;
	char until[TIME_TEXT_LEN];
	int r;

	r = db_begin(db, err);
	if (r)
		return r;
	r = db_account_find(db, a->account, account, err);
	if (!r && a->tier)
		r = db_account_set_tier(db, account->id, a->tier, err);
	if (!r && a->tier)
		r = api_audit(req->api, req, account->id, err, "account.tier", "%s to %s",
			      account->tier, a->tier);
	if (!r && a->has_billing)
		r = db_account_set_billing(db, account->id, a->billing_until, err);
	if (!r && a->has_billing)
		r = api_audit(req->api, req, account->id, err, "account.billing", "until %s",
			      a->billing_until ? time_text(until, a->billing_until) : "no end");
	if (!r)
		r = db_account_get(db, account->id, account, err);
	if (r) {
		db_rollback(db);
		return r;
	}
	return db_commit(db, err);
}

/* Rate, count and billing reach the account's peers at once, and nobody else's. */
void api_account_set(struct api_req *req)
{
	struct api *api = req->api;
	struct db_account account;
	struct asked a;
	struct err err;
	int r;

	if (parse_asked(api, req->body, &a, &err)) {
		api_refuse(req, API_ERROR_INVALID_REQUEST, "%s", err.text);
		return;
	}
	r = set(req, &a, &account, &err);
	if (!r) {
		api_enforce_account(api, account.id);
		r = db_peer_list(api->db, DB_PEER_LIVE, account.id, 0, 0, UINT32_MAX, push, api,
				 &err);
	}
	if (r) {
		api_refuse(req, r == -ENOENT ? API_ERROR_ACCOUNT_NOT_FOUND : API_ERROR_INTERNAL,
			   "%s", err.text);
		return;
	}
	log_info("account %s: tier %s", account.name, account.tier);
	api_reply_json(req, 200,
		       json_pack("{s:s, s:s, s:o}", "account", account.name, "tier", account.tier,
				 "billing_period_end", api_time_json(account.billing_until)));
}
