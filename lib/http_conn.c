/* SPDX-License-Identifier: GPL-2.0-only */
#include "http_server_int.h"

#include <string.h>
#include <sys/socket.h>

#define ANSWER_MAX_BYTES (16u << 20) /* larger: a mistake of ours, answered with 500 */
#define ERROR_BODY_LEN 1024
#define LINGER_MS 2000
#define LINGER_MAX_BYTES (1u << 20)

static void on_timer(uv_timer_t *timer);

static void enter(struct http_conn *conn, enum http_conn_state state, uint32_t deadline_ms)
{
	conn->state = state;
	if (deadline_ms)
		uv_timer_start(&conn->timer, on_timer, deadline_ms, 0);
	else
		uv_timer_stop(&conn->timer);
}

/*
 * RFC 9112 section 9.6: closing with bytes unread would make the kernel send a reset, and the
 * answer could be lost. So we close one half, read on for a while and throw it away.
 */
static void linger(struct http_conn *conn)
{
	enter(conn, HTTP_CONN_LINGER, LINGER_MS);
	http_stream_finish(&conn->stream);
	http_stream_resume(&conn->stream);
}

static void answered(struct http_conn *conn)
{
	if (!conn->keep_alive || conn->server->draining) {
		linger(conn);
		return;
	}
	http_parser_next(&conn->parser);
	enter(conn, HTTP_CONN_IDLE, conn->server->limits.idle_ms);
	http_stream_resume(&conn->stream);
}

static void answer(struct http_conn *conn, int status, bool keep_alive,
		   const struct http_header *headers, size_t n_headers, const void *body,
		   size_t body_len)
{
	AUTO_STRBUF struct strbuf out = STRBUF_NEW(ANSWER_MAX_BYTES);
	bool head = !strcmp(conn->parser.msg.method, "HEAD");
	int r;

	conn->keep_alive = keep_alive && !conn->server->draining;
	http_answer_format(&out, status, conn->keep_alive, headers, n_headers, head ? NULL : body,
			   body_len);
	if (out.error) {
		strbuf_clear(&out);
		conn->keep_alive = false;
		http_answer_format(&out, 500, false, NULL, 0, NULL, 0);
	}
	http_stream_pause(&conn->stream);
	enter(conn, HTTP_CONN_ANSWER, conn->server->limits.answer_ms);
	r = http_stream_write(&conn->stream, out.data, out.len, NULL);
	if (r)
		http_conn_close(conn);
	else if (!http_stream_busy(&conn->stream))
		answered(conn);
}

static void refuse(struct http_conn *conn, int status, const char *detail)
{
	const char *type = "text/plain";
	char body[ERROR_BODY_LEN] = "";
	struct http_header header;

	conn->server->error_body(status, detail, body, sizeof(body), &type, conn->server->ctx);
	header = (struct http_header){"content-type", type};
	answer(conn, status, false, &header, 1, body, strlen(body));
}

static void on_timer(uv_timer_t *timer)
{
	struct http_conn *conn = timer->data;

	if (conn->state == HTTP_CONN_REQUEST)
		refuse(conn, 408, "request not complete in time");
	else if (conn->state == HTTP_CONN_IDLE)
		linger(conn);
	else
		http_conn_close(conn);
}

static void on_ready(void *owner)
{
	struct http_conn *conn = owner;

	enter(conn, HTTP_CONN_IDLE, conn->server->limits.idle_ms);
}

/* The whole request is there. Nothing more is read before it is answered. */
static void run_exchange(struct http_conn *conn)
{
	http_stream_pause(&conn->stream);
	enter(conn, HTTP_CONN_EXCHANGE, 0);
	conn->exchange.waiting = true;
	conn->server->handler(&conn->exchange, conn->server->ctx);
}

static size_t on_data(void *owner, const char *data, size_t len)
{
	static const char go_on[] = "HTTP/1.1 100 Continue\r\n\r\n";
	struct http_conn *conn = owner;
	struct http_parser *p = &conn->parser;
	size_t used;

	if (conn->state == HTTP_CONN_LINGER) {
		conn->lingered += len;
		if (conn->lingered > LINGER_MAX_BYTES)
			http_conn_close(conn);
		return len;
	}
	if (conn->state == HTTP_CONN_IDLE)
		enter(conn, HTTP_CONN_REQUEST, conn->server->limits.request_ms);
	used = http_parser_feed(p, data, len);
	if (p->state == HTTP_PARSER_BAD) {
		refuse(conn, p->status, p->detail);
		return len;
	}
	if (p->state == HTTP_PARSER_DONE) {
		run_exchange(conn);
		return used;
	}
	if (p->state == HTTP_PARSER_BODY && p->expect_continue) {
		p->expect_continue = false;
		if (!p->body_seen &&
		    http_stream_write(&conn->stream, go_on, sizeof(go_on) - 1, NULL))
			http_conn_close(conn);
	}
	return used;
}

static void on_end(void *owner, int r UNUSED, const struct err *err UNUSED)
{
	struct http_conn *conn = owner;

	/* After a TLS error the alert must have the time to arrive. */
	if (conn->stream.tls_dead && conn->state != HTTP_CONN_LINGER)
		linger(conn);
	else
		http_conn_close(conn);
}

static void on_drained(void *owner)
{
	struct http_conn *conn = owner;

	/* "100 Continue" drains as well. */
	if (conn->state == HTTP_CONN_ANSWER)
		answered(conn);
}

static void release(struct http_conn *conn)
{
	http_parser_free(&conn->parser);
	conn->state = HTTP_CONN_FREE;
	http_server_released(conn->server, conn);
}

static void handle_closed(struct http_conn *conn)
{
	if (!--conn->handles && !conn->exchange.waiting)
		release(conn);
}

static void on_stream_closed(void *owner)
{
	handle_closed(owner);
}

static void on_timer_closed(uv_handle_t *timer)
{
	handle_closed(timer->data);
}

static const struct http_stream_ops stream_ops = {
	.ready = on_ready,
	.data = on_data,
	.end = on_end,
	.drained = on_drained,
	.closed = on_stream_closed,
};

void http_conn_close(struct http_conn *conn)
{
	if (conn->state == HTTP_CONN_CLOSING || conn->state == HTTP_CONN_FREE)
		return;
	conn->state = HTTP_CONN_CLOSING;
	http_stream_close(&conn->stream);
	uv_close((uv_handle_t *)&conn->timer, on_timer_closed);
}

void http_conn_drain(struct http_conn *conn)
{
	if (conn->state == HTTP_CONN_HANDSHAKE)
		http_conn_close(conn);
	else if (conn->state == HTTP_CONN_IDLE)
		linger(conn);
}

void http_conn_open(struct http_conn *conn, int fd, const struct http_listener *l)
{
	struct http_server *s = conn->server;
	struct tls_conn *tls = NULL;

	conn->exchange = (struct http_exchange){.conn = conn};
	conn->keep_alive = false;
	conn->lingered = 0;
	conn->mark = (struct http_mark){};
	http_parser_init_request(&conn->parser, s->limits.max_body_bytes);
	/* Creating these handles can fail only in ways that uv_close() undoes. */
	http_stream_init(&conn->stream, s->loop, l->unix_socket, &stream_ops, conn);
	uv_timer_init(s->loop, &conn->timer);
	conn->timer.data = conn;
	conn->handles = 2;
	enter(conn, HTTP_CONN_HANDSHAKE, s->limits.handshake_ms);
	if (http_stream_open(&conn->stream, fd, l->unix_socket)) {
		close(fd);
		http_conn_close(conn);
		return;
	}
	if (l->tls) {
		tls = tls_conn_new(l->tls, NULL, NULL);
		if (!tls) {
			http_conn_close(conn);
			return;
		}
	}
	if (http_stream_start(&conn->stream, tls, NULL))
		http_conn_close(conn);
}

/* ---- exchange ---- */

const struct http_msg *http_exchange_msg(const struct http_exchange *x)
{
	return &x->conn->parser.msg;
}

struct endpoint http_exchange_remote(const struct http_exchange *x)
{
	return x->conn->remote;
}

bool http_exchange_unix_uid(const struct http_exchange *x, uint32_t *ret_uid)
{
	if (x->conn->has_uid)
		*ret_uid = x->conn->uid;
	return x->conn->has_uid;
}

void http_exchange_known(struct http_exchange *x)
{
	x->conn->known = true;
}

struct tls_conn *http_exchange_tls(const struct http_exchange *x)
{
	return x->conn->stream.tls;
}

struct http_mark *http_exchange_mark(const struct http_exchange *x)
{
	return &x->conn->mark;
}

void http_reply(struct http_exchange *x, int status, const struct http_header *headers,
		size_t n_headers, const void *body, size_t body_len)
{
	struct http_conn *conn = x->conn;

	if (!x->waiting)
		return;
	x->waiting = false;
	if (conn->state == HTTP_CONN_EXCHANGE)
		answer(conn, status, conn->parser.keep_alive, headers, n_headers, body, body_len);
	else if (!conn->handles)
		release(conn);
}
