/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * GET /v1/peers/by-container/ID: is this container on the internet?
 *
 * up: the kernel has the peer, and its last WireGuard handshake is younger than a session can be
 * (180 s; one in use makes a new one each 120 s).
 * externally_reachable: up, and the relay has put packets that came from outside into the tunnel,
 * and the container has sent packets out of it. That is the whole way, both ways, seen by the
 * kernel's counters; whether a service listens on a port, only a connection to it can tell. The
 * agent's own probes, which the relay sends back, and the relay's packets are not from outside.
 */
#include <string.h>
#include "../lib/log.h"
#include "api_handlers.h"
#include "api_net.h"
#include "api_peer.h"
#include "api_seen.h"

#define HANDSHAKE_MAX_S 180 /* WireGuard's REJECT_AFTER_TIME */
#define SHORT_ID_LEN 12	    /* as "docker ps" prints them */

/* A live one before one that is stopped; two of the same kind are ambiguous. */
struct search {
	const char *id;
	const char *machine; /* NULL = any */
	uint32_t found;
	struct db_peer peer;
};

struct asking {
	struct api_req *req;
	struct db_peer peer;
	int64_t last_handshake;
};

static bool fits(const struct db_peer *peer, const char *id)
{
	size_t len = strlen(id);

	if (!strcmp(peer->container, id))
		return true;
	return len >= SHORT_ID_LEN && !strncmp(peer->container_id, id, len);
}

static int match(const struct db_peer *peer, void *ctx)
{
	struct search *s = ctx;

	if (!fits(peer, s->id) || (s->machine && strcmp(peer->address.machine, s->machine)))
		return 0;
	if (s->found && s->peer.live != peer->live) {
		if (!peer->live)
			return 0;
		s->found = 0;
	}
	if (!s->found++)
		s->peer = *peer;
	return 0;
}

static const char *stopped_text(const struct db_peer *peer)
{
	if (peer->live)
		return NULL;
	if (peer->stopped == DB_PEER_STOP_BILLING)
		return "billing";
	return peer->stopped == DB_PEER_STOP_QUOTA ? "quota" : "token";
}

static bool is_up(const struct asking *a)
{
	return a->peer.live && a->last_handshake && db_now() - a->last_handshake < HANDSHAKE_MAX_S;
}

/* Packets into the tunnel, those of them that came from outside, and out of it. */
struct carried {
	uint64_t in, from_outside, out;
};

static void reply(struct asking *a, struct carried c)
{
	const struct db_peer *p = &a->peer;
	char v6[ADDR_TEXT_LEN], v4[ADDR_TEXT_LEN];
	bool up = is_up(a), has4 = p->ipv4 && !p->ipv4_stopped && !addr4_is_zero(p->address.v4);
	const char *stopped = stopped_text(p);

	api_reply_json(
		a->req, 200,
		json_pack("{s:b, s:b, s:s, s:o, s:o, s:o, s:o, s:o, s:{s:o, s:I, s:I, s:I}}", "up",
			  (int)up, "externally_reachable", (int)(up && c.from_outside && c.out),
			  "ipv6", addr6_text(v6, &p->address.v6), "ipv4",
			  has4 ? json_string(addr4_text(v4, p->address.v4)) : json_null(),
			  "container", p->container[0] ? json_string(p->container) : json_null(),
			  "container_id",
			  p->container_id[0] ? json_string(p->container_id) : json_null(),
			  "machine",
			  p->address.machine[0] ? json_string(p->address.machine) : json_null(),
			  "stopped", stopped ? json_string(stopped) : json_null(), "evidence",
			  "last_handshake", api_time_json(a->last_handshake), "packets_in",
			  (json_int_t)c.in, "packets_from_outside", (json_int_t)c.from_outside,
			  "packets_out", (json_int_t)c.out));
}

static void on_stats(int r, const char *text, const struct msg *answer, void *ctx)
{
	AUTO_FREE struct asking *a = ctx;

	if (r || !answer || answer->type != MSG_STATS) {
		api_refuse(a->req, API_ERROR_RELAY_REFUSED, "the relay has no figures: %s",
			   r ? text : "no answer");
		return;
	}
	reply(a, (struct carried){.in = answer->stats.usage.down_packets,
				  .from_outside = answer->stats.outside_packets,
				  .out = answer->stats.usage.up_packets});
}

static int find(struct api_req *req, struct db_peer *ret)
{
	struct search s = {
		.id = req->tail,
		.machine = json_string_value(json_object_get(req->query, "machine")),
	};
	struct err err;

	if (db_peer_list(req->api->db, DB_PEER_ALL, req->account.id, 0, 0, UINT32_MAX, match, &s,
			 &err)) {
		log_err("looking a container up: %s", err.text);
		api_refuse(req, API_ERROR_INTERNAL, "the database cannot be read");
		return -EIO;
	}
	if (!s.found) {
		api_refuse(req, API_ERROR_PEER_NOT_FOUND, "the account has no such container");
		return -ENOENT;
	}
	if (s.found > 1) {
		api_refuse(req, API_ERROR_CONFLICT,
			   "%u containers fit: give the id, or ?machine=MACHINE", s.found);
		return -EEXIST;
	}
	*ret = s.peer;
	return 0;
}

void api_container_get(struct api_req *req)
{
	AUTO_FREE struct asking *a = calloc(1, sizeof(*a));
	struct msg msg = {.type = MSG_STATS_GET};
	int64_t pending;

	if (!a) {
		api_refuse(req, API_ERROR_BUSY, "out of memory");
		return;
	}
	a->req = req;
	if (find(req, &a->peer))
		return;
	pending = api_seen_pending(req->api, a->peer.address.slot, a->peer.address.generation);
	a->last_handshake = pending ? pending : a->peer.last_handshake;
	if (!a->peer.live) {
		reply(a, (struct carried){});
		return;
	}
	msg.slot.slot = a->peer.address.slot;
	msg.slot.generation = a->peer.address.generation;
	if (api_net_request(req->api->net, &msg, on_stats, a)) {
		api_refuse(req, API_ERROR_BUSY, "too many requests wait already");
		return;
	}
	steal(&a);
}
