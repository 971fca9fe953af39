/* SPDX-License-Identifier: GPL-2.0-only */
/* relayctl account. */
#include "../lib/log.h"
#include "api_handlers.h"
#include "api_peer.h"

static int add_to_list(const struct db_account *account, uint32_t peers, uint32_t ipv4, void *ctx)
{
	json_t *json;

	json = json_pack("{s:I, s:s, s:s, s:i, s:i, s:o}", "id", (json_int_t)account->id, "name",
			 account->name, "tier", account->tier, "peers", (int)peers, "ipv4",
			 (int)ipv4, "created_at", api_time_json(account->created_at));
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

/* The rate of another tier reaches the account's live peers at once. */
void api_account_set(struct api_req *req)
{
	static const char *const known[] = {"account", "tier", NULL};
	struct api *api = req->api;
	struct db_account account;
	const char *name, *tier;
	struct err err;
	int r;

	r = json_only(req->body, known, &err);
	if (!r)
		r = json_get_string(req->body, "account", &name, &err);
	if (!r)
		r = json_get_string(req->body, "tier", &tier, &err);
	if (!r && !conf_tier(&api->conf, tier))
		r = err_set(&err, -EINVAL, "tier: relay.yaml has no such tier");
	if (r) {
		api_refuse(req, API_ERROR_INVALID_REQUEST, "%s", err.text);
		return;
	}
	r = db_account_find(api->db, name, &account, &err);
	if (!r)
		r = db_account_set_tier(api->db, account.id, tier, &err);
	if (!r)
		r = db_peer_list(api->db, DB_PEER_LIVE, account.id, 0, 0, UINT32_MAX, push, api,
				 &err);
	if (r) {
		api_refuse(req, r == -ENOENT ? API_ERROR_ACCOUNT_NOT_FOUND : API_ERROR_INTERNAL,
			   "%s", err.text);
		return;
	}
	log_info("account %s has tier %s now", account.name, tier);
	api_reply_json(req, 200, json_pack("{s:s, s:s}", "account", account.name, "tier", tier));
}
