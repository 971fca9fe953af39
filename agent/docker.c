/* SPDX-License-Identifier: GPL-2.0-only */
#include "docker.h"

#include <string.h>

#define DOCKER_CONNECT_MS 5000
#define DOCKER_ANSWER_MS 10000

static void on_timer(uv_timer_t *timer);

bool docker_id_ok(const char *id)
{
	return strlen(id) == DOCKER_ID_LEN - 1 &&
	       strspn(id, "0123456789abcdef") == DOCKER_ID_LEN - 1;
}

int docker_answer(int r, const struct http_msg *msg, const struct err *http_err, const char *what,
		  json_t **ret_json, struct err *err)
{
	if (r)
		return err_set(err, r, "%s: %s", what, http_err->text);
	if (msg->status == 404)
		return err_set(err, -ENOENT, "%s: not found", what);
	if (msg->status != 200)
		return err_set(err, -EPROTO, "%s: status %d", what, msg->status);
	return json_parse(msg->body, msg->body_len, what, ret_json, err);
}

/* Lost, or never there: tell once, come again later. */
void docker_failed(struct docker *d, const struct err *err)
{
	if (d->closing)
		return;
	d->up = false;
	if (!d->told_down && d->ops) {
		d->told_down = true;
		d->ops->down(err, d->ctx);
	}
	if (d->closing)
		return;
	uv_timer_start(&d->timer, on_timer, d->backoff_ms, 0);
	d->backoff_ms *= 2;
	if (d->backoff_ms > DOCKER_BACKOFF_MAX_MS)
		d->backoff_ms = DOCKER_BACKOFF_MAX_MS;
}

static void on_version(int r, const struct http_msg *msg, const struct err *http_err, void *ctx)
{
	struct docker *d = ctx;
	AUTO_JSON json_t *json = NULL;
	struct err err = {};

	if (r == -ECANCELED)
		return;
	r = docker_answer(r, msg, http_err, "Docker's version", &json, &err);
	if (!r)
		r = docker_api_negotiate(json, d->api, &err);
	if (!r && docker_events_start(d))
		r = err_sys(&err, -ENOMEM, "Docker's events");
	if (r)
		docker_failed(d, &err);
}

static void on_timer(uv_timer_t *timer)
{
	struct docker *d = timer->data;
	struct http_request req = {.method = "GET", .target = "/version"};
	struct err err;

	if (!http_client_send(d->calls, &req, on_version, NULL, d)) {
		err_sys(&err, -ENOMEM, "Docker's version");
		docker_failed(d, &err);
	}
}

int docker_init(struct docker *d, uv_loop_t *loop, const char *socket, const char *relay_host,
		const struct docker_ops *ops, void *ctx, struct err *err)
{
	struct http_client_conf conf = {
		.unix_path = socket,
		.connect_ms = DOCKER_CONNECT_MS,
		.answer_ms = DOCKER_ANSWER_MS,
		.max_body_bytes = DOCKER_MAX_LIST_BYTES,
	};
	bool lanes = true;

	*d = (struct docker){.loop = loop, .ops = ops, .ctx = ctx, .relay_host = relay_host};
	d->backoff_ms = DOCKER_BACKOFF_MIN_MS;
	d->line = malloc(DOCKER_MAX_EVENT_BYTES);
	d->calls = http_client_new(loop, &conf);
	d->events = http_client_new(loop, &conf);
	for (size_t i = 0; i < DOCKER_LANES; i++) {
		d->lane[i].client = http_client_new(loop, &conf);
		lanes = lanes && d->lane[i].client;
	}
	uv_timer_init(loop, &d->timer);
	d->timer.data = d;
	if (!d->line || !d->calls || !d->events || !lanes) {
		docker_close(d);
		return err_sys(err, -ENOMEM, "Docker client");
	}
	uv_timer_start(&d->timer, on_timer, 0, 0);
	return 0;
}

void docker_close(struct docker *d)
{
	if (d->closing || !d->loop)
		return;
	d->closing = true;
	http_client_free(d->calls);
	http_client_free(d->events);
	for (size_t i = 0; i < DOCKER_LANES; i++)
		http_client_free(d->lane[i].client);
	uv_close((uv_handle_t *)&d->timer, NULL);
	free(d->line);
	d->line = NULL;
}
