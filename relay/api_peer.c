/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * /v1/peers. POST: database commit -> PEER_SET -> DONE -> answer, so that a 201 means that packets
 * flow; a refusal takes the row back. DELETE: PEER_DEL -> DONE -> database commit -> answer, so
 * that a 200 means that none do.
 */
#include "api_peer.h"

#include <string.h>
#include "../lib/log.h"
#include "api_audit.h"
#include "api_enforce.h"
#include "api_handlers.h"
#include "api_machine.h"
#include "api_net.h"
#include "api_psk.h"
#include "api_usage.h"

/* A request that waits for the net role. */
struct waiting {
	struct api_req *req;
	struct api_peer_change change;
};

static void refuse_net(struct api_req *req, int r, const char *text)
{
	if (r == -EBUSY)
		api_refuse(req, API_ERROR_BUSY, "too many changes wait already");
	else
		api_refuse(req, API_ERROR_RELAY_REFUSED, "the relay could not do it: %s", text);
}

static void log_change(const char *what, const struct db_peer *peer)
{
	char v6[ADDR_TEXT_LEN];

	log_info("peer %s: slot %u, %s, account %s, container %s", what, peer->address.slot,
		 addr6_text(v6, &peer->address.v6), peer->account,
		 peer->container[0] ? peer->container : "-");
}

/* The net role has not got it: so the database must not have it either. */
static void take_back(struct waiting *w, int why, const char *text)
{
	struct api *api = w->req->api;
	struct db_peer *peer = w->change.had ? &w->change.before : &w->change.now;
	struct err err;

	log_warn("slot %u: %s (%d)", w->change.now.address.slot, text, why);
	if (api_peer_undo(api, &w->change, &err))
		log_err("slot %u: taking the row back: %s", w->change.now.address.slot, err.text);
	if (why != -EBUSY) {
		/* Part of it may be in the kernel. */
		peer->live = peer->live && w->change.had;
		api_peer_push(api, peer);
	}
	api_busy_put(api, w->change.now.address.slot);
	refuse_net(w->req, why, text);
}

static void on_set(int r, const char *text, UNUSED const struct msg *answer, void *ctx)
{
	AUTO_FREE struct waiting *w = ctx;
	struct api *api = w->req->api;
	const struct api_peer_change *ch = &w->change;
	bool same;

	if (r) {
		take_back(w, r, text);
		return;
	}
	same = ch->had && !memcmp(ch->before.public_key, ch->now.public_key, KEY_LEN);
	if (!same)
		log_change(ch->had ? "has a new key" : "added", &ch->now);
	api_busy_put(api, ch->now.address.slot);
	api_reply_json(w->req, same ? 200 : 201, api_peer_json(api, &ch->now));
}

/* Neither another machine's name may be used nor its peer be taken over. */
static bool may_post(struct api_req *req, const struct api_peer_ask *ask)
{
	struct db_peer peer;

	if (ask->has_machine && !api_machine_may(req, ask->machine))
		return false;
	if (db_peer_find_key(req->api->db, ask->public_key, &peer, NULL) ||
	    peer.address.account != req->account.id ||
	    (ask->has_machine && !strcmp(peer.address.machine, ask->machine)))
		return true;
	return api_machine_may(req, peer.address.machine);
}

void api_peer_post(struct api_req *req)
{
	AUTO_FREE struct waiting *w = calloc(1, sizeof(*w));
	struct api_peer_ask ask;
	enum api_error error;
	struct msg msg;
	struct err err;
	int r;

	if (!w) {
		api_refuse(req, API_ERROR_BUSY, "out of memory");
		return;
	}
	r = api_peer_ask_parse(req->body, &ask, &err);
	if (r) {
		api_refuse(req, API_ERROR_INVALID_REQUEST, "%s", err.text);
		return;
	}
	if (!may_post(req, &ask))
		return;
	r = api_peer_add(req->api, &req->account, &req->token, &ask, &w->change, &error, &err);
	if (r) {
		if (error == API_ERROR_INTERNAL)
			log_err("adding a peer of account %s: %s", req->account.name, err.text);
		api_refuse(req, error, "%s",
			   error == API_ERROR_INTERNAL ? "the peer could not be stored" : err.text);
		return;
	}
	w->req = req;
	r = api_peer_msg(req->api, &w->change.now, &msg);
	if (!r)
		r = api_net_request(req->api->net, &msg, on_set, w);
	if (r)
		take_back(w, r, r == -ERANGE ? "the slot's addresses are in no pool" : "busy");
	else
		steal(&w);
}

static void on_deleted(int r, const char *text, const struct msg *answer, void *ctx)
{
	AUTO_FREE struct waiting *w = ctx;
	const struct db_peer *peer = &w->change.before;
	struct api *api = w->req->api;
	char key[KEY_TEXT_LEN];
	struct err err;

	if (!r) {
		r = db_begin(api->db, &err);
		if (!r)
			r = api_usage_stats(api, answer, &err);
		if (!r)
			r = db_peer_del(api->db, peer->address.slot, &err);
		if (!r)
			r = api_audit(api, w->req, peer->address.account, &err, "peer.delete",
				      "slot %u", peer->address.slot);
		if (r)
			db_rollback(api->db);
		else
			r = db_commit(api->db, &err);
		text = err.text;
	}
	api_busy_put(api, peer->address.slot);
	api_psk_forget(api, peer->address.slot);
	if (r) {
		log_warn("slot %u: deleting: %s", peer->address.slot, text);
		refuse_net(w->req, r, text);
		return;
	}
	log_change("deleted", peer);
	/* One that its tier had stopped may have room now. */
	api_enforce_account(api, peer->address.account);
	api_reply_json(w->req, 200,
		       json_pack("{s:b, s:s}", "deleted", 1, "pubkey",
				 b64_key_text(key, peer->public_key)));
}

void api_peer_remove(struct api_req *req, const struct db_peer *peer)
{
	AUTO_FREE struct waiting *w = calloc(1, sizeof(*w));
	struct msg msg = {.type = MSG_PEER_DEL};
	int r;

	if (!w) {
		api_refuse(req, API_ERROR_BUSY, "out of memory");
		return;
	}
	if (api_busy_take(req->api, peer->address.slot)) {
		api_refuse(req, API_ERROR_BUSY, "this peer is being changed already");
		return;
	}
	w->req = req;
	w->change.before = *peer;
	msg.slot.slot = peer->address.slot;
	msg.slot.generation = peer->address.generation;
	r = api_net_request(req->api->net, &msg, on_deleted, w);
	if (r) {
		api_busy_put(req->api, peer->address.slot);
		refuse_net(req, r, "the net role is gone");
		return;
	}
	steal(&w);
}

void api_peer_delete(struct api_req *req)
{
	uint8_t key[KEY_LEN];
	struct db_peer peer;
	struct err err;
	int r;

	if (api_peer_key_parse(req->body, key, &err)) {
		api_refuse(req, API_ERROR_INVALID_REQUEST, "%s", err.text);
		return;
	}
	r = db_peer_find_key(req->api->db, key, &peer, &err);
	if (r && r != -ENOENT) {
		log_err("looking a peer up: %s", err.text);
		api_refuse(req, API_ERROR_INTERNAL, "the database cannot be read");
		return;
	}
	/* Another account's peer looks as if it were not there. */
	if (r || peer.address.account != req->account.id) {
		api_refuse(req, API_ERROR_PEER_NOT_FOUND, "the account has no peer with this key");
		return;
	}
	if (api_machine_may(req, peer.address.machine))
		api_peer_remove(req, &peer);
}

struct listing {
	const struct api *api;
	json_t *array;
};

static int add_to_list(const struct db_peer *peer, void *ctx)
{
	struct listing *l = ctx;

	return json_array_append_new(l->array, api_peer_json(l->api, peer)) ? -ENOMEM : 0;
}

void api_peer_list(struct api_req *req)
{
	AUTO_JSON json_t *array = json_array();
	struct listing l = {.api = req->api, .array = array};
	struct err err;
	int r;

	r = db_peer_list(req->api->db, DB_PEER_LIVE, req->account.id, 0, 0, UINT32_MAX, add_to_list,
			 &l, &err);
	if (r) {
		log_err("listing peers: %s", err.text);
		api_refuse(req, API_ERROR_INTERNAL, "the database cannot be read");
		return;
	}
	api_reply_json(req, 200, steal(&array));
}
