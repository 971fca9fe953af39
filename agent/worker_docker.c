/* SPDX-License-Identifier: GPL-2.0-only */
#include "worker.h"

#include <string.h>
#include "../lib/log.h"

/* Names the log once; which labels we do not know is a property of the container. */
static void say_unknown(struct container *c)
{
	const struct labels *l = &c->now.labels;

	for (unsigned int i = 0; i < l->n_unknown; i++)
		event_log(EVENT_LABEL_UNKNOWN, container_label(c), c->id, "%s", l->unknown[i]);
}

static void on_inspect(int r, const struct docker_container *d, const struct err *err, void *ctx)
{
	struct container *c = ctx;
	struct worker *w = c->worker;

	c->inspecting = false;
	if (w->stopping)
		return;
	if (!r) {
		bool first = !c->seen || strcmp(c->now.started_at, d->started_at);

		c->now = *d;
		if (first)
			say_unknown(c);
	} else if (r == -ENOENT) {
		c->now.running = false;
	} else {
		/* The next list comes back to it, or whatever has happened meanwhile. */
		if (w->docker_up)
			worker_say(c, EVENT_DOCKER_FAILED, err->text);
		c->unreadable = w->docker_up;
		if (c->inspect_again)
			worker_inspect(c);
		return;
	}
	c->seen = true;
	c->unreadable = false;
	if (c->inspect_for_check && c->handle && container_same_run(c) && !r)
		c->checked = true;
	if (c->inspect_again)
		worker_inspect(c);
	worker_step(c);
}

void worker_inspect(struct container *c)
{
	if (c->inspecting) {
		c->inspect_again = true;
		return;
	}
	c->inspect_again = false;
	c->inspect_for_check = c->handle != 0;
	c->inspecting = !docker_inspect(&c->worker->docker, c->id, on_inspect, c);
}

/* A container that is new or, if nobody has labelled it, NULL. */
static struct container *find_or_add(struct worker *w, const char *id)
{
	struct container *c = container_find(w->table, id);

	if (c)
		return c;
	c = container_add(w->table, id);
	if (!c) {
		event_log(EVENT_TABLE_FULL, id, id, "%d containers", CONTAINER_MAX);
		w->left_out = true;
		return NULL;
	}
	c->worker = w;
	return c;
}

static void on_list(int r, const char (*ids)[DOCKER_ID_LEN], size_t n, const struct err *err,
		    void *ctx)
{
	struct worker *w = ctx;
	struct container *c;

	w->listing = false;
	if (w->stopping)
		return;
	if (r) {
		if (w->docker_up)
			event_log(EVENT_DOCKER_FAILED, NULL, NULL, "%s", err->text);
		/* Asked for since, perhaps by a new connection. */
		if (w->list_again)
			worker_list(w);
		return;
	}
	w->left_out = false;
	for (size_t i = 0; i < n; i++)
		find_or_add(w, ids[i]);
	/* Those that are not in the list have ended, which an inspection shows. */
	for (size_t i = 0; i < CONTAINER_MAX; i++) {
		c = &w->table[i];
		if (c->used)
			worker_inspect(c);
	}
	w->listed = true;
	/* Also opens the connection that the first container would have to wait for. */
	worker_list_peers(w);
	if (w->list_again)
		worker_list(w);
}

void worker_list(struct worker *w)
{
	if (w->listing) {
		w->list_again = true;
		return;
	}
	w->list_again = false;
	w->listing = !docker_list(&w->docker, on_list, w);
}

static void on_up(void *ctx)
{
	struct worker *w = ctx;

	w->docker_up = true;
	event_log(EVENT_DOCKER_UP, NULL, NULL, "API %s", w->docker.api);
	worker_list(w);
}

static void on_down(const struct err *err, void *ctx)
{
	struct worker *w = ctx;

	w->docker_up = false;
	/* Until the next list nobody knows what runs: nothing is removed. */
	w->listed = false;
	event_log(EVENT_DOCKER_LOST, NULL, NULL, "%s", err->text);
}

static void on_event(const struct docker_event *event, void *ctx)
{
	static const char *const names[] = {"start", "die", "stop", "destroy", "rename"};
	struct worker *w = ctx;
	struct container *c = container_find(w->table, event->id);

	for (size_t i = 0; i < ARRAY_SIZE(names); i++) {
		if (strcmp(event->action, names[i]))
			continue;
		if (!c && event->has_label && !strcmp(event->action, "start"))
			c = find_or_add(w, event->id);
		if (c)
			worker_inspect(c);
		return;
	}
}

const struct docker_ops worker_docker_ops = {on_up, on_event, on_down};
