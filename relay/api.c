/* SPDX-License-Identifier: GPL-2.0-only */
#include "api.h"

#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include "../lib/log.h"
#include "api_error.h"
#include "api_canary.h"
#include "api_clone.h"
#include "api_device.h"
#include "api_enforce.h"
#include "api_flap.h"
#include "api_metrics.h"
#include "api_net.h"
#include "api_psk.h"
#include "api_rotate.h"
#include "api_rate.h"
#include "api_route.h"
#include "api_seen.h"
#include "api_state.h"
#include "api_sync.h"
#include "api_usage.h"
#include "isolate.h"
#include "place.h"
#include "role.h"

#define SPARE_FDS 256
#define DRAIN_MS 3000 /* requests in work at the end may take this long */
#define DRAIN_TICK_MS 20

/* So many at once, then one per interval. A valid token is never refused because of its address:
 * others behind the same CGNAT may be guessing. */
#define RATE_FAIL_BURST 20
#define RATE_FAIL_MS 3000
#define RATE_OPEN_BURST 240
#define RATE_OPEN_MS 100
#define RATE_TOKEN_BURST 1000
#define RATE_TOKEN_MS 10
#define RATE_DEVICE_BURST 20
#define RATE_DEVICE_MS 30000
#define RATE_GUESS_BURST 5
#define RATE_GUESS_MS 60000

/* max_connections: relay.yaml. */
static const struct http_limits tls_limits = {
	/* Each agent keeps one open, and many may be behind one address. */
	.max_connections_per_addr = 512,
	.max_strangers_per_addr = 16,
	.max_body_bytes = 16384,
	.handshake_ms = 10000,
	.request_ms = 15000,
	.idle_ms = 60000,
	.answer_ms = 30000,
};

static const struct http_limits ctl_limits = {
	.max_connections = 64,
	.max_connections_per_addr = 64,
	.max_body_bytes = 16384,
	.handshake_ms = 10000,
	.request_ms = 15000,
	.idle_ms = 60000,
	.answer_ms = 30000,
};

/* One loop and what stops it. */
struct run {
	struct api api;
	uv_loop_t loop;
	uv_signal_t sigterm, sigint;
	uv_timer_t drain;
	struct mono drain_since;
	int exit_code;
};

int api_busy_take(struct api *api, uint32_t slot)
{
	uint8_t bit = (uint8_t)(1 << (slot % 8));

	if (slot >= api->conf.slots || api->busy[slot / 8] & bit)
		return -EBUSY;
	api->busy[slot / 8] |= bit;
	return 0;
}

void api_busy_put(struct api *api, uint32_t slot)
{
	if (slot < api->conf.slots)
		api->busy[slot / 8] &= (uint8_t)~(1 << (slot % 8));
}

static void close_all(struct run *run)
{
	struct api *api = &run->api;

	/* Answers first: what waits for the net role is told so. */
	api_net_free(api->net);
	api_usage_stop(api);
	api_enforce_stop(api);
	api_rotate_stop(api);
	api_seen_stop(api);
	http_server_free(api->tls_server);
	http_server_free(api->ctl_server);
	uv_close((uv_handle_t *)&run->sigterm, NULL);
	uv_close((uv_handle_t *)&run->sigint, NULL);
	uv_close((uv_handle_t *)&run->drain, NULL);
}

static void on_drain(uv_timer_t *timer)
{
	struct run *run = timer->data;
	uint32_t open = http_server_connections(run->api.tls_server) +
			http_server_connections(run->api.ctl_server);

	if ((open || api_usage_busy(&run->api)) && mono_ms_since(run->drain_since) < DRAIN_MS)
		return;
	uv_timer_stop(timer);
	close_all(run);
}

static void stop(struct run *run, int exit_code)
{
	if (run->api.state == API_DRAINING)
		return;
	/* The machine may be switched off next. */
	if (run->api.usage)
		api_usage_round(&run->api, NULL, NULL);
	run->api.state = API_DRAINING;
	run->exit_code = exit_code;
	run->drain_since = mono_now();
	http_server_stop_listening(run->api.tls_server);
	http_server_stop_listening(run->api.ctl_server);
	uv_timer_start(&run->drain, on_drain, 0, DRAIN_TICK_MS);
}

static void on_signal(uv_signal_t *signal, UNUSED int number)
{
	stop(signal->data, 0);
}

static void on_reload(void *ctx)
{
	stop(ctx, 0);
}

static void on_lost(int r, void *ctx)
{
	log_err("the net role is gone (%d)", r);
	stop(ctx, 1);
}

static void on_seen(const struct msg *msg, void *ctx)
{
	struct api *api = &((struct run *)ctx)->api;

	api_metrics_traffic(api->metrics, msg);
	api_seen_add(api, msg);
	api_flap_seen(api, msg);
}

static int serve(struct api *api, struct err *err)
{
	int r;

	r = http_server_listen(api->tls_server, MSG_FD_TLS, api->tls, err);
	return r ? r : http_server_listen(api->ctl_server, MSG_FD_CTL, NULL, err);
}

static void on_synced(struct api *api, int r)
{
	struct run *run = api->loop->data;
	struct err err;

	if (api->state != API_SYNC)
		return;
	if (!r) {
		r = serve(api, &err);
		if (r)
			log_err("%s", err.text);
	}
	if (r) {
		stop(run, 1);
		return;
	}
	api->state = API_SERVING;
	r = api_enforce_start(api, &err);
	if (!r)
		r = api_usage_start(api, &err);
	if (r)
		log_err("%s", err.text);
	if (write(ROLE_FD_READY, "1", 1) != 1)
		log_warn("the supervisor cannot be told: %s", strerror(errno));
	close(ROLE_FD_READY);
	log_info("serving");
}

static void on_relay(const struct msg *msg, void *ctx)
{
	struct run *run = ctx;
	struct api *api = &run->api;

	memcpy(api->relay.wg_public_key, msg->relay.wg_public_key,
	       sizeof(api->relay.wg_public_key));
	memcpy(api->relay.wg_port, msg->relay.wg_port, sizeof(api->relay.wg_port));
	api->relay.max_mtu = msg->relay.max_mtu;
	api->relay.memory_bytes = msg->relay.memory_bytes;
	api->relay.router4 = msg->relay.router4;
	memcpy(api->relay.xdp_mode, msg->relay.xdp_mode, sizeof(api->relay.xdp_mode) - 1);
	memcpy(api->relay.pool6_why, msg->relay.pool6_why, sizeof(api->relay.pool6_why));
	memcpy(api->relay.pool4_why, msg->relay.pool4_why, sizeof(api->relay.pool4_why));
	if (api->state != API_WAIT_RELAY)
		return;
	api->state = API_SYNC;
	if (api_sync_start(api, on_synced))
		stop(run, 1);
}

/* Each connection is one; SPARE_FDS for all else. */
static void raise_descriptors(uint32_t connections)
{
	struct rlimit limit;

	if (getrlimit(RLIMIT_NOFILE, &limit))
		return;
	limit.rlim_cur = limit.rlim_max;
	setrlimit(RLIMIT_NOFILE, &limit);
	if (limit.rlim_cur < connections + SPARE_FDS)
		log_warn("connections: %u need %u descriptors, the limit is %ju (LimitNOFILE=)",
			 connections, connections + SPARE_FDS, (uintmax_t)limit.rlim_cur);
}

static int set_up(struct run *run, struct err *err)
{
	const struct api_net_events events = {.relay = on_relay,
					      .seen = on_seen,
					      .reload = on_reload,
					      .lost = on_lost,
					      .ctx = run};
	struct http_limits limits = tls_limits;
	struct api *api = &run->api;
	char dir[API_STATE_DIR_LEN], db_dir[PLACE_LEN];
	int r;

	r = role_read_conf(&api->conf, err);
	if (!r)
		api_files_read(&api->files, &api->conf);
	if (!r)
		r = isolate_api(api_state_dir(dir, &api->conf), place_db(db_dir, &api->conf, NULL),
				err);
	/* Not before isolate_api(): the loop must not find io_uring. */
	if (!r && uv_loop_init(&run->loop))
		r = err_set(err, -ENOMEM, "event loop");
	run->loop.data = run;
	if (!r)
		r = api_state_open(api, err);
	if (!r)
		r = api_canary_open(api, err);
	if (!r)
		r = api_net_new(&run->loop, MSG_FD, &events, &api->net, err);
	if (!r)
		r = api_seen_start(api, err);
	if (!r)
		r = api_rotate_start(api, err);
	if (r)
		return r;
	api->busy = calloc(api->conf.slots / 8 + 1, 1);
	api->psk = api_psk_new(api->conf.slots);
	api->clones = api_clones_new(api->conf.slots);
	api->rate_fail = api_rate_new(RATE_FAIL_BURST, RATE_FAIL_MS);
	api->rate_open = api_rate_new(RATE_OPEN_BURST, RATE_OPEN_MS);
	api->rate_token = api_rate_new(RATE_TOKEN_BURST, RATE_TOKEN_MS);
	api->rate_device = api_rate_new(RATE_DEVICE_BURST, RATE_DEVICE_MS);
	api->rate_guess = api_rate_new(RATE_GUESS_BURST, RATE_GUESS_MS);
	api->devices = api_devices_new();
	api->metrics = api_metrics_new(api->conf.slots);
	limits.max_connections = api->conf.connections;
	raise_descriptors(api->conf.connections);
	api->tls_server =
		http_server_new(&run->loop, &limits, api_route_public, api_error_body, api);
	api->ctl_server =
		http_server_new(&run->loop, &ctl_limits, api_route_ctl, api_error_body, api);
	if (!api->busy || !api->rate_fail || !api->rate_open || !api->rate_token ||
	    !api->rate_device || !api->rate_guess || !api->devices || !api->psk || !api->clones ||
	    !api->metrics || !api->tls_server || !api->ctl_server)
		return err_set(err, -ENOMEM, "out of memory");
	uv_timer_init(&run->loop, &run->drain);
	uv_signal_init(&run->loop, &run->sigterm);
	uv_signal_init(&run->loop, &run->sigint);
	run->drain.data = run->sigterm.data = run->sigint.data = run;
	uv_signal_start(&run->sigterm, on_signal, SIGTERM);
	/* A terminal's ^C reaches every process: the supervisor decides. */
	uv_signal_start(&run->sigint, on_signal, SIGINT);
	return isolate_api_syscalls(err);
}

static void free_tables(struct api *api)
{
	api_rate_free(api->rate_fail);
	api_rate_free(api->rate_open);
	api_rate_free(api->rate_token);
	api_rate_free(api->rate_device);
	api_rate_free(api->rate_guess);
	api_devices_free(api->devices);
	api_psk_free(api->psk);
	api_clones_free(api->clones);
	api_metrics_free(api->metrics);
	api_rotate_free(api);
	api_files_free(&api->files);
	free(api->canary);
	free(api->busy);
}

/*
 * #syscalls(api): epoll_wait epoll_pwait epoll_pwait2 epoll_ctl read write readv writev close
 * #syscalls(api): accept4 getsockname getpeername getsockopt setsockopt shutdown ioctl fcntl
 * #syscalls(api): recvmsg sendmsg recvfrom sendto eventfd2 brk mmap munmap mremap madvise
 * #syscalls(api): futex rt_sigprocmask rt_sigreturn rt_sigaction exit_group getpid gettid tgkill
 * #syscalls(api): clock_gettime restart_syscall
 */
int api_main(int64_t started_ns)
{
	AUTO_FREE struct run *run = calloc(1, sizeof(*run));
	struct err err;
	int r;

	umask(077);
	if (!run) {
		log_err("out of memory");
		return 1;
	}
	run->api.loop = &run->loop;
	run->api.started.ns = started_ns;
	r = set_up(run, &err);
	if (r) {
		log_err("%s", err.text);
		return 1;
	}
	uv_run(&run->loop, UV_RUN_DEFAULT);
	uv_loop_close(&run->loop);
	tls_ctx_free(run->api.tls);
	db_close(run->api.db);
	free_tables(&run->api);
	explicit_bzero(run->api.token_key, sizeof(run->api.token_key));
	explicit_bzero(run->api.address_key, sizeof(run->api.address_key));
	return run->exit_code;
}
