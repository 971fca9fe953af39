/* SPDX-License-Identifier: GPL-2.0-only */
#include "docker.h"

#include <stdio.h>
#include <string.h>

struct inspecting {
	struct docker *d;
	struct docker_lane *lane;
	docker_inspect_cb *cb;
	void *ctx;
};

static int get_text(const json_t *obj, const char *key, char *out, size_t size, struct err *err)
{
	const char *text;
	int r = json_get_string(obj, key, &text, err);

	if (r)
		return r;
	if (strlen(text) >= size)
		return err_set(err, -EINVAL, "%s: longer than %zu characters", key, size - 1);
	memcpy(out, text, strlen(text) + 1);
	return 0;
}

/* Only how it begins matters: a network may have a longer name than there is room for. */
static int get_mode(const json_t *host, struct docker_container *c, struct err *err)
{
	const char *text;
	int r = json_get_string(host, "NetworkMode", &text, err);

	if (!r)
		snprintf(c->network_mode, sizeof(c->network_mode), "%s", text);
	return r;
}

static int get_state(const json_t *state, struct docker_container *c, struct err *err)
{
	int r;

	r = json_get_bool(state, "Running", &c->running, err);
	if (!r)
		r = json_get_u64(state, "Pid", 0, INT32_MAX, &c->pid, err);
	if (!r)
		r = get_text(state, "StartedAt", c->started_at, sizeof(c->started_at), err);
	/* "Running" holds while a container waits for its restart, too. */
	if (!c->pid)
		c->running = false;
	return r;
}

int docker_inspect_parse(const json_t *json, const char *relay_host, struct docker_container *ret,
			 struct err *err)
{
	struct docker_container c = {};
	int r;

	r = get_text(json, "Id", c.id, sizeof(c.id), err);
	if (!r && !docker_id_ok(c.id))
		r = err_set(err, -EINVAL, "Id: not 64 hex digits");
	if (!r)
		r = get_text(json, "Name", c.name, sizeof(c.name), err);
	if (!r)
		r = get_state(json_object_get(json, "State"), &c, err);
	if (!r)
		r = get_text(json_object_get(json, "NetworkSettings"), "SandboxKey", c.sandbox,
			     sizeof(c.sandbox), err);
	if (!r)
		r = get_mode(json_object_get(json, "HostConfig"), &c, err);
	if (r)
		return err_prefix(err, "inspection"), r;
	if (c.name[0] == '/')
		memmove(c.name, c.name + 1, strlen(c.name));
	label_parse(json_object_get(json_object_get(json, "Config"), "Labels"), relay_host,
		    &c.labels, &c.label_err);
	*ret = c;
	return 0;
}

static void on_inspect(int r, const struct http_msg *msg, const struct err *http_err, void *ctx)
{
	AUTO_FREE struct inspecting *i = ctx;
	AUTO_JSON json_t *json = NULL;
	struct docker_container c = {};
	struct err err = {};

	i->lane->waiting--;
	r = docker_answer(r, msg, http_err, "inspection", &json, &err);
	if (!r)
		r = docker_inspect_parse(json, i->d->relay_host, &c, &err);
	i->cb(r, &c, &err, i->ctx);
}

static struct docker_lane *pick_lane(struct docker *d)
{
	struct docker_lane *best = d->lane;

	for (size_t i = 1; i < DOCKER_LANES; i++) {
		if (d->lane[i].waiting < best->waiting)
			best = &d->lane[i];
	}
	return best;
}

int docker_inspect(struct docker *d, const char *id, docker_inspect_cb *cb, void *ctx)
{
	struct inspecting *i = malloc(sizeof(*i));
	char target[128];
	struct http_request req = {.method = "GET", .target = target};

	if (!i)
		return -ENOMEM;
	*i = (struct inspecting){d, pick_lane(d), cb, ctx};
	snprintf(target, sizeof(target), "%s/containers/%s/json", d->api, id);
	if (http_client_send(i->lane->client, &req, on_inspect, NULL, i)) {
		i->lane->waiting++;
		return 0;
	}
	free(i);
	return -ENOMEM;
}
