/* SPDX-License-Identifier: GPL-2.0-only */
#include "replica_child.h"

#include <signal.h>
#include "../lib/log.h"
#include "ready.h"
#include "role.h"

#define PAUSE_MIN_MS 500
#define PAUSE_MAX_MS 30000
#define PAUSE_FORGET_MS 60000 /* one that lived this long starts with the shortest pause */
#define STOP_MS 10000	      /* its last transfer may be a long one */

struct replica_child {
	struct role role;
	uv_loop_t *loop;
	struct conf conf;
	bool verbose, stopping, was_ready;
	bool has_process; /* role.gone comes still */
	struct ready ready;
	uv_timer_t timer; /* pause before a start, or patience */
	struct mono since;
	uint64_t pause_ms;
	struct replica_events events;
	void (*gone)(void *ctx);
};

static void start(struct replica_child *c);

static void on_pause_over(uv_timer_t *timer)
{
	start(timer->data);
}

static void start_later(struct replica_child *c)
{
	if (mono_ms_since(c->since) > PAUSE_FORGET_MS)
		c->pause_ms = PAUSE_MIN_MS;
	log_warn("replica role: nothing is replicated: started again in %d ms", (int)c->pause_ms);
	uv_timer_start(&c->timer, on_pause_over, c->pause_ms, 0);
	c->pause_ms = c->pause_ms * 2 < PAUSE_MAX_MS ? c->pause_ms * 2 : PAUSE_MAX_MS;
}

static void on_timer_closed(uv_handle_t *handle)
{
	struct replica_child *c = handle->data;

	c->gone(c->events.ctx);
}

static void on_gone(UNUSED struct role *role, void *ctx)
{
	struct replica_child *c = ctx;

	c->has_process = false;
	ready_stop(&c->ready);
	if (c->stopping)
		uv_close((uv_handle_t *)&c->timer, on_timer_closed);
	else if (!c->was_ready)
		c->events.failed(c->events.ctx);
	else
		start_later(c);
}

static void on_ready(struct ready *ready, bool serves)
{
	struct replica_child *c = ready->ctx;

	if (!serves || c->was_ready)
		return;
	c->was_ready = true;
	c->events.ready(c->events.ctx);
}

static int spawn(struct replica_child *c, struct err *err)
{
	/* What names a replica far away, and what opens it: for Litestream's eyes alone. */
	static const char *const env[] = {"LITESTREAM_", "AWS_", "HTTPS_PROXY=", NULL};
	AUTO_FD int conf_fd = -1;
	AUTO_FD int ready_fd = -1;
	struct role_conf rc;
	int r = role_conf_fd(&c->conf, &conf_fd, err);

	if (!r)
		r = ready_open(&c->ready, c->loop, &ready_fd, err);
	if (r)
		return r;
	rc = (struct role_conf){.net_fd = -1,
				.tls_fd = -1,
				.ctl_fd = -1,
				.conf_fd = conf_fd,
				.ready_fd = ready_fd,
				.env = env,
				.started = c->since,
				.verbose = c->verbose,
				.again = c->was_ready};
	c->has_process = true; /* of one that failed too */
	return role_spawn(c->loop, &c->role, &rc, err);
}

static void start(struct replica_child *c)
{
	struct err err;

	c->since = mono_now();
	if (!spawn(c, &err))
		return;
	log_err("%s", err.text);
	if (!c->has_process)
		start_later(c);
}

int replica_child_new(uv_loop_t *loop, const struct conf *conf, bool verbose,
		      const struct replica_events *events, struct replica_child **ret,
		      struct err *err)
{
	struct replica_child *c = calloc(1, sizeof(*c));
	int r;

	if (!c)
		return err_set(err, -ENOMEM, "replica role: out of memory");
	c->loop = loop;
	c->conf = *conf;
	c->verbose = verbose;
	c->events = *events;
	c->pause_ms = PAUSE_MIN_MS;
	c->ready = (struct ready){.fd = -1, .told = on_ready, .ctx = c};
	c->role.name = "replica";
	c->role.gone = on_gone;
	c->role.ctx = c;
	uv_timer_init(loop, &c->timer);
	c->timer.data = c;
	c->since = mono_now();
	r = spawn(c, err);
	if (r)
		return r; /* the loop may know it already: it goes with the process */
	*ret = c;
	return 0;
}

static void on_patience_over(uv_timer_t *timer)
{
	struct replica_child *c = timer->data;

	log_warn("replica role: does not end, killed: what it had not replicated is lost with the "
		 "tmpfs");
	role_kill(&c->role, SIGKILL);
}

void replica_child_stop(struct replica_child *c, void (*gone)(void *ctx))
{
	c->stopping = true;
	c->gone = gone;
	uv_timer_stop(&c->timer);
	if (!c->has_process) {
		uv_close((uv_handle_t *)&c->timer, on_timer_closed);
		return;
	}
	role_kill(&c->role, SIGTERM);
	uv_timer_start(&c->timer, on_patience_over, STOP_MS, 0);
}

void replica_child_free(struct replica_child *c)
{
	free(c);
}
