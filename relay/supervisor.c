/* SPDX-License-Identifier: GPL-2.0-only */
#include "supervisor.h"

#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include "../lib/file.h"
#include "../lib/log.h"
#include "listen.h"
#include "net.h"
#include "notify.h"
#include "ready.h"
#include "replica_child.h"
#include "role.h"
#include "supervisor_dirs.h"

#define PAUSE_MIN_MS 100
#define PAUSE_MAX_MS 10000
#define PAUSE_FORGET_MS 30000 /* a child that lived this long starts with the shortest pause */
#define STOP_MS 5000	      /* then the child is killed */

enum state { STARTING, RUNNING, RELOADING, STOPPING };

struct supervisor {
	uv_loop_t loop;
	enum state state;
	const char *path;
	struct conf conf;
	bool verbose;
	struct mono started;
	struct net *net;
	int lock_fd, tls_fd, ctl_fd;
	struct role role;
	bool has_child;
	struct mono child_since;
	uint64_t pause_ms;
	struct ready ready;
	struct replica_child *replica; /* state.mode: tmpfs */
	uv_timer_t timer;	       /* pause before a start, or patience with a stopping child */
	uv_signal_t signals[3];
	int exit_code;
};

static void start_child(struct supervisor *s);

/* Tells relayctl how its reload went. */
static void reload_result(struct supervisor *s, const char *text)
{
	char path[CONF_PATH_LEN + 16], line[ERR_TEXT_LEN + 32];
	struct err err;
	int n;

	/* The time makes two results differ that read the same. */
	n = snprintf(line, sizeof(line), "%jd %s\n", (intmax_t)mono_now().ns, text);
	snprintf(path, sizeof(path), "%s/" SUPERVISOR_RELOAD_FILE, s->conf.run_dir);
	if (file_write_atomic(path, 0600, line, (size_t)n, &err))
		log_warn("%s", err.text);
}

static void on_ready(struct ready *ready, bool serves)
{
	struct supervisor *s = ready->ctx;

	if (!serves || s->state == STOPPING)
		return;
	if (s->state == RELOADING)
		reload_result(s, "ok");
	s->state = RUNNING;
	notify("READY=1");
	log_info("running");
}

static void on_pause_over(uv_timer_t *timer)
{
	start_child(timer->data);
}

static void start_later(struct supervisor *s)
{
	if (mono_ms_since(s->child_since) > PAUSE_FORGET_MS)
		s->pause_ms = PAUSE_MIN_MS;
	log_info("api role: started again in %d ms", (int)s->pause_ms);
	uv_timer_start(&s->timer, on_pause_over, s->pause_ms, 0);
	s->pause_ms = s->pause_ms * 2 < PAUSE_MAX_MS ? s->pause_ms * 2 : PAUSE_MAX_MS;
}

/* The child ended without having been told to. */
static void restart(struct supervisor *s)
{
	if (s->state == RELOADING)
		reload_result(s, "the api role does not start: see relayd's log");
	s->state = STARTING;
	start_later(s);
}

static void finish(struct supervisor *s)
{
	net_free(s->net);
	s->net = NULL;
	ready_stop(&s->ready);
	uv_close((uv_handle_t *)&s->timer, NULL);
	for (size_t i = 0; i < ARRAY_SIZE(s->signals); i++)
		uv_close((uv_handle_t *)&s->signals[i], NULL);
}

static void on_replica_gone(void *ctx)
{
	finish(ctx);
}

/* After the api role: what that wrote last is replicated too. */
static void stop_replica(struct supervisor *s)
{
	if (s->replica)
		replica_child_stop(s->replica, on_replica_gone);
	else
		finish(s);
}

static void on_child_gone(UNUSED struct role *role, void *ctx)
{
	struct supervisor *s = ctx;
	bool served = s->ready.fd < 0;

	s->has_child = false;
	uv_timer_stop(&s->timer);
	ready_stop(&s->ready);
	if (s->state == STOPPING)
		stop_replica(s);
	else if (s->state == RELOADING && served)
		start_child(s);
	else
		restart(s);
}

/* The child's ends of its descriptors: closed here once it has them. */
struct child_fds {
	int net, conf, ready;
};

static void close_fds(struct child_fds *fds)
{
	cleanup_fd(&fds->net);
	cleanup_fd(&fds->conf);
	cleanup_fd(&fds->ready);
}

static int make_fds(struct supervisor *s, struct child_fds *fds, int *ret_net_fd, struct err *err)
{
	int pair[2], r;

	r = role_conf_fd(&s->conf, &fds->conf, err);
	if (!r)
		r = ready_open(&s->ready, &s->loop, &fds->ready, err);
	if (r)
		return r;
	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC | SOCK_NONBLOCK, 0, pair))
		return err_sys(err, -errno, "socket pair");
	*ret_net_fd = pair[0];
	fds->net = pair[1];
	return 0;
}

static int spawn(struct supervisor *s, struct err *err)
{
	__attribute__((cleanup(close_fds))) struct child_fds fds = {-1, -1, -1};
	struct role_conf rc;
	AUTO_FD int net_fd = -1;
	int r;

	r = make_fds(s, &fds, &net_fd, err);
	if (r)
		return r;
	rc = (struct role_conf){.net_fd = fds.net,
				.tls_fd = s->tls_fd,
				.ctl_fd = s->ctl_fd,
				.conf_fd = fds.conf,
				.ready_fd = fds.ready,
				.started = s->started,
				.verbose = s->verbose};
	s->role.gone = on_child_gone;
	s->role.ctx = s;
	s->has_child = true;
	r = role_spawn(&s->loop, &s->role, &rc, err);
	/* It takes the descriptor. */
	return r ? r : net_set_api(s->net, steal_fd(&net_fd), err);
}

static void start_child(struct supervisor *s)
{
	struct err err;
	int r;

	s->child_since = mono_now();
	r = spawn(s, &err);
	if (!r)
		return;
	log_err("%s", err.text);
	if (s->has_child) {
		role_kill(&s->role, SIGKILL);
	} else {
		ready_stop(&s->ready);
		start_later(s);
	}
}

static void on_patience_over(uv_timer_t *timer)
{
	struct supervisor *s = timer->data;

	log_warn("api role: does not end, killed");
	role_kill(&s->role, SIGKILL);
}

static void stop_child(struct supervisor *s)
{
	role_kill(&s->role, SIGTERM);
	uv_timer_start(&s->timer, on_patience_over, STOP_MS, 0);
}

static void on_stop(uv_signal_t *signal, UNUSED int number)
{
	struct supervisor *s = signal->data;

	if (s->state == STOPPING)
		return;
	s->state = STOPPING;
	notify("STOPPING=1");
	log_info("stopping: tunnels stay up");
	uv_timer_stop(&s->timer);
	if (s->has_child)
		stop_child(s);
	else
		stop_replica(s);
}

/* A listening socket on another place is opened before the old one goes. */
static int reload_listen(struct supervisor *s, const struct conf *conf, int *ret_fd,
			 struct err *err)
{
	if (endpoint_eq(&conf->listen, &s->conf.listen))
		return 0;
	return listen_tls(&conf->listen, ret_fd, err);
}

static int reload(struct supervisor *s, struct err *err)
{
	AUTO_FREE struct conf *conf = malloc(sizeof(*conf));
	AUTO_FD int tls_fd = -1;
	int r;

	if (!conf)
		return err_set(err, -ENOMEM, "out of memory");
	r = conf_load(s->path, conf, err);
	if (!r &&
	    (strcmp(conf->state_dir, s->conf.state_dir) || strcmp(conf->run_dir, s->conf.run_dir)))
		r = err_set(err, -EINVAL, "state.dir and run_dir need a restart");
	if (!r)
		r = reload_listen(s, conf, &tls_fd, err);
	if (!r)
		r = net_reload(s->net, conf, err);
	if (r)
		return r;
	if (tls_fd >= 0) {
		close(s->tls_fd);
		s->tls_fd = steal_fd(&tls_fd);
	}
	s->conf = *conf;
	log_json(conf->log == CONF_LOG_JSON);
	return 0;
}

static void on_reload(uv_signal_t *signal, UNUSED int number)
{
	struct supervisor *s = signal->data;
	struct err err;

	if (s->state != RUNNING) {
		if (s->state != STOPPING)
			reload_result(s, "relayd is starting: try again");
		return;
	}
	if (reload(s, &err)) {
		log_err("reload refused, the old configuration stays: %s", err.text);
		reload_result(s, err.text);
		return;
	}
	log_info("reloading");
	s->state = RELOADING;
	if (s->has_child)
		stop_child(s);
}

/* Before anything that relayctl could find: a SIGHUP that nobody handles would end relayd. */
static void set_signals(struct supervisor *s)
{
	static const int numbers[] = {SIGTERM, SIGINT, SIGHUP};

	uv_timer_init(&s->loop, &s->timer);
	s->timer.data = s;
	for (size_t i = 0; i < ARRAY_SIZE(numbers); i++) {
		uv_signal_init(&s->loop, &s->signals[i]);
		s->signals[i].data = s;
		uv_signal_start(&s->signals[i], numbers[i] == SIGHUP ? on_reload : on_stop,
				numbers[i]);
	}
}

static int set_up(struct supervisor *s, struct err *err)
{
	int r;

	set_signals(s);
	r = supervisor_dirs_make(&s->conf, err);
	if (!r)
		r = supervisor_lock(&s->conf, &s->lock_fd, err);
	if (!r)
		r = supervisor_database(&s->conf, err);
	if (!r)
		r = listen_tls(&s->conf.listen, &s->tls_fd, err);
	if (!r)
		r = listen_ctl(&s->conf, &s->ctl_fd, err);
	return r ? r : net_new(&s->loop, &s->conf, &s->net, err);
}

static void on_database_ready(void *ctx)
{
	struct supervisor *s = ctx;

	if (s->state != STOPPING)
		start_child(s);
}

static void on_database_failed(void *ctx)
{
	struct supervisor *s = ctx;

	s->state = STOPPING;
	s->exit_code = 1;
	stop_replica(s);
}

/* In state.mode: tmpfs the api role waits until its database is back. */
static int start(struct supervisor *s, struct err *err)
{
	const struct replica_events events = {
		.ready = on_database_ready, .failed = on_database_failed, .ctx = s};

	if (s->conf.state_mode == CONF_STATE_TMPFS)
		return replica_child_new(&s->loop, &s->conf, s->verbose, &events, &s->replica, err);
	start_child(s);
	return 0;
}

int supervisor_run(const char *path, const struct conf *conf, bool verbose)
{
	AUTO_FREE struct supervisor *s = calloc(1, sizeof(*s));
	struct err err;

	if (!s || uv_loop_init(&s->loop)) {
		log_err("out of memory");
		return 1;
	}
	/* Folders that others must pass through get the mode that the code names. */
	umask(022);
	s->path = path;
	s->conf = *conf;
	s->verbose = verbose;
	s->started = mono_now();
	s->pause_ms = PAUSE_MIN_MS;
	s->lock_fd = s->tls_fd = s->ctl_fd = -1;
	s->ready = (struct ready){.fd = -1, .told = on_ready, .ctx = s};
	s->role.name = "api";
	if (set_up(s, &err) || start(s, &err)) {
		log_err("%s", err.text);
		return 1;
	}
	uv_run(&s->loop, UV_RUN_DEFAULT);
	uv_loop_close(&s->loop);
	replica_child_free(s->replica);
	cleanup_fd(&s->tls_fd);
	cleanup_fd(&s->ctl_fd);
	cleanup_fd(&s->lock_fd);
	log_info("stopped");
	return s->exit_code;
}
