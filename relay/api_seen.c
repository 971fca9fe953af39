/* SPDX-License-Identifier: GPL-2.0-only */
#include "api_seen.h"

#include "../lib/log.h"
#include "db_peer.h"

struct entry {
	uint32_t slot;
	uint32_t generation;
	int64_t last_handshake;
	struct endpoint endpoint;
};

struct api_seen {
	uv_timer_t timer;
	size_t n;
	struct entry entries[API_SEEN_MAX];
};

/* Lost on an error: the next handshake says the same again. */
static void flush(struct api *api)
{
	struct api_seen *seen = api->seen;
	struct err err;
	int r;

	if (!seen->n)
		return;
	r = db_begin(api->db, &err);
	for (size_t i = 0; !r && i < seen->n; i++) {
		const struct entry *e = &seen->entries[i];

		r = db_peer_seen(api->db, e->slot, e->generation, e->last_handshake, &e->endpoint,
				 &err);
		if (r)
			db_rollback(api->db);
	}
	if (!r)
		r = db_commit(api->db, &err);
	if (r)
		log_warn("storing handshakes of %zu peers: %s", seen->n, err.text);
	seen->n = 0;
}

static void on_timer(uv_timer_t *timer)
{
	flush(timer->data);
}

int api_seen_start(struct api *api, struct err *err)
{
	struct api_seen *seen = calloc(1, sizeof(*seen));

	if (!seen)
		return err_set(err, -ENOMEM, "out of memory");
	uv_timer_init(api->loop, &seen->timer);
	seen->timer.data = api;
	api->seen = seen;
	uv_timer_start(&seen->timer, on_timer, API_SEEN_FLUSH_MS, API_SEEN_FLUSH_MS);
	return 0;
}

void api_seen_add(struct api *api, const struct msg *msg)
{
	struct api_seen *seen = api->seen;

	if (!seen)
		return;
	if (seen->n == API_SEEN_MAX)
		flush(api);
	seen->entries[seen->n++] = (struct entry){
		.slot = msg->seen.slot,
		.generation = msg->seen.generation,
		.last_handshake = msg->seen.last_handshake_s,
		.endpoint = msg->seen.endpoint,
	};
}

int64_t api_seen_pending(const struct api *api, uint32_t slot, uint32_t generation)
{
	const struct api_seen *seen = api->seen;
	int64_t newest = 0;

	for (size_t i = 0; seen && i < seen->n; i++) {
		const struct entry *e = &seen->entries[i];

		if (e->slot == slot && e->generation == generation && e->last_handshake > newest)
			newest = e->last_handshake;
	}
	return newest;
}

static void on_closed(uv_handle_t *handle)
{
	/* The timer is the struct's first member. */
	free(handle);
}

void api_seen_stop(struct api *api)
{
	if (!api->seen)
		return;
	flush(api);
	uv_close((uv_handle_t *)&api->seen->timer, on_closed);
	api->seen = NULL;
}
