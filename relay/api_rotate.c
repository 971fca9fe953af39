/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * /v1/peers/rotate. POST: the new key goes onto the other device, closed until it has a pre-shared
 * key (/v1/peers/psk). PUT: PEER_SET -> DONE -> database commit -> answer; the net role refuses
 * while the new key has not carried a packet. DELETE: as it was. A step that is repeated is
 * answered as before. Wherever this ends, the peer has one key, and its row says which.
 */
#include "api_rotate.h"

#include <string.h>
#include "../lib/log.h"
#include "api_audit.h"
#include "api_handlers.h"
#include "api_machine.h"
#include "api_net.h"
#include "api_peer.h"
#include "rotation.h"

#define TICK_MS 1000

struct api_rotate {
	uv_timer_t timer;
	struct rotations table;
};

/* A request that waits for the net role. */
struct waiting {
	struct api_req *req;
	struct db_peer old; /* the row as it is */
	struct db_peer now; /* as it will be, or would be */
};

static struct rotation *of_peer(const struct api *api, const struct db_peer *peer)
{
	return rotation_by_slot(&api->rotate->table, peer->address.slot, peer->address.generation);
}

/* What the row becomes. Where the new device of the agent sends from is not known yet. */
static void turn(struct db_peer *peer, const uint8_t key[static KEY_LEN])
{
	memcpy(peer->public_key, key, KEY_LEN);
	peer->wg = !peer->wg;
	peer->endpoint = (struct endpoint){};
}

void api_rotate_fill(const struct api *api, const struct db_peer *peer, struct peer *ret_peer)
{
	const struct rotation *r = of_peer(api, peer);
	const uint8_t *other = r ? rotation_other(r, peer->public_key) : NULL;

	ret_peer->has_other = other != NULL;
	if (other)
		memcpy(ret_peer->other_key, other, KEY_LEN);
}

int api_rotate_next(const struct api *api, const uint8_t key[static KEY_LEN],
		    struct db_peer *ret_peer, struct err *err)
{
	const struct rotation *r = rotation_by_new_key(&api->rotate->table, key);
	struct db_peer peer;
	int ret;

	if (!r || r->state != ROTATION_PENDING)
		return err_set(err, -ENOENT, "no such peer");
	ret = db_peer_get(api->db, r->slot, &peer, err);
	if (ret)
		return ret;
	if (peer.address.generation != r->generation ||
	    memcmp(peer.public_key, r->old_key, KEY_LEN))
		return err_set(err, -ENOENT, "no such peer");
	turn(&peer, key);
	*ret_peer = peer;
	return 0;
}

struct keys {
	uint8_t old[KEY_LEN], new[KEY_LEN];
};

static bool read_keys(struct api_req *req, struct keys *ret)
{
	static const char *const known[] = {"pubkey", "new_pubkey", NULL};
	const char *text;
	struct err err;
	int r;

	r = json_only(req->body, known, &err);
	if (!r)
		r = json_get_string(req->body, "pubkey", &text, &err);
	if (!r && b64_key_parse(text, ret->old))
		r = err_set(&err, -EINVAL, "pubkey: not a WireGuard key");
	if (!r)
		r = json_get_string(req->body, "new_pubkey", &text, &err);
	if (!r && b64_key_parse(text, ret->new))
		r = err_set(&err, -EINVAL, "new_pubkey: not a WireGuard key");
	if (!r && !memcmp(ret->old, ret->new, KEY_LEN))
		r = err_set(&err, -EINVAL, "new_pubkey: is the same key");
	if (r)
		api_refuse(req, API_ERROR_INVALID_REQUEST, "%s", err.text);
	return !r;
}

/* 0: the account's own live peer; -ENOENT; or -EIO after having refused. */
static int find_own(struct api_req *req, const uint8_t key[static KEY_LEN], struct db_peer *ret)
{
	struct err err;
	int r = db_peer_find_key(req->api->db, key, ret, &err);

	if (r && r != -ENOENT) {
		log_err("looking a peer up: %s", err.text);
		api_refuse(req, API_ERROR_INTERNAL, "the database cannot be read");
		return -EIO;
	}
	return r || ret->address.account != req->account.id || !ret->live ? -ENOENT : 0;
}

/* 0: ret->old has the old key. 1: ret->old has the new key already. Else refused. */
static int find(struct api_req *req, struct keys *keys, struct waiting *ret)
{
	bool done = false;
	int r;

	if (!read_keys(req, keys))
		return -EINVAL;
	r = find_own(req, keys->old, &ret->old);
	if (r == -ENOENT) {
		r = find_own(req, keys->new, &ret->old);
		done = !r;
	}
	if (r == -ENOENT)
		api_refuse(req, API_ERROR_PEER_NOT_FOUND, "the account has no peer with this key");
	if (r)
		return r;
	return api_machine_may(req, ret->old.address.machine) ? done : -EACCES;
}

static void refuse_net(struct api_req *req, int r, const char *text)
{
	if (r == -ENOTCONN)
		api_refuse(req, API_ERROR_ROTATION_UNPROVEN,
			   "no packet has come with the new key yet");
	else if (r == -EBUSY)
		api_refuse(req, API_ERROR_BUSY, "too many changes wait already");
	else
		api_refuse(req, API_ERROR_RELAY_REFUSED, "the relay could not do it: %s", text);
}

static void reply_peer(struct api_req *req, const struct db_peer *peer)
{
	api_reply_json(req, 200, api_peer_json(req->api, peer));
}

static struct waiting *waiting_new(struct api_req *req)
{
	struct waiting *w = calloc(1, sizeof(*w));

	if (w)
		w->req = req;
	else
		api_refuse(req, API_ERROR_BUSY, "out of memory");
	return w;
}

/* Sends the row `peer` and goes on in done; false: refused. */
static bool send_row(struct waiting *w, const struct db_peer *peer, api_net_done *done)
{
	struct api *api = w->req->api;
	uint32_t slot = peer->address.slot;
	struct msg msg;
	int r;

	r = api_peer_msg(api, peer, &msg);
	if (!r)
		r = api_net_request(api->net, &msg, done, w);
	if (!r)
		return true;
	api_busy_put(api, slot);
	refuse_net(w->req, r, r == -ERANGE ? "the slot's addresses are in no pool" : "busy");
	return false;
}

static bool take_slot(struct api_req *req, uint32_t slot)
{
	if (!api_busy_take(req->api, slot))
		return true;
	api_refuse(req, API_ERROR_BUSY, "this peer is being changed already");
	return false;
}

/* As the row is now, whatever was stopped meanwhile. */
static void push_row(struct api *api, uint32_t slot, uint32_t generation)
{
	struct db_peer row;

	if (!db_peer_get(api->db, slot, &row, NULL) && row.address.generation == generation)
		api_peer_push(api, &row);
}

/* Part of it may be in the kernel. */
static void undo(struct api *api, const struct db_peer *peer)
{
	struct rotation *rot = of_peer(api, peer);

	if (rot)
		rotation_end(rot);
	push_row(api, peer->address.slot, peer->address.generation);
}

static void on_begun(int r, const char *text, UNUSED const struct msg *answer, void *ctx)
{
	AUTO_FREE struct waiting *w = ctx;
	struct api *api = w->req->api;

	api_busy_put(api, w->old.address.slot);
	if (r) {
		log_warn("slot %u: new key: %s", w->old.address.slot, text);
		undo(api, &w->old);
		refuse_net(w->req, r, text);
		return;
	}
	reply_peer(w->req, &w->now);
}

static bool begin(struct waiting *w, const struct keys *keys)
{
	const struct db_address *a = &w->old.address;
	struct api_req *req = w->req;
	struct rotation *rot;
	struct db_peer other;
	struct err err;
	int r;

	r = db_peer_find_key(req->api->db, keys->new, &other, &err);
	if (!r)
		r = -EEXIST;
	else if (r == -ENOENT)
		r = rotation_begin(&req->api->rotate->table, a->slot, a->generation, keys->old,
				   keys->new, mono_now(), &rot);
	if (!r)
		return true;
	api_busy_put(req->api, a->slot);
	if (r == -EEXIST)
		api_refuse(req, API_ERROR_KEY_IN_USE, "there is a peer with the new key");
	else if (r == -EBUSY)
		api_refuse(req, API_ERROR_BUSY, "the last rotation is not over yet");
	else
		api_refuse(req, API_ERROR_INTERNAL, "the database cannot be read");
	return false;
}

void api_rotate_begin(struct api_req *req)
{
	AUTO_FREE struct waiting *w = waiting_new(req);
	struct keys keys;
	int r;

	if (!w)
		return;
	r = find(req, &keys, w);
	if (r == 1)
		api_refuse(req, API_ERROR_ROTATED, "the peer has the new key already");
	if (r || !take_slot(req, w->old.address.slot) || !begin(w, &keys))
		return;
	w->now = w->old;
	turn(&w->now, keys.new);
	if (send_row(w, &w->old, on_begun))
		steal(&w);
}

/* While the net role was asked, billing, quota or a revoked token may have stopped the peer. */
static int read_row(struct api *api, const struct db_peer *old, struct db_peer *ret,
		    struct err *err)
{
	struct db_peer row;
	int r = db_peer_get(api->db, old->address.slot, &row, err);

	if (r)
		return r;
	if (!row.live || row.address.generation != old->address.generation)
		return err_set(err, -ENOENT, "gone or stopped meanwhile");
	*ret = row;
	return 0;
}

/* w->now becomes the row as it is, with the new key. */
static int store(struct waiting *w, struct err *err)
{
	struct api *api = w->req->api;
	uint8_t key[KEY_LEN];
	int r = db_begin(api->db, err);

	if (r)
		return r;
	memcpy(key, w->now.public_key, KEY_LEN);
	r = read_row(api, &w->old, &w->now, err);
	if (!r) {
		turn(&w->now, key);
		r = db_peer_put(api->db, &w->now, err);
	}
	if (!r)
		r = api_audit(api, w->req, w->now.address.account, err, "peer.rotate", "slot %u",
			      w->now.address.slot);
	if (!r)
		return db_commit(api->db, err);
	db_rollback(api->db);
	return r;
}

/* The kernel has the new key, the row keeps the old one. */
static void not_stored(struct waiting *w, int r, const char *text)
{
	struct api *api = w->req->api;
	uint32_t slot = w->old.address.slot;

	if (r == -ENOENT) {
		log_info("slot %u: new key: %s", slot, text);
		undo(api, &w->old);
		api_refuse(w->req, API_ERROR_PEER_NOT_FOUND,
			   "the account has no peer with this key");
		return;
	}
	log_err("slot %u: storing the new key: %s", slot, text);
	push_row(api, slot, w->old.address.generation);
	api_refuse(w->req, API_ERROR_INTERNAL, "the new key could not be stored");
}

static void on_turned(int r, const char *text, UNUSED const struct msg *answer, void *ctx)
{
	AUTO_FREE struct waiting *w = ctx;
	struct api *api = w->req->api;
	struct rotation *rot = of_peer(api, &w->old);
	uint32_t slot = w->old.address.slot;
	struct err err = {};

	api_busy_put(api, slot);
	if (r) {
		if (r != -ENOTCONN) {
			log_warn("slot %u: new key: %s", slot, text);
			push_row(api, slot, w->old.address.generation);
		}
		refuse_net(w->req, r, text);
		return;
	}
	r = store(w, &err);
	if (r) {
		not_stored(w, r, err.text);
		return;
	}
	if (rot)
		rotation_commit(rot, mono_now());
	/* What changed the row or its account meanwhile has sent it to the kernel with the old key.
	 */
	api_peer_push(api, &w->now);
	log_info("slot %u: goes on with its next key", slot);
	reply_peer(w->req, &w->now);
}

void api_rotate_commit(struct api_req *req)
{
	AUTO_FREE struct waiting *w = waiting_new(req);
	const struct rotation *rot;
	struct keys keys;
	int r;

	if (!w)
		return;
	r = find(req, &keys, w);
	if (r == 1)
		reply_peer(req, &w->old);
	if (r)
		return;
	rot = of_peer(req->api, &w->old);
	if (!rot || rot->state != ROTATION_PENDING || memcmp(rot->new_key, keys.new, KEY_LEN)) {
		api_refuse(req, API_ERROR_NO_ROTATION, "no rotation to this key is under way");
		return;
	}
	if (!take_slot(req, w->old.address.slot))
		return;
	w->now = w->old;
	turn(&w->now, keys.new);
	if (send_row(w, &w->now, on_turned))
		steal(&w);
}

static void reply_dropped(struct api_req *req, const uint8_t key[static KEY_LEN])
{
	char text[KEY_TEXT_LEN];

	api_reply_json(req, 200,
		       json_pack("{s:b, s:s}", "deleted", 1, "pubkey", b64_key_text(text, key)));
}

static void on_dropped(int r, const char *text, UNUSED const struct msg *answer, void *ctx)
{
	AUTO_FREE struct waiting *w = ctx;

	api_busy_put(w->req->api, w->old.address.slot);
	if (r)
		refuse_net(w->req, r, text);
	else
		reply_dropped(w->req, w->now.public_key);
}

void api_rotate_drop(struct api_req *req)
{
	AUTO_FREE struct waiting *w = waiting_new(req);
	struct rotation *rot;
	struct keys keys;
	int r;

	if (!w)
		return;
	r = find(req, &keys, w);
	if (r == 1)
		api_refuse(req, API_ERROR_ROTATED, "the peer has the new key already");
	if (r || !take_slot(req, w->old.address.slot))
		return;
	rot = of_peer(req->api, &w->old);
	if (rot && rot->state == ROTATION_PENDING && !memcmp(rot->new_key, keys.new, KEY_LEN))
		rotation_end(rot);
	/* What a former answer said is said again, once the kernel has it so. */
	w->now = w->old;
	turn(&w->now, keys.new);
	if (send_row(w, &w->old, on_dropped))
		steal(&w);
}

static void on_timer(uv_timer_t *timer)
{
	struct api *api = timer->data;
	struct mono now = mono_now();

	for (size_t i = 0; i < ROTATION_MAX; i++) {
		struct rotation *rot = &api->rotate->table.r[i];
		uint32_t generation = rot->generation, slot = rot->slot;

		if (!rotation_due(rot, now) || api_busy_take(api, slot))
			continue;
		rotation_end(rot);
		push_row(api, slot, generation);
		api_busy_put(api, slot);
	}
}

int api_rotate_start(struct api *api, struct err *err)
{
	struct api_rotate *rotate = calloc(1, sizeof(*rotate));

	if (!rotate)
		return err_set(err, -ENOMEM, "out of memory");
	uv_timer_init(api->loop, &rotate->timer);
	rotate->timer.data = api;
	api->rotate = rotate;
	uv_timer_start(&rotate->timer, on_timer, TICK_MS, TICK_MS);
	return 0;
}

void api_rotate_stop(struct api *api)
{
	if (api->rotate)
		uv_close((uv_handle_t *)&api->rotate->timer, NULL);
}

void api_rotate_free(struct api *api)
{
	free(api->rotate);
	api->rotate = NULL;
}
