/* SPDX-License-Identifier: GPL-2.0-only */
#include "worker.h"

#include <string.h>
#include <time.h>
#include "../lib/log.h"

bool worker_synced(const struct worker *w)
{
	if (!w->listed)
		return false;
	for (size_t i = 0; i < CONTAINER_MAX; i++) {
		if (w->table[i].used && !w->table[i].seen && !w->table[i].unreadable)
			return false;
	}
	return true;
}

/* The entry this container had, or the one that had its name, or a new one. */
static int take_entry(struct container *c, struct err *err)
{
	struct state *state = &c->worker->state;
	struct state_entry *e = state_by_id(state, c->id);
	int r;

	if (!e || e->owner)
		e = state_by_name(state, c->now.name);
	if (e && e->owner) {
		/* Its owner has been renamed, which we shall hear. */
		e->name[0] = '\0';
		e = NULL;
	}
	if (!e) {
		r = state_add(state, c->now.name, &e, err);
		if (r)
			return r;
	}
	e->owner = c;
	c->entry = e;
	worker_psk_start(c);
	if (strcmp(e->id, c->id)) {
		memcpy(e->id, c->id, sizeof(e->id));
		state->dirty = true;
	}
	return 0;
}

static void forget_entry(struct container *c)
{
	/* NOLINTNEXTLINE(clang-analyzer-core.NullDereference): what is forgotten has an entry */
	c->entry->owner = NULL;
	c->entry->ended = true;
	c->entry->used_at_s = time(NULL);
	c->worker->state.dirty = true;
	worker_rotate_stop(c);
	if (c->entry->has_next)
		state_next_drop(&c->worker->state, c->entry);
	worker_psk_stop(c);
	c->entry = NULL;
	c->confirmed = c->readd = c->without_v4 = c->put_off = false;
	event_log(EVENT_STOPPED, container_label(c), c->id, "%s", "");
}

static void rename_entry(struct container *c)
{
	if (!strcmp(c->entry->name, c->now.name))
		return;
	state_rename(&c->worker->state, c->entry, c->now.name);
	worker_save(c->worker);
}

static void decide(struct container *c)
{
	struct err err = {};
	int r = container_check(&c->now, &err);

	if (r == -EINVAL)
		worker_say(c, EVENT_LABEL_WRONG, err.text);
	else if (r == -EOPNOTSUPP)
		worker_say(c, EVENT_NETWORK_REFUSED, err.text);
	else if (r == -ENAMETOOLONG)
		worker_say(c, EVENT_NAME_REFUSED, err.text);
	c->wanted = !r;
	if (c->wanted && !c->entry && take_entry(c, &err)) {
		worker_say(c, EVENT_TABLE_FULL, err.text);
		c->wanted = false;
	}
	if (c->wanted)
		rename_entry(c);
}

/* Nothing of this while a key rotates; and the relay is asked for nothing before it has said which
 * key it has. */
static void set_up(struct container *c, enum plan_step step)
{
	if (worker_rotating(c))
		return;
	if (step == PLAN_ATTACH)
		worker_attach(c);
	/* NOLINTNEXTLINE(clang-analyzer-core.NullDereference): what is set up has an entry */
	else if (c->entry->has_next)
		worker_rotate_resolve(c);
	else if (step == PLAN_POST)
		worker_post(c);
	else
		worker_delete(c);
}

/* True: done at once, and there may be more. */
static bool do_step(struct container *c, enum plan_step step)
{
	switch (step) {
	case PLAN_CLOSE:
		worker_close(c);
		return true;
	case PLAN_FORGET:
		forget_entry(c);
		worker_delete_orphans(c->worker);
		return true;
	case PLAN_OPEN:
		worker_open(c);
		break;
	case PLAN_CHECK:
		if (!c->inspecting || !c->inspect_for_check)
			worker_inspect(c);
		break;
	case PLAN_POST:
	case PLAN_DELETE:
	case PLAN_ATTACH:
		set_up(c, step);
		break;
	case PLAN_DETACH:
		worker_detach(c);
		break;
	case PLAN_NOTHING:
		break;
	}
	return false;
}

void worker_step(struct container *c)
{
	struct worker *w = c->worker;
	enum plan_step step;

	if (w->stopping || !c->seen)
		return;
	do {
		struct plan_in in;

		if (c->busy)
			return;
		decide(c);
		in = container_plan_in(c, w->relay_down);
		step = plan_next(&in);
		if (step != PLAN_NOTHING)
			log_debug("container %s: %s", container_label(c), plan_step_name(step));
	} while (do_step(c, step));
	/* Nothing of it is left: the place is free. */
	if (!c->now.running && !c->busy && !c->inspecting && !c->handle && !c->entry &&
	    !c->psk_calls)
		*c = (struct container){};
	worker_save(w);
}
