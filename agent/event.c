/* SPDX-License-Identifier: GPL-2.0-only */
#include "event.h"

#include <stdarg.h>
#include <stdio.h>
#include "../lib/log.h"

#define EVENT_DETAIL_LEN 640

static const struct {
	enum log_level level;
	const char *words;
} events[EVENT_MAX] = {
#define X(name, level, words) [EVENT_##name] = {LOG_LVL_##level, words},
	EVENT_LIST(X)
#undef X
};

void event_log(enum event event, const char *container, const char *fmt, ...)
{
	char detail[EVENT_DETAIL_LEN];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(detail, sizeof(detail), fmt, ap);
	va_end(ap);
	log_at(events[event].level, "%s%s%s%s%s%s", container ? "container " : "",
	       container ? container : "", container ? ": " : "", detail, detail[0] ? ": " : "",
	       events[event].words);
}
