/* SPDX-License-Identifier: GPL-2.0-only */
#include "worker.h"

#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include "control.h"
#include "factors.h"
#include "isolate.h"

void worker_save(struct worker *w)
{
	struct err err;
	bool failed = state_save(&w->state, &err) != 0;

	/* It is tried again at every step: a full disk must not fill the log as well. */
	if (failed && !w->save_failed)
		event_log(EVENT_STATE_FAILED, NULL, NULL, "%s", err.text);
	w->save_failed = failed;
}

void worker_say(struct container *c, enum event event, const char *text)
{
	if (!strcmp(c->said, text))
		return;
	snprintf(c->said, sizeof(c->said), "%s", text);
	event_log(event, container_label(c), c->id, "%s", text);
}

static void on_tick(uv_timer_t *timer)
{
	struct worker *w = timer->data;
	bool all = mono_ms_since(w->reconciled) >= WORKER_RECONCILE_MS;

	for (size_t i = 0; i < CONTAINER_MAX; i++) {
		struct container *c = &w->table[i];

		if (c->used)
			worker_step(c);
		if (c->used)
			worker_psk_tick(c);
		if (c->used)
			worker_rotate_tick(c);
		if (c->used)
			worker_mtu_tick(c);
		if (all && c->used && c->attached && !c->busy)
			worker_status(c);
	}
	worker_delete_orphans(w);
	if (!all)
		return;
	w->reconciled = mono_now();
	if (w->docker_up)
		worker_list(w);
	worker_list_peers(w);
	worker_trust_ask(w);
}

void worker_stop(struct worker *w, int exit_code)
{
	if (w->stopping)
		return;
	w->stopping = true;
	w->exit_code = exit_code;
	control_stop(w);
	docker_close(&w->docker);
	relay_api_close(&w->relay);
	helper_client_close(&w->helper);
	uv_close((uv_handle_t *)&w->tick, NULL);
	uv_close((uv_handle_t *)&w->sigterm, NULL);
	uv_close((uv_handle_t *)&w->sigint, NULL);
}

static void on_signal(uv_signal_t *signal, UNUSED int number)
{
	worker_stop(signal->data, 0);
}

/* Without the helper nothing can be done; there is a new one, or will be. */
static void on_lost(void *ctx)
{
	struct worker *w = ctx;

	if (!w->stopping)
		event_log(EVENT_HELPER_FAILED, NULL, NULL, "%s", "it has gone");
	worker_stop(w, 1);
}

/* Handles first: worker_stop() closes them all. */
static int start(struct worker *w, struct err *err)
{
	int r;

	uv_timer_init(&w->loop, &w->tick);
	uv_signal_init(&w->loop, &w->sigterm);
	uv_signal_init(&w->loop, &w->sigint);
	w->tick.data = w->sigterm.data = w->sigint.data = w;
	uv_timer_start(&w->tick, on_tick, WORKER_TICK_MS, WORKER_TICK_MS);
	uv_signal_start(&w->sigterm, on_signal, SIGTERM);
	uv_signal_start(&w->sigint, on_signal, SIGINT);
	w->started = w->reconciled = mono_now();
	r = helper_client_init(&w->helper, &w->loop, HELPER_FD, on_lost, w, err);
	if (!r)
		r = relay_api_init(&w->relay, &w->loop, &w->conf, err);
	if (!r)
		worker_trust_init(w);
	if (!r)
		r = docker_init(&w->docker, &w->loop, w->conf.docker_socket, w->conf.join.host,
				&worker_docker_ops, w, err);
	if (!r)
		r = control_start(w, err);
	if (!r)
		r = isolate_worker_syscalls(err);
	return r;
}

/*
 * The loop, OpenSSL's random numbers, the log, the state's file.
 * #syscalls(worker): epoll_wait epoll_pwait epoll_pwait2 epoll_ctl read write readv writev close
 * #syscalls(worker): recvmsg sendmsg eventfd2 brk mmap munmap mremap madvise mprotect pipe2
 * #syscalls(worker): futex rt_sigprocmask rt_sigreturn rt_sigaction exit_group getpid gettid tgkill
 * #syscalls(worker): clock_gettime restart_syscall fsync rename unlink openat fstat newfstatat
 * #syscalls(worker): access faccessat2 readlink getuid geteuid getgid getegid sched_yield
 */
static int run(struct worker *w)
{
	struct err err = {};

	if (start(w, &err)) {
		event_log(EVENT_START_FAILED, NULL, NULL, "%s", err.text);
		worker_stop(w, 1);
	} else {
		event_log(EVENT_START, NULL, NULL, "%s", SIDECAR_VERSION);
		worker_sweep(w);
		worker_trust_ask(w);
	}
	uv_run(&w->loop, UV_RUN_DEFAULT);
	relay_api_free(&w->relay);
	uv_loop_close(&w->loop);
	return w->exit_code;
}

/* What is kept on disk, and what the helper has read of the hardware. */
static int load(struct worker *w, struct err *err)
{
	const char *factors = getenv(FACTORS_ENV);
	int r = state_load(w->conf.state_dir, &w->state, err);

	if (!r)
		r = trust_load(w->conf.state_dir, &w->conf.join, &w->trust, err);
	if (!r && factors && factors_parse(factors, &w->factors))
		r = err_set(err, -EINVAL, FACTORS_ENV ": malformed");
	if (r)
		return r;
	/* The relay is known by what it announced last. */
	memcpy(w->conf.join.pins, w->trust.pins, sizeof(w->conf.join.pins));
	w->conf.join.n_pins = w->trust.n_pins;
	return 0;
}

int worker_main(const struct conf *conf)
{
	AUTO_FREE struct worker *w = calloc(1, sizeof(*w));
	AUTO_FREE struct container *table = calloc(CONTAINER_MAX, sizeof(*table));
	struct err err = {};
	int r;

	if (!w || !table) {
		event_log(EVENT_START_FAILED, NULL, NULL, "%s", "out of memory");
		return 1;
	}
	w->conf = *conf;
	w->table = table;
	r = isolate_worker(conf->docker_socket, &err);
	if (!r)
		r = load(w, &err);
	if (r) {
		event_log(EVENT_START_FAILED, NULL, NULL, "%s", err.text);
		return 1;
	}
	worker_save(w);
	if (uv_loop_init(&w->loop)) {
		event_log(EVENT_START_FAILED, NULL, NULL, "%s", "the event loop");
		r = 1;
	} else {
		r = run(w);
		if (!r)
			event_log(EVENT_STOP, NULL, NULL, "%s", "");
	}
	state_free(&w->state);
	trust_wipe(&w->trust);
	explicit_bzero(&w->conf, sizeof(w->conf));
	return r;
}
