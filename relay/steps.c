/* SPDX-License-Identifier: GPL-2.0-only */
#include "steps.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include "../lib/log.h"

struct running {
	const struct kstate *wanted;
	steps_fn *run;
	void *ctx;
	bool *closed;  /* of wanted->slots */
	size_t n_open; /* of wanted->slots */
	bool tells;    /* each failure is logged */
	unsigned int failed;
	struct err first;
};

static int close_slot(struct running *r, const struct kslot *slot, struct err *err)
{
	struct step s = {.type = STEP_SLOT_CLOSE, .slot = *slot};
	size_t at = 0;

	return r->run(r->ctx, &s, 1, &at, err);
}

static void fail(struct running *r, const struct step *s, struct err *why)
{
	struct err err = {};
	char text[128];

	err_prefix(why, "%s", step_text(text, sizeof(text), s));
	if (!r->failed++)
		r->first = *why;
	if (r->tells && r->failed <= STEPS_MAX_LOGGED)
		log_err("%s: its peer stays closed", why->text);
	for (size_t i = 0; r->n_open && i < r->wanted->n_slots; i++) {
		const struct kslot *slot = &r->wanted->slots[i];

		if (r->closed[i] || !step_concerns(s, slot))
			continue;
		r->closed[i] = true;
		r->n_open--;
		if (close_slot(r, slot, &err))
			log_err("slot %u: close: %s", slot->slot, err.text);
	}
}

static bool is_closed(const struct running *r, const struct kslot *slot)
{
	const struct kslot *found;

	if (r->n_open == r->wanted->n_slots)
		return false;
	found = bsearch(slot, r->wanted->slots, r->wanted->n_slots, sizeof(*slot), kslot_cmp);
	return found && r->closed[found - r->wanted->slots];
}

/* Steps of one type, from the first to the last one of them. */
static void run_all(struct running *r, const struct step *s, size_t n)
{
	size_t i = 0;

	while (i < n) {
		struct err err = {};
		size_t at = n - i;
		int ret = r->run(r->ctx, s + i, n - i, &at, &err);

		if (!ret)
			return;
		err.code = ret;
		if (at < n - i) {
			fail(r, s + i + at, &err);
			i += at + 1;
			continue;
		}
		for (; i < n; i++) {
			struct err each = err;

			fail(r, s + i, &each);
		}
	}
}

/* As many as may be asked for at once: of one type, and no slot that is to stay closed. */
static size_t run_length(const struct running *r, const struct step *s, size_t n)
{
	size_t k = 1;

	while (k < n && s[k].type == s->type &&
	       (s->type != STEP_SLOT_SET || !is_closed(r, &s[k].slot)))
		k++;
	return k;
}

int steps_run(const struct plan *plan, const struct kstate *wanted, steps_fn *run, void *ctx,
	      unsigned int *ret_failed, struct err *err)
{
	struct running r = {.wanted = wanted,
			    .run = run,
			    .ctx = ctx,
			    .n_open = wanted->n_slots,
			    .tells = ret_failed != NULL};
	size_t i = 0;

	r.closed = calloc(wanted->n_slots + 1, sizeof(*r.closed));
	if (!r.closed)
		return err_sys(err, -ENOMEM, "plan");
	while (i < plan->n) {
		const struct step *s = &plan->steps[i];
		size_t n = 1;

		if (s->type != STEP_SLOT_SET || !is_closed(&r, &s->slot)) {
			n = run_length(&r, s, plan->n - i);
			run_all(&r, s, n);
		}
		i += n;
	}
	free(r.closed);
	if (r.tells && r.failed > STEPS_MAX_LOGGED)
		log_err("%u more steps failed", r.failed - STEPS_MAX_LOGGED);
	if (ret_failed)
		*ret_failed = r.failed;
	return r.failed ? err_set(err, r.first.code, "%s", r.first.text) : 0;
}
