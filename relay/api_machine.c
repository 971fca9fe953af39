/* SPDX-License-Identifier: GPL-2.0-only */
#include "api_machine.h"

#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <stdio.h>
#include <string.h>
#include "../lib/log.h"
#include "api_audit.h"
#include "api_clone.h"
#include "api_handlers.h"
#include "api_psk.h"

#define REFUSED_AUDIT_S 60 /* of a machine, an audit entry at most so often; all are counted */

/* The body of POST /v1/machines. */
struct ask {
	char name[MACHINE_NAME_LEN];
	uint8_t key[KEY_LEN];
	struct machine_factors factors;
	uint8_t sig[MACHINE_SIG_LEN];
};

int api_machine_salt(const struct api *api, const struct db_account *account,
		     uint8_t ret_salt[static KEY_LEN])
{
	unsigned int len = KEY_LEN;
	char text[CONF_NAME_LEN + 32];
	int n = snprintf(text, sizeof(text), "sidecar machine salt 1 %s", account->name);

	if (!HMAC(EVP_sha256(), api->address_key, sizeof(api->address_key),
		  (const unsigned char *)text, (size_t)n, ret_salt, &len))
		return -EIO;
	return 0;
}

static void report_clone(struct api_req *req, const struct db_machine *m)
{
	struct err err;
	int r = db_begin(req->api->db, &err);

	log_warn("machine %jd of account %s is at work twice: was its state copied?",
		 (intmax_t)m->id, m->account_name);
	if (r)
		return;
	r = db_machine_cloned(req->api->db, m->id, &err);
	if (!r)
		r = api_audit(req->api, req, m->account, &err, "machine.clone",
			      "machine %jd \"%s\": two agents use its key, one at %s",
			      (intmax_t)m->id, m->name, m->remote);
	if (r)
		db_rollback(req->api->db);
	else
		r = db_commit(req->api->db, &err);
	if (r)
		log_err("machine %jd: %s", (intmax_t)m->id, err.text);
}

static void note_use(struct api_req *req, const struct db_machine *m)
{
	struct endpoint remote = http_exchange_remote(req->x);

	if (api_clone_seen(req->api->clones, m->id, http_exchange_mark(req->x)->serial, &remote,
			   mono_now()))
		report_clone(req, m);
}

/* ---- sessions ---- */

bool api_machine_session(struct api_req *req, struct db_machine *ret)
{
	struct http_mark *mark = http_exchange_mark(req->x);

	if (!mark->id)
		return false;
	if (db_machine_get(req->api->db, mark->id, ret, NULL) || ret->account != req->account.id) {
		*mark = (struct http_mark){};
		return false;
	}
	note_use(req, ret);
	return true;
}

bool api_machine_may(struct api_req *req, const char *machine)
{
	struct db_machine m, own;
	struct err err;
	int r;

	if (!machine[0])
		return true;
	r = db_machine_find(req->api->db, req->account.id, machine, &m, &err);
	if (r == -ENOENT)
		return true;
	if (r) {
		log_err("looking a machine up: %s", err.text);
		api_refuse(req, API_ERROR_INTERNAL, "the database cannot be read");
		return false;
	}
	if (api_machine_session(req, &own) && own.id == m.id)
		return true;
	api_refuse(req, API_ERROR_MACHINE_SESSION,
		   "this machine is enrolled: its peers are changed in a session of its own key");
	return false;
}

static void reply(struct api_req *req, int status, const struct db_machine *m, bool changed)
{
	char key[KEY_TEXT_LEN];

	api_reply_json(req, status,
		       json_pack("{s:s, s:s, s:o, s:b}", "machine", m->name, "machine_key",
				 b64_key_text(key, m->public_key), "enrolled_at",
				 api_time_json(m->enrolled_at), "factors_changed", (int)changed));
}

static void begin_session(struct api_req *req, const struct db_machine *m)
{
	*http_exchange_mark(req->x) =
		(struct http_mark){.id = m->id, .serial = api_clone_next(req->api->clones)};
	note_use(req, m);
}

/* Counts and reports a session that somebody else seems to have asked for. */
static void refuse_other(struct api_req *req, const struct db_machine *m, enum api_error error,
			 const char *why)
{
	struct err err;
	int r = db_begin(req->api->db, &err);

	if (!r) {
		r = db_machine_refused(req->api->db, m->id, &err);
		if (!r && db_now() - m->refused_at >= REFUSED_AUDIT_S) {
			log_warn("machine %jd of account %s refused: %s", (intmax_t)m->id,
				 m->account_name, why);
			r = api_audit(req->api, req, m->account, &err, "machine.refused",
				      "machine %jd \"%s\": %s", (intmax_t)m->id, m->name, why);
		}
		if (r)
			db_rollback(req->api->db);
		else
			r = db_commit(req->api->db, &err);
	}
	if (r)
		log_err("machine %jd: %s", (intmax_t)m->id, err.text);
	api_refuse(req, error, "%s: the relay's operator can release the machine", why);
}

static int store_session(struct api_req *req, const struct db_machine *m, bool changed,
			 struct err *err)
{
	int r = db_begin(req->api->db, err);

	if (r)
		return r;
	r = db_machine_seen(req->api->db, m, changed, err);
	if (!r && changed)
		r = api_audit(req->api, req, m->account, err, "machine.factor",
			      "machine %jd \"%s\": a factor of its host has changed",
			      (intmax_t)m->id, m->name);
	if (r) {
		db_rollback(req->api->db);
		return r;
	}
	return db_commit(req->api->db, err);
}

static void fail(struct api_req *req, const struct err *err)
{
	log_err("machine of account %s: %s", req->account.name, err->text);
	api_refuse(req, API_ERROR_INTERNAL, "the machine could not be stored");
}

static void set_remote(struct api_req *req, struct db_machine *m)
{
	struct endpoint remote = http_exchange_remote(req->x);

	endpoint_text(m->remote, &remote);
	m->token = req->token.id;
}

static void session(struct api_req *req, const struct ask *ask, struct db_machine *m)
{
	struct err err;
	bool changed;

	if (m->account != req->account.id || strcmp(m->name, ask->name)) {
		refuse_other(req, m, API_ERROR_MACHINE_ENROLLED,
			     "this key is enrolled under another name or account");
		return;
	}
	if (!machine_factors_match(&m->factors, &ask->factors, &changed)) {
		refuse_other(req, m, API_ERROR_MACHINE_MISMATCH,
			     "this is not the host that enrolled this key");
		return;
	}
	m->factors = ask->factors;
	set_remote(req, m);
	if (store_session(req, m, changed, &err)) {
		fail(req, &err);
		return;
	}
	begin_session(req, m);
	reply(req, 200, m, changed);
}

/* Room for one more, if need be in the place of one that is gone. */
static int make_room(struct api_req *req, struct err *err)
{
	const struct conf_tier *tier = conf_tier(&req->api->conf, req->account.tier);
	uint32_t n, max = (tier ? tier->max_peers : 0) * API_MACHINE_PER_PEER;
	struct db_machine old;
	int r;

	r = db_machine_count(req->api->db, req->account.id, &n, err);
	if (r || n < max)
		return r;
	r = db_machine_oldest_idle(req->api->db, req->account.id, &old, err);
	return r ? r : db_machine_del(req->api->db, old.id, err);
}

static int store_new(struct api_req *req, struct db_machine *m, struct err *err)
{
	int r = db_begin(req->api->db, err);

	if (r)
		return r;
	r = make_room(req, err);
	if (!r)
		r = db_machine_add(req->api->db, m, err);
	if (!r)
		r = api_audit(req->api, req, m->account, err, "machine.enrol",
			      "machine %jd \"%s\", %u factors", (intmax_t)m->id, m->name,
			      machine_factors_count(&m->factors));
	if (r) {
		db_rollback(req->api->db);
		return r;
	}
	return db_commit(req->api->db, err);
}

static void enrol(struct api_req *req, const struct ask *ask)
{
	struct db_machine m = {.account = req->account.id, .factors = ask->factors};
	struct err err;
	int r;

	memcpy(m.name, ask->name, sizeof(m.name));
	memcpy(m.account_name, req->account.name, sizeof(m.account_name));
	memcpy(m.public_key, ask->key, KEY_LEN);
	set_remote(req, &m);
	r = store_new(req, &m, &err);
	if (r == -ENOENT) {
		api_refuse(req, API_ERROR_MACHINE_QUOTA,
			   "the account has as many machines with peers as its tier allows");
		return;
	}
	if (r) {
		fail(req, &err);
		return;
	}
	log_info("machine %jd enrolled, account %s", (intmax_t)m.id, m.account_name);
	begin_session(req, &m);
	reply(req, 201, &m, false);
}

/* ---- the request ---- */

static int get_factors(const json_t *body, struct machine_factors *ret, struct err *err)
{
	const json_t *array = json_object_get(body, "factors");

	*ret = (struct machine_factors){};
	if (json_array_size(array) != MACHINE_FACTORS)
		return err_set(err, -EINVAL, "factors: expected an array of %d", MACHINE_FACTORS);
	for (unsigned int i = 0; i < MACHINE_FACTORS; i++) {
		const json_t *v = json_array_get(array, i);
		const char *text = json_string_value(v);

		if (json_is_null(v))
			continue;
		if (!text || b64_key_parse(text, ret->hash[i]))
			return err_set(err, -EINVAL,
				       "factors: expected null or 32 bytes in base64");
	}
	if (!machine_factors_count(ret))
		return err_set(err, -EINVAL, "factors: one at least is needed");
	return 0;
}

static int parse(const json_t *body, struct ask *ret, struct err *err)
{
	static const char *const known[] = {"machine", "machine_key", "factors", "signature", NULL};
	static const char ok[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_-";
	const char *name = "", *key = "", *sig = "";
	int r;

	r = json_only(body, known, err);
	if (!r)
		r = json_get_string(body, "machine", &name, err);
	if (!r)
		r = json_get_string(body, "machine_key", &key, err);
	if (!r)
		r = json_get_string(body, "signature", &sig, err);
	if (!r)
		r = get_factors(body, &ret->factors, err);
	if (r)
		return r;
	if (!name[0] || strlen(name) >= sizeof(ret->name) || strspn(name, ok) != strlen(name))
		return err_set(err, -EINVAL, "machine: expected 1 to %zu letters, digits, _ or -",
			       sizeof(ret->name) - 1);
	if (b64_key_parse(key, ret->key))
		return err_set(err, -EINVAL, "machine_key: expected 32 bytes in base64");
	if (b64_parse(sig, ret->sig, sizeof(ret->sig)))
		return err_set(err, -EINVAL, "signature: expected 64 bytes in base64");
	memcpy(ret->name, name, strlen(name) + 1);
	return 0;
}

static int verify(struct api_req *req, const struct ask *ask, struct err *err)
{
	struct machine_proof proof = {.name = ask->name, .factors = ask->factors};
	int r = tls_conn_export(http_exchange_tls(req->x), MACHINE_EXPORT_LABEL, proof.exporter,
				sizeof(proof.exporter), err);

	return r ? r : machine_verify(ask->key, &proof, ask->sig, err);
}

void api_machine_post(struct api_req *req)
{
	struct ask ask = {};
	struct db_machine m;
	struct err err;
	int r;

	if (!api_psk_channel_fits(req))
		return;
	r = parse(req->body, &ask, &err);
	if (r) {
		api_refuse(req, API_ERROR_INVALID_REQUEST, "%s", err.text);
		return;
	}
	if (verify(req, &ask, &err)) {
		api_refuse(req, API_ERROR_MACHINE_SIGNATURE, "%s", err.text);
		return;
	}
	r = db_machine_find_key(req->api->db, ask.key, &m, &err);
	if (!r) {
		session(req, &ask, &m);
		return;
	}
	if (r == -ENOENT)
		r = db_machine_find(req->api->db, req->account.id, ask.name, &m, &err);
	if (!r)
		refuse_other(req, &m, API_ERROR_MACHINE_ENROLLED,
			     "this machine is enrolled with another key");
	else if (r == -ENOENT)
		enrol(req, &ask);
	else
		fail(req, &err);
}

/* What an agent must know of the relay: its keys, and the salt of its own factors. */
void api_relay_get(struct api_req *req)
{
	char live[PIN_TEXT_LEN], standby[PIN_TEXT_LEN], text[KEY_TEXT_LEN];
	const struct api *api = req->api;
	struct db_machine m;
	uint8_t salt[KEY_LEN];

	if (api_machine_salt(api, &req->account, salt)) {
		api_refuse(req, API_ERROR_INTERNAL, "HMAC");
		return;
	}
	api_reply_json(req, 200,
		       json_pack("{s:s, s:s, s:[s, s], s:s, s:b}", "relay", api->conf.name,
				 "region", api->conf.region, "pins",
				 b64_pin_text(live, api->pins[0].sha256),
				 b64_pin_text(standby, api->pins[1].sha256), "machine_salt",
				 b64_key_text(text, salt), "machine_session",
				 (int)api_machine_session(req, &m)));
}
