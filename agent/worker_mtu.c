/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What each tunnel's path carries: probed when the tunnel was made, every few minutes, and every
 * few seconds while there is traffic, so that a path that becomes smaller is no black hole for
 * long. A new tunnel begins with the floor. What was found becomes the MTU of the container's
 * routes, and the relay is told: it answers what is larger, and clamps TCP.
 */
#include "worker.h"

#include <stdio.h>
#include <string.h>
#include <sys/random.h>
#include <time.h>
#include "../lib/log.h"

#define PERIOD_MS 300000
#define AGAIN_MS 30000	  /* after a round that could not be made, or that nothing answered */
#define LOOK_MS 10000	  /* while there is traffic */
#define TRAFFIC_BYTES 512 /* more than keepalives and handshakes of half a minute */
#define WG_BYTES 48	  /* what WireGuard may add to a packet */
#define TELL_MS 5000	  /* between tries */
#define HANDSHAKE_S 180	  /* a younger one says that the tunnel as such works */

static struct mono in_ms(int64_t ms)
{
	return (struct mono){.ns = mono_now().ns + ms * 1000000};
}

/* ms, a tenth more or less: containers that began together drift apart. */
static int64_t jittered(int64_t ms)
{
	uint16_t random = 0;

	if (getrandom(&random, sizeof(random), 0) != (ssize_t)sizeof(random))
		return ms;
	return ms - ms / 10 + ms / 5 * random / UINT16_MAX;
}

/* Tunnel and entry are there and not about to be replaced. */
static bool may_probe(const struct container *c)
{
	return c->entry && c->entry->has_config && c->attached && c->handle && !worker_rotating(c);
}

static void give_up(struct container *c)
{
	c->mtu.search.running = false;
	c->mtu.due = in_ms(AGAIN_MS);
}

static bool take(struct container *c, const struct helper_msg *answer)
{
	c->psk_calls--;
	c->mtu.calling = false;
	if (!answer || c->worker->stopping || !c->mtu.search.running)
		return false;
	if (may_probe(c) && !answer->result)
		return true;
	if (answer->result < 0)
		log_debug("container %s: probe: %s", container_label(c), answer->text);
	give_up(c);
	return false;
}

static void on_sent(const struct helper_msg *answer, void *ctx)
{
	take(ctx, answer);
}

/* Our own packets are no traffic. */
static void count_own(struct container *c, const struct mtu_volley *volley)
{
	for (uint32_t i = 0; i < volley->n; i++)
		c->mtu.own += volley->size[i] + WG_BYTES;
}

/* volley NULL: reads. */
static void probe(struct container *c, enum tunnel_probe_how how, const struct mtu_volley *volley,
		  helper_client_cb *cb)
{
	struct helper_msg msg = {.type = HELPER_PROBE, .handle = c->handle};

	memcpy(msg.probe.which.public_key, c->entry->public_key, KEY_LEN);
	if (!c->without_v6)
		msg.probe.v6 = c->applied.v6;
	msg.probe.v4 = c->applied.v4;
	msg.probe.how = how;
	if (volley)
		msg.probe.volley = *volley;
	count_own(c, &msg.probe.volley);
	if (helper_client_call(&c->worker->helper, &msg, cb, c)) {
		give_up(c);
		return;
	}
	c->psk_calls++;
	c->mtu.calling = true;
}

/* The tunnel works, and even the least packet does not come through, or not back. */
static void hear_nothing(struct container *c)
{
	bool works = c->handshake_s && time(NULL) - c->handshake_s < HANDSHAKE_S;

	if (works && !c->mtu.silent)
		event_log(EVENT_MTU_SILENT, container_label(c), c->id, "%d bytes", MTU_MIN);
	c->mtu.silent = works;
	c->mtu.due = in_ms(AGAIN_MS);
}

static void hear(struct container *c, uint32_t found)
{
	struct state_config *config = &c->entry->config;

	if (!c->mtu.checked.ns || found != config->mtu || c->mtu.silent)
		event_log(EVENT_MTU_FOUND, container_label(c), c->id, "%u (was %u)", found,
			  config->mtu);
	c->mtu.silent = false;
	c->mtu.checked = mono_now();
	c->mtu.due = in_ms(jittered(PERIOD_MS));
	if (found == config->mtu)
		return;
	config->mtu = found;
	c->mtu.applying = true;
	c->mtu.tell_due = (struct mono){};
	c->worker->state.dirty = true;
}

static void on_read(const struct helper_msg *answer, void *ctx)
{
	struct container *c = ctx;
	struct mtu_volley send;

	if (!take(c, answer))
		return;
	count_own(c, &answer->probe.volley);
	if (mtu_step(&c->mtu.search, &answer->probe.volley, &send)) {
		probe(c, TUNNEL_PROBE_GO_ON, &send, on_sent);
		return;
	}
	probe(c, TUNNEL_PROBE_END, NULL, on_sent);
	if (c->mtu.search.lo)
		hear(c, c->mtu.search.lo);
	else
		hear_nothing(c);
	worker_step(c);
}

static void begin(struct container *c)
{
	const struct state_config *config = &c->entry->config;
	struct mtu_volley none = {}, send;

	/* What was never proved is no better than the floor. */
	mtu_begin(&c->mtu.search, c->mtu.checked.ns ? config->mtu : 0, config->mtu_max);
	if (mtu_step(&c->mtu.search, &none, &send))
		probe(c, TUNNEL_PROBE_BEGIN, &send, on_sent);
}

/* ---- the relay ---- */

uint32_t worker_mtu(const struct container *c)
{
	return c->entry->has_config ? c->entry->config.mtu : MTU_MIN;
}

static void on_told(const struct relay_answer *a, void *ctx)
{
	struct container *c = ctx;

	c->psk_calls--;
	c->mtu.telling = false;
	if (c->worker->stopping)
		return;
	worker_note(c->worker, a);
	if (!a->r && c->entry && !memcmp(a->public_key, c->entry->public_key, KEY_LEN))
		c->mtu.told = a->config.mtu;
	else
		c->mtu.tell_due = in_ms(TELL_MS);
	worker_step(c);
}

static void tell(struct container *c)
{
	struct worker *w = c->worker;
	struct relay_ask ask;

	if (c->entry->config.mtu == c->mtu.told || c->mtu.telling || !c->confirmed || c->busy ||
	    w->relay_down || mono_ms_since(c->mtu.tell_due) < 0)
		return;
	ask = worker_ask(c);
	if (relay_api_post(&w->relay, &ask, on_told, c)) {
		c->mtu.tell_due = in_ms(TELL_MS);
		return;
	}
	c->psk_calls++;
	c->mtu.telling = true;
}

void worker_mtu_posted(struct container *c, struct state_config *config)
{
	c->mtu.told = config->mtu;
	if (!c->entry->has_config)
		return;
	config->mtu =
		c->entry->config.mtu < config->mtu_max ? c->entry->config.mtu : config->mtu_max;
}

/* ---- when ---- */

void worker_mtu_attached(struct container *c)
{
	if (!c->mtu.applying)
		c->mtu.due = (struct mono){};
	c->mtu.applying = false;
}

void worker_mtu_seen(struct container *c, uint64_t bytes)
{
	uint64_t more = bytes > c->mtu.bytes ? bytes - c->mtu.bytes : 0;

	c->mtu.busy = c->mtu.bytes && more > c->mtu.own + TRAFFIC_BYTES;
	c->mtu.bytes = bytes;
	c->mtu.own = 0;
	c->mtu.looked = mono_now();
	if (c->mtu.busy && !c->mtu.silent)
		c->mtu.due = (struct mono){};
}

void worker_mtu_tick(struct container *c)
{
	if (!may_probe(c)) {
		c->mtu.search.running = false;
		return;
	}
	tell(c);
	if (c->mtu.busy && !c->busy && mono_ms_since(c->mtu.looked) >= LOOK_MS)
		worker_status(c);
	if (c->mtu.calling)
		return;
	if (c->mtu.search.running)
		probe(c, TUNNEL_PROBE_GO_ON, NULL, on_read);
	else if (mono_ms_since(c->mtu.due) >= 0)
		begin(c);
}
