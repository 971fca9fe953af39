/* SPDX-License-Identifier: GPL-2.0-only */
#include "control.h"

#include <string.h>
#include "../lib/http.h"
#include "../lib/json.h"
#include "../lib/time_text.h"
#include "worker.h"

static void reply(struct http_exchange *x, int status, json_t *json_taken)
{
	static const struct http_header type = {"content-type", "application/json"};
	AUTO_JSON json_t *json = json_taken;
	AUTO_FREE char *text = json ? json_dumps(json, JSON_COMPACT) : NULL;

	http_reply(x, text ? status : 500, &type, text ? 1 : 0, text, text ? strlen(text) : 0);
}

static void refuse(struct http_exchange *x, int status, const char *detail)
{
	reply(x, status, json_pack("{s:i, s:s}", "status", status, "detail", detail));
}

static json_t *time_json(int64_t seconds)
{
	char text[TIME_TEXT_LEN];

	return seconds ? json_string(time_text(text, seconds)) : json_null();
}

static json_t *container_json(const struct container *c)
{
	const struct state_entry *e = c->entry;
	char key[KEY_TEXT_LEN], v6[ADDR_TEXT_LEN], v4[ADDR_TEXT_LEN];
	bool has_v6 = e->has_config && !addr6_is_zero(&e->config.v6);
	bool has_v4 = e->has_config && !addr4_is_zero(e->config.v4);

	return json_pack(
		"{s:s, s:s, s:s, s:o, s:o, s:b, s:o, s:o, s:o, s:o, s:b, s:s}", "container",
		container_label(c), "id", c->id, "pubkey", b64_key_text(key, e->public_key), "ipv6",
		has_v6 ? json_string(addr6_text(v6, &e->config.v6)) : json_null(), "ipv4",
		has_v4 ? json_string(addr4_text(v4, e->config.v4)) : json_null(), "attached",
		c->attached, "last_handshake", time_json(c->handshake_s), "psk_age_s",
		c->psk.ever ? json_integer(mono_ms_since(c->psk.done) / 1000) : json_null(), "mtu",
		e->has_config ? json_integer(e->config.mtu) : json_null(), "mtu_age_s",
		c->mtu.checked.ns ? json_integer(mono_ms_since(c->mtu.checked) / 1000)
				  : json_null(),
		"psk_old", c->psk_old, "rotation", rotate_state_name(c->rotation.step.state));
}

static void get_status(struct worker *w, struct http_exchange *x)
{
	json_t *list = json_array();

	for (size_t i = 0; list && i < CONTAINER_MAX; i++) {
		if (w->table[i].used && w->table[i].entry)
			json_array_append_new(list, container_json(&w->table[i]));
	}
	reply(x, 200,
	      json_pack("{s:s, s:s, s:b, s:b, s:o}", "version", SIDECAR_VERSION, "relay",
			w->conf.join.host, "relay_reached", !w->relay_down, "docker_connected",
			w->docker_up, "containers", list));
}

/* By name, or by an id or its beginning, of which Docker shows 12 digits. */
static struct container *find(struct worker *w, const char *name)
{
	size_t len = strlen(name);

	for (size_t i = 0; i < CONTAINER_MAX; i++) {
		struct container *c = &w->table[i];

		if (c->used && c->entry &&
		    (!strcmp(container_label(c), name) ||
		     (len >= 12 && !strncmp(c->id, name, len))))
			return c;
	}
	return NULL;
}

static void post_rotate(struct worker *w, struct http_exchange *x)
{
	static const char *const known[] = {"container", NULL};
	const struct http_msg *msg = http_exchange_msg(x);
	AUTO_JSON json_t *body = NULL;
	const char *name = "";
	struct container *c;
	struct err err = {};
	int r;

	r = json_parse(msg->body, msg->body_len, "body", &body, &err);
	if (!r)
		r = json_only(body, known, &err);
	if (!r)
		r = json_get_string(body, "container", &name, &err);
	if (r) {
		refuse(x, 400, err.text);
		return;
	}
	c = find(w, name);
	if (!c) {
		refuse(x, 404, "no container with a tunnel has this name");
		return;
	}
	r = worker_rotate_begin(c, x, &err);
	if (r)
		refuse(x, r == -EBUSY || r == -EAGAIN ? 409 : 500, err.text);
}

void control_rotated(struct http_exchange *x, const struct container *c, const char *why)
{
	if (why)
		refuse(x, 409, why);
	else
		reply(x, 200, container_json(c));
}

static void on_request(struct http_exchange *x, void *ctx)
{
	static const struct {
		const char *method, *path;
		void (*handle)(struct worker *w, struct http_exchange *x);
	} routes[] = {
		{"GET", "/v1/status", get_status},
		{"POST", "/v1/rotate", post_rotate},
	};
	const struct http_msg *msg = http_exchange_msg(x);
	bool path = false;

	for (size_t i = 0; i < ARRAY_SIZE(routes); i++) {
		if (strcmp(msg->path, routes[i].path))
			continue;
		path = true;
		if (strcmp(msg->method, routes[i].method))
			continue;
		routes[i].handle(ctx, x);
		return;
	}
	refuse(x, path ? 405 : 404, path ? "another method" : "no such path");
}

/*
 * #syscalls(worker): accept4 listen getsockname getpeername getsockopt setsockopt shutdown
 * #syscalls(worker): fcntl ioctl
 */
int control_start(struct worker *w, struct err *err)
{
	int r;

	if (w->conf.control_fd < 0)
		return 0;
	w->control = http_server_new(&w->loop, NULL, on_request, NULL, w);
	if (!w->control)
		return err_sys(err, -ENOMEM, "control socket");
	r = http_server_listen(w->control, w->conf.control_fd, NULL, err);
	if (!r)
		w->conf.control_fd = -1;
	return r;
}

void control_stop(struct worker *w)
{
	for (size_t i = 0; i < CONTAINER_MAX; i++) {
		struct container_rotation *rot = &w->table[i].rotation;

		if (rot->asked)
			refuse(rot->asked, 503, "the agent ends");
		rot->asked = NULL;
	}
	http_server_free(w->control);
	w->control = NULL;
}
