/* SPDX-License-Identifier: GPL-2.0-only */
#include "backoff.h"

#include <sys/random.h>

/* #syscalls(worker): getrandom clock_gettime */

bool backoff_due(const struct backoff *b)
{
	return !b->ms || mono_ms_since(b->until) >= 0;
}

void backoff_fail(struct backoff *b, uint32_t min_ms, uint32_t max_ms)
{
	uint32_t random = 0;
	int64_t pause;

	b->ms = b->ms ? b->ms * 2 : min_ms;
	if (b->ms < min_ms)
		b->ms = min_ms;
	if (b->ms > max_ms)
		b->ms = max_ms;
	/* Without random bytes there is no jitter, which is no reason to stop. */
	if (getrandom(&random, sizeof(random), GRND_NONBLOCK) != sizeof(random))
		random = 1u << 31;
	pause = (int64_t)b->ms * 3 / 4 + (int64_t)b->ms * (random >> 16) / 131072;
	b->until = (struct mono){.ns = mono_now().ns + pause * 1000000};
}

void backoff_reset(struct backoff *b)
{
	*b = (struct backoff){};
}
