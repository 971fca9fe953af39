/* SPDX-License-Identifier: GPL-2.0-only */
#include "api_usage.h"

#include <string.h>
#include "../lib/log.h"
#include "../lib/time_text.h"
#include "api_net.h"
#include "db_usage.h"

#define BATCH 1024 /* slots in one transaction: others wait for it */

struct fetched {
	uint32_t slot, generation;
	struct usage usage;
};

struct api_usage {
	uv_timer_t timer;
	bool busy;
	struct {
		api_usage_done *done;
		void *ctx;
	} waiting[API_USAGE_WAITING];
	size_t n_waiting;
	uint8_t run[USAGE_RUN_LEN];
	struct fetched fetched[BATCH];
	size_t n_fetched;
	uint32_t pruned; /* month of the last prune, 0 = none yet */
	struct usage total;
	uint8_t *tally; /* by slot */
};

static void add(struct usage *to, const struct usage *more)
{
	to->up_packets += more->up_packets;
	to->up_bytes += more->up_bytes;
	to->down_packets += more->down_packets;
	to->down_bytes += more->down_bytes;
}

/* The months kept are this one and those before it. */
static int prune(struct api *api, uint32_t month, struct err *err)
{
	uint32_t keep = api->conf.usage_months;
	int r;

	if (month == api->usage->pruned || month < keep)
		return 0;
	r = db_usage_prune(api->db, month - keep + 1, err);
	if (!r)
		api->usage->pruned = month;
	return r;
}

static int store_in(struct api *api, struct usage *ret_sum, struct err *err)
{
	struct api_usage *u = api->usage;
	uint32_t month = month_of(db_now());
	int r = prune(api, month, err);

	for (size_t i = 0; !r && i < u->n_fetched; i++) {
		const struct fetched *f = &u->fetched[i];
		struct usage more;

		r = db_usage_count(api->db, month, f->slot, f->generation, u->run, &f->usage, &more,
				   err);
		add(ret_sum, &more);
	}
	return r;
}

/* Not stored: the next round finds the same and more. */
static void store(struct api *api)
{
	struct api_usage *u = api->usage;
	struct usage sum = {};
	struct err err;
	int r;

	r = db_begin(api->db, &err);
	if (!r) {
		r = store_in(api, &sum, &err);
		if (r)
			db_rollback(api->db);
		else
			r = db_commit(api->db, &err);
	}
	if (r)
		log_warn("storing the usage of %zu slots: %s", u->n_fetched, err.text);
	else
		add(&u->total, &sum);
	u->n_fetched = 0;
}

static void finish(struct api *api, int r)
{
	struct api_usage *u = api->usage;
	size_t n = u->n_waiting;

	if (u->n_fetched)
		store(api);
	u->busy = false;
	u->n_waiting = 0;
	for (size_t i = 0; i < n; i++)
		u->waiting[i].done(r, u->waiting[i].ctx);
}

static void take(struct api *api, const struct msg *answer)
{
	struct api_usage *u = api->usage;
	uint32_t n = answer->usage.n < MSG_MAX_USAGE ? answer->usage.n : MSG_MAX_USAGE;

	if (u->n_fetched + n > BATCH)
		store(api);
	memcpy(u->run, answer->usage.run, sizeof(u->run));
	for (uint32_t i = 0; i < n; i++) {
		uint32_t slot = answer->usage.entry[i].slot;

		if (slot >= api->conf.slots)
			continue;
		u->tally[slot] = (uint8_t)answer->usage.entry[i].tally;
		u->fetched[u->n_fetched++] =
			(struct fetched){.slot = slot,
					 .generation = answer->usage.entry[i].generation,
					 .usage = answer->usage.entry[i].usage};
	}
}

static int ask(struct api *api, uint32_t from);

static void on_usage(int r, const char *text, const struct msg *answer, void *ctx)
{
	struct api *api = ctx;

	if (!api->usage)
		return;
	if (!r && (!answer || answer->type != MSG_USAGE))
		r = -EPROTO;
	if (!r) {
		take(api, answer);
		if (answer->usage.next)
			r = ask(api, answer->usage.next);
		if (!r && answer->usage.next)
			return;
	}
	if (r && api->state != API_DRAINING)
		log_warn("usage: %s", r == -EBUSY ? "too many requests wait" : text);
	finish(api, r);
}

static int ask(struct api *api, uint32_t from)
{
	struct msg msg = {.type = MSG_USAGE_GET, .slot.slot = from};

	return api_net_request(api->net, &msg, on_usage, api);
}

int api_usage_round(struct api *api, api_usage_done *done, void *ctx)
{
	struct api_usage *u = api->usage;
	int r = 0;

	if (u->n_waiting == API_USAGE_WAITING)
		return -EBUSY;
	if (!u->busy)
		r = ask(api, 0);
	if (r)
		return r;
	u->busy = true;
	if (done) {
		u->waiting[u->n_waiting].done = done;
		u->waiting[u->n_waiting++].ctx = ctx;
	}
	return 0;
}

bool api_usage_busy(const struct api *api)
{
	return api->usage && api->usage->busy;
}

static void on_timer(uv_timer_t *timer)
{
	struct api *api = timer->data;

	if (api->state == API_SERVING)
		api_usage_round(api, NULL, NULL);
}

int api_usage_start(struct api *api, struct err *err)
{
	struct api_usage *u = calloc(1, sizeof(*u));

	if (u)
		u->tally = calloc(api->conf.slots, sizeof(*u->tally));
	if (!u || !u->tally) {
		free(u);
		return err_set(err, -ENOMEM, "out of memory");
	}
	uv_timer_init(api->loop, &u->timer);
	u->timer.data = api;
	api->usage = u;
	uv_timer_start(&u->timer, on_timer, 0, API_USAGE_MS);
	return 0;
}

static void on_closed(uv_handle_t *handle)
{
	/* The timer is the struct's first member. */
	struct api_usage *u = (struct api_usage *)handle;

	free(u->tally);
	free(u);
}

void api_usage_stop(struct api *api)
{
	struct api_usage *u = api->usage;

	if (!u)
		return;
	api->usage = NULL;
	uv_close((uv_handle_t *)&u->timer, on_closed);
}

int api_usage_stats(struct api *api, const struct msg *answer, struct err *err)
{
	struct usage more;
	int r;

	if (!answer || answer->type != MSG_STATS || !api->usage)
		return 0;
	r = db_usage_count(api->db, month_of(db_now()), answer->stats.slot,
			   answer->stats.generation, answer->stats.run, &answer->stats.usage, &more,
			   err);
	if (!r)
		add(&api->usage->total, &more);
	return r;
}

struct usage api_usage_total(const struct api *api)
{
	return api->usage ? api->usage->total : (struct usage){};
}

uint32_t api_usage_tally(const struct api *api, uint32_t slot)
{
	return api->usage && slot < api->conf.slots ? api->usage->tally[slot] : TALLY_NONE;
}
