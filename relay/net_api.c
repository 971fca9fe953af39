/* SPDX-License-Identifier: GPL-2.0-only */
/* The api role's requests: one table of everything it may ask for. */
#include <string.h>
#include <sys/socket.h>
#include "../lib/log.h"
#include "../lib/nl_link.h"
#include "net_int.h"

#define EVENTS_KEPT_MS 2000

typedef int handler(struct net *net, const struct msg *in, struct err *err);

static int sync_begin(struct net *net, const struct msg *in, struct err *err)
{
	(void)err;
	memcpy(net->database, in->sync.database, sizeof(net->database));
	memset(net->next_used, 0, net->conf.slots * sizeof(*net->next_used));
	net->syncing = true;
	return 0;
}

static int sync_end(struct net *net, const struct msg *in, struct err *err)
{
	(void)in;
	return net_peer_sync_end(net, err);
}

static int peer_set(struct net *net, const struct msg *in, struct err *err)
{
	int r = net_peer_check(net, &in->peer, err);

	return r ? r : net_peer_set(net, &in->peer, err);
}

static int peer_del(struct net *net, const struct msg *in, struct err *err)
{
	int r = net_peer_del(net, in->slot.slot, in->slot.generation, err);

	/* Closed: these are the last of its counters. */
	return r ? r : net_usage_stats(net, in, err);
}

static int peer_psk(struct net *net, const struct msg *in, struct err *err)
{
	return net_psk_set(net, in, err);
}

static int stats_get(struct net *net, const struct msg *in, struct err *err)
{
	return net_usage_stats(net, in, err);
}

static int usage_get(struct net *net, const struct msg *in, struct err *err)
{
	return net_usage_get(net, in, err);
}

/* WireGuard drops a packet with another's source itself, before our hook sees it. */
static int drops_get(struct net *net, const struct msg *in, struct err *err)
{
	struct msg out = {.type = MSG_DROPS, .seq = in->seq};
	struct nl_link link;
	int r = dp_drops(net->dp, out.drops.count, err);

	out.drops.tally_differs = net->tally_differs;
	for (int i = 0; i < 2 && !r; i++) {
		r = nl_link_get(net->rtnl, i ? "wg1" : "wg0", &link, err);
		if (!r)
			out.drops.count[SC_DROP_BAD_SOURCE] += link.rx_frame_errors;
	}
	if (!r)
		net_api_send(net, &out);
	return r;
}

static void keep_event(const struct dp_event *event, void *ctx)
{
	struct msg *out = ctx;

	out->events.event[out->events.n++] = *event;
}

/* Who asks wants what comes next as well: the ring holds it until then. */
static int events_get(struct net *net, const struct msg *in, struct err *err)
{
	struct msg out = {.type = MSG_EVENTS, .seq = in->seq};
	int r = dp_events_fd(net->dp, err);

	if (r >= 0)
		r = dp_events_want(net->dp, EVENTS_KEPT_MS, err);
	if (r < 0)
		return r;
	r = dp_events_read(net->dp, MSG_MAX_EVENTS, keep_event, &out);
	if (r < 0)
		return err_sys(err, r, "drop events");
	net_api_send(net, &out);
	return 0;
}

static handler *const handlers[MSG_TYPE_MAX] = {
	[MSG_SYNC_BEGIN] = sync_begin, [MSG_SYNC_END] = sync_end,     [MSG_PEER_SET] = peer_set,
	[MSG_PEER_DEL] = peer_del,     [MSG_PEER_PSK] = peer_psk,     [MSG_STATS_GET] = stats_get,
	[MSG_DROPS_GET] = drops_get,   [MSG_EVENTS_GET] = events_get, [MSG_USAGE_GET] = usage_get,
};

static void poll_cb(uv_poll_t *poll, int status, int events);

static void want_events(struct net *net)
{
	int events = net->q_len ? UV_WRITABLE : 0;

	/* Each request leaves at most two answers. */
	if (net->q_len + 2 <= NET_QUEUE)
		events |= UV_READABLE;
	if (net->api_poll)
		uv_poll_start(net->api_poll, events, poll_cb);
}

static void flush(struct net *net)
{
	while (net->q_len) {
		int r = msg_send(net->api_fd, &net->queue[net->q_head]);

		if (r)
			break; /* full, or gone: reading tells */
		net->q_head = (net->q_head + 1) % NET_QUEUE;
		net->q_len--;
	}
}

void net_api_send(struct net *net, const struct msg *msg)
{
	if (net->api_fd < 0 || net->q_len == NET_QUEUE)
		return;
	net->queue[(net->q_head + net->q_len) % NET_QUEUE] = *msg;
	net->q_len++;
	flush(net);
}

static void handle(struct net *net, const struct msg *in)
{
	struct msg out = {.type = MSG_DONE, .seq = in->seq};
	struct err err = {};

	if (!handlers[in->type])
		out.done.result =
			err_set(&err, -EPROTO, "message type %u is not a request", in->type);
	else
		out.done.result = handlers[in->type](net, in, &err);
	if (out.done.result) {
		log_warn("request %u: %s", in->type, err.text);
		memcpy(out.done.text, err.text, sizeof(out.done.text));
	}
	net_api_send(net, &out);
}

static void poll_cb(uv_poll_t *poll, int status, int events)
{
	struct net *net = poll->data;
	struct msg in;
	int r = status;

	if (!r && events & UV_WRITABLE)
		flush(net);
	for (int i = 0; i < 64 && !r && net->q_len + 2 <= NET_QUEUE; i++) {
		r = msg_recv(net->api_fd, &in);
		if (!r)
			handle(net, &in);
	}
	explicit_bzero(&in, sizeof(in));
	if (r && r != -EAGAIN) {
		if (r != -ECONNRESET)
			log_err("api role: %s", uv_strerror(r));
		net_api_close(net);
		return;
	}
	want_events(net);
}

static void free_handle(uv_handle_t *handle)
{
	free(handle);
}

void net_api_close(struct net *net)
{
	if (net->api_poll)
		uv_close((uv_handle_t *)net->api_poll, free_handle);
	net->api_poll = NULL;
	if (net->api_fd >= 0)
		close(net->api_fd);
	net->api_fd = -1;
	net->q_head = net->q_len = 0;
	net->syncing = false;
}

void net_api_send_relay(struct net *net)
{
	struct msg relay = {.type = MSG_RELAY};

	if (!net->api_poll)
		return;
	memcpy(relay.relay.wg_public_key, net->wg_public_key, sizeof(net->wg_public_key));
	memcpy(relay.relay.wg_port, net->conf.wg_port, sizeof(net->conf.wg_port));
	relay.relay.slots = net->conf.slots;
	relay.relay.max_mtu = net->conf.mtu;
	relay.relay.memory_bytes = dp_memory_bytes(net->dp);
	relay.relay.router4 = net->router4;
	memcpy(relay.relay.pool6_why, net->pool6_why, sizeof(net->pool6_why));
	memcpy(relay.relay.pool4_why, net->pool4_why, sizeof(net->pool4_why));
	strncpy(relay.relay.xdp_mode, dp_xdp_mode_text(net->dp), sizeof(relay.relay.xdp_mode) - 1);
	net_api_send(net, &relay);
}

int net_set_api(struct net *net, int fd, struct err *err)
{
	int r;

	net_api_close(net);
	net->api_poll = calloc(1, sizeof(*net->api_poll));
	if (!net->api_poll)
		return err_sys(err, -ENOMEM, "api role");
	r = uv_poll_init(net->loop, net->api_poll, fd);
	if (r) {
		free(net->api_poll);
		net->api_poll = NULL;
		return err_set(err, r, "api role: %s", uv_strerror(r));
	}
	net->api_poll->data = net;
	net->api_fd = fd;
	net_api_send_relay(net);
	want_events(net);
	return 0;
}
