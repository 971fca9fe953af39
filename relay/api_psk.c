/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * /v1/peers/psk. POST: offer -> answer. PUT: commit -> PEER_PSK -> DONE -> answer, so that a 200
 * means that the kernel has the key.
 */
#include "api_psk.h"

#include <string.h>
#include <sys/random.h>
#include "../lib/b64.h"
#include "../lib/log.h"
#include "api_handlers.h"
#include "api_machine.h"
#include "api_net.h"
#include "api_peer.h"
#include "api_rotate.h"

/* Whose exchange it is: another key or generation begins anew. */
struct end {
	bool used;
	uint32_t generation;
	uint8_t public_key[KEY_LEN];
	struct psk_relay relay;
};

/* By the device of the pair: while a key rotates there is one on each. */
struct slot {
	struct end end[2];
};

struct api_psk {
	uint32_t slots;
	struct slot slot[];
};

struct api_psk *api_psk_new(uint32_t slots)
{
	struct api_psk *psk = calloc(1, sizeof(*psk) + slots * sizeof(struct slot));

	if (psk)
		psk->slots = slots;
	return psk;
}

void api_psk_free(struct api_psk *psk)
{
	if (!psk)
		return;
	/* Memory that was never touched stays so. */
	for (uint32_t i = 0; i < psk->slots; i++) {
		if (psk->slot[i].end[0].used || psk->slot[i].end[1].used)
			explicit_bzero(&psk->slot[i], sizeof(struct slot));
	}
	free(psk);
}

void api_psk_forget(const struct api *api, uint32_t slot)
{
	if (slot < api->psk->slots)
		explicit_bzero(&api->psk->slot[slot], sizeof(struct slot));
}

/* NULL: the slot is none, or there is no randomness.
 * #syscalls(api): getrandom
 */
static struct psk_relay *relay_of(const struct api *api, const struct db_peer *peer)
{
	uint64_t first;
	struct end *s;

	if (peer->address.slot >= api->psk->slots)
		return NULL;
	s = &api->psk->slot[peer->address.slot].end[peer->wg & 1];
	if (s->used && s->generation == peer->address.generation &&
	    !memcmp(s->public_key, peer->public_key, KEY_LEN))
		return &s->relay;
	if (getrandom(&first, sizeof(first), 0) != (ssize_t)sizeof(first))
		return NULL;
	explicit_bzero(s, sizeof(*s));
	s->used = true;
	s->generation = peer->address.generation;
	memcpy(s->public_key, peer->public_key, KEY_LEN);
	psk_relay_init(&s->relay, 1 + first % (PSK_EPOCH_MAX / 2));
	return &s->relay;
}

uint64_t api_psk_next(const struct api *api, const struct db_peer *peer)
{
	const struct psk_relay *r = relay_of(api, peer);

	return r ? r->next : 0;
}

static struct psk_ids ids_of(const struct api *api, const struct db_peer *peer)
{
	struct psk_ids ids = {.peer = peer->address.v6};

	snprintf(ids.relay, sizeof(ids.relay), "%s", api->conf.name);
	memcpy(ids.agent_key, peer->public_key, KEY_LEN);
	memcpy(ids.relay_key, api->relay.wg_public_key[peer->wg & 1], KEY_LEN);
	return ids;
}

/* A key that is to withstand a quantum computer must come through a channel that does. */
bool api_psk_channel_fits(struct api_req *req)
{
	struct tls_conn *tls = http_exchange_tls(req->x);
	const char *group = tls ? tls_conn_group(tls) : NULL;

	if (group && !strcmp(group, TLS_AGENT_GROUPS))
		return true;
	api_refuse(req, API_ERROR_PQ_REQUIRED, "this needs a TLS connection with %s",
		   TLS_AGENT_GROUPS);
	return false;
}

/* The account's own peer, or the request is refused. */
static bool find_peer(struct api_req *req, struct db_peer *ret_peer)
{
	uint8_t key[KEY_LEN];
	const char *text;
	struct err err;
	int r;

	r = json_get_string(req->body, "pubkey", &text, &err);
	if (!r && b64_key_parse(text, key))
		r = err_set(&err, -EINVAL, "pubkey: not a WireGuard key");
	if (r) {
		api_refuse(req, API_ERROR_INVALID_REQUEST, "%s", err.text);
		return false;
	}
	r = db_peer_find_key(req->api->db, key, ret_peer, &err);
	if (r == -ENOENT)
		r = api_rotate_next(req->api, key, ret_peer, &err);
	if (r && r != -ENOENT) {
		log_err("looking a peer up: %s", err.text);
		api_refuse(req, API_ERROR_INTERNAL, "the database cannot be read");
		return false;
	}
	if (r || ret_peer->address.account != req->account.id || !ret_peer->live) {
		api_refuse(req, API_ERROR_PEER_NOT_FOUND, "the account has no peer with this key");
		return false;
	}
	return api_machine_may(req, ret_peer->address.machine);
}

static int get_bytes(const json_t *body, const char *name, uint8_t *ret, size_t len,
		     struct err *err)
{
	const char *text;
	int r = json_get_string(body, name, &text, err);

	if (!r && b64_parse(text, ret, len))
		r = err_set(err, -EINVAL, "%s: expected %zu bytes in base64", name, len);
	return r;
}

static void refuse(struct api_req *req, const struct psk_relay *relay, int r, const struct err *err)
{
	if (r == -ESTALE || r == -EKEYREJECTED)
		api_refuse_epoch(req, relay->next, "%s", err->text);
	else if (r == -EINVAL)
		api_refuse(req, API_ERROR_INVALID_REQUEST, "%s", err->text);
	else if (r == -EBUSY)
		api_refuse(req, API_ERROR_BUSY, "%s", err->text);
	else
		api_refuse(req, API_ERROR_INTERNAL, "%s", err->text);
}

static void reply_offer(struct api_req *req, uint64_t epoch, const struct psk_answer *answer)
{
	char ct[B64_TEXT_LEN(XWING_CT_LEN)], confirm[B64_TEXT_LEN(PSK_CONFIRM_LEN)];

	api_reply_json(
		req, 200,
		json_pack("{s:I, s:s, s:s, s:s}", "epoch", (json_int_t)epoch, "relay",
			  req->api->conf.name, "ct",
			  b64_text(ct, sizeof(ct), answer->ct, XWING_CT_LEN), "confirm",
			  b64_text(confirm, sizeof(confirm), answer->confirm, PSK_CONFIRM_LEN)));
}

void api_psk_offer(struct api_req *req)
{
	static const char *const known[] = {"pubkey", "epoch", "kem", NULL};
	uint8_t pk[XWING_PK_LEN], eseed[XWING_ESEED_LEN];
	struct psk_answer answer;
	struct psk_relay *relay;
	struct db_peer peer;
	struct psk_ids ids;
	uint64_t epoch;
	struct err err = {};
	int r;

	if (!api_psk_channel_fits(req) || !find_peer(req, &peer))
		return;
	r = json_only(req->body, known, &err);
	if (!r)
		r = json_get_u64(req->body, "epoch", 0, PSK_EPOCH_MAX, &epoch, &err);
	if (!r)
		r = get_bytes(req->body, "kem", pk, sizeof(pk), &err);
	if (r) {
		api_refuse(req, API_ERROR_INVALID_REQUEST, "%s", err.text);
		return;
	}
	relay = relay_of(req->api, &peer);
	if (!relay || getrandom(eseed, sizeof(eseed), 0) != (ssize_t)sizeof(eseed)) {
		api_refuse(req, API_ERROR_INTERNAL, "no random numbers");
		return;
	}
	ids = ids_of(req->api, &peer);
	r = psk_relay_offer(relay, &ids, epoch, pk, eseed, &answer, &err);
	explicit_bzero(eseed, sizeof(eseed));
	if (r)
		refuse(req, relay, r, &err);
	else
		reply_offer(req, epoch, &answer);
}

/* A commit that waits for the net role. */
struct commit {
	struct api_req *req;
	struct db_peer peer;
	uint64_t epoch;
};

static void reply_commit(struct api_req *req, uint64_t epoch)
{
	api_reply_json(req, 200, json_pack("{s:I}", "epoch", (json_int_t)epoch));
}

static void on_installed(int r, const char *text, UNUSED const struct msg *answer, void *ctx)
{
	AUTO_FREE struct commit *c = ctx;
	struct psk_relay *relay = relay_of(c->req->api, &c->peer);

	if (relay)
		psk_relay_installed(relay, c->epoch, !r);
	api_busy_put(c->req->api, c->peer.address.slot);
	if (!r) {
		reply_commit(c->req, c->epoch);
		return;
	}
	log_warn("slot %u: PSK: %s", c->peer.address.slot, text);
	api_refuse(c->req, API_ERROR_RELAY_REFUSED, "the relay could not do it: %s", text);
}

static int install(struct commit *c, const struct psk_relay *relay)
{
	const struct db_address *a = &c->peer.address;
	struct msg msg = {.type = MSG_PEER_PSK};
	int r;

	msg.psk.slot = a->slot;
	msg.psk.generation = a->generation;
	memcpy(msg.psk.public_key, c->peer.public_key, KEY_LEN);
	memcpy(msg.psk.psk, relay->keys.psk, KEY_LEN);
	r = api_busy_take(c->req->api, a->slot);
	if (!r) {
		r = api_net_request(c->req->api->net, &msg, on_installed, c);
		if (r)
			api_busy_put(c->req->api, a->slot);
	}
	explicit_bzero(&msg, sizeof(msg));
	return r;
}

void api_psk_commit(struct api_req *req)
{
	static const char *const known[] = {"pubkey", "epoch", "confirm", NULL};
	AUTO_FREE struct commit *c = calloc(1, sizeof(*c));
	uint8_t confirm[PSK_CONFIRM_LEN];
	struct psk_relay *relay;
	struct err err = {};
	int r;

	if (!c) {
		api_refuse(req, API_ERROR_BUSY, "out of memory");
		return;
	}
	if (!api_psk_channel_fits(req) || !find_peer(req, &c->peer))
		return;
	r = json_only(req->body, known, &err);
	if (!r)
		r = json_get_u64(req->body, "epoch", 0, PSK_EPOCH_MAX, &c->epoch, &err);
	if (!r)
		r = get_bytes(req->body, "confirm", confirm, sizeof(confirm), &err);
	if (r) {
		api_refuse(req, API_ERROR_INVALID_REQUEST, "%s", err.text);
		return;
	}
	relay = relay_of(req->api, &c->peer);
	if (!relay) {
		api_refuse(req, API_ERROR_INTERNAL, "no random numbers");
		return;
	}
	r = psk_relay_commit(relay, c->epoch, confirm, &err);
	if (r < 0) {
		refuse(req, relay, r, &err);
	} else if (!r) {
		reply_commit(req, c->epoch);
	} else {
		c->req = req;
		r = install(c, relay);
		if (!r) {
			steal(&c);
			return;
		}
		psk_relay_installed(relay, c->epoch, false);
		api_refuse(req, API_ERROR_BUSY, "this peer is being changed already");
	}
}
