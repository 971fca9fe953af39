/* SPDX-License-Identifier: GPL-2.0-only */
/* relayctl peer: every account's peers, with what the kernel counted. */
#include <string.h>
#include "../lib/log.h"
#include "../lib/parse.h"
#include "api_handlers.h"
#include "api_net.h"
#include "api_peer.h"

static json_t *peer_json(const struct api *api, const struct db_peer *peer)
{
	AUTO_JSON json_t *json = api_peer_json(api, peer);
	char endpoint[ENDPOINT_TEXT_LEN];

	if (!json)
		return NULL;
	endpoint_text(endpoint, &peer->endpoint);
	if (json_object_update_new(
		    json,
		    json_pack("{s:i, s:i, s:s, s:s, s:I, s:b, s:i, s:o}", "slot",
			      (int)peer->address.slot, "generation", (int)peer->address.generation,
			      "account", peer->account, "tier", peer->tier, "token",
			      (json_int_t)peer->token, "live", (int)peer->live, "wg", (int)peer->wg,
			      "endpoint", endpoint[0] ? json_string(endpoint) : json_null())))
		return NULL;
	return steal(&json);
}

struct listing {
	const struct api *api;
	json_t *array;
};

static int add_to_list(const struct db_peer *peer, void *ctx)
{
	struct listing *l = ctx;

	return json_array_append_new(l->array, peer_json(l->api, peer)) ? -ENOMEM : 0;
}

static void refuse_db(struct api_req *req, const struct err *err)
{
	api_refuse(req, API_ERROR_INTERNAL, "%s", err->text);
}

void api_ctl_peer_list(struct api_req *req)
{
	AUTO_JSON json_t *array = json_array();
	struct listing l = {.api = req->api, .array = array};
	struct err err;

	if (db_peer_list(req->api->db, DB_PEER_ALL, 0, 0, 0, UINT32_MAX, add_to_list, &l, &err)) {
		refuse_db(req, &err);
		return;
	}
	api_reply_json(req, 200, steal(&array));
}

/* Peers whose container has this name: one is wanted. */
struct by_name {
	const char *name;
	uint32_t found;
	struct db_peer peer;
};

static int match_name(const struct db_peer *peer, void *ctx)
{
	struct by_name *b = ctx;

	if (!strcmp(peer->container, b->name) && !b->found++)
		b->peer = *peer;
	return 0;
}

static int find_by_name(struct api *api, const char *name, struct db_peer *ret, struct err *err)
{
	struct by_name b = {.name = name};
	int r;

	r = db_peer_list(api->db, DB_PEER_ALL, 0, 0, 0, UINT32_MAX, match_name, &b, err);
	if (r)
		return r;
	if (!b.found)
		return err_set(err, -ENOENT, "no such peer");
	if (b.found > 1)
		return err_set(err, -EEXIST, "%u peers have this name: use a slot or a key",
			       b.found);
	*ret = b.peer;
	return 0;
}

/* A slot's number, a public key or a container's name. */
static int find_peer(struct api *api, const char *id, struct db_peer *ret, struct err *err)
{
	uint8_t key[KEY_LEN];
	uint32_t slot;
	int r = -ENOENT;

	if (!b64_key_parse(id, key))
		r = db_peer_find_key(api->db, key, ret, err);
	else if (!parse_u32(id, 0, UINT32_MAX - 1, &slot))
		r = db_peer_get(api->db, slot, ret, err);
	/* A container may well be called "7". */
	return r == -ENOENT ? find_by_name(api, id, ret, err) : r;
}

struct showing {
	struct api_req *req;
	struct db_peer peer;
};

static void on_stats(int r, const char *text, const struct msg *answer, void *ctx)
{
	AUTO_FREE struct showing *s = ctx;
	AUTO_JSON json_t *json = NULL;
	json_t *counters;

	if (r || !answer || answer->type != MSG_STATS) {
		api_refuse(s->req, API_ERROR_RELAY_REFUSED, "counters of slot %u: %s",
			   s->peer.address.slot, r ? text : "no answer");
		return;
	}
	json = peer_json(s->req->api, &s->peer);
	counters = json_pack("{s:I, s:I, s:I, s:I, s:I, s:I}", "up_packets",
			     (json_int_t)answer->stats.up_packets, "up_bytes",
			     (json_int_t)answer->stats.up_bytes, "down_packets",
			     (json_int_t)answer->stats.down_packets, "down_bytes",
			     (json_int_t)answer->stats.down_bytes, "drop_packets",
			     (json_int_t)answer->stats.drop_packets, "drop_bytes",
			     (json_int_t)answer->stats.drop_bytes);
	if (json && json_object_update_new(json, counters)) {
		json_decref(json);
		json = NULL;
	}
	api_reply_json(s->req, 200, steal(&json));
}

void api_ctl_peer_show(struct api_req *req)
{
	AUTO_FREE struct showing *s = calloc(1, sizeof(*s));
	struct msg msg = {.type = MSG_STATS_GET};
	const char *id;
	struct err err;
	int r;

	if (!s) {
		api_refuse(req, API_ERROR_BUSY, "out of memory");
		return;
	}
	if (json_get_string(req->body, "peer", &id, &err)) {
		api_refuse(req, API_ERROR_INVALID_REQUEST, "%s", err.text);
		return;
	}
	r = find_peer(req->api, id, &s->peer, &err);
	if (r) {
		api_refuse(req,
			   r == -ENOENT	  ? API_ERROR_PEER_NOT_FOUND
			   : r == -EEXIST ? API_ERROR_CONFLICT
					  : API_ERROR_INTERNAL,
			   "%s", err.text);
		return;
	}
	s->req = req;
	msg.slot.slot = s->peer.address.slot;
	msg.slot.generation = s->peer.address.generation;
	if (api_net_request(req->api->net, &msg, on_stats, s)) {
		api_refuse(req, API_ERROR_BUSY, "too many requests wait already");
		return;
	}
	steal(&s);
}
