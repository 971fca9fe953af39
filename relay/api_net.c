/* SPDX-License-Identifier: GPL-2.0-only */
#include "api_net.h"

#include <string.h>
#include "../lib/mono.h"

#define TICK_MS 500

struct request {
	struct msg msg;
	api_net_done *done; /* NULL: answered late, nobody listens any more */
	void *ctx;
	struct mono since;
	bool has_answer;
	struct msg answer;
};

/*
 * A ring: [first, sent) wait for DONE, [sent, end) wait to be sent. seq of a request is its
 * running number, so the net role's answers, which come in order, are found without a search.
 */
struct api_net {
	uv_poll_t poll;
	uv_timer_t timer;
	unsigned int handles; /* not closed yet */
	int fd;
	bool lost, freeing;
	struct api_net_events events;
	uint32_t first, sent, end;
	struct request ring[API_NET_MAX_REQUESTS];
};

static void on_event(uv_poll_t *poll, int status, int events);

static struct request *at(struct api_net *net, uint32_t seq)
{
	return &net->ring[seq % API_NET_MAX_REQUESTS];
}

static void finish(struct request *rq, int r, const char *text)
{
	api_net_done *done = rq->done;

	rq->done = NULL;
	/* It may have carried a key. */
	explicit_bzero(&rq->msg, sizeof(rq->msg));
	if (done)
		done(r, text, rq->has_answer ? &rq->answer : NULL, rq->ctx);
}

static void lose(struct api_net *net, int r)
{
	if (net->lost)
		return;
	net->lost = true;
	uv_poll_stop(&net->poll);
	while (net->first != net->end)
		finish(at(net, net->first++), -ECONNRESET, "the net role is gone");
	net->sent = net->first;
	if (!net->freeing && net->events.lost)
		net->events.lost(r, net->events.ctx);
}

static void send_waiting(struct api_net *net)
{
	int events = UV_READABLE;

	while (net->sent != net->end && net->sent - net->first < API_NET_WINDOW) {
		int r = msg_send(net->fd, &at(net, net->sent)->msg);

		if (r == -EAGAIN) {
			events |= UV_WRITABLE;
			break;
		}
		if (r) {
			lose(net, r);
			return;
		}
		net->sent++;
	}
	uv_poll_start(&net->poll, events, on_event);
}

/* STATS, DROPS, EVENTS and USAGE come before the DONE of the same request. */
static int on_answer(struct api_net *net, const struct msg *msg)
{
	struct request *rq = at(net, msg->seq);

	if (net->first == net->sent || msg->seq != net->first)
		return -EPROTO;
	if (msg->type != MSG_DONE) {
		rq->has_answer = true;
		rq->answer = *msg;
		return 0;
	}
	net->first++;
	if (!memchr(msg->done.text, '\0', sizeof(msg->done.text)))
		return -EPROTO;
	finish(rq, msg->done.result, msg->done.text);
	return 0;
}

static int on_message(struct api_net *net, const struct msg *msg)
{
	const struct api_net_events *ev = &net->events;

	switch ((enum msg_type)msg->type) {
	case MSG_DONE:
	case MSG_STATS:
	case MSG_DROPS:
	case MSG_EVENTS:
	case MSG_USAGE:
		return on_answer(net, msg);
	case MSG_RELAY:
		ev->relay(msg, ev->ctx);
		return 0;
	case MSG_SEEN:
		ev->seen(msg, ev->ctx);
		return 0;
	case MSG_RELOAD:
		ev->reload(ev->ctx);
		return 0;
	default:
		return -EPROTO;
	}
}

static void on_event(uv_poll_t *poll, int status, int events UNUSED)
{
	struct api_net *net = poll->data;
	int r = status;

	/* A bounded turn, so that a chatty net role does not starve the connections. */
	for (unsigned int i = 0; !r && i < API_NET_WINDOW; i++) {
		struct msg msg;

		r = msg_recv(net->fd, &msg);
		if (!r)
			r = on_message(net, &msg);
		if (net->lost)
			return;
	}
	if (r && r != -EAGAIN)
		lose(net, r);
	else
		send_waiting(net);
}

/* Requests are in order of age: those at the front are late first. */
static void on_tick(uv_timer_t *timer)
{
	struct api_net *net = timer->data;
	uint32_t end = net->end;

	for (uint32_t seq = net->first; seq != end && !net->lost; seq++) {
		struct request *rq = at(net, seq);

		if (mono_ms_since(rq->since) < API_NET_DEADLINE_MS)
			break;
		finish(rq, -ETIMEDOUT, "the net role did not answer in time");
	}
}

int api_net_new(uv_loop_t *loop, int fd, const struct api_net_events *events,
		struct api_net **ret_net, struct err *err)
{
	struct api_net *net = calloc(1, sizeof(*net));
	int r;

	if (!net)
		return err_set(err, -ENOMEM, "net role: out of memory");
	net->fd = fd;
	net->events = *events;
	net->first = net->sent = net->end = 1;
	r = uv_poll_init(loop, &net->poll, fd);
	if (r) {
		free(net);
		return err_sys(err, r, "net role: socket");
	}
	uv_timer_init(loop, &net->timer);
	net->handles = 2;
	net->poll.data = net->timer.data = net;
	uv_timer_start(&net->timer, on_tick, TICK_MS, TICK_MS);
	r = uv_poll_start(&net->poll, UV_READABLE, on_event);
	if (r) {
		api_net_free(net);
		return err_sys(err, r, "net role: socket");
	}
	*ret_net = net;
	return 0;
}

int api_net_request(struct api_net *net, const struct msg *msg, api_net_done *done, void *ctx)
{
	struct request *rq = at(net, net->end);

	if (net->lost)
		return -ECONNRESET;
	if (net->end - net->first == API_NET_MAX_REQUESTS)
		return -EBUSY;
	*rq = (struct request){.msg = *msg, .done = done, .ctx = ctx, .since = mono_now()};
	rq->msg.seq = net->end++;
	/* From the loop, not from here: done() must not come before this returns. */
	if (net->sent - net->first < API_NET_WINDOW)
		uv_poll_start(&net->poll, UV_READABLE | UV_WRITABLE, on_event);
	return 0;
}

static void on_closed(uv_handle_t *handle)
{
	struct api_net *net = handle->data;

	if (--net->handles)
		return;
	close(net->fd);
	free(net);
}

void api_net_free(struct api_net *net)
{
	if (!net || net->freeing)
		return;
	net->freeing = true;
	lose(net, -ECANCELED);
	uv_close((uv_handle_t *)&net->poll, on_closed);
	uv_close((uv_handle_t *)&net->timer, on_closed);
}
