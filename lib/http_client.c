/* SPDX-License-Identifier: GPL-2.0-only */
#include "http_client_int.h"

#include <string.h>
#include <strings.h>

#define REQUEST_MAX_BYTES (16u << 20)

static void on_kick(uv_timer_t *timer);

static void kick(struct http_client *c)
{
	if (!c->freeing)
		uv_timer_start(&c->kick, on_kick, 0, 0);
}

static void call_free(struct http_call *call)
{
	strbuf_free(&call->request);
	free(call);
}

static void unlink_call(struct http_client *c, struct http_call *call)
{
	for (struct http_call **p = &c->first; *p; p = &(*p)->next) {
		if (*p == call) {
			*p = call->next;
			break;
		}
	}
}

/* The call leaves the queue before its owner hears of it: done() may do with the client whatever
 * it likes. */
static void call_end(struct http_call *call, int r, const struct http_msg *msg,
		     const struct err *err)
{
	unlink_call(call->client, call);
	kick(call->client);
	call->done(r, msg, err, call->ctx);
	call_free(call);
}

/* ---- from the link ---- */

void http_client_ready(struct http_client *c)
{
	if (c->first)
		http_link_run(c->link);
}

void http_client_answered(struct http_client *c, const struct http_msg *msg)
{
	call_end(c->first, 0, msg, NULL);
}

/*
 * While dialing: all calls that wait now fail with it, each new one is a new attempt. Otherwise it
 * is the first call's failure. A server may close a kept-alive connection just when we send on it
 * (RFC 9112 section 9.3.1): that call is sent once more.
 */
void http_client_failed(struct http_client *c, int r, const struct err *err, bool dialing,
			bool may_retry)
{
	struct err copy = *err;
	struct http_call *call = c->first;
	uint64_t last = c->serial;

	if (!call)
		return;
	if (may_retry && !call->retried) {
		call->retried = true;
		kick(c);
		return;
	}
	if (!dialing) {
		call_end(call, r, NULL, &copy);
		return;
	}
	/* What the callbacks add stays in the queue. */
	while (c->first && c->first->serial <= last)
		call_end(c->first, r, NULL, &copy);
}

static void on_kick(uv_timer_t *timer)
{
	struct http_client *c = timer->data;
	struct err err = {};

	if (c->freeing || !c->first)
		return;
	if (c->conf_err.code) {
		err = c->conf_err;
		call_end(c->first, err.code, NULL, &err);
	} else if (c->first->request.error) {
		err_sys(&err, c->first->request.error, "HTTP request");
		call_end(c->first, err.code, NULL, &err);
	} else if (!c->link) {
		if (http_link_open(c))
			return;
		err_sys(&err, -ENOMEM, "HTTP connection");
		call_end(c->first, err.code, NULL, &err);
	} else if (c->link->state == HTTP_LINK_READY) {
		http_link_run(c->link);
	}
}

/* ---- calls ---- */

/* One line end or space too many would be a second request or header of a stranger's choice. */
static bool is_clean(const char *text, bool spaces)
{
	for (; *text; text++) {
		if ((unsigned char)*text < 0x20 || *text == 0x7f || (!spaces && *text == ' '))
			return false;
	}
	return true;
}

static void add_headers(struct strbuf *out, const struct http_request *req, bool *ret_has_host)
{
	*ret_has_host = false;
	for (size_t i = 0; i < req->n_headers; i++) {
		const struct http_header *h = &req->headers[i];

		if (!is_clean(h->name, false) || !is_clean(h->value, true))
			out->error = -EINVAL;
		if (!strcasecmp(h->name, "host"))
			*ret_has_host = true;
		strbuf_printf(out, "%s: %s\r\n", h->name, h->value);
	}
}

static void format(struct http_client *c, struct strbuf *out, const struct http_request *req)
{
	bool has_host;

	if (!is_clean(req->method, false) || !is_clean(req->target, false) || !req->target[0])
		out->error = -EINVAL;
	strbuf_printf(out, "%s %s HTTP/1.1\r\n", req->method, req->target);
	add_headers(out, req, &has_host);
	if (!has_host) {
		strbuf_puts(out, "Host: ");
		if (c->conf.unix_path)
			strbuf_puts(out, "localhost");
		else
			http_add_authority(out, c->conf.host, c->conf.port);
		strbuf_puts(out, "\r\n");
	}
	/* RFC 9110 section 8.6: methods that usually have a body say when there is none. */
	if (req->body_len || !strcmp(req->method, "POST") || !strcmp(req->method, "PUT") ||
	    !strcmp(req->method, "PATCH"))
		strbuf_printf(out, "Content-Length: %zu\r\n", req->body_len);
	strbuf_puts(out, "\r\n");
	strbuf_add(out, req->body, req->body_len);
}

struct http_call *http_client_send(struct http_client *c, const struct http_request *req,
				   http_done *done, http_piece *piece, void *ctx)
{
	struct http_call *call = calloc(1, sizeof(*call));
	struct http_call **end = &c->first;

	if (!call)
		return NULL;
	call->client = c;
	call->serial = ++c->serial;
	call->request = STRBUF_NEW(REQUEST_MAX_BYTES);
	call->no_body = !strcmp(req->method, "HEAD");
	call->stream = req->stream;
	call->done = done;
	call->piece = piece;
	call->ctx = ctx;
	format(c, &call->request, req);
	while (*end)
		end = &(*end)->next;
	*end = call;
	kick(c);
	return call;
}

void http_call_cancel(struct http_call *call)
{
	struct http_client *c = call->client;
	struct err err;

	err_set(&err, -ECANCELED, "cancelled");
	if (c->first == call && c->link && c->link->state == HTTP_LINK_BUSY)
		http_link_close(c->link);
	call_end(call, -ECANCELED, NULL, &err);
}

/* ---- client ---- */

static void client_destroy(struct http_client *c)
{
	free((char *)(uintptr_t)c->conf.unix_path);
	free((char *)(uintptr_t)c->conf.host);
	free((char *)(uintptr_t)c->conf.server_name);
	explicit_bzero(&c->proxy, sizeof(c->proxy));
	free(c);
}

static bool copy_text(const char *text, const char **ret_copy)
{
	*ret_copy = text ? strdup(text) : NULL;
	return !text || *ret_copy;
}

static bool conf_copy(struct http_client *c, const struct http_client_conf *conf)
{
	c->conf = *conf;
	c->conf.proxy = NULL;
	c->conf.unix_path = NULL;
	c->conf.host = NULL;
	c->conf.server_name = NULL;
	if (!conf->connect_ms)
		c->conf.connect_ms = HTTP_CONNECT_MS;
	if (!conf->answer_ms)
		c->conf.answer_ms = HTTP_ANSWER_MS;
	if (!conf->max_body_bytes)
		c->conf.max_body_bytes = HTTP_MAX_ANSWER_BYTES;
	c->has_proxy = conf->proxy && conf->proxy[0] && !conf->unix_path;
	if (c->has_proxy)
		http_proxy_parse(conf->proxy, &c->proxy, &c->conf_err);
	if (!conf->unix_path && (!conf->host || !conf->host[0] || !is_clean(conf->host, false)))
		err_set(&c->conf_err, -EINVAL, "no usable host name");
	return copy_text(conf->unix_path, &c->conf.unix_path) &&
	       copy_text(conf->host, &c->conf.host) &&
	       copy_text(conf->server_name, &c->conf.server_name);
}

struct http_client *http_client_new(uv_loop_t *loop, const struct http_client_conf *conf)
{
	struct http_client *c = calloc(1, sizeof(*c));

	if (!c)
		return NULL;
	if (!conf_copy(c, conf)) {
		client_destroy(c);
		return NULL;
	}
	http_stream_ignore_sigpipe();
	c->loop = loop;
	uv_timer_init(loop, &c->kick);
	c->kick.data = c;
	return c;
}

struct tls_conn *http_client_tls(struct http_client *c)
{
	bool live =
		c->link && (c->link->state == HTTP_LINK_READY || c->link->state == HTTP_LINK_BUSY);

	return live ? c->link->stream.tls : NULL;
}

static void on_kick_closed(uv_handle_t *handle)
{
	client_destroy(handle->data);
}

void http_client_free(struct http_client *c)
{
	if (!c || c->freeing)
		return;
	c->freeing = true;
	if (c->link)
		http_link_close(c->link);
	while (c->first)
		http_call_cancel(c->first);
	uv_close((uv_handle_t *)&c->kick, on_kick_closed);
}
