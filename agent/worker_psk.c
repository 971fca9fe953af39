/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A tunnel's PSK exchange with the relay (lib/psk.h), beside what else is done for the container.
 * It begins when the relay has confirmed the peer; the tunnel is made when it has succeeded.
 */
#include "worker.h"

#include <string.h>
#include <sys/random.h>
#include <time.h>
#include "../lib/log.h"

#define DOUBT_STATUS_MS 5000
#define SHUT_SAY_MS 3000 /* what an exchange opens again at once is no news */

/* An answer may come when the container, or its entry, has gone. */
struct psk_call {
	struct container *c;
	uint8_t public_key[KEY_LEN];
	uint64_t epoch;
};

/* #syscalls(worker): getrandom */
static unsigned int jitter(void)
{
	uint16_t random = 0;

	if (getrandom(&random, sizeof(random), 0) != (ssize_t)sizeof(random))
		return 500;
	return random % 1000u;
}

void worker_psk_start(struct container *c)
{
	const struct conf *conf = &c->worker->conf;
	struct state_entry *e = c->entry;
	int64_t age_s = state_psk_age_s(&c->worker->state, e, time(NULL));

	psk_agent_init(&c->psk, conf->psk_period_s * 1000, conf->psk_strict_s * 1000, mono_now());
	psk_agent_adopt(&c->psk, e->has_psk ? e->psk : NULL, age_s * 1000);
	c->keyed = false;
	c->psk_shut = (struct mono){};
	c->psk_shut_said = false;
	c->psk_old = false;
	backoff_reset(&c->psk_later);
	c->psk_handshake = (struct mono){};
}

void worker_psk_stop(struct container *c)
{
	psk_agent_wipe(&c->psk);
	c->keyed = false;
}

/* A crash between relay and disk is one of those after which the exchange begins anew. */
void worker_psk_keep(struct container *c)
{
	struct state_entry *e = c->entry;
	const uint8_t *psk = psk_agent_key(&c->psk);

	explicit_bzero(e->psk, KEY_LEN);
	e->has_psk = psk != NULL;
	if (psk) {
		memcpy(e->psk, psk, KEY_LEN);
		e->psk_at_s = time(NULL) - mono_ms_since(c->psk.done) / 1000;
	}
	c->worker->state.dirty = true;
	worker_save(c->worker);
}

static void on_installed(const struct helper_msg *answer, void *ctx)
{
	struct container *c = ctx;

	c->psk_calls--;
	if (!answer || c->worker->stopping)
		return;
	if (answer->result == -ENOENT || answer->result == -ENODEV || answer->result == -EBADF)
		log_debug("container %s: %s", container_label(c), answer->text);
	else if (answer->result < 0)
		event_log(EVENT_HELPER_FAILED, container_label(c), c->id, "%s", answer->text);
}

/* Into the tunnel that is there; one that is not there yet is made with it. What strict closes may
 * be there from an earlier run, which making it again would leave as it is. */
static void install(struct container *c)
{
	struct helper_msg msg = {.type = HELPER_PSK, .handle = c->handle};
	const struct state_config *config = c->attached ? &c->applied : &c->entry->config;
	const uint8_t *psk = psk_agent_key(&c->psk);

	if (!c->handle || (!c->attached && !c->psk.closed))
		return;
	memcpy(msg.psk.which.public_key, c->entry->public_key, KEY_LEN);
	memcpy(msg.psk.relay_key, config->relay_key, KEY_LEN);
	if (psk)
		memcpy(msg.psk.psk, psk, KEY_LEN);
	if (!helper_client_call(&c->worker->helper, &msg, on_installed, c))
		c->psk_calls++;
	explicit_bzero(&msg, sizeof(msg));
}

static void refused(struct container *c, const struct psk_call *call, const struct relay_answer *a)
{
	psk_agent_failed(&c->psk, call->epoch, jitter(), mono_now());
	if (a->r == -EHOSTUNREACH)
		return;
	c->put_off = a->r == -EBUSY;
	if (c->put_off) {
		backoff_fail(&c->psk_later, WORKER_LATER_MIN_MS, WORKER_LATER_MAX_MS);
		worker_say(c, EVENT_RELAY_LATER, a->err.text);
		return;
	}
	worker_say(c, EVENT_PSK_FAILED, a->err.text);
	/* The relay does not know the peer. */
	if (a->r == -ENOENT && !c->busy)
		c->confirmed = false;
}

static void on_offered(struct container *c, const struct psk_call *call,
		       const struct relay_answer *a)
{
	const struct state_config *config = &c->entry->config;
	struct psk_ids ids = {.peer = config->v6};
	struct err err = {};

	memcpy(ids.relay, a->relay_name, sizeof(ids.relay));
	memcpy(ids.agent_key, c->entry->public_key, KEY_LEN);
	memcpy(ids.relay_key, config->relay_key, KEY_LEN);
	if (a->psk_epoch != call->epoch)
		psk_agent_failed(&c->psk, call->epoch, jitter(), mono_now());
	else if (psk_agent_answered(&c->psk, &ids, call->epoch, &a->psk, mono_now(), &err))
		worker_say(c, EVENT_PSK_FAILED, err.text);
}

static void on_committed(struct container *c, const struct psk_call *call)
{
	if (!psk_agent_committed(&c->psk, call->epoch, jitter(), mono_now()))
		return;
	log_debug("container %s: PSK epoch %llu", container_label(c),
		  (unsigned long long)call->epoch);
	worker_psk_keep(c);
	c->keyed = true;
	c->put_off = false;
	c->psk_shut = (struct mono){};
	c->psk_shut_said = false;
	install(c);
}

static bool take(struct psk_call *call, const struct relay_answer *a)
{
	struct container *c = call->c;

	c->psk_calls--;
	if (c->worker->stopping)
		return false;
	worker_note(c->worker, a);
	return c->entry && !memcmp(c->entry->public_key, call->public_key, KEY_LEN);
}

static void on_answer(const struct relay_answer *a, void *ctx)
{
	AUTO_FREE struct psk_call *call = ctx;
	struct container *c = call->c;
	bool ours = take(call, a);

	if (ours && a->r != -EBUSY)
		backoff_reset(&c->psk_later);
	if (ours && a->r == -ESTALE)
		psk_agent_stale(&c->psk, call->epoch, a->psk_epoch, mono_now());
	else if (ours && a->r)
		refused(c, call, a);
	else if (ours && a->has_psk)
		on_offered(c, call, a);
	else if (ours)
		on_committed(c, call);
	if (ours)
		worker_psk_step(c);
	if (!c->worker->stopping)
		worker_step(c);
}

static int send_offer(struct container *c, struct psk_call *call)
{
	uint8_t seed[XWING_SEED_LEN], pk[XWING_PK_LEN];
	int r;

	if (getrandom(seed, sizeof(seed), 0) != (ssize_t)sizeof(seed))
		return -EIO;
	r = psk_agent_offer(&c->psk, seed, &call->epoch, pk, NULL);
	explicit_bzero(seed, sizeof(seed));
	return r ? r
		 : relay_api_psk_offer(&c->worker->relay, call->public_key, call->epoch, pk,
				       on_answer, call);
}

static int send_commit(struct container *c, struct psk_call *call)
{
	uint8_t confirm[PSK_CONFIRM_LEN];

	psk_agent_commit(&c->psk, mono_now(), &call->epoch, confirm);
	return relay_api_psk_commit(&c->worker->relay, call->public_key, call->epoch, confirm,
				    on_answer, call);
}

void worker_psk_step(struct container *c)
{
	AUTO_FREE struct psk_call *call = NULL;
	enum psk_agent_do what;
	int r;

	if (c->worker->stopping || !c->entry || !c->confirmed || !backoff_due(&c->psk_later))
		return;
	what = psk_agent_due(&c->psk, mono_now());
	if (what == PSK_AGENT_NOTHING)
		return;
	call = calloc(1, sizeof(*call));
	if (!call)
		return;
	call->c = c;
	memcpy(call->public_key, c->entry->public_key, KEY_LEN);
	r = what == PSK_AGENT_OFFER ? send_offer(c, call) : send_commit(c, call);
	if (r) {
		psk_agent_failed(&c->psk, call->epoch, jitter(), mono_now());
		return;
	}
	c->psk_calls++;
	steal(&call);
}

void worker_psk_posted(struct container *c, uint64_t next)
{
	struct mono now = mono_now();

	/* Whatever the relay had, it may have a random key now. */
	c->keyed = false;
	backoff_reset(&c->psk_later);
	psk_agent_hint(&c->psk, next, now);
	psk_agent_renew(&c->psk, now);
	worker_psk_step(c);
}

void worker_psk_hint(struct container *c, uint64_t next)
{
	if (!c->entry || !c->keyed)
		return;
	psk_agent_hint(&c->psk, next, mono_now());
	worker_psk_step(c);
}

void worker_psk_seen(struct container *c, int64_t handshake_s)
{
	struct mono now = mono_now();
	int64_t ago_s = time(NULL) - handshake_s;

	/* A clock that was set gives nonsense for one session. */
	c->psk_handshake = (struct mono){};
	if (handshake_s)
		c->psk_handshake.ns = now.ns - (ago_s > 0 ? ago_s : 0) * 1000000000;
	if (handshake_s && c->psk_handshake.ns <= 0)
		c->psk_handshake.ns = 1;
}

/* Said once, until an exchange succeeds. */
static void note_age(struct container *c, struct mono now)
{
	bool old = psk_agent_old(&c->psk, now);

	if (old && !c->psk_old)
		event_log(EVENT_PSK_OLD, container_label(c), c->id, "for %lld s",
			  (long long)mono_ms_since(c->psk.done) / 1000);
	c->psk_old = old;
}

/* The key goes from the disk first: whatever crashes, no later run has it. */
static void shut(struct container *c, struct mono now)
{
	if (c->entry->has_psk)
		worker_psk_keep(c);
	if (!c->handle)
		return;
	if (!c->psk_shut.ns) {
		c->psk_shut = now;
		install(c);
	}
	if (c->psk_shut_said || mono_ms_since(c->psk_shut) < SHUT_SAY_MS)
		return;
	c->psk_shut_said = true;
	event_log(EVENT_PSK_CLOSED, container_label(c), c->id, "for %lld s",
		  (long long)mono_ms_since(c->psk.done) / 1000);
}

void worker_psk_tick(struct container *c)
{
	struct mono now = mono_now();
	bool another;

	if (!c->entry)
		return;
	another = psk_agent_handshake(&c->psk, c->psk_handshake, now);
	if (c->psk.closed) {
		shut(c, now);
	} else if (another) {
		log_debug("container %s: another PSK", container_label(c));
		install(c);
	}
	note_age(c, now);
	/* In doubt the half minute between two looks at the tunnel is too long. */
	if (c->psk.n_keys > 1 && c->attached && !c->busy &&
	    mono_ms_since(c->psk_looked) >= DOUBT_STATUS_MS) {
		c->psk_looked = now;
		worker_status(c);
	}
	worker_psk_step(c);
}
