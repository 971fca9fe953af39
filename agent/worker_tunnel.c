/* SPDX-License-Identifier: GPL-2.0-only */
#include "worker.h"

#include <stdio.h>
#include <string.h>
#include "../lib/log.h"

#define HELPER_PAUSE_MIN_MS 500
#define HELPER_PAUSE_MAX_MS 60000
/* As its initiator WireGuard makes a new handshake every 120 s. If the relay began the last one,
 * ours follows the first keepalive (25 s) after 180 s; a look every 30 s sees it later still. */
#define HANDSHAKE_MAX_MS 240000

/* False: the helper has gone or the worker ends; the loop's end comes anyway. */
static bool take_answer(struct container *c, const struct helper_msg *answer)
{
	c->busy = false;
	return answer && !c->worker->stopping;
}

static void failed(struct container *c, const struct helper_msg *answer)
{
	backoff_fail(&c->helper, HELPER_PAUSE_MIN_MS, HELPER_PAUSE_MAX_MS);
	/* A container that has just ended is no news: Docker says which it is. */
	if (answer->result == -ENOENT)
		log_debug("container %s: %s", container_label(c), answer->text);
	else
		worker_say(c, EVENT_ATTACH_FAILED, answer->text);
	worker_inspect(c);
}

static void call(struct container *c, const struct helper_msg *msg, helper_client_cb *cb)
{
	c->busy = !helper_client_call(&c->worker->helper, msg, cb, c);
	if (!c->busy)
		backoff_fail(&c->helper, HELPER_PAUSE_MIN_MS, HELPER_PAUSE_MAX_MS);
}

static void on_open(const struct helper_msg *answer, void *ctx)
{
	struct container *c = ctx;

	if (!take_answer(c, answer))
		return;
	if (answer->result < 0) {
		failed(c, answer);
		return;
	}
	c->handle = answer->handle;
	c->checked = c->touched = c->attached = false;
	worker_step(c);
}

void worker_open(struct container *c)
{
	struct helper_msg msg = {.type = HELPER_OPEN};

	c->run.pid = c->now.pid;
	memcpy(c->run.started_at, c->now.started_at, sizeof(c->run.started_at));
	memcpy(c->run.sandbox, c->now.sandbox, sizeof(c->run.sandbox));
	snprintf(msg.path, sizeof(msg.path), "%s", c->now.sandbox);
	call(c, &msg, on_open);
}

static void say_attached(struct container *c)
{
	const struct state_config *config = &c->applied;
	char v6[ADDR_TEXT_LEN] = "", v4[ADDR_TEXT_LEN] = "", text[ERR_TEXT_LEN];

	if (!c->without_v6)
		addr6_text(v6, &config->v6);
	if (!addr4_is_zero(config->v4))
		addr4_text(v4, config->v4);
	snprintf(text, sizeof(text), "%s%s%s", v6, v6[0] && v4[0] ? " " : "", v4);
	worker_say(c, c->confirmed ? EVENT_ATTACHED : EVENT_ATTACHED_KNOWN, text);
}

static void on_attach(const struct helper_msg *answer, void *ctx)
{
	struct container *c = ctx;

	if (!take_answer(c, answer))
		return;
	c->touched = true;
	if (answer->result < 0) {
		failed(c, answer);
		return;
	}
	backoff_reset(&c->helper);
	if (answer->without_v6 && !c->without_v6)
		event_log(EVENT_NO_IPV6, container_label(c), c->id, "%s", "ipv6.disable=1");
	c->without_v6 = answer->without_v6;
	c->attached = true;
	c->handshake_s = 0;
	c->handshake_since = mono_now();
	worker_mtu_attached(c);
	say_attached(c);
	worker_step(c);
}

void worker_tunnel_conf(const struct container *c, const uint8_t private_key[static KEY_LEN],
			const struct state_config *config, const uint8_t *psk,
			struct tunnel_conf *ret_conf)
{
	struct tunnel_conf *conf = ret_conf;

	memcpy(conf->container_id, c->id, sizeof(conf->container_id));
	memcpy(conf->private_key, private_key, KEY_LEN);
	memcpy(conf->relay_key, config->relay_key, KEY_LEN);
	if (psk)
		memcpy(conf->psk, psk, KEY_LEN);
	conf->endpoint = config->endpoint;
	conf->v6 = config->v6;
	conf->v4 = config->v4;
	conf->mtu = config->mtu;
	conf->mtu_max = config->mtu_max;
	conf->egress_tunnel = !c->now.labels.egress_bridge;
}

void worker_attach(struct container *c)
{
	const struct state_entry *e = c->entry;
	struct helper_msg msg = {.type = HELPER_ATTACH, .handle = c->handle};

	worker_tunnel_conf(c, e->private_key, &e->config, psk_agent_key(&c->psk), &msg.conf);
	c->applied = e->config;
	call(c, &msg, on_attach);
	explicit_bzero(&msg, sizeof(msg));
}

static void on_detach(const struct helper_msg *answer, void *ctx)
{
	struct container *c = ctx;

	if (!take_answer(c, answer))
		return;
	/* One try: what cannot be removed goes with the container. */
	c->touched = c->attached = false;
	if (answer->result < 0)
		event_log(EVENT_HELPER_FAILED, container_label(c), c->id, "%s", answer->text);
	else
		event_log(EVENT_DETACHED, container_label(c), c->id, "%s", "");
	worker_step(c);
}

void worker_detach(struct container *c)
{
	struct helper_msg msg = {.type = HELPER_DETACH, .handle = c->handle};

	worker_rotate_stop(c);
	call(c, &msg, on_detach);
}

/* Nobody has removed the tunnel, or changed its key or addresses. */
static bool is_as_made(const struct container *c, const struct tunnel_status *status)
{
	static const struct addr6 none;

	return status->present && addr6_eq(&status->v6, c->without_v6 ? &none : &c->applied.v6) &&
	       addr4_eq(status->v4, c->applied.v4) &&
	       (!c->entry || !memcmp(status->public_key, c->entry->public_key, KEY_LEN));
}

static void on_status(const struct helper_msg *answer, void *ctx)
{
	struct container *c = ctx;

	if (!take_answer(c, answer))
		return;
	if (!answer->result && answer->status.present)
		worker_psk_seen(c, answer->status.last_handshake_s);
	if (!answer->result && answer->status.present)
		worker_mtu_seen(c, answer->status.rx_bytes + answer->status.tx_bytes);
	if (answer->result < 0) {
		log_debug("container %s: %s", container_label(c), answer->text);
	} else if (!is_as_made(c, &answer->status)) {
		c->attached = false;
	} else if (answer->status.last_handshake_s != c->handshake_s) {
		/* Compared for change only: the clock may have been set. */
		c->handshake_s = answer->status.last_handshake_s;
		c->handshake_since = mono_now();
	} else if (mono_ms_since(c->handshake_since) > HANDSHAKE_MAX_MS && c->confirmed &&
		   !c->worker->relay_down && !c->put_off) {
		event_log(EVENT_NO_HANDSHAKE, container_label(c), c->id, "for %d s",
			  (int)(mono_ms_since(c->handshake_since) / 1000));
		c->readd = true;
		c->handshake_since = mono_now();
	}
	worker_step(c);
}

void worker_status(struct container *c)
{
	struct helper_msg msg = {.type = HELPER_STATUS, .handle = c->handle};

	if (c->entry)
		memcpy(msg.which.public_key, c->entry->public_key, KEY_LEN);
	call(c, &msg, on_status);
}

static void on_close(const struct helper_msg *answer, UNUSED void *ctx)
{
	if (answer && answer->result < 0)
		event_log(EVENT_HELPER_FAILED, NULL, NULL, "%s", answer->text);
}

void worker_close(struct container *c)
{
	struct helper_msg msg = {.type = HELPER_CLOSE, .handle = c->handle};

	worker_rotate_stop(c);
	/* Without memory the handle stays open until the worker ends. */
	helper_client_call(&c->worker->helper, &msg, on_close, NULL);
	c->handle = 0;
	c->checked = c->touched = c->attached = false;
	c->said[0] = '\0';
	backoff_reset(&c->helper);
}

void worker_sweep(struct worker *w)
{
	struct helper_msg msg = {.type = HELPER_SWEEP};

	helper_client_call(&w->helper, &msg, on_close, NULL);
}
