/* SPDX-License-Identifier: GPL-2.0-only */
/* relayctl peer: every account's peers, with what the kernel counted. */
#include <string.h>
#include "../lib/log.h"
#include "../lib/parse.h"
#include "api_handlers.h"
#include "api_net.h"
#include "api_peer.h"
#include "kstate.h"

static json_t *peer_json(const struct api *api, const struct db_peer *peer)
{
	AUTO_JSON json_t *json = api_peer_json(api, peer);
	const struct peer place = {.slot = peer->address.slot,
				   .account = (uint32_t)peer->address.account};
	char endpoint[ENDPOINT_TEXT_LEN], vrf[IFNAMSIZ];

	if (!json)
		return NULL;
	endpoint_text(endpoint, &peer->endpoint);
	kstate_vrf_name(vrf, kstate_table(&place, api->conf.isolation));
	if (json_object_update_new(
		    json, json_pack("{s:i, s:i, s:s, s:s, s:I, s:b, s:i, s:s, s:o}", "slot",
				    (int)peer->address.slot, "generation",
				    (int)peer->address.generation, "account", peer->account, "tier",
				    peer->tier, "token", (json_int_t)peer->token, "live",
				    (int)peer->live, "wg", (int)peer->wg, "vrf", vrf, "endpoint",
				    endpoint[0] ? json_string(endpoint) : json_null())))
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

/* One peer is wanted, by an address or by its container's name. */
struct search {
	const char *name;
	struct addr6 v6; /* zero = the text is none */
	struct addr4 v4;
	uint32_t found;
	struct db_peer peer;
};

static bool fits(const struct search *s, const struct db_peer *peer)
{
	const struct db_address *a = &peer->address;

	/* A peer that did not ask for IPv4 may still hold an address in its row. */
	return !strcmp(peer->container, s->name) || addr6_eq(&a->v6, &s->v6) ||
	       (peer->ipv4 && !addr4_is_zero(a->v4) && addr4_eq(a->v4, s->v4));
}

static int match(const struct db_peer *peer, void *ctx)
{
	struct search *s = ctx;

	if (fits(s, peer) && !s->found++)
		s->peer = *peer;
	return 0;
}

/* Two that fit are an error, so that nobody passes for another by naming a container so. */
static int find_by_search(struct api *api, const char *id, struct db_peer *ret, struct err *err)
{
	struct search s = {.name = id};
	int r;

	if (parse_addr6(id, &s.v6))
		parse_addr4(id, &s.v4);
	r = db_peer_list(api->db, DB_PEER_ALL, 0, 0, 0, UINT32_MAX, match, &s, err);
	if (r)
		return r;
	if (!s.found)
		return err_set(err, -ENOENT, "no such peer");
	if (s.found > 1)
		return err_set(err, -EEXIST, "%u peers have this name: use a slot or a key",
			       s.found);
	*ret = s.peer;
	return 0;
}

/* A slot's number, a public key, an address or a container's name. */
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
	return r == -ENOENT ? find_by_search(api, id, ret, err) : r;
}

struct showing {
	struct api_req *req;
	struct db_peer peer;
};

/* `tally`: what WireGuard has counted since `seconds` ago, and our own count of the same. */
static json_t *counters_json(const struct msg *answer)
{
	static const char *const words[] = {
		[TALLY_NONE] = "-", [TALLY_AGREES] = "agrees", [TALLY_DIFFERS] = "differs"};
	const struct usage *u = &answer->stats.usage;
	const struct tally *t = &answer->stats.tally;

	return json_pack(
		"{s:I, s:I, s:I, s:I, s:I, s:I, s:{s:s, s:i, s:I, s:I, s:I, s:I, s:I, s:I, "
		"s:I, s:I}}",
		"up_packets", (json_int_t)u->up_packets, "up_bytes", (json_int_t)u->up_bytes,
		"down_packets", (json_int_t)u->down_packets, "down_bytes",
		(json_int_t)u->down_bytes, "drop_packets", (json_int_t)answer->stats.drop_packets,
		"drop_bytes", (json_int_t)answer->stats.drop_bytes, "tally", "state",
		words[t->state <= TALLY_DIFFERS ? t->state : TALLY_NONE], "seconds",
		(int)t->seconds, "rx_min", (json_int_t)t->rx_min, "rx_bytes",
		(json_int_t)t->rx_bytes, "rx_max", (json_int_t)t->rx_max, "tx_min",
		(json_int_t)t->tx_min, "tx_bytes", (json_int_t)t->tx_bytes, "tx_max",
		(json_int_t)t->tx_max, "rx_off", (json_int_t)t->rx_off, "tx_off",
		(json_int_t)t->tx_off);
}

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
	counters = counters_json(answer);
	if (json && json_object_update_new(json, counters)) {
		json_decref(json);
		json = NULL;
	}
	api_reply_json(s->req, 200, steal(&json));
}

/* The peer that the body names; an error after having refused. */
static int find_asked(struct api_req *req, struct db_peer *ret)
{
	static const char *const known[] = {"peer", NULL};
	const char *id;
	struct err err;
	int r;

	r = json_only(req->body, known, &err);
	if (!r)
		r = json_get_string(req->body, "peer", &id, &err);
	if (r) {
		api_refuse(req, API_ERROR_INVALID_REQUEST, "%s", err.text);
		return r;
	}
	r = find_peer(req->api, id, ret, &err);
	if (r)
		api_refuse(req,
			   r == -ENOENT	  ? API_ERROR_PEER_NOT_FOUND
			   : r == -EEXIST ? API_ERROR_CONFLICT
					  : API_ERROR_INTERNAL,
			   "%s", err.text);
	return r;
}

void api_ctl_peer_show(struct api_req *req)
{
	AUTO_FREE struct showing *s = calloc(1, sizeof(*s));
	struct msg msg = {.type = MSG_STATS_GET};

	if (!s) {
		api_refuse(req, API_ERROR_BUSY, "out of memory");
		return;
	}
	if (find_asked(req, &s->peer))
		return;
	s->req = req;
	msg.slot.slot = s->peer.address.slot;
	msg.slot.generation = s->peer.address.generation;
	if (api_net_request(req->api->net, &msg, on_stats, s)) {
		api_refuse(req, API_ERROR_BUSY, "too many requests wait already");
		return;
	}
	steal(&s);
}

/* Its addresses stay held: an agent that still wants the peer gets them again. */
void api_ctl_peer_delete(struct api_req *req)
{
	struct db_peer peer;

	if (!find_asked(req, &peer))
		api_peer_remove(req, &peer);
}
