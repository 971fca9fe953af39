/* SPDX-License-Identifier: GPL-2.0-only */
/* One JSON object per line, for as long as the daemon lives. */
#include "docker.h"

#include <stdio.h>
#include <string.h>
#include "../lib/log.h"

/* {"type":["container"]} */
#define EVENTS_FILTER "filters=%7B%22type%22%3A%5B%22container%22%5D%7D"

int docker_event_parse(const char *line, size_t len, struct docker_event *ret_event,
		       struct err *err)
{
	AUTO_JSON json_t *json = NULL;
	struct docker_event event = {};
	const char *action, *id;
	const json_t *actor;
	int r;

	r = json_parse(line, len, "Docker event", &json, err);
	if (r)
		return r;
	actor = json_object_get(json, "Actor");
	r = json_get_string(json, "Action", &action, err);
	if (!r)
		r = json_get_string(actor, "ID", &id, err);
	if (r)
		return err_prefix(err, "Docker event"), r;
	if (!docker_id_ok(id))
		return err_set(err, -EINVAL, "Docker event: ID: not 64 hex digits");
	/* Long ones ("exec_start: sh -c ...") are none of ours. */
	snprintf(event.action, sizeof(event.action), "%s", action);
	memcpy(event.id, id, sizeof(event.id));
	event.has_label =
		json_object_get(json_object_get(actor, "Attributes"), "sidecar.enable") != NULL;
	*ret_event = event;
	return 0;
}

static void end_line(struct docker *d)
{
	struct docker_event event;
	struct err err;

	if (d->line_skip)
		log_debug("Docker event longer than %d bytes skipped", DOCKER_MAX_EVENT_BYTES);
	else if (d->line_len && docker_event_parse(d->line, d->line_len, &event, &err))
		log_debug("%s", err.text);
	else if (d->line_len && d->ops)
		d->ops->event(&event, d->ctx);
	d->line_len = 0;
	d->line_skip = false;
}

void docker_events_feed(struct docker *d, const char *data, size_t len)
{
	for (size_t i = 0; i < len && !d->closing; i++) {
		if (data[i] == '\n')
			end_line(d);
		else if (d->line_len < DOCKER_MAX_EVENT_BYTES)
			d->line[d->line_len++] = data[i];
		else
			d->line_skip = true;
	}
}

static void on_piece(const struct http_msg *msg, const char *data, size_t len, void *ctx)
{
	struct docker *d = ctx;

	if (msg->status != 200 || d->closing)
		return;
	if (!d->up) {
		d->up = true;
		d->told_down = false;
		d->backoff_ms = DOCKER_BACKOFF_MIN_MS;
		if (d->ops)
			d->ops->up(d->ctx);
	}
	docker_events_feed(d, data, len);
}

static void on_done(int r, const struct http_msg *msg, const struct err *http_err, void *ctx)
{
	struct docker *d = ctx;
	struct err err;

	if (r == -ECANCELED)
		return;
	if (r)
		err_set(&err, r, "Docker's events: %s", http_err->text);
	else if (msg->status != 200)
		err_set(&err, -EPROTO, "Docker's events: status %d", msg->status);
	else
		err_set(&err, -ECONNRESET, "Docker's events: the daemon closed the connection");
	docker_failed(d, &err);
}

int docker_events_start(struct docker *d)
{
	char target[128];
	struct http_request req = {.method = "GET", .target = target, .stream = true};

	snprintf(target, sizeof(target), "%s/events?%s", d->api, EVENTS_FILTER);
	d->line_len = 0;
	d->line_skip = false;
	return http_client_send(d->events, &req, on_done, on_piece, d) ? 0 : -ENOMEM;
}
