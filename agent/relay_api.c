/* SPDX-License-Identifier: GPL-2.0-only */
#include "relay_api.h"

#include <stdio.h>
#include <string.h>
#include "../lib/log.h"

#define RELAY_CONNECT_MS 5000
#define RELAY_ANSWER_MS 15000
#define RELAY_MAX_BODY_BYTES (16u << 20)
#define TUNNEL_MIN_MTU 1280 /* IPv6's least (RFC 8200 section 5) */
#define TUNNEL_MAX_MTU 9200

enum relay_form { FORM_PEER, FORM_LIST, FORM_NONE };

struct relay_call {
	relay_api_cb *cb;
	void *ctx;
	enum relay_form form;
};

static int get_v4(const json_t *json, struct addr4 *ret_v4, struct err *err)
{
	const json_t *value = json_object_get(json, "ipv4");

	if (!value || json_is_null(value))
		return 0;
	if (!json_is_string(value) || parse_addr4(json_string_value(value), ret_v4))
		return err_set(err, -EINVAL, "ipv4: not an IPv4 address");
	return 0;
}

int relay_api_peer_parse(const json_t *json, struct relay_answer *ret, struct err *err)
{
	const json_t *relay = json_object_get(json, "relay");
	const char *key, *v6, *endpoint, *relay_key;
	struct state_config c = {};
	uint64_t mtu;
	int r;

	r = json_get_string(json, "pubkey", &key, err);
	if (!r)
		r = json_get_string(json, "ipv6", &v6, err);
	if (!r)
		r = get_v4(json, &c.v4, err);
	if (!r)
		r = json_get_u64(json, "mtu", TUNNEL_MIN_MTU, TUNNEL_MAX_MTU, &mtu, err);
	if (!r)
		r = json_get_string(relay, "endpoint", &endpoint, err);
	if (!r)
		r = json_get_string(relay, "pubkey", &relay_key, err);
	if (r)
		return r;
	c.mtu = (uint32_t)mtu;
	if (b64_key_parse(key, ret->public_key) || b64_key_parse(relay_key, c.relay_key))
		return err_set(err, -EINVAL, "pubkey: not a WireGuard key");
	if (parse_addr6(v6, &c.v6))
		return err_set(err, -EINVAL, "ipv6: not an IPv6 address");
	if (parse_endpoint(endpoint, &c.endpoint))
		return err_set(err, -EINVAL, "relay.endpoint: not ADDRESS:PORT");
	ret->config = c;
	return 0;
}

/* application/problem+json (RFC 9457), if it is that. */
static void set_refused(struct relay_answer *a, const struct http_msg *msg)
{
	AUTO_JSON json_t *json = NULL;
	const char *code = "error", *detail = msg->reason ? msg->reason : "";
	char shown_code[40], shown[200];
	int r = -EPROTO;

	json_parse(msg->body, msg->body_len, "answer", &json, NULL);
	json_get_string(json, "code", &code, NULL);
	json_get_string(json, "detail", &detail, NULL);
	if (!strncmp(code, "ipv4_", strlen("ipv4_")))
		r = -EDQUOT;
	else if (msg->status >= 500)
		r = -EHOSTUNREACH;
	else if (msg->status == 401 || msg->status == 403)
		r = -EACCES;
	else if (msg->status == 404)
		r = -ENOENT;
	a->r = err_set(&a->err, r, "%d %s: %s", msg->status,
		       log_esc(shown_code, sizeof(shown_code), code, strlen(code)),
		       log_esc(shown, sizeof(shown), detail, strlen(detail)));
}

static void on_done(int r, const struct http_msg *msg, const struct err *err, void *ctx)
{
	AUTO_FREE struct relay_call *call = ctx;
	AUTO_JSON json_t *json = NULL;
	struct relay_answer a = {};

	if (r) {
		a.r = err_set(&a.err, -EHOSTUNREACH, "%s", err->text);
	} else if (msg->status != 200 && msg->status != 201 && msg->status != 204) {
		set_refused(&a, msg);
	} else if (call->form != FORM_NONE) {
		r = json_parse(msg->body, msg->body_len, "answer", &json, &a.err);
		if (!r && call->form == FORM_PEER)
			r = relay_api_peer_parse(json, &a, &a.err);
		else if (!r && !json_is_array(json))
			r = err_set(&a.err, -EINVAL, "expected an array");
		if (r)
			a.r = err_set(&a.err, -EPROTO, "the relay's answer makes no sense");
		a.list = json;
	}
	call->cb(&a, call->ctx);
}

static int call(struct relay_api *api, const char *method, json_t *body, enum relay_form form,
		relay_api_cb *cb, void *ctx)
{
	AUTO_JSON json_t *json = body;
	AUTO_FREE char *text = json ? json_dumps(json, JSON_COMPACT) : NULL;
	AUTO_FREE struct relay_call *c = malloc(sizeof(*c));
	struct http_header headers[] = {
		{"Authorization", api->auth},
		{"User-Agent", "sidecar-agent/" SIDECAR_VERSION},
		{"Content-Type", "application/json"},
	};
	struct http_request req = {
		.method = method,
		.target = "/v1/peers",
		.headers = headers,
		.n_headers = json ? 3 : 2,
		.body = text,
		.body_len = text ? strlen(text) : 0,
	};

	if (!c || (json && !text))
		return -ENOMEM;
	*c = (struct relay_call){cb, ctx, form};
	if (!http_client_send(api->client, &req, on_done, NULL, c))
		return -ENOMEM;
	steal(&c);
	return 0;
}

int relay_api_post(struct relay_api *api, const struct relay_ask *ask, relay_api_cb *cb, void *ctx)
{
	char key[KEY_TEXT_LEN];
	json_t *body;

	body = json_pack("{s:s, s:b, s:s, s:s, s:s}", "pubkey", b64_key_text(key, ask->public_key),
			 "ipv4", ask->ipv4, "container", ask->container, "container_id",
			 ask->container_id, "machine", ask->machine);
	if (!body)
		return -ENOMEM;
	if (ask->bandwidth_mbps)
		json_object_set_new(body, "bandwidth", json_integer(ask->bandwidth_mbps));
	return call(api, "POST", body, FORM_PEER, cb, ctx);
}

int relay_api_delete(struct relay_api *api, const uint8_t public_key[static KEY_LEN],
		     relay_api_cb *cb, void *ctx)
{
	char key[KEY_TEXT_LEN];
	json_t *body = json_pack("{s:s}", "pubkey", b64_key_text(key, public_key));

	return body ? call(api, "DELETE", body, FORM_NONE, cb, ctx) : -ENOMEM;
}

int relay_api_list(struct relay_api *api, relay_api_cb *cb, void *ctx)
{
	return call(api, "GET", NULL, FORM_LIST, cb, ctx);
}

int relay_api_init(struct relay_api *api, uv_loop_t *loop, const struct conf *conf, struct err *err)
{
	struct http_client_conf client = {
		.host = conf->join.host,
		.port = conf->join.port,
		.proxy = conf->proxy[0] ? conf->proxy : NULL,
		.connect_ms = RELAY_CONNECT_MS,
		.answer_ms = RELAY_ANSWER_MS,
		.max_body_bytes = RELAY_MAX_BODY_BYTES,
	};

	*api = (struct relay_api){.conf = conf};
	snprintf(api->auth, sizeof(api->auth), "Bearer %s", conf->token);
	api->tls = tls_ctx_new_client(conf->join.pins, conf->join.n_pins, TLS_AGENT_GROUPS, err);
	if (!api->tls)
		return err ? err->code : -EINVAL;
	client.tls = api->tls;
	api->client = http_client_new(loop, &client);
	if (!api->client) {
		relay_api_free(api);
		return err_sys(err, -ENOMEM, "relay client");
	}
	return 0;
}

void relay_api_close(struct relay_api *api)
{
	http_client_free(api->client);
	api->client = NULL;
}

void relay_api_free(struct relay_api *api)
{
	tls_ctx_free(api->tls);
	api->tls = NULL;
	explicit_bzero(api->auth, sizeof(api->auth));
}
