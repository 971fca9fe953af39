/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A container's tunnel goes over to a new key: does what rotate.h says is next. The new key is on
 * disk before the relay hears of it, so that an agent that starts anew knows what to ask: which of
 * the two does the peer have?
 */
#include "worker.h"

#include <stdio.h>
#include <string.h>
#include <sys/random.h>
#include "../lib/log.h"
#include "control.h"

#define RESOLVE_MIN_MS 1000
#define RESOLVE_MAX_MS 30000
#define AGAIN_MS 600000 /* by the schedule, after one that failed */

struct rotate_call {
	struct container *c;
	uint32_t run;
	uint64_t epoch; /* of the PSK exchange's messages */
};

static void drive(struct container *c);
static void key_step(struct container *c);

/* NULL: out of memory. */
static struct rotate_call *call_new(struct container *c)
{
	struct rotate_call *call = calloc(1, sizeof(*call));

	if (call)
		*call = (struct rotate_call){.c = c, .run = c->rotation.run};
	return call;
}

/* Is it an answer that is waited for? */
static bool is_ours(const struct rotate_call *call)
{
	struct container *c = call->c;

	c->psk_calls--;
	return !c->worker->stopping && c->entry && c->rotation.run == call->run &&
	       c->rotation.step.state != ROTATE_IDLE;
}

bool worker_rotating(const struct container *c)
{
	return c->rotation.step.state != ROTATE_IDLE;
}

static void end(struct container *c, bool ok)
{
	struct container_rotation *rot = &c->rotation;
	struct http_exchange *asked = rot->asked;

	if (ok)
		event_log(EVENT_ROTATED, container_label(c), c->id, "%s", "");
	else
		event_log(EVENT_ROTATE_FAILED, container_label(c), c->id, "%s", rot->why);
	rot->step.state = ROTATE_IDLE;
	rot->run++;
	rot->last = mono_now();
	rot->asked = NULL;
	psk_agent_wipe(&rot->psk);
	if (asked)
		control_rotated(asked, c, ok ? NULL : rot->why);
}

/* The relay has the new key: so has the entry, from now on. */
static void take_over(struct container *c)
{
	struct container_rotation *rot = &c->rotation;
	struct state_entry *e = c->entry;

	state_next_take(&c->worker->state, e);
	e->config = rot->config;
	/* The switch brings the tunnel to this; until then the old one is not to be touched. */
	c->applied = rot->config;
	c->psk = rot->psk;
	worker_psk_keep(c);
}

static void note_why(struct container *c, const char *why)
{
	struct container_rotation *rot = &c->rotation;

	snprintf(rot->why, sizeof(rot->why), "%s: %s", rotate_state_name(rot->step.state), why);
}

/* why: not done; NULL: as noted. */
static void done(struct container *c, enum rotate_result result, const char *why)
{
	struct container_rotation *rot = &c->rotation;
	enum rotate_state was = rot->step.state;

	if (result != ROTATE_OK && was < ROTATE_SWITCHING && why)
		note_why(c, why);
	if (rotate_done(&rot->step, result, mono_now()))
		take_over(c);
	if (rot->step.state != was)
		log_debug("container %s: rotation: %s", container_label(c),
			  rotate_state_name(rot->step.state));
	/* The same again comes with the clock. */
	if (rot->step.state != was)
		drive(c);
}

static enum rotate_result result_of(const struct relay_answer *a)
{
	switch (a->r) {
	case 0:
		return ROTATE_OK;
	case -EALREADY:
		return ROTATE_TURNED;
	case -EAGAIN:
	case -EBUSY:
	case -EHOSTUNREACH:
		return ROTATE_LATER;
	default:
		return ROTATE_NO;
	}
}

static void on_relay(const struct relay_answer *a, void *ctx)
{
	AUTO_FREE struct rotate_call *call = ctx;
	struct container *c = call->c;
	struct container_rotation *rot = &c->rotation;
	enum rotate_result result = result_of(a);
	struct mono now = mono_now();

	if (!is_ours(call))
		return;
	if (!a->r && rot->step.state != ROTATE_DROPPING &&
	    memcmp(a->public_key, c->entry->next_public, KEY_LEN)) {
		done(c, ROTATE_NO, "the answer is about another key");
		return;
	}
	if (!a->r && rot->step.state == ROTATE_ASKING) {
		rot->config = a->config;
		psk_agent_hint(&rot->psk, a->psk_epoch, now);
	}
	done(c, result, a->err.text);
}

static void ask(struct container *c, const char *method)
{
	AUTO_FREE struct rotate_call *call = call_new(c);

	if (!call || relay_api_rotate(&c->worker->relay, method, c->entry->public_key,
				      c->entry->next_public, on_relay, call)) {
		done(c, ROTATE_LATER, "out of memory");
		return;
	}
	c->psk_calls++;
	steal(&call);
}

/* ---- the next key's pre-shared key ---- */

static void on_psk(const struct relay_answer *a, void *ctx)
{
	AUTO_FREE struct rotate_call *call = ctx;
	struct container *c = call->c;
	struct container_rotation *rot = &c->rotation;
	struct psk_ids ids = {.peer = rot->config.v6};
	struct mono now = mono_now();
	struct err err = {};

	if (!is_ours(call))
		return;
	memcpy(ids.relay, a->relay_name, sizeof(ids.relay));
	memcpy(ids.agent_key, c->entry->next_public, KEY_LEN);
	memcpy(ids.relay_key, rot->config.relay_key, KEY_LEN);
	if (a->r == -ESTALE)
		psk_agent_stale(&rot->psk, call->epoch, a->psk_epoch, now);
	else if (a->r)
		psk_agent_failed(&rot->psk, call->epoch, 0, now);
	else if (a->has_psk)
		psk_agent_answered(&rot->psk, &ids, call->epoch, &a->psk, now, &err);
	else
		psk_agent_committed(&rot->psk, call->epoch, 500, now);
	if (a->r)
		note_why(c, a->err.text);
	if (rot->psk.ever)
		done(c, ROTATE_OK, NULL);
	else if (a->r && a->r != -ESTALE && a->r != -EBUSY && a->r != -EHOSTUNREACH)
		done(c, ROTATE_NO, NULL);
	else
		key_step(c);
}

static void key_step(struct container *c)
{
	struct container_rotation *rot = &c->rotation;
	AUTO_FREE struct rotate_call *call = call_new(c);
	struct relay_api *relay = &c->worker->relay;
	uint8_t seed[XWING_SEED_LEN], pk[XWING_PK_LEN], confirm[PSK_CONFIRM_LEN];
	enum psk_agent_do what = psk_agent_due(&rot->psk, mono_now());
	int r = -ENOMEM;

	if (call && what == PSK_AGENT_COMMIT) {
		psk_agent_commit(&rot->psk, mono_now(), &call->epoch, confirm);
		r = relay_api_psk_commit(relay, c->entry->next_public, call->epoch, confirm, on_psk,
					 call);
	} else if (call && what == PSK_AGENT_OFFER &&
		   getrandom(seed, sizeof(seed), 0) == (ssize_t)sizeof(seed)) {
		r = psk_agent_offer(&rot->psk, seed, &call->epoch, pk, NULL);
		explicit_bzero(seed, sizeof(seed));
		if (!r)
			r = relay_api_psk_offer(relay, c->entry->next_public, call->epoch, pk,
						on_psk, call);
	}
	if (r) {
		if (call && what != PSK_AGENT_NOTHING)
			psk_agent_failed(&rot->psk, call->epoch, 0, mono_now());
		done(c, ROTATE_LATER, what == PSK_AGENT_NOTHING ? NULL : "out of memory");
		return;
	}
	c->psk_calls++;
	steal(&call);
}

/* ---- the helper ---- */

static void on_helper(const struct helper_msg *answer, void *ctx)
{
	AUTO_FREE struct rotate_call *call = ctx;
	struct container *c = call->c;
	enum rotate_result result = ROTATE_OK;
	const char *why = "";

	if (!is_ours(call) || !answer)
		return;
	if (answer->result < 0) {
		result = ROTATE_NO;
		why = answer->text;
	} else if (c->rotation.step.state == ROTATE_PROVING) {
		if (!answer->status.present || !answer->status.last_handshake_s)
			result = ROTATE_LATER;
		why = "no handshake with the new key";
	}
	done(c, result, why);
}

static void help(struct container *c, enum helper_type type)
{
	const struct state_entry *e = c->entry;
	struct helper_msg msg = {.type = type, .handle = c->handle};
	AUTO_FREE struct rotate_call *call = call_new(c);

	if (type == HELPER_STATUS)
		memcpy(msg.which.public_key, e->next_public, KEY_LEN);
	else
		worker_tunnel_conf(c, type == HELPER_SWITCH ? e->private_key : e->next_private,
				   &c->rotation.config, psk_agent_key(&c->rotation.psk), &msg.conf);
	if (!call || !c->handle || helper_client_call(&c->worker->helper, &msg, on_helper, call)) {
		explicit_bzero(&msg, sizeof(msg));
		done(c, ROTATE_NO, "the helper cannot be asked");
		return;
	}
	explicit_bzero(&msg, sizeof(msg));
	c->psk_calls++;
	steal(&call);
}

static void drive(struct container *c)
{
	switch (rotate_next(&c->rotation.step, mono_now())) {
	case ROTATE_NOTHING:
		break;
	case ROTATE_ASK:
		ask(c, "POST");
		break;
	case ROTATE_KEY:
		key_step(c);
		break;
	case ROTATE_PREPARE:
		help(c, HELPER_PREPARE);
		break;
	case ROTATE_LOOK:
		help(c, HELPER_STATUS);
		break;
	case ROTATE_COMMIT:
		ask(c, "PUT");
		break;
	case ROTATE_SWITCH:
		help(c, HELPER_SWITCH);
		break;
	case ROTATE_DROP:
		ask(c, "DELETE");
		break;
	case ROTATE_UNDO:
		state_next_drop(&c->worker->state, c->entry);
		/* Which removes the other tunnel, and sets what the old one needs. */
		c->attached = false;
		end(c, false);
		worker_step(c);
		break;
	case ROTATE_FINISH:
		c->attached = false;
		end(c, true);
		worker_step(c);
		break;
	}
}

int worker_rotate_begin(struct container *c, struct http_exchange *asked, struct err *err)
{
	const struct conf *conf = &c->worker->conf;
	struct container_rotation *rot = &c->rotation;
	struct mono now = mono_now();
	int r;

	if (worker_rotating(c))
		return err_set(err, -EBUSY, "its key rotates already");
	if (!c->entry || !c->attached || !c->confirmed || !c->keyed || c->entry->has_next ||
	    c->worker->relay_down)
		return err_set(err, -EAGAIN, "it is not up, or the relay does not answer");
	if (c->busy)
		return err_set(err, -EAGAIN,
			       "another request about it is under way: ask again in a moment");
	r = state_next_make(&c->worker->state, c->entry, err);
	if (r)
		return r;
	worker_save(c->worker);
	rot->run++;
	rot->asked = asked;
	rot->why[0] = '\0';
	psk_agent_init(&rot->psk, conf->psk_period_s * 1000, conf->psk_strict_s * 1000, now);
	rotate_begin(&rot->step, now);
	drive(c);
	return 0;
}

void worker_rotate_stop(struct container *c)
{
	if (!worker_rotating(c))
		return;
	/* The next key stays in the entry: the relay is asked before anything else. */
	if (c->entry && c->entry->has_next)
		c->confirmed = false;
	snprintf(c->rotation.why, sizeof(c->rotation.why), "the container has ended");
	end(c, c->entry && !c->entry->has_next);
}

void worker_rotate_tick(struct container *c)
{
	struct worker *w = c->worker;
	int64_t period_ms = (int64_t)w->conf.rotate_hours * 3600000;

	if (worker_rotating(c)) {
		drive(c);
		return;
	}
	if (!period_ms || !c->attached)
		return;
	if (!c->rotation.last.ns)
		c->rotation.last = mono_now();
	if (mono_ms_since(c->rotation.last) < period_ms)
		return;
	/* One that cannot begin now, or fails, is tried again later. */
	worker_rotate_begin(c, NULL, NULL);
	c->rotation.last = mono_now();
	c->rotation.last.ns += (AGAIN_MS - period_ms) * 1000000;
}

/* ---- after a start anew ---- */

static void on_resolved(const struct relay_answer *a, void *ctx)
{
	struct container *c = ctx;
	struct worker *w = c->worker;

	c->busy = false;
	if (w->stopping)
		return;
	worker_note(w, a);
	if (a->r == -EHOSTUNREACH || a->r == -EACCES || a->r == -EBUSY) {
		/* None of these says which key the relay has. */
		backoff_fail(&c->relay, RESOLVE_MIN_MS, RESOLVE_MAX_MS);
		if (a->r == -EBUSY)
			worker_say(c, EVENT_RELAY_LATER, a->err.text);
	} else if (a->r == -EALREADY) {
		state_next_take(&w->state, c->entry);
		worker_psk_stop(c);
		worker_psk_start(c);
	} else {
		/* The old one, or none of the two. */
		state_next_drop(&w->state, c->entry);
	}
	worker_step(c);
}

void worker_rotate_resolve(struct container *c)
{
	c->busy = !relay_api_rotate(&c->worker->relay, "DELETE", c->entry->public_key,
				    c->entry->next_public, on_resolved, c);
	if (!c->busy)
		backoff_fail(&c->relay, RESOLVE_MIN_MS, RESOLVE_MAX_MS);
}
