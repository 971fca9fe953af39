/* SPDX-License-Identifier: GPL-2.0-only */
#include "api_clone.h"

#include <stdlib.h>

struct seen {
	int64_t id;
	uint64_t serial; /* of the newest connection */
	struct endpoint last, before;
	struct mono since;
	unsigned int signs;
};

struct api_clones {
	uint64_t serial;
	struct seen seen[API_CLONE_PLACES];
};

struct api_clones *api_clones_new(void)
{
	return calloc(1, sizeof(struct api_clones));
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

bool api_clone_seen(struct api_clones *clones, int64_t id, uint64_t serial,
		    const struct endpoint *remote, struct mono now)
{
	struct seen *s = &clones->seen[(uint64_t)id % API_CLONE_PLACES];

	if (s->id != id)
		*s = (struct seen){.id = id, .serial = serial, .last = *remote, .before = *remote};
	if (!note(s, serial, remote))
		return false;
	if (!s->signs || now.ns - s->since.ns > API_CLONE_WINDOW_MS * INT64_C(1000000)) {
		s->signs = 0;
		s->since = now;
	}
	if (++s->signs < API_CLONE_SIGNS)
		return false;
	s->signs = 0;
	return true;
}
