/* SPDX-License-Identifier: GPL-2.0-only */
/* GET /v1/status: what the account has, and what of it is used. */
#include "../lib/log.h"
#include "../lib/time_text.h"
#include "api_handlers.h"
#include "api_token.h"
#include "db_peer.h"
#include "db_usage.h"

static json_t *use_json(uint32_t used, uint32_t max)
{
	return json_pack("{s:i, s:i}", "used", (int)used, "max", (int)max);
}

static json_t *token_json(const struct db_token *t)
{
	char scopes[DB_SCOPES_TEXT_LEN];

	return json_pack("{s:o, s:s, s:s, s:o, s:o}", "id", json_sprintf("%jd", (intmax_t)t->id),
			 "name", t->name, "scopes", db_scopes_text(scopes, t->scopes), "max_peers",
			 api_token_limit_json(t->max_peers), "max_ipv4",
			 api_token_limit_json(t->max_ipv4));
}

/* As of a minute ago at most. */
static json_t *usage_json(uint32_t month, const struct usage *u)
{
	char text[MONTH_TEXT_LEN];

	return json_pack("{s:s, s:I, s:I, s:I, s:I}", "month", month_text(text, month),
			 "up_packets", (json_int_t)u->up_packets, "up_bytes",
			 (json_int_t)u->up_bytes, "down_packets", (json_int_t)u->down_packets,
			 "down_bytes", (json_int_t)u->down_bytes);
}

void api_status_get(struct api_req *req)
{
	static const struct conf_tier no_tier;
	const struct db_account *account = &req->account;
	const struct conf_tier *tier = conf_tier(&req->api->conf, account->tier);
	uint32_t peers, ipv4, month = month_of(db_now());
	struct usage usage;
	struct err err;

	if (!tier)
		tier = &no_tier;
	if (db_peer_count(req->api->db, account->id, 0, DB_PEER_NO_SLOT, &peers, &ipv4, &err) ||
	    db_usage_get(req->api->db, month, account->id, &usage, &err)) {
		log_err("status: %s", err.text);
		api_refuse(req, API_ERROR_INTERNAL, "the database cannot be read");
		return;
	}
	api_reply_json(
		req, 200,
		json_pack("{s:s, s:s, s:s, s:o, s:o, s:o, s:o, s:o, s:i, s:b, s:o, s:o, s:s, s:s}",
			  "account", account->name, "tier", account->tier, "state",
			  db_account_expired(account, db_now()) ? "expired" : "active",
			  "billing_period_end", api_time_json(account->billing_until), "peers",
			  use_json(peers, tier->max_peers), "ipv6", use_json(peers, tier->max_ipv6),
			  "ipv4", use_json(ipv4, tier->max_ipv4), "rate_kbps",
			  tier->rate_kbps ? json_integer(tier->rate_kbps) : json_null(),
			  "guarantee_mbps", (int)tier->guarantee_mbps, "smtp", (int)tier->smtp,
			  "usage", usage_json(month, &usage), "token", token_json(&req->token),
			  "relay", req->api->conf.name, "region", req->api->conf.region));
}
