/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What agent and relay know each other by (trust.h): the relay's pins are asked for at the start
 * and every half minute; where the connection has no machine session, one is begun (lib/machine.h).
 * A call that the relay refuses for want of a session waits for it in relay_api.c.
 */
#include "worker.h"

#include <string.h>
#include "../lib/log.h"

#define TRUST_TRIES 3 /* a connection that is replaced between signature and request */

/* a: how that ended. */
static void settled(struct worker *w, const struct relay_answer *a)
{
	w->trust_asking = false;
	w->trust_tries = 0;
	if (a && a->r == -EBUSY)
		relay_api_put_off(&w->relay, a);
	else
		relay_api_resume(&w->relay);
}

static void say_refused(struct worker *w, const char *text)
{
	if (!w->machine_refused)
		event_log(EVENT_MACHINE_REFUSED, NULL, NULL, "%s", text);
	w->machine_refused = true;
}

static void ask(struct worker *w);

static void on_session(const struct relay_answer *a, void *ctx)
{
	struct worker *w = ctx;

	if (w->stopping)
		return;
	worker_note(w, a);
	/* It came by another connection than the one that it was signed for. */
	if (!strcmp(a->code, "machine_signature") && w->trust_tries < TRUST_TRIES) {
		ask(w);
		return;
	}
	if (!a->r) {
		if (w->machine_refused || a->status == 201)
			event_log(EVENT_MACHINE_ENROLLED, NULL, NULL, "%s", w->state.machine);
		w->machine_refused = false;
	} else if (!strncmp(a->code, "machine_", strlen("machine_"))) {
		say_refused(w, a->err.text);
	}
	settled(w, a);
}

static json_t *factor_json(const struct machine_factors *f, unsigned int i)
{
	static const uint8_t zero[MACHINE_FACTOR_LEN];
	char text[KEY_TEXT_LEN];

	return memcmp(f->hash[i], zero, sizeof(zero)) ? json_string(b64_key_text(text, f->hash[i]))
						      : json_null();
}

static int send_session(struct worker *w, const uint8_t salt[static KEY_LEN])
{
	struct tls_conn *tls = http_client_tls(w->relay.client);
	struct machine_proof proof = {.name = w->state.machine};
	char key[KEY_TEXT_LEN], sig_text[B64_TEXT_LEN(MACHINE_SIG_LEN)];
	uint8_t sig[MACHINE_SIG_LEN];
	json_t *body;
	int r;

	if (!tls)
		return -ENOTCONN;
	r = machine_factors_salt(&w->factors, salt, &proof.factors);
	if (!r)
		r = tls_conn_export(tls, MACHINE_EXPORT_LABEL, proof.exporter,
				    sizeof(proof.exporter), NULL);
	if (!r)
		r = machine_sign(w->trust.seed, &proof, sig, NULL);
	if (r)
		return r;
	body = json_pack("{s:s, s:s, s:[o, o, o], s:s}", "machine", proof.name, "machine_key",
			 b64_key_text(key, w->trust.public_key), "factors",
			 factor_json(&proof.factors, 0), factor_json(&proof.factors, 1),
			 factor_json(&proof.factors, 2), "signature",
			 b64_text(sig_text, sizeof(sig_text), sig, sizeof(sig)));
	return body ? relay_api_ask(&w->relay, "POST", "/v1/machines", body, on_session, w)
		    : -ENOMEM;
}

static int parse_pins(const json_t *json, struct tls_pin ret[static TLS_MAX_PINS], size_t *ret_n)
{
	const json_t *array = json_object_get(json, "pins");
	size_t n = json_array_size(array);

	if (n > TLS_MAX_PINS)
		return -EINVAL;
	for (size_t i = 0; i < n; i++) {
		const char *text = json_string_value(json_array_get(array, i));

		if (!text || b64_pin_parse(text, strlen(text), ret[i].sha256))
			return -EINVAL;
	}
	*ret_n = n;
	return 0;
}

/* The connection that brought them was made with the present ones. */
static void take_pins(struct worker *w, const json_t *json)
{
	struct tls_pin pins[TLS_MAX_PINS];
	struct err err = {};
	size_t n = 0;
	int r = parse_pins(json, pins, &n);

	if (r || !n)
		return;
	r = trust_set_pins(&w->trust, pins, n, &err);
	if (r > 0)
		r = relay_api_set_pins(&w->relay, pins, n, &err) ? err.code : 1;
	if (r > 0)
		event_log(EVENT_PINS_CHANGED, NULL, NULL, "%s", w->conf.join.host);
	else if (r < 0)
		event_log(EVENT_STATE_FAILED, NULL, NULL, "%s", err.text);
}

static void on_relay(const struct relay_answer *a, void *ctx)
{
	struct worker *w = ctx;
	uint8_t salt[KEY_LEN];
	const char *text;

	if (w->stopping)
		return;
	worker_note(w, a);
	if (!a->r)
		take_pins(w, a->json);
	/* A relay that knows nothing of this has neither; it wants no session either. */
	if (a->r || json_is_true(json_object_get(a->json, "machine_session")) ||
	    !machine_factors_count(&w->factors) ||
	    json_get_string(a->json, "machine_salt", &text, NULL) || b64_key_parse(text, salt) ||
	    send_session(w, salt))
		settled(w, a);
}

static void ask(struct worker *w)
{
	w->trust_tries++;
	w->trust_asking = !relay_api_ask(&w->relay, "GET", "/v1/relay", NULL, on_relay, w);
	if (!w->trust_asking)
		settled(w, NULL);
}

void worker_trust_ask(struct worker *w)
{
	if (!w->stopping && !w->trust_asking)
		ask(w);
}

static void need_session(void *ctx)
{
	worker_trust_ask(ctx);
}

void worker_trust_init(struct worker *w)
{
	w->relay.need_session = need_session;
	w->relay.session_ctx = w;
}
