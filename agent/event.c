/* SPDX-License-Identifier: GPL-2.0-only */
#include "event.h"

#include <stdarg.h>
#include <stdio.h>
#include "../lib/log.h"

#define EVENT_DETAIL_LEN 640
#define EVENT_ID_DIGITS 12 /* as Docker prints it */

static const char *const level_names[] = {
	[LOG_LVL_ERR] = "error",
	[LOG_LVL_WARN] = "warning",
	[LOG_LVL_INFO] = "info",
};

static const enum log_level levels[EVENT_MAX] = {
#define X(name, code, level, words, explanation) [EVENT_##name] = LOG_LVL_##level,
	EVENT_LIST(X)
#undef X
};

static bool as_text;

void event_init(bool text)
{
	as_text = text;
}

const struct event_info *event_at(enum event event)
{
	static struct event_info events[EVENT_MAX] = {
#define X(name, code, level, words, explanation) [EVENT_##name] = {code, NULL, words, explanation},
		EVENT_LIST(X)
#undef X
	};

	events[event].level = level_names[levels[event]];
	return &events[event];
}

const struct event_info *event_find(unsigned int code)
{
	for (int i = 0; i < EVENT_MAX; i++) {
		if (event_at(i)->code == code)
			return event_at(i);
	}
	return NULL;
}

void event_log(enum event event, const char *container, const char *id, const char *fmt, ...)
{
	const struct event_info *info = event_at(event);
	char detail[EVENT_DETAIL_LEN];
	va_list ap;

	if (!as_text) {
		log_at(levels[event], "%u%s%.*s", info->code, id && id[0] ? " " : "",
		       EVENT_ID_DIGITS, id ? id : "");
		return;
	}
	va_start(ap, fmt);
	vsnprintf(detail, sizeof(detail), fmt, ap);
	va_end(ap);
	log_at(levels[event], "%s%s%s%s%s%s [%u]", container ? "container " : "",
	       container ? container : "", container ? ": " : "", detail, detail[0] ? ": " : "",
	       info->words, info->code);
}
