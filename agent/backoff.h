/* SPDX-License-Identifier: GPL-2.0-only */
/* When something that failed is tried again: later each time, and not all at the same moment. */
#ifndef AGENT_BACKOFF_H
#define AGENT_BACKOFF_H

#include <stdbool.h>
#include "../lib/mono.h"

struct backoff {
	uint32_t ms; /* the next pause, 0 = none was needed yet */
	struct mono until;
};

bool backoff_due(const struct backoff *b);
/* The pause doubles from min_ms to max_ms; each is longer or shorter by up to a quarter. */
void backoff_fail(struct backoff *b, uint32_t min_ms, uint32_t max_ms);
void backoff_reset(struct backoff *b);

#endif
