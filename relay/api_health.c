/* SPDX-License-Identifier: GPL-2.0-only */
#include "api_handlers.h"

#include "../lib/log.h"
#include "db_peer.h"

void api_health_get(struct api_req *req)
{
	const struct api *api = req->api;
	uint32_t peers, ipv4;
	struct err err;

	if (db_peer_count(api->db, 0, 0, DB_PEER_NO_SLOT, &peers, &ipv4, &err)) {
		log_err("health: %s", err.text);
		api_refuse(req, API_ERROR_INTERNAL, "the database cannot be read");
		return;
	}
	api_reply_json(req, 200,
		       json_pack("{s:s, s:s, s:s, s:s, s:i, s:I}", "status", "ok", "version",
				 SIDECAR_VERSION, "relay", api->conf.name, "region",
				 api->conf.region, "peers", (int)peers, "uptime",
				 (json_int_t)(mono_ms_since(api->started) / 1000)));
}
