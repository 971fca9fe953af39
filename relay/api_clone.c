/* SPDX-License-Identifier: GPL-2.0-only */
#include "api_clone.h"

#include <stdlib.h>

struct signs {
	struct mono since;
	unsigned int n;
};

struct seen {
	int64_t id;
	uint64_t serial; /* of the newest connection */
	struct endpoint last, before;
	struct signs signs;
};

struct peer_seen {
	uint32_t generation;
	struct endpoint last, before;
	struct signs signs;
};

struct api_clones {
	uint64_t serial;
	struct seen seen[API_CLONE_PLACES];
	uint32_t slots;
	struct peer_seen peer[];
};

struct api_clones *api_clones_new(uint32_t slots)
{
	struct api_clones *c = calloc(1, sizeof(*c) + slots * sizeof(c->peer[0]));

	if (c)
		c->slots = slots;
	return c;
}

void api_clones_free(struct api_clones *clones)
{
	free(clones);
}

uint64_t api_clone_next(struct api_clones *clones)
{
	return ++clones->serial;
}

static bool same_addr(const struct endpoint *a, const struct endpoint *b)
{
	struct endpoint x = *a, y = *b;

	x.port = y.port = 0;
	return endpoint_eq(&x, &y);
}

/* Is this use a sign? Notes it in any case. */
static bool note(struct seen *s, uint64_t serial, const struct endpoint *remote)
{
	bool sign = serial < s->serial;

	if (!sign)
		s->serial = serial;
	if (same_addr(remote, &s->last))
		return sign;
	sign |= same_addr(remote, &s->before);
	s->before = s->last;
	s->last = *remote;
	return sign;
}

/* Another one: how many are there in this window? */
static unsigned int add_sign(struct signs *signs, struct mono now)
{
	if (!signs->n || now.ns - signs->since.ns > API_CLONE_WINDOW_MS * INT64_C(1000000))
		*signs = (struct signs){.since = now};
	return ++signs->n;
}

bool api_clone_seen(struct api_clones *clones, int64_t id, uint64_t serial,
		    const struct endpoint *remote, struct mono now)
{
	struct seen *s = &clones->seen[(uint64_t)id % API_CLONE_PLACES];

	if (s->id != id)
		*s = (struct seen){.id = id, .serial = serial, .last = *remote, .before = *remote};
	if (!note(s, serial, remote) || add_sign(&s->signs, now) < API_CLONE_SIGNS)
		return false;
	s->signs.n = 0;
	return true;
}

/* The port counts: two behind one NAT have each its own, and one that moves on gets a new one. */
bool api_clone_moved(struct api_clones *clones, uint32_t slot, uint32_t generation,
		     const struct endpoint *from, struct mono now, struct endpoint *ret_other)
{
	struct peer_seen *p;
	bool back;

	if (slot >= clones->slots || !from->family)
		return false;
	p = &clones->peer[slot];
	if (p->generation != generation || !p->last.family)
		*p = (struct peer_seen){.generation = generation, .last = *from};
	if (endpoint_eq(from, &p->last))
		return false;
	back = endpoint_eq(from, &p->before);
	p->before = p->last;
	p->last = *from;
	*ret_other = p->before;
	return back && add_sign(&p->signs, now) == API_CLONE_SIGNS;
}
