/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * relayctl backup: a snapshot of the database beside the database, which relayctl takes away. It
 * is one transaction's state, made while the relay serves.
 */
#include <stdio.h>
#include "../lib/log.h"
#include "api_handlers.h"
#include "place.h"

#define SNAPSHOT "backup.db"

void api_ctl_backup(struct api_req *req)
{
	char path[PLACE_LEN];
	struct err err;
	int r;

	place_db(path, &req->api->conf, SNAPSHOT);
	r = db_snapshot(req->api->db, path, &err);
	if (r) {
		log_err("backup: %s", err.text);
		api_refuse(req, API_ERROR_INTERNAL, "%s", err.text);
		return;
	}
	log_info("a snapshot of the database was made");
	api_reply_json(
		req, 201,
		json_pack("{s:s, s:s}", "database", path, "state", req->api->conf.state_dir));
}
