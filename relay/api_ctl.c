/* SPDX-License-Identifier: GPL-2.0-only */
/* relayctl status, drops, join. */
#include <string.h>
#include "../bpf/include/drop.h"
#include "../lib/join.h"
#include "api_handlers.h"
#include "api_net.h"
#include "conf_names.h"
#include "db_peer.h"

static json_t *pool_json(const char *prefix, enum conf_pool_mode mode, uint8_t why)
{
	static const char *const words[POOL_WHY_MAX] = {[POOL_UNKNOWN] = "unknown",
							[POOL_CONF_ROUTED] = "configured",
							[POOL_CONF_ONLINK] = "configured",
							[POOL_UNSEEN] = "nothing",
							[POOL_ADDRESS] = "address",
							[POOL_ROUTE] = "route",
							[POOL_ASKED] = "asked"};

	if (why >= POOL_WHY_MAX)
		why = POOL_UNKNOWN;
	return json_pack("{s:s, s:s, s:b, s:s}", "prefix", prefix, "mode",
			 conf_pool_mode_names[mode], "onlink", (int)pool_onlink(why), "because",
			 words[why]);
}

static json_t *pools_json(const struct api *api)
{
	json_t *array = json_array();
	char text[PREFIX_TEXT_LEN];

	for (size_t i = 0; i < api->conf.n_pool6; i++)
		json_array_append_new(array,
				      pool_json(prefix6_text(text, &api->conf.pool6[i].prefix),
						api->conf.pool6[i].mode, api->relay.pool6_why[i]));
	for (size_t i = 0; i < api->conf.n_pool4; i++)
		json_array_append_new(array,
				      pool_json(prefix4_text(text, &api->conf.pool4[i].prefix),
						api->conf.pool4[i].mode, api->relay.pool4_why[i]));
	return array;
}

/* #syscalls(api): getppid */
void api_ctl_status(struct api_req *req)
{
	const struct api *api = req->api;
	char key[2][KEY_TEXT_LEN];
	uint32_t peers, ipv4, rows;
	struct err err;

	if (db_peer_count(api->db, 0, 0, DB_PEER_NO_SLOT, &peers, &ipv4, &err) ||
	    db_address_count(api->db, &rows, &err)) {
		api_refuse(req, API_ERROR_INTERNAL, "%s", err.text);
		return;
	}
	api_reply_json(
		req, 200,
		json_pack("{s:s, s:s, s:s, s:s, s:i, s:I, s:i, s:i, s:i, s:i, s:s, s:I, s:i, "
			  "s:[{s:i, s:s}, {s:i, s:s}], s:o}",
			  "status", "ok", "version", SIDECAR_VERSION, "relay", api->conf.name,
			  "region", api->conf.region, "pid", (int)getppid(), "uptime",
			  (json_int_t)(mono_ms_since(api->started) / 1000), "peers", (int)peers,
			  "ipv4", (int)ipv4, "addresses", (int)rows, "slots", (int)api->conf.slots,
			  "xdp", api->relay.xdp_mode, "memory", (json_int_t)api->relay.memory_bytes,
			  "connections", (int)http_server_connections(api->tls_server), "wireguard",
			  "port", (int)api->relay.wg_port[0], "pubkey",
			  b64_key_text(key[0], api->relay.wg_public_key[0]), "port",
			  (int)api->relay.wg_port[1], "pubkey",
			  b64_key_text(key[1], api->relay.wg_public_key[1]), "pools",
			  pools_json(api)));
}

static void on_drops(int r, const char *text, const struct msg *answer, void *ctx)
{
	static const struct {
		enum sc_drop number;
		const char *name;
	} reasons[] = {
#define X(number, NAME, name, text) {SC_DROP_##NAME, name},
		SC_DROP_LIST(X)
#undef X
	};
	struct api_req *req = ctx;
	json_t *json;

	if (r || !answer || answer->type != MSG_DROPS) {
		api_refuse(req, API_ERROR_RELAY_REFUSED, "drops: %s", r ? text : "no answer");
		return;
	}
	json = json_object();
	for (size_t i = 0; i < ARRAY_SIZE(reasons); i++)
		json_object_set_new(
			json, reasons[i].name,
			json_integer((json_int_t)answer->drops.count[reasons[i].number]));
	api_reply_json(req, 200, json);
}

void api_ctl_drops(struct api_req *req)
{
	struct msg msg = {.type = MSG_DROPS_GET};

	if (api_net_request(req->api->net, &msg, on_drops, req))
		api_refuse(req, API_ERROR_BUSY, "too many requests wait already");
}

void api_ctl_join(struct api_req *req)
{
	static const char *const known[] = {"host", NULL};
	const struct conf *conf = &req->api->conf;
	struct join join = {.port = conf->listen.port, .n_pins = 2};
	char text[JOIN_TEXT_LEN], own[ADDR_TEXT_LEN];
	const char *host = NULL;
	struct err err;
	int r;

	r = json_only(req->body, known, &err);
	if (!r)
		r = json_get_string(req->body, "host", &host, &err);
	if (r == -ENOENT) {
		host = conf->has_public4 ? addr4_text(own, conf->public4)
					 : addr6_text(own, &conf->public6);
		r = 0;
	}
	if (!r && strlen(host) >= sizeof(join.host))
		r = err_set(&err, -EINVAL, "host: too long");
	if (!r) {
		memcpy(join.host, host, strlen(host) + 1);
		join.pins[0] = req->api->pins[0];
		join.pins[1] = req->api->pins[1];
		join_text(text, &join);
		/* What an agent would say to it. */
		r = join_parse(text, &join, &err);
	}
	if (r) {
		api_refuse(req, API_ERROR_INVALID_REQUEST, "%s", err.text);
		return;
	}
	api_reply_json(req, 200, json_pack("{s:s}", "join", text));
}
