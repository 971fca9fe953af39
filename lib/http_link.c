/* SPDX-License-Identifier: GPL-2.0-only */
#include "http_client_int.h"

#include <string.h>
#include "log.h"

static void on_timer(uv_timer_t *timer)
{
	struct http_link *link = timer->data;
	struct err err;

	switch (link->state) {
	case HTTP_LINK_CONNECT:
		http_dial_failed(link, -ETIMEDOUT, "connect");
		break;
	case HTTP_LINK_RESOLVE:
		err_set(&err, -ETIMEDOUT, "resolving the name took too long");
		http_link_fail(link, err.code, &err);
		break;
	case HTTP_LINK_PROXY:
		err_set(&err, -ETIMEDOUT, "the proxy did not answer in time");
		http_link_fail(link, err.code, &err);
		break;
	case HTTP_LINK_TLS:
		err_set(&err, -ETIMEDOUT, "no TLS handshake in time");
		if (!http_dial_again(link, &err))
			http_link_fail(link, err.code, &err);
		break;
	case HTTP_LINK_BUSY:
		err_set(&err, -ETIMEDOUT, "no complete answer within %u ms",
			link->client->conf.answer_ms);
		http_link_fail(link, err.code, &err);
		break;
	case HTTP_LINK_READY:
	case HTTP_LINK_CLOSING:
		break;
	}
}

void http_link_set_deadline(struct http_link *link, uint32_t ms)
{
	uv_timer_start(&link->timer, on_timer, ms, 0);
}

bool http_link_open(struct http_client *c)
{
	struct http_link *link = calloc(1, sizeof(*link));

	if (!link)
		return false;
	c->link = link;
	link->client = c;
	link->started = mono_now();
	uv_timer_init(c->loop, &link->timer);
	link->timer.data = link;
	link->pending = 1;
	http_dial_start(link);
	return true;
}

void http_link_release(struct http_link *link)
{
	if (--link->pending)
		return;
	http_parser_free(&link->parser);
	free(link);
}

static void on_timer_closed(uv_handle_t *handle)
{
	http_link_release(handle->data);
}

void http_link_close(struct http_link *link)
{
	if (link->state == HTTP_LINK_CLOSING)
		return;
	if (link->state == HTTP_LINK_RESOLVE)
		uv_cancel((uv_req_t *)&link->dns);
	link->state = HTTP_LINK_CLOSING;
	link->client->link = NULL;
	link->client = NULL;
	if (link->has_stream) {
		if (link->stream.tls && !link->stream.ended)
			http_stream_finish(&link->stream);
		http_stream_close(&link->stream);
	}
	uv_close((uv_handle_t *)&link->timer, on_timer_closed);
}

void http_link_fail(struct http_link *link, int r, const struct err *err)
{
	struct http_client *c = link->client;
	bool dialing = link->state < HTTP_LINK_READY;
	bool may_retry = link->state == HTTP_LINK_BUSY && link->answered && !link->answer_begun &&
			 (r == -ECONNRESET || r == -EPIPE);
	bool idle = link->state == HTTP_LINK_READY;

	http_link_close(link);
	if (!idle)
		http_client_failed(c, r, err, dialing, may_retry);
}

void http_link_ready(struct http_link *link)
{
	link->state = HTTP_LINK_READY;
	uv_timer_stop(&link->timer);
	http_client_ready(link->client);
}

/* The call may be gone afterwards, and the link detached: then no more of this answer is wanted. */
static int on_piece(void *ctx, const char *data, size_t len)
{
	struct http_link *link = ctx;
	struct http_call *call = link->client->first;

	if (!len)
		uv_timer_stop(&link->timer);
	if (call->piece)
		call->piece(&link->parser.msg, data ? data : "", len, call->ctx);
	return !link->client;
}

void http_link_run(struct http_link *link)
{
	struct http_call *call = link->client->first;
	struct err err = {};
	int r;

	http_parser_free(&link->parser);
	http_parser_init_response(&link->parser, call->no_body, link->client->conf.max_body_bytes,
				  call->stream ? on_piece : NULL, link);
	link->state = HTTP_LINK_BUSY;
	link->answer_begun = false;
	http_link_set_deadline(link, link->client->conf.answer_ms);
	r = http_stream_write(&link->stream, call->request.data, call->request.len, &err);
	if (r)
		http_link_fail(link, r, &err);
}

/* The message lives in the parser: until the link is freed or the next call runs, both later. */
static void finish(struct http_link *link, bool reusable)
{
	struct http_client *c = link->client;

	link->answered++;
	uv_timer_stop(&link->timer);
	if (reusable && link->parser.keep_alive && !http_stream_busy(&link->stream))
		link->state = HTTP_LINK_READY;
	else
		http_link_close(link);
	http_client_answered(c, &link->parser.msg);
}

static void bad_answer(struct http_link *link)
{
	struct http_parser *p = &link->parser;
	struct err err;

	if (p->status == 413)
		err_set(&err, -EFBIG, "answer larger than %zu bytes", p->max_body);
	else
		err_set(&err, -EPROTO, "answer is not proper HTTP: %s", p->detail);
	http_link_fail(link, err.code, &err);
}

static void proxy_answer(struct http_link *link, bool rest)
{
	char shown[64];
	struct err err;
	const struct http_msg *msg = &link->parser.msg;

	if (msg->status / 100 == 2 && !rest) {
		http_dial_tls(link);
		return;
	}
	err_set(&err, -ECONNREFUSED, "proxy refuses the connection: %d %s", msg->status,
		log_esc(shown, sizeof(shown), msg->reason, strlen(msg->reason)));
	http_link_fail(link, err.code, &err);
}

static size_t on_data(void *owner, const char *data, size_t len)
{
	struct http_link *link = owner;
	struct http_parser *p = &link->parser;
	size_t used;

	if (link->state == HTTP_LINK_CLOSING)
		return len;
	if (link->state != HTTP_LINK_BUSY && link->state != HTTP_LINK_PROXY) {
		/* Nobody asked: what follows could be taken for the next call's answer. */
		http_link_close(link);
		return len;
	}
	link->answer_begun = true;
	used = http_parser_feed(p, data, len);
	if (link->state == HTTP_LINK_CLOSING)
		return len;
	if (p->state == HTTP_PARSER_BAD)
		bad_answer(link);
	else if (p->state == HTTP_PARSER_DONE && link->state == HTTP_LINK_PROXY)
		proxy_answer(link, used < len);
	else if (p->state == HTTP_PARSER_DONE)
		finish(link, used == len);
	return len;
}

static void on_ready(void *owner)
{
	struct http_link *link = owner;
	AUTO_STRBUF struct strbuf request = STRBUF_NEW(4096);
	struct err err = {};
	int r;

	/* Of a plain stream this is the TCP connection, of TLS the handshake. */
	if (link->state == HTTP_LINK_TLS || !link->client->has_proxy) {
		http_link_ready(link);
		return;
	}
	link->state = HTTP_LINK_PROXY;
	http_link_set_deadline(link, http_dial_left_ms(link));
	http_parser_init_response(&link->parser, true, 0, NULL, NULL);
	http_proxy_request(link->client, &request);
	r = request.error ? err_sys(&err, request.error, "proxy")
			  : http_stream_write(&link->stream, request.data, request.len, &err);
	if (r)
		http_link_fail(link, r, &err);
}

static void on_end(void *owner, int r, const struct err *err)
{
	struct http_link *link = owner;
	struct err own;

	if (link->state == HTTP_LINK_CLOSING)
		return;
	if (link->state == HTTP_LINK_BUSY && !r && http_parser_eof(&link->parser)) {
		finish(link, false);
		return;
	}
	if (!r) {
		r = -ECONNRESET;
		err_set(&own, r, "server closed the connection %s",
			link->state == HTTP_LINK_TLS ? "during the TLS handshake"
			: link->answer_begun	     ? "inside its answer"
						     : "without an answer");
		err = &own;
	}
	if (!http_dial_again(link, err))
		http_link_fail(link, r, err);
}

static void on_drained(void *owner UNUSED)
{
}

static void on_closed(void *owner)
{
	struct http_link *link = owner;

	link->has_stream = false;
	/* Between two addresses the link lives on. */
	if (link->state == HTTP_LINK_CONNECT)
		http_dial_next(link);
	http_link_release(link);
}

const struct http_stream_ops http_link_ops = {
	.ready = on_ready,
	.data = on_data,
	.end = on_end,
	.drained = on_drained,
	.closed = on_closed,
};
