/* SPDX-License-Identifier: GPL-2.0-only */
#include "http_server_int.h"

#include <string.h>
#include <sys/socket.h>

#define ACCEPTS_PER_TURN 32
#define RETRY_MS 100

const struct http_limits http_limits_default = {
	.max_connections = 1024,
	.max_connections_per_addr = 32,
	.max_body_bytes = 65536,
	.handshake_ms = 5000,
	.request_ms = 10000,
	.idle_ms = 60000,
	.answer_ms = 10000,
};

static void no_body(int status UNUSED, const char *detail, char *body, size_t body_len,
		    const char **ret_content_type UNUSED, void *ctx UNUSED)
{
	struct buf_writer w = buf_writer_new(body, body_len);

	buf_write(&w, detail, strlen(detail));
	buf_write(&w, "\n", 2);
	if (buf_write_end(&w))
		body[0] = '\0';
}

static void server_free(struct http_server *s)
{
	free(s->conns);
	free(s->keys);
	free(s->places);
	free(s);
}

struct http_server *http_server_new(uv_loop_t *loop, const struct http_limits *limits,
				    http_handler *handler, http_error_body *error_body, void *ctx)
{
	struct http_server *s = calloc(1, sizeof(*s));

	if (!s)
		return NULL;
	http_stream_ignore_sigpipe();
	s->loop = loop;
	s->limits = limits ? *limits : http_limits_default;
	s->handler = handler;
	s->error_body = error_body ? error_body : no_body;
	s->ctx = ctx;
	/* Fresh pages: a place costs memory only once it was used. */
	s->conns = calloc(s->limits.max_connections, sizeof(*s->conns));
	s->keys = calloc(s->limits.max_connections, sizeof(*s->keys));
	s->places = calloc(s->limits.max_connections, sizeof(*s->places));
	if (!s->conns || !s->keys || !s->places) {
		server_free(s);
		return NULL;
	}
	for (uint32_t i = 0; i < s->limits.max_connections; i++)
		s->places[i] = i;
	for (size_t i = 0; i < HTTP_MAX_LISTENERS; i++)
		s->listeners[i] = (struct http_listener){.server = s, .fd = -1};
	uv_timer_init(loop, &s->retry);
	s->retry.data = s;
	s->handles = 1;
	return s;
}

static void set_remote(struct http_conn *conn, const struct sockaddr_storage *from)
{
	const struct sockaddr_in6 *in6 = (const struct sockaddr_in6 *)from;
	const struct sockaddr_in *in4 = (const struct sockaddr_in *)from;
	struct endpoint *e = &conn->remote;

	*e = (struct endpoint){};
	if (from->ss_family == AF_INET) {
		e->family = AF_INET;
		e->port = ntohs(in4->sin_port);
		memcpy(&e->v4, &in4->sin_addr, sizeof(e->v4));
	} else if (from->ss_family == AF_INET6 && IN6_IS_ADDR_V4MAPPED(&in6->sin6_addr)) {
		e->family = AF_INET;
		e->port = ntohs(in6->sin6_port);
		memcpy(&e->v4, &in6->sin6_addr.s6_addr[12], sizeof(e->v4));
	} else if (from->ss_family == AF_INET6) {
		e->family = AF_INET6;
		e->port = ntohs(in6->sin6_port);
		memcpy(&e->v6, &in6->sin6_addr, sizeof(e->v6));
	}
}

static struct http_addr_key key_of(const struct endpoint *e)
{
	struct http_addr_key key = {.family = (uint8_t)e->family};

	if (e->family == AF_INET)
		memcpy(key.b, &e->v4, sizeof(e->v4));
	else if (e->family == AF_INET6)
		memcpy(key.b, &e->v6, sizeof(key.b));
	return key;
}

static bool addr_is_full(const struct http_server *s, const struct http_addr_key *key)
{
	uint32_t n = 0, strangers = 0;

	if (!key->family)
		return false;
	for (uint32_t i = 0; i < s->limits.max_connections; i++) {
		if (memcmp(&s->keys[i], key, sizeof(*key)))
			continue;
		n++;
		strangers += !s->conns[i].known;
	}
	return n >= s->limits.max_connections_per_addr ||
	       (s->limits.max_strangers_per_addr && strangers >= s->limits.max_strangers_per_addr);
}

/* One attempt, no waiting: a stranger above the limit is owed no more. */
static void turn_away(const struct http_listener *l, int fd)
{
	static const char full[] = "HTTP/1.1 503 Service Unavailable\r\nConnection: close\r\n"
				   "Content-Length: 0\r\nRetry-After: 10\r\n\r\n";

	if (!l->tls)
		(void)!send(fd, full, sizeof(full) - 1, MSG_DONTWAIT | MSG_NOSIGNAL);
	close(fd);
}

static void set_uid(struct http_conn *conn, int fd, bool unix_socket)
{
	struct ucred cred;
	socklen_t len = sizeof(cred);

	conn->has_uid = unix_socket && !getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &cred, &len);
	conn->uid = conn->has_uid ? cred.uid : 0;
}

static void take(struct http_listener *l, int fd, const struct sockaddr_storage *from)
{
	struct http_server *s = l->server;
	struct http_addr_key key;
	struct http_conn *conn;

	if (s->n_conns == s->limits.max_connections) {
		turn_away(l, fd);
		return;
	}
	conn = &s->conns[s->places[s->n_conns]];
	conn->server = s;
	conn->known = false;
	set_remote(conn, from);
	key = key_of(&conn->remote);
	if (addr_is_full(s, &key)) {
		turn_away(l, fd);
		return;
	}
	set_uid(conn, fd, l->unix_socket);
	s->keys[conn - s->conns] = key;
	s->n_conns++;
	http_conn_open(conn, fd, l);
}

static void on_acceptable(uv_poll_t *poll, int status, int events);

static void on_retry(uv_timer_t *timer)
{
	struct http_server *s = timer->data;

	for (size_t i = 0; i < HTTP_MAX_LISTENERS; i++) {
		if (s->listeners[i].fd >= 0)
			uv_poll_start(&s->listeners[i].poll, UV_READABLE, on_acceptable);
	}
}

/* No descriptor or memory left: the socket stays readable, so look away for a moment. */
static void look_away(struct http_server *s)
{
	for (size_t i = 0; i < HTTP_MAX_LISTENERS; i++) {
		if (s->listeners[i].fd >= 0)
			uv_poll_stop(&s->listeners[i].poll);
	}
	uv_timer_start(&s->retry, on_retry, RETRY_MS, 0);
}

/* #syscalls(api): accept4 getsockopt getsockname sendto */
static void on_acceptable(uv_poll_t *poll, int status UNUSED, int events UNUSED)
{
	struct http_listener *l = poll->data;

	for (int i = 0; i < ACCEPTS_PER_TURN; i++) {
		struct sockaddr_storage from = {};
		socklen_t len = sizeof(from);
		int fd;

		fd = accept4(l->fd, (struct sockaddr *)&from, &len, SOCK_CLOEXEC | SOCK_NONBLOCK);
		if (fd >= 0) {
			take(l, fd, &from);
			continue;
		}
		if (errno == EMFILE || errno == ENFILE || errno == ENOBUFS || errno == ENOMEM)
			look_away(l->server);
		/* All else is EAGAIN or the fate of one connection (accept(2), "Error handling").
		 */
		return;
	}
}

int http_server_listen(struct http_server *s, int fd, struct tls_ctx *tls, struct err *err)
{
	struct http_listener *l = NULL;
	struct sockaddr_storage own = {};
	socklen_t len = sizeof(own);
	int r;

	for (size_t i = 0; i < HTTP_MAX_LISTENERS && !l; i++) {
		if (s->listeners[i].fd < 0 && !s->listeners[i].poll.data)
			l = &s->listeners[i];
	}
	if (!l || s->draining) {
		close(fd);
		return err_set(err, -ENOSPC, "more than %d listening sockets", HTTP_MAX_LISTENERS);
	}
	r = getsockname(fd, (struct sockaddr *)&own, &len) ? -errno : 0;
	if (!r)
		r = uv_poll_init(s->loop, &l->poll, fd); /* makes it non-blocking as well */
	if (r) {
		close(fd);
		return err_sys(err, r, "listening socket");
	}
	s->handles++;
	l->fd = fd;
	l->tls = tls;
	l->unix_socket = own.ss_family == AF_UNIX;
	l->poll.data = l;
	r = uv_poll_start(&l->poll, UV_READABLE, on_acceptable);
	return r ? err_sys(err, r, "listening socket") : 0;
}

static void free_when_empty(struct http_server *s)
{
	if (!s->freeing || s->handles || s->n_conns)
		return;
	server_free(s);
}

static void on_retry_closed(uv_handle_t *handle)
{
	struct http_server *s = handle->data;

	s->handles--;
	free_when_empty(s);
}

static void on_poll_closed(uv_handle_t *handle)
{
	struct http_listener *l = handle->data;

	l->server->handles--;
	free_when_empty(l->server);
}

void http_server_stop_listening(struct http_server *s)
{
	s->draining = true;
	uv_timer_stop(&s->retry);
	for (size_t i = 0; i < HTTP_MAX_LISTENERS; i++) {
		struct http_listener *l = &s->listeners[i];

		if (l->fd < 0)
			continue;
		uv_close((uv_handle_t *)&l->poll, on_poll_closed);
		close(l->fd);
		l->fd = -1;
	}
	for (uint32_t i = 0; i < s->limits.max_connections; i++)
		http_conn_drain(&s->conns[i]);
}

uint32_t http_server_connections(const struct http_server *s)
{
	return s->n_conns;
}

void http_server_released(struct http_server *s, struct http_conn *conn)
{
	s->keys[conn - s->conns] = (struct http_addr_key){};
	s->places[--s->n_conns] = (uint32_t)(conn - s->conns);
	free_when_empty(s);
}

void http_server_free(struct http_server *s)
{
	if (!s || s->freeing)
		return;
	http_server_stop_listening(s);
	s->freeing = true;
	for (uint32_t i = 0; i < s->limits.max_connections; i++)
		http_conn_close(&s->conns[i]);
	uv_close((uv_handle_t *)&s->retry, on_retry_closed);
}
