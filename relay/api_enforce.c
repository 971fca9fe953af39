/* SPDX-License-Identifier: GPL-2.0-only */
#include "api_enforce.h"

#include "../lib/log.h"
#include "api_audit.h"
#include "api_peer.h"
#include "db_account.h"

#define DAY_S INT64_C(86400)
#define PRUNE_BATCH 256 /* rows a turn */

struct api_enforce {
	uv_timer_t timer;
	bool begun;
};

/* One account's peers in their order, and the changes found. */
struct work {
	struct api *api;
	const struct conf_tier *tier;
	bool expired;
	uint32_t peers, ipv4; /* that run, so far */
	struct db_peer *changed;
	size_t n, size;
};

static int note(struct work *w, const struct db_peer *peer)
{
	if (w->n == w->size) {
		size_t size = w->size ? 2 * w->size : 16;
		struct db_peer *changed = reallocarray(w->changed, size, sizeof(*changed));

		if (!changed)
			return -ENOMEM;
		w->changed = changed;
		w->size = size;
	}
	w->changed[w->n++] = *peer;
	return 0;
}

static int judge(const struct db_peer *peer, void *ctx)
{
	struct work *w = ctx;
	struct db_peer now = *peer;

	now.stopped = w->expired		       ? DB_PEER_STOP_BILLING
		      : w->peers >= w->tier->max_peers ? DB_PEER_STOP_QUOTA
						       : DB_PEER_RUNS;
	w->peers += !now.stopped;
	now.ipv4_stopped = peer->ipv4 && !now.stopped && w->ipv4 >= w->tier->max_ipv4;
	w->ipv4 += peer->ipv4 && !now.stopped && !now.ipv4_stopped;
	if (now.stopped == peer->stopped && now.ipv4_stopped == peer->ipv4_stopped)
		return 0;
	now.live = !now.stopped;
	return note(w, &now);
}

static int store(struct work *w, const struct db_account *account, struct err *err)
{
	static const char *const words[] = {"runs", "stopped: billing period ended",
					    "stopped: more than the tier allows"};
	struct db *db = w->api->db;
	int r;

	r = db_begin(db, err);
	if (r)
		return r;
	for (size_t i = 0; !r && i < w->n; i++) {
		const struct db_peer *p = &w->changed[i];

		r = db_peer_set_stopped(db, p->address.slot, p->stopped, p->ipv4_stopped, err);
		if (!r)
			r = api_audit(w->api, NULL, account->id, err,
				      p->stopped ? "peer.stop" : "peer.start", "slot %u %s%s",
				      p->address.slot, words[p->stopped],
				      p->ipv4_stopped ? ", IPv4 held" : "");
	}
	if (r) {
		db_rollback(db);
		return r;
	}
	return db_commit(db, err);
}

static int enforce(struct api *api, const struct db_account *account, struct err *err)
{
	static const struct conf_tier no_tier;
	const struct conf_tier *tier = conf_tier(&api->conf, account->tier);
	struct work w = {.api = api, .tier = tier ? tier : &no_tier};
	int r;

	w.expired = db_account_expired(account, db_now());
	r = db_peer_list(api->db, DB_PEER_VALID, account->id, 0, 0, UINT32_MAX, judge, &w, err);
	if (!r && w.n)
		r = store(&w, account, err);
	for (size_t i = 0; !r && i < w.n; i++)
		api_peer_push(api, &w.changed[i]);
	if (!r && w.n)
		log_info("account %s: %zu peers changed by tier or billing", account->name, w.n);
	free(w.changed);
	return r;
}

void api_enforce_account(struct api *api, int64_t account)
{
	struct db_account a;
	struct err err;
	int r = db_account_get(api->db, account, &a, &err);

	if (!r)
		r = enforce(api, &a, &err);
	if (r)
		log_err("account %jd: enforcing its tier: %s", (intmax_t)account, err.text);
}

struct ids {
	int64_t *id;
	size_t n, size;
};

/* Noted first: enforce() writes, and a list must not change below its reader. */
static int note_account(const struct db_account *account, UNUSED uint32_t peers,
			UNUSED uint32_t ipv4, void *ctx)
{
	struct ids *ids = ctx;

	if (ids->n == ids->size) {
		size_t size = ids->size ? 2 * ids->size : 256;
		int64_t *id = reallocarray(ids->id, size, sizeof(*id));

		if (!id)
			return -ENOMEM;
		ids->id = id;
		ids->size = size;
	}
	ids->id[ids->n++] = account->id;
	return 0;
}

static int note_peer(const struct db_peer *peer, void *ctx)
{
	return note(ctx, peer);
}

static int prune(struct api *api, struct err *err)
{
	struct work w = {.api = api};
	int64_t before = db_now() - api->conf.hold_days * DAY_S;
	int r;

	r = db_peer_list_stopped(api->db, before, PRUNE_BATCH, note_peer, &w, err);
	if (!r && w.n)
		r = db_begin(api->db, err);
	for (size_t i = 0; !r && i < w.n; i++) {
		const struct db_peer *p = &w.changed[i];

		r = db_peer_del(api->db, p->address.slot, err);
		if (!r)
			r = api_audit(api, NULL, p->address.account, err, "peer.release",
				      "slot %u: stopped for %u days", p->address.slot,
				      api->conf.hold_days);
		if (r)
			db_rollback(api->db);
	}
	if (!r && w.n)
		r = db_commit(api->db, err);
	free(w.changed);
	return r;
}

static void on_timer(uv_timer_t *timer)
{
	struct api *api = timer->data;
	struct ids ids = {};
	struct err err;
	int r;

	if (api->state != API_SERVING)
		return;
	/* All once, for the tiers of relay.yaml may have changed. */
	if (!api->enforce->begun)
		r = db_account_list(api->db, note_account, &ids, &err);
	else
		r = db_account_list_due(api->db, db_now(), note_account, &ids, &err);
	api->enforce->begun = true;
	for (size_t i = 0; !r && i < ids.n; i++)
		api_enforce_account(api, ids.id[i]);
	free(ids.id);
	if (!r)
		r = prune(api, &err);
	if (r)
		log_err("enforcing tiers: %s", err.text);
}

int api_enforce_start(struct api *api, struct err *err)
{
	struct api_enforce *enforce = calloc(1, sizeof(*enforce));

	if (!enforce)
		return err_set(err, -ENOMEM, "out of memory");
	uv_timer_init(api->loop, &enforce->timer);
	enforce->timer.data = api;
	api->enforce = enforce;
	uv_timer_start(&enforce->timer, on_timer, 0, API_ENFORCE_MS);
	return 0;
}

static void on_closed(uv_handle_t *handle)
{
	/* The timer is the struct's first member. */
	free(handle);
}

void api_enforce_stop(struct api *api)
{
	if (!api->enforce)
		return;
	uv_close((uv_handle_t *)&api->enforce->timer, on_closed);
	api->enforce = NULL;
}
