/* SPDX-License-Identifier: GPL-2.0-only */
#include "api_sync.h"

#include "../lib/log.h"
#include "api_net.h"
#include "api_peer.h"

#define BATCH API_NET_WINDOW

struct sync {
	struct api *api;
	void (*done)(struct api *api, int r);
	uint32_t next; /* slot */
	uint32_t waiting, sent, refused;
};

struct sync_peer {
	struct sync *sync;
	uint32_t slot;
};

static void next_batch(struct sync *s);

static void finish(struct sync *s, int r)
{
	if (!r)
		log_info("%u peers sent to the net role, %u refused", s->sent, s->refused);
	s->done(s->api, r);
	free(s);
}

static void on_end(int r, const char *text, UNUSED const struct msg *answer, void *ctx)
{
	if (r)
		log_err("the net role could not finish the start: %s", text);
	finish(ctx, r);
}

static void on_peer(int r, const char *text, UNUSED const struct msg *answer, void *ctx)
{
	AUTO_FREE struct sync_peer *p = ctx;
	struct sync *s = p->sync;

	/* One bad peer must not keep the others out. */
	if (r && r != -ECONNRESET)
		log_warn("slot %u: refused by the net role: %s", p->slot, text);
	s->refused += r != 0;
	if (--s->waiting == 0)
		next_batch(s);
}

static int send_peer(const struct db_peer *peer, void *ctx)
{
	struct sync *s = ctx;
	AUTO_FREE struct sync_peer *p = calloc(1, sizeof(*p));
	struct msg msg;
	int r;

	s->next = peer->address.slot + 1;
	s->sent++;
	r = p ? api_peer_msg(s->api, peer, &msg) : -ENOMEM;
	if (!r) {
		*p = (struct sync_peer){.sync = s, .slot = peer->address.slot};
		r = api_net_request(s->api->net, &msg, on_peer, p);
	}
	if (r) {
		log_warn("slot %u: not sent to the net role (%d)", peer->address.slot, r);
		s->refused++;
		return 0;
	}
	steal(&p);
	s->waiting++;
	return 0;
}

static void next_batch(struct sync *s)
{
	struct msg end = {.type = MSG_SYNC_END};
	uint32_t sent;
	struct err err;
	int r = 0;

	do {
		sent = s->sent;
		r = db_peer_list(s->api->db, DB_PEER_LIVE, 0, 0, s->next, BATCH, send_peer, s,
				 &err);
		/* A batch of which nothing could be sent has nobody who calls back. */
	} while (!r && !s->waiting && s->sent != sent);
	if (r)
		log_err("reading peers: %s", err.text);
	if (!r && !s->waiting)
		r = api_net_request(s->api->net, &end, on_end, s);
	if (r && !s->waiting)
		finish(s, r);
}

static void on_begin(int r, const char *text, UNUSED const struct msg *answer, void *ctx)
{
	if (r) {
		log_err("the net role does not start: %s", text);
		finish(ctx, r);
		return;
	}
	next_batch(ctx);
}

int api_sync_start(struct api *api, void (*done)(struct api *api, int r))
{
	AUTO_FREE struct sync *s = calloc(1, sizeof(*s));
	struct msg begin = {.type = MSG_SYNC_BEGIN};
	struct err err;
	int r;

	if (!s)
		return -ENOMEM;
	s->api = api;
	s->done = done;
	r = db_identity(api->db, begin.sync.database, &err);
	if (r) {
		log_err("%s", err.text);
		return r;
	}
	r = api_net_request(api->net, &begin, on_begin, s);
	if (!r)
		steal(&s);
	return r;
}
