/* SPDX-License-Identifier: GPL-2.0-only */
#include "relay_api.h"

#include <stdio.h>
#include <string.h>
#include "../lib/log.h"
#include "mtu.h"

#define PEERS "/v1/peers"
#define PSK "/v1/peers/psk"
#define ROTATE "/v1/peers/rotate"
#define RELAY_CONNECT_MS 5000
#define RELAY_ANSWER_MS 15000
#define RELAY_MAX_BODY_BYTES (16u << 20)

enum relay_form { FORM_PEER, FORM_LIST, FORM_OFFER, FORM_OBJECT, FORM_NONE };

struct relay_call {
	struct relay_api *api;
	struct relay_call *next; /* of api->held */
	const char *method, *target;
	char *body; /* owned; NULL = none */
	relay_api_cb *cb;
	void *ctx;
	enum relay_form form;
	bool again; /* sent for the second time */
};

static void call_free(struct relay_call *c)
{
	free(c->body);
	free(c);
}
DEFINE_CLEANUP(call, struct relay_call *, call_free)

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
	uint64_t mtu, mtu_max;
	int r;

	r = json_get_string(json, "pubkey", &key, err);
	if (!r)
		r = json_get_string(json, "ipv6", &v6, err);
	if (!r)
		r = get_v4(json, &c.v4, err);
	if (!r)
		r = json_get_u64(json, "mtu", MTU_MIN, MTU_MAX, &mtu, err);
	if (!r)
		r = json_get_u64(json, "mtu_max", mtu, MTU_MAX, &mtu_max, err);
	if (!r)
		r = json_get_string(relay, "endpoint", &endpoint, err);
	if (!r)
		r = json_get_string(relay, "pubkey", &relay_key, err);
	if (r)
		return r;
	c.mtu = (uint32_t)mtu;
	c.mtu_max = (uint32_t)mtu_max;
	if (b64_key_parse(key, ret->public_key) || b64_key_parse(relay_key, c.relay_key))
		return err_set(err, -EINVAL, "pubkey: not a WireGuard key");
	if (parse_addr6(v6, &c.v6))
		return err_set(err, -EINVAL, "ipv6: not an IPv6 address");
	if (parse_endpoint(endpoint, &c.endpoint))
		return err_set(err, -EINVAL, "relay.endpoint: not ADDRESS:PORT");
	ret->config = c;
	json_get_u64(json, "psk_epoch", 0, PSK_EPOCH_MAX, &ret->psk_epoch, NULL);
	return 0;
}

static int offer_parse(const json_t *json, struct relay_answer *ret, struct err *err)
{
	const char *relay = "", *ct = "", *confirm = "";
	int r = json_get_u64(json, "epoch", 1, PSK_EPOCH_MAX, &ret->psk_epoch, err);

	if (!r)
		r = json_get_string(json, "relay", &relay, err);
	if (!r)
		r = json_get_string(json, "ct", &ct, err);
	if (!r)
		r = json_get_string(json, "confirm", &confirm, err);
	if (r)
		return r;
	if (strlen(relay) >= sizeof(ret->relay_name) ||
	    b64_parse(ct, ret->psk.ct, sizeof(ret->psk.ct)) ||
	    b64_parse(confirm, ret->psk.confirm, sizeof(ret->psk.confirm)))
		return err_set(err, -EINVAL, "relay, ct or confirm: malformed");
	memcpy(ret->relay_name, relay, strlen(relay) + 1);
	ret->has_psk = true;
	return 0;
}

/* The relay's own words, and not those of something between it and us. */
static bool is_problem(const struct http_msg *msg)
{
	const char *type = http_msg_header(msg, "content-type");

	return type && !strcmp(type, "application/problem+json");
}

/* application/problem+json (RFC 9457), if it is that. */
static void set_refused(struct relay_answer *a, const struct http_msg *msg)
{
	AUTO_JSON json_t *json = NULL;
	const char *code = "error", *detail = msg->reason ? msg->reason : "";
	char shown_code[40], shown[200];
	int r = -EPROTO;
	bool own;

	json_parse(msg->body, msg->body_len, "answer", &json, NULL);
	own = !json_get_string(json, "code", &code, NULL) && is_problem(msg);
	json_get_string(json, "detail", &detail, NULL);
	if (!strncmp(code, "ipv4_", strlen("ipv4_")))
		r = -EDQUOT;
	else if (msg->status >= 500)
		r = own ? -EBUSY : -EHOSTUNREACH;
	else if (msg->status == 408 || msg->status == 429)
		r = -EBUSY;
	else if (msg->status == 401 || msg->status == 403)
		r = -EACCES;
	else if (msg->status == 404)
		r = -ENOENT;
	else if (msg->status == 409 && !strcmp(code, "psk_epoch") &&
		 !json_get_u64(json, "epoch", 1, PSK_EPOCH_MAX, &a->psk_epoch, NULL))
		r = -ESTALE;
	else if (!strcmp(code, "rotated"))
		r = -EALREADY;
	else if (!strcmp(code, "rotation_unproven"))
		r = -EAGAIN;
	log_esc(a->code, sizeof(a->code), code, strlen(code));
	a->r = err_set(&a->err, r, "%d %s: %s", msg->status,
		       log_esc(shown_code, sizeof(shown_code), code, strlen(code)),
		       log_esc(shown, sizeof(shown), detail, strlen(detail)));
}

/* True if the call waits now for a session, to be sent again in it. */
static bool hold(struct relay_call *c, const struct relay_answer *a)
{
	struct relay_call **end = &c->api->held;

	if (c->again || !c->api->need_session || strcmp(a->code, "machine_session_required"))
		return false;
	while (*end)
		end = &(*end)->next;
	*end = c;
	c->api->need_session(c->api->session_ctx);
	return true;
}

static void on_done(int r, const struct http_msg *msg, const struct err *err, void *ctx)
{
	CLEANUP(call) struct relay_call *call = ctx;
	AUTO_JSON json_t *json = NULL;
	struct relay_answer a = {};

	if (!r)
		a.status = msg->status;
	if (r) {
		a.r = err_set(&a.err, -EHOSTUNREACH, "%s", err->text);
	} else if (msg->status != 200 && msg->status != 201 && msg->status != 204) {
		set_refused(&a, msg);
		if (hold(call, &a)) {
			steal(&call);
			return;
		}
	} else if (call->form != FORM_NONE) {
		r = json_parse(msg->body, msg->body_len, "answer", &json, &a.err);
		if (!r && call->form == FORM_PEER)
			r = relay_api_peer_parse(json, &a, &a.err);
		else if (!r && call->form == FORM_OFFER)
			r = offer_parse(json, &a, &a.err);
		else if (!r && call->form == FORM_OBJECT && !json_is_object(json))
			r = err_set(&a.err, -EINVAL, "expected an object");
		else if (!r && call->form == FORM_LIST && !json_is_array(json))
			r = err_set(&a.err, -EINVAL, "expected an array");
		if (r)
			a.r = err_set(&a.err, -EPROTO, "the relay's answer makes no sense");
		a.list = a.json = json;
	}
	call->cb(&a, call->ctx);
}

static int send_call(struct relay_call *c)
{
	struct http_header headers[] = {
		{"Authorization", c->api->auth},
		{"User-Agent", "sidecar-agent/" SIDECAR_VERSION},
		{"Content-Type", "application/json"},
	};
	struct http_request req = {
		.method = c->method,
		.target = c->target,
		.headers = headers,
		.n_headers = c->body ? 3 : 2,
		.body = c->body,
		.body_len = c->body ? strlen(c->body) : 0,
	};

	return http_client_send(c->api->client, &req, on_done, NULL, c) ? 0 : -ENOMEM;
}

/* method and target: literals. */
static int call(struct relay_api *api, const char *method, const char *target, json_t *body,
		enum relay_form form, relay_api_cb *cb, void *ctx)
{
	AUTO_JSON json_t *json = body;
	CLEANUP(call) struct relay_call *c = calloc(1, sizeof(*c));
	int r;

	if (!c)
		return -ENOMEM;
	*c = (struct relay_call){
		.api = api, .method = method, .target = target, .cb = cb, .ctx = ctx, .form = form};
	c->body = json ? json_dumps(json, JSON_COMPACT) : NULL;
	if (json && !c->body)
		return -ENOMEM;
	r = send_call(c);
	if (!r)
		steal(&c);
	return r;
}

int relay_api_ask(struct relay_api *api, const char *method, const char *target, json_t *body,
		  relay_api_cb *cb, void *ctx)
{
	return call(api, method, target, body, FORM_OBJECT, cb, ctx);
}

static void end_unsent(struct relay_call *c, const char *why)
{
	struct relay_answer a = {};

	a.r = err_set(&a.err, -EHOSTUNREACH, "%s", why);
	c->cb(&a, c->ctx);
	call_free(c);
}

void relay_api_resume(struct relay_api *api)
{
	struct relay_call *c = steal(&api->held), *next;

	for (; c; c = next) {
		next = c->next;
		c->next = NULL;
		c->again = true;
		if (send_call(c))
			end_unsent(c, "out of memory");
	}
}

void relay_api_put_off(struct relay_api *api, const struct relay_answer *session)
{
	struct relay_call *c = steal(&api->held), *next;
	struct relay_answer a = {.r = session->r, .status = session->status, .err = session->err};

	memcpy(a.code, session->code, sizeof(a.code));
	for (; c; c = next) {
		next = c->next;
		c->cb(&a, c->ctx);
		call_free(c);
	}
}

int relay_api_post(struct relay_api *api, const struct relay_ask *ask, relay_api_cb *cb, void *ctx)
{
	char key[KEY_TEXT_LEN], firewall[FIREWALL_TEXT_LEN];
	json_t *body;

	body = json_pack("{s:s, s:b, s:s, s:s, s:s, s:i}", "pubkey",
			 b64_key_text(key, ask->public_key), "ipv4", ask->ipv4, "container",
			 ask->container, "container_id", ask->container_id, "machine", ask->machine,
			 "mtu", (int)ask->mtu);
	if (!body)
		return -ENOMEM;
	if (ask->bandwidth_mbps)
		json_object_set_new(body, "bandwidth", json_integer(ask->bandwidth_mbps));
	if (ask->firewall && ask->firewall->n)
		json_object_set_new(body, "firewall",
				    json_string(firewall_text(firewall, ask->firewall)));
	return call(api, "POST", PEERS, body, FORM_PEER, cb, ctx);
}

int relay_api_delete(struct relay_api *api, const uint8_t public_key[static KEY_LEN],
		     relay_api_cb *cb, void *ctx)
{
	char key[KEY_TEXT_LEN];
	json_t *body = json_pack("{s:s}", "pubkey", b64_key_text(key, public_key));

	return body ? call(api, "DELETE", PEERS, body, FORM_NONE, cb, ctx) : -ENOMEM;
}

int relay_api_list(struct relay_api *api, relay_api_cb *cb, void *ctx)
{
	return call(api, "GET", PEERS, NULL, FORM_LIST, cb, ctx);
}

int relay_api_rotate(struct relay_api *api, const char *method,
		     const uint8_t public_key[static KEY_LEN],
		     const uint8_t next_key[static KEY_LEN], relay_api_cb *cb, void *ctx)
{
	enum relay_form form = strcmp(method, "DELETE") ? FORM_PEER : FORM_NONE;
	char key[KEY_TEXT_LEN], next[KEY_TEXT_LEN];
	json_t *body = json_pack("{s:s, s:s}", "pubkey", b64_key_text(key, public_key),
				 "new_pubkey", b64_key_text(next, next_key));

	return body ? call(api, method, ROTATE, body, form, cb, ctx) : -ENOMEM;
}

/* bytes go as base64 under `name`. */
static int psk_call(struct relay_api *api, const char *method,
		    const uint8_t public_key[static KEY_LEN], uint64_t epoch, const char *name,
		    const uint8_t *bytes, size_t len, enum relay_form form, relay_api_cb *cb,
		    void *ctx)
{
	char key[KEY_TEXT_LEN], text[B64_TEXT_LEN(XWING_PK_LEN)];
	json_t *body =
		json_pack("{s:s, s:I, s:s}", "pubkey", b64_key_text(key, public_key), "epoch",
			  (json_int_t)epoch, name, b64_text(text, sizeof(text), bytes, len));

	return body ? call(api, method, PSK, body, form, cb, ctx) : -ENOMEM;
}

int relay_api_psk_offer(struct relay_api *api, const uint8_t public_key[static KEY_LEN],
			uint64_t epoch, const uint8_t pk[static XWING_PK_LEN], relay_api_cb *cb,
			void *ctx)
{
	return psk_call(api, "POST", public_key, epoch, "kem", pk, XWING_PK_LEN, FORM_OFFER, cb,
			ctx);
}

int relay_api_psk_commit(struct relay_api *api, const uint8_t public_key[static KEY_LEN],
			 uint64_t epoch, const uint8_t confirm[static PSK_CONFIRM_LEN],
			 relay_api_cb *cb, void *ctx)
{
	return psk_call(api, "PUT", public_key, epoch, "confirm", confirm, PSK_CONFIRM_LEN,
			FORM_NONE, cb, ctx);
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

int relay_api_set_pins(struct relay_api *api, const struct tls_pin *pins, size_t n, struct err *err)
{
	struct tls_ctx *tls = tls_ctx_new_client(pins, n, TLS_AGENT_GROUPS, err);

	if (!tls)
		return err ? err->code : -EINVAL;
	tls_ctx_replace(api->tls, tls);
	return 0;
}

void relay_api_close(struct relay_api *api)
{
	struct relay_call *c = steal(&api->held), *next;

	http_client_free(api->client);
	api->client = NULL;
	for (; c; c = next) {
		next = c->next;
		end_unsent(c, "stopping");
	}
}

void relay_api_free(struct relay_api *api)
{
	tls_ctx_free(api->tls);
	api->tls = NULL;
	explicit_bzero(api->auth, sizeof(api->auth));
}
