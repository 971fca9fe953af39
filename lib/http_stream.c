/* SPDX-License-Identifier: GPL-2.0-only */
#include "http_stream.h"

#include <signal.h>
#include <string.h>

struct write_req {
	uv_write_t req;
	struct http_stream *stream;
	size_t len;
	char data[];
};

static void read_on(struct http_stream *s);

void http_stream_ignore_sigpipe(void)
{
	struct sigaction old;

	if (!sigaction(SIGPIPE, NULL, &old) && !(old.sa_flags & SA_SIGINFO) &&
	    old.sa_handler == SIG_DFL)
		signal(SIGPIPE, SIG_IGN);
}

static void end(struct http_stream *s, int r, const struct err *err)
{
	struct err own = {};

	if (s->ended || s->closing)
		return;
	s->ended = true;
	uv_read_stop(&s->u.stream);
	if (r < 0 && !err) {
		err_set(&own, r, "%s", uv_strerror(r));
		err = &own;
	}
	s->ops->end(s->owner, r, err);
}

/* ---- out ---- */

static void on_written(uv_write_t *req, int status)
{
	struct write_req *w = (struct write_req *)req;
	struct http_stream *s = w->stream;

	explicit_bzero(w->data, w->len);
	free(w);
	s->writes--;
	if (s->closing)
		return;
	if (status < 0)
		end(s, status, NULL);
	else if (!s->writes && !s->finishing)
		s->ops->drained(s->owner);
}

static int send_raw(struct http_stream *s, const void *data, size_t len)
{
	uv_buf_t buf = {.base = (char *)(uintptr_t)data, .len = len};
	struct write_req *w;
	int r;

	if (s->closing || s->ended)
		return -ECONNRESET;
	if (!s->writes) {
		r = uv_try_write(&s->u.stream, &buf, 1);
		if (r < 0 && r != UV_EAGAIN)
			return r;
		if (r > 0) {
			buf.base += r;
			buf.len -= (size_t)r;
		}
	}
	if (!buf.len)
		return 0;
	w = malloc(sizeof(*w) + buf.len);
	if (!w)
		return -ENOMEM;
	w->stream = s;
	w->len = buf.len;
	memcpy(w->data, buf.base, buf.len);
	buf.base = w->data;
	r = uv_write(&w->req, &s->u.stream, &buf, 1, on_written);
	if (r) {
		free(w);
		return r;
	}
	s->writes++;
	return 0;
}

static int flush_tls(struct http_stream *s)
{
	const void *data;
	size_t len = tls_conn_pending(s->tls, &data);
	int r;

	if (!len)
		return 0;
	r = send_raw(s, data, len);
	tls_conn_sent(s->tls, len);
	return r;
}

int http_stream_write(struct http_stream *s, const void *data, size_t len, struct err *err)
{
	int r;

	if (s->tls) {
		r = tls_conn_write(s->tls, data, len, err);
		if (r)
			return r;
		r = flush_tls(s);
	} else {
		r = send_raw(s, data, len);
	}
	return r ? err_set(err, r, "sending: %s", uv_strerror(r)) : 0;
}

bool http_stream_busy(const struct http_stream *s)
{
	return s->writes > 0;
}

static void on_shutdown(uv_shutdown_t *req UNUSED, int status UNUSED)
{
}

void http_stream_finish(struct http_stream *s)
{
	if (s->finishing || s->closing)
		return;
	if (s->tls) {
		tls_conn_shutdown(s->tls);
		flush_tls(s);
	}
	s->finishing = true;
	uv_shutdown(&s->shutdown, &s->u.stream, on_shutdown);
}

/* ---- in ---- */

static int tls_step(struct http_stream *s, const void *data, size_t len, struct err *err)
{
	bool before = tls_conn_established(s->tls);
	int r = tls_conn_feed(s->tls, data, len, err);

	flush_tls(s); /* also the alert */
	if (!r && !before && tls_conn_established(s->tls))
		s->ops->ready(s->owner);
	return r;
}

/*
 * The alert is on its way. The owner may close now, or finish: then what still comes is handed to
 * it undeciphered, to be thrown away.
 */
static void fail_tls(struct http_stream *s, int r, const struct err *err)
{
	s->tls_dead = true;
	s->paused = false;
	s->ops->end(s->owner, r, err);
	read_on(s);
}

/* Gives the owner what there is, until it pauses. */
static int deliver_all(struct http_stream *s, struct err *err)
{
	while (!s->paused && !s->closing) {
		int n;

		if (s->in_pos < s->in_len) {
			s->in_pos +=
				s->ops->data(s->owner, s->in + s->in_pos, s->in_len - s->in_pos);
			continue;
		}
		s->in_pos = 0;
		s->in_len = 0;
		if (!s->tls)
			break;
		n = tls_conn_read(s->tls, s->in, sizeof(s->in), err);
		flush_tls(s); /* answers to key updates, alerts */
		if (n <= 0)
			return n;
		s->in_len = (size_t)n;
	}
	return 0;
}

static void deliver(struct http_stream *s)
{
	struct err err = {};
	int r;

	if (s->delivering || s->closing || s->tls_dead)
		return;
	s->delivering = true;
	r = deliver_all(s, &err);
	s->delivering = false;
	if (s->closing)
		return;
	if (r == -ECONNRESET)
		end(s, 0, NULL);
	else if (r < 0)
		fail_tls(s, r, &err);
	else
		read_on(s);
}

static void on_alloc(uv_handle_t *handle, size_t size UNUSED, uv_buf_t *buf)
{
	struct http_stream *s = handle->data;

	if (s->tls)
		*buf = uv_buf_init(s->wire, sizeof(s->wire));
	else
		*buf = uv_buf_init(s->in + s->in_len, (unsigned int)(sizeof(s->in) - s->in_len));
}

static void on_read(uv_stream_t *stream, ssize_t n, const uv_buf_t *buf UNUSED)
{
	struct http_stream *s = stream->data;
	struct err err = {};
	int r;

	if (s->closing || !n)
		return;
	if (n < 0) {
		end(s, n == UV_EOF ? 0 : (int)n, NULL);
		return;
	}
	if (s->tls_dead) {
		s->ops->data(s->owner, s->wire, (size_t)n);
		return;
	}
	if (s->tls) {
		r = tls_step(s, s->wire, (size_t)n, &err);
		if (r) {
			fail_tls(s, r, &err);
			return;
		}
	} else {
		s->in_len += (size_t)n;
	}
	deliver(s);
}

static void read_on(struct http_stream *s)
{
	int r;

	if (s->closing || s->ended || s->delivering)
		return;
	if (s->paused) {
		uv_read_stop(&s->u.stream);
		return;
	}
	r = uv_read_start(&s->u.stream, on_alloc, on_read);
	if (r && r != UV_EALREADY)
		end(s, r, NULL);
}

static void on_kick(uv_idle_t *kick)
{
	uv_idle_stop(kick);
	deliver(kick->data);
}

void http_stream_pause(struct http_stream *s)
{
	s->paused = true;
	if (!s->delivering)
		read_on(s);
}

void http_stream_resume(struct http_stream *s)
{
	if (!s->paused || s->closing)
		return;
	s->paused = false;
	if (!s->delivering)
		uv_idle_start(&s->kick, on_kick);
}

/* ---- life ---- */

/*
 * #syscalls(api): read write writev shutdown close ioctl fcntl epoll_ctl rt_sigaction
 * #syscalls(worker): read write writev shutdown close ioctl fcntl epoll_ctl rt_sigaction
 */
int http_stream_init(struct http_stream *s, uv_loop_t *loop, bool unix_socket,
		     const struct http_stream_ops *ops, void *owner)
{
	int r;

	memset(s, 0, offsetof(struct http_stream, in)); /* the buffers need not be touched */
	s->ops = ops;
	s->owner = owner;
	r = unix_socket ? uv_pipe_init(loop, &s->u.pipe, 0) : uv_tcp_init(loop, &s->u.tcp);
	if (r)
		return r;
	s->u.handle.data = s;
	uv_idle_init(loop, &s->kick);
	s->kick.data = s;
	s->handles = 2;
	return 0;
}

int http_stream_open(struct http_stream *s, int fd, bool unix_socket)
{
	return unix_socket ? uv_pipe_open(&s->u.pipe, fd) : uv_tcp_open(&s->u.tcp, fd);
}

int http_stream_start_tls(struct http_stream *s, struct tls_conn *tls, struct err *err)
{
	int r;

	s->tls = tls;
	r = flush_tls(s); /* the client's first flight */
	return r ? err_set(err, r, "TLS handshake: %s", uv_strerror(r)) : 0;
}

int http_stream_start(struct http_stream *s, struct tls_conn *tls, struct err *err)
{
	int r = 0;

	s->started = true;
	if (tls)
		r = http_stream_start_tls(s, tls, err);
	else
		s->ops->ready(s->owner);
	if (!r)
		read_on(s);
	return r;
}

static void on_closed(uv_handle_t *handle)
{
	struct http_stream *s = handle->data;

	if (--s->handles)
		return;
	tls_conn_free(s->tls);
	s->tls = NULL;
	explicit_bzero(s->in, sizeof(s->in));
	s->ops->closed(s->owner);
}

void http_stream_close(struct http_stream *s)
{
	if (s->closing)
		return;
	s->closing = true;
	uv_close(&s->u.handle, on_closed);
	uv_close((uv_handle_t *)&s->kick, on_closed);
}
