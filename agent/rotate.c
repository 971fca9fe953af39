/* SPDX-License-Identifier: GPL-2.0-only */
#include "rotate.h"

static struct mono later(struct mono t, int64_t ms)
{
	return (struct mono){.ns = t.ns + ms * 1000000};
}

void rotate_begin(struct rotate *r, struct mono now)
{
	*r = (struct rotate){.state = ROTATE_ASKING, .begun = now, .due = now};
}

static enum rotate_do do_of(enum rotate_state state)
{
	static const enum rotate_do what[] = {
		[ROTATE_IDLE] = ROTATE_NOTHING,	    [ROTATE_ASKING] = ROTATE_ASK,
		[ROTATE_KEYING] = ROTATE_KEY,	    [ROTATE_PREPARING] = ROTATE_PREPARE,
		[ROTATE_PROVING] = ROTATE_LOOK,	    [ROTATE_COMMITTING] = ROTATE_COMMIT,
		[ROTATE_SWITCHING] = ROTATE_SWITCH, [ROTATE_SETTLING] = ROTATE_FINISH,
		[ROTATE_DROPPING] = ROTATE_DROP,    [ROTATE_UNDOING] = ROTATE_UNDO,
	};

	return what[state];
}

enum rotate_do rotate_next(struct rotate *r, struct mono now)
{
	enum rotate_do what;

	if (r->state == ROTATE_IDLE || r->waiting)
		return ROTATE_NOTHING;
	if (r->state <= ROTATE_COMMITTING &&
	    now.ns - r->begun.ns >= (int64_t)ROTATE_LIMIT_MS * 1000000) {
		r->state = ROTATE_DROPPING;
		r->due = now;
	}
	if (now.ns < r->due.ns)
		return ROTATE_NOTHING;
	what = do_of(r->state);
	if (what == ROTATE_COMMIT)
		r->committed = true;
	r->waiting = what != ROTATE_FINISH && what != ROTATE_UNDO;
	if (!r->waiting)
		r->state = ROTATE_IDLE;
	return what;
}

/* Which state follows; the same one: again after a pause. */
static enum rotate_state follow(struct rotate *r, enum rotate_result result)
{
	switch (r->state) {
	case ROTATE_ASKING:
	case ROTATE_KEYING:
	case ROTATE_PREPARING:
	case ROTATE_PROVING:
	case ROTATE_COMMITTING:
		if (result == ROTATE_LATER)
			return r->state;
		return result == ROTATE_OK ? r->state + 1 : ROTATE_DROPPING;
	case ROTATE_SWITCHING:
		return ROTATE_SETTLING;
	case ROTATE_DROPPING:
		if (result == ROTATE_TURNED)
			return ROTATE_SWITCHING;
		/* Nobody can have turned over: the old way is right at once. */
		if (result == ROTATE_LATER && (r->committed || ++r->drops < ROTATE_DROPS))
			return ROTATE_DROPPING;
		return ROTATE_UNDOING;
	default:
		return r->state;
	}
}

bool rotate_done(struct rotate *r, enum rotate_result result, struct mono now)
{
	enum rotate_state was = r->state;

	if (!r->waiting)
		return false;
	r->waiting = false;
	r->state = follow(r, result);
	r->due = r->state == was ? later(now, ROTATE_RETRY_MS) : now;
	/* A switch that failed is made up for by the end, which sets everything anew. */
	if (was == ROTATE_SWITCHING && result == ROTATE_OK)
		r->due = later(now, ROTATE_SETTLE_MS);
	return r->state == ROTATE_SWITCHING && was != ROTATE_SWITCHING;
}

const char *rotate_state_name(enum rotate_state state)
{
	static const char *const names[] = {
		[ROTATE_IDLE] = "idle",		  [ROTATE_ASKING] = "asking",
		[ROTATE_KEYING] = "keying",	  [ROTATE_PREPARING] = "preparing",
		[ROTATE_PROVING] = "proving",	  [ROTATE_COMMITTING] = "committing",
		[ROTATE_SWITCHING] = "switching", [ROTATE_SETTLING] = "settling",
		[ROTATE_DROPPING] = "dropping",	  [ROTATE_UNDOING] = "undoing",
	};

	return names[state];
}
