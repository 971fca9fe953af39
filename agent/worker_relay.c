/* SPDX-License-Identifier: GPL-2.0-only */
#include "worker.h"

#include <stdio.h>
#include <string.h>
#include "../lib/log.h"

#define RELAY_PAUSE_MIN_MS 1000
#define RELAY_PAUSE_MAX_MS 30000
#define REFUSED_PAUSE_MIN_MS 15000 /* a refusal stays one until somebody changes the account */
#define REFUSED_PAUSE_MAX_MS 300000
#define DOUBT_MS 600000 /* time for somebody to notice */

/* Whoever waited for the relay goes on. */
static void reached(struct worker *w)
{
	if (!w->relay_down)
		return;
	w->relay_down = false;
	event_log(EVENT_RELAY_REACHED, NULL, NULL, "%s", w->conf.join.host);
	backoff_reset(&w->deletes);
	/* It may have started anew: all is compared in the next tick. */
	w->reconciled = (struct mono){};
	for (size_t i = 0; i < CONTAINER_MAX; i++) {
		backoff_reset(&w->table[i].relay);
		w->table[i].mtu.due = (struct mono){}; /* by another path, perhaps */
	}
}

void worker_note(struct worker *w, const struct relay_answer *a)
{
	if (a->r != -EHOSTUNREACH) {
		reached(w);
	} else if (!w->relay_down) {
		w->relay_down = true;
		event_log(EVENT_RELAY_UNREACHABLE, NULL, NULL, "%s", a->err.text);
	}
}

/* Notes whether the relay answered, and how long to wait after what it said. */
static void note(struct worker *w, const struct relay_answer *a, struct backoff *b)
{
	worker_note(w, a);
	if (!a->r)
		backoff_reset(b);
	else if (a->r == -EHOSTUNREACH)
		backoff_fail(b, RELAY_PAUSE_MIN_MS, RELAY_PAUSE_MAX_MS);
	else if (a->r == -EBUSY)
		backoff_fail(b, WORKER_LATER_MIN_MS, WORKER_LATER_MAX_MS);
	else
		backoff_fail(b, REFUSED_PAUSE_MIN_MS, REFUSED_PAUSE_MAX_MS);
}

static bool config_eq(const struct state_config *a, const struct state_config *b)
{
	return addr6_eq(&a->v6, &b->v6) && addr4_eq(a->v4, b->v4) &&
	       endpoint_eq(&a->endpoint, &b->endpoint) &&
	       !memcmp(a->relay_key, b->relay_key, KEY_LEN) && a->mtu == b->mtu;
}

static void accept_config(struct container *c, const struct relay_answer *a)
{
	struct state_entry *e = c->entry;
	struct state_config config = a->config;
	char asked[STATE_NAME_LEN];

	snprintf(asked, sizeof(asked), "%s", e->name);
	if (c->posted_name[0] && strcmp(c->posted_name, asked))
		event_log(EVENT_RENAMED, asked, c->id, "was %s", c->posted_name);
	memcpy(c->posted_name, asked, sizeof(c->posted_name));
	c->confirmed = true;
	worker_mtu_posted(c, &config);
	if (!e->has_config || !config_eq(&e->config, &config)) {
		e->config = config;
		e->has_config = true;
		c->worker->state.dirty = true;
	}
}

static void on_post(const struct relay_answer *a, void *ctx)
{
	struct container *c = ctx;
	struct worker *w = c->worker;

	c->busy = false;
	if (w->stopping)
		return;
	note(w, a, &c->relay);
	if (a->r != -EHOSTUNREACH)
		c->put_off = a->r == -EBUSY;
	if (!a->r && memcmp(a->public_key, c->entry->public_key, KEY_LEN)) {
		worker_say(c, EVENT_RELAY_REFUSED, "the answer is about another key");
		backoff_fail(&c->relay, REFUSED_PAUSE_MIN_MS, REFUSED_PAUSE_MAX_MS);
	} else if (!a->r) {
		accept_config(c, a);
		worker_psk_posted(c, a->psk_epoch);
	} else if (a->r == -EDQUOT && c->now.labels.ipv4 && !c->without_v4) {
		/* The label asks for it "where the tier grants one": IPv6 alone is better than
		 * none. */
		c->without_v4 = true;
		backoff_reset(&c->relay);
		worker_say(c, EVENT_NO_IPV4, a->err.text);
	} else if (a->r == -EBUSY) {
		worker_say(c, EVENT_RELAY_LATER, a->err.text);
	} else if (a->r != -EHOSTUNREACH) {
		worker_say(c, EVENT_RELAY_REFUSED, a->err.text);
	}
	worker_step(c);
}

struct relay_ask worker_ask(const struct container *c)
{
	return (struct relay_ask){
		.public_key = c->entry->public_key,
		.container = c->entry->name,
		.container_id = c->id,
		.machine = c->worker->state.machine,
		.ipv4 = c->now.labels.ipv4 && !c->without_v4,
		.bandwidth_mbps = c->now.labels.bandwidth_mbps,
		.firewall = &c->now.labels.firewall,
		.mtu = worker_mtu(c),
	};
}

void worker_post(struct container *c)
{
	struct worker *w = c->worker;
	struct relay_ask ask = worker_ask(c);

	/* First on disk: a peer that the relay has must be found again after a crash. */
	if (!c->entry->registered) {
		c->entry->registered = true;
		w->state.dirty = true;
	}
	worker_save(w);
	c->busy = !relay_api_post(&w->relay, &ask, on_post, c);
	if (!c->busy)
		backoff_fail(&c->relay, RELAY_PAUSE_MIN_MS, RELAY_PAUSE_MAX_MS);
}

static void on_delete(const struct relay_answer *a, void *ctx)
{
	struct container *c = ctx;

	c->busy = false;
	if (c->worker->stopping)
		return;
	note(c->worker, a, &c->relay);
	if (!a->r || a->r == -ENOENT) {
		backoff_reset(&c->relay);
		c->readd = c->confirmed = false;
	} else if (a->r == -EBUSY) {
		worker_say(c, EVENT_RELAY_LATER, a->err.text);
	}
	worker_step(c);
}

void worker_delete(struct container *c)
{
	c->busy = !relay_api_delete(&c->worker->relay, c->entry->public_key, on_delete, c);
	if (!c->busy)
		backoff_fail(&c->relay, RELAY_PAUSE_MIN_MS, RELAY_PAUSE_MAX_MS);
}

struct orphan {
	struct worker *w;
	struct state_entry *e; /* NULL: the state does not know it */
};

static void on_orphan_deleted(const struct relay_answer *a, void *ctx)
{
	AUTO_FREE struct orphan *o = ctx;
	struct worker *w = o->w;
	bool first = !w->deletes.ms;

	if (w->stopping)
		return;
	note(w, a, &w->deletes);
	if (a->r == -ENOENT)
		backoff_reset(&w->deletes);
	else if (a->r == -EBUSY && first)
		event_log(EVENT_RELAY_LATER, o->e && o->e->name[0] ? o->e->name : NULL,
			  o->e ? o->e->id : NULL, "%s", a->err.text);
	else if (a->r && a->r != -EHOSTUNREACH && a->r != -EBUSY)
		event_log(EVENT_RELAY_REFUSED, o->e && o->e->name[0] ? o->e->name : NULL,
			  o->e ? o->e->id : NULL, "%s", a->err.text);
	if (o->e)
		o->e->deleting = false;
	if (a->r && a->r != -ENOENT)
		return;
	event_log(EVENT_PEER_DELETED, o->e && o->e->name[0] ? o->e->name : NULL,
		  o->e ? o->e->id : NULL, "%s", "");
	/* A container that took the entry over has asked, or will ask, for it anew. */
	if (o->e && !o->e->owner) {
		o->e->registered = false;
		w->state.dirty = true;
		worker_save(w);
	}
}

static void delete_orphan(struct worker *w, struct state_entry *e,
			  const uint8_t public_key[static KEY_LEN])
{
	AUTO_FREE struct orphan *o = malloc(sizeof(*o));

	if (!o)
		return;
	*o = (struct orphan){w, e};
	if (relay_api_delete(&w->relay, public_key, on_orphan_deleted, o))
		return;
	if (e)
		e->deleting = true;
	steal(&o);
}

/* A container of which we know only that it is there keeps what it had, and so does one that has no
 * place in the table: any that was not seen to end may be that one. */
static bool may_have_owner(struct worker *w, const struct state_entry *e)
{
	const struct container *c = container_find(w->table, e->id);

	return e->owner || (c && !c->seen) || (w->left_out && !e->ended);
}

static bool doubts(struct worker *w)
{
	bool doubtful = state_is_doubtful(&w->state) && mono_ms_since(w->started) < DOUBT_MS;

	if (doubtful && !w->doubted)
		event_log(EVENT_MANY_GONE, NULL, NULL, "%d min", DOUBT_MS / 60000);
	w->doubted = doubtful;
	return doubtful;
}

void worker_delete_orphans(struct worker *w)
{
	bool doubtful;

	if (w->stopping || !backoff_due(&w->deletes) || !worker_synced(w))
		return;
	doubtful = doubts(w);
	for (size_t i = 0; i < STATE_MAX_ENTRIES; i++) {
		struct state_entry *e = &w->state.entries[i];

		if (e->used && e->registered && !e->deleting && !may_have_owner(w, e) &&
		    (e->ended || !doubtful))
			delete_orphan(w, e, e->public_key);
	}
}

/* One peer of the account's: ours, by the machine that asked for it? */
static bool parse_own(const struct worker *w, const json_t *peer, uint8_t ret_key[static KEY_LEN])
{
	const char *machine, *key;

	return !json_get_string(peer, "machine", &machine, NULL) &&
	       !strcmp(machine, w->state.machine) && !json_get_string(peer, "pubkey", &key, NULL) &&
	       !b64_key_parse(key, ret_key);
}

static void compare(struct worker *w, const json_t *list)
{
	static bool there[STATE_MAX_ENTRIES];
	uint8_t key[KEY_LEN];
	struct state_entry *e;
	uint64_t next;

	memset(there, 0, sizeof(there));
	for (size_t i = 0; i < json_array_size(list); i++) {
		if (!parse_own(w, json_array_get(list, i), key))
			continue;
		e = state_by_key(&w->state, key);
		if (!e) {
			if (!w->left_out)
				delete_orphan(w, NULL, key);
			continue;
		}
		there[e - w->state.entries] = true;
		if (e->owner && !json_get_u64(json_array_get(list, i), "psk_epoch", 1,
					      PSK_EPOCH_MAX, &next, NULL))
			worker_psk_hint(e->owner, next);
		if (!e->owner && !e->deleting && !e->registered) {
			e->registered = true;
			w->state.dirty = true;
		}
	}
	for (size_t i = 0; i < CONTAINER_MAX; i++) {
		struct container *c = &w->table[i];

		/* A POST that was sent after the list was made has not been answered yet. */
		if (!c->used || !c->entry || !c->confirmed || c->busy ||
		    there[c->entry - w->state.entries])
			continue;
		event_log(EVENT_RELAY_MISSING, container_label(c), c->id, "%s", "");
		c->confirmed = false;
		worker_step(c);
	}
	worker_delete_orphans(w);
}

static void on_peers(const struct relay_answer *a, void *ctx)
{
	struct worker *w = ctx;
	struct backoff unused = {};

	w->relay_listing = false;
	if (w->stopping)
		return;
	note(w, a, &unused);
	if (a->r == -EBUSY && !w->list_put_off)
		event_log(EVENT_RELAY_LATER, NULL, NULL, "%s", a->err.text);
	w->list_put_off = a->r == -EBUSY;
	if (!a->r && worker_synced(w))
		compare(w, a->list);
	else if (a->r && a->r != -EHOSTUNREACH)
		log_debug("list of peers: %s", a->err.text);
}

void worker_list_peers(struct worker *w)
{
	if (w->relay_listing || !worker_synced(w))
		return;
	w->relay_listing = !relay_api_list(&w->relay, on_peers, w);
}
