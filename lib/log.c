/* SPDX-License-Identifier: GPL-2.0-only */
#include "log.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#define LINE_LEN 1024 /* of a line; what is longer is cut */

static struct {
	const char *area;
	enum log_level max;
	bool journal, json;
} log_state = {"sidecar", LOG_LVL_INFO, false, false};

void log_init(const char *area, enum log_level max)
{
	log_state.area = area;
	log_state.max = max;
	log_state.journal = getenv("JOURNAL_STREAM") != NULL;
}

void log_json(bool on)
{
	log_state.json = on;
}

/* A JSON string's inside; what does not fit is left out, the last character whole. */
static void json_text(char *out, size_t size, const char *text)
{
	size_t n = 0;

	for (; *text; text++) {
		unsigned char c = (unsigned char)*text;
		char one[8];
		size_t len;

		if (c == '"' || c == '\\')
			snprintf(one, sizeof(one), "\\%c", c);
		else if (c < 0x20 || c >= 0x7f)
			snprintf(one, sizeof(one), "\\u%04x", c);
		else
			snprintf(one, sizeof(one), "%c", c);
		len = strlen(one);
		if (n + len >= size)
			break;
		memcpy(out + n, one, len);
		n += len;
	}
	out[n] = '\0';
}

static int json_line(char *line, size_t size, const char *prefix, const char *level,
		     const char *text)
{
	char inside[LINE_LEN - 128], day[32];
	struct timespec now;
	struct tm tm;

	clock_gettime(CLOCK_REALTIME, &now);
	gmtime_r(&now.tv_sec, &tm);
	strftime(day, sizeof(day), "%Y-%m-%dT%H:%M:%S", &tm);
	json_text(inside, sizeof(inside), text);
	return snprintf(
		line, size,
		"%s{\"time\":\"%s.%03ldZ\",\"level\":\"%s\",\"area\":\"%s\",\"text\":\"%s\"}",
		prefix, day, now.tv_nsec / 1000000, level, log_state.area, inside);
}

void log_at(enum log_level level, const char *fmt, ...)
{
	static const char *const names[] = {"error", "warning", "info", "debug"};
	static const int prio[] = {3, 4, 6, 7};
	char line[LINE_LEN], text[LINE_LEN], prefix[8] = "";
	va_list ap;
	int n;

	if (level > log_state.max)
		return;
	va_start(ap, fmt);
	vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	if (log_state.journal)
		snprintf(prefix, sizeof(prefix), "<%d>", prio[level]);
	if (log_state.json)
		n = json_line(line, sizeof(line) - 1, prefix, names[level], text);
	else if (log_state.journal)
		n = snprintf(line, sizeof(line) - 1, "%s%s: %s", prefix, log_state.area, text);
	else
		n = snprintf(line, sizeof(line) - 1, "%s: %s: %s", log_state.area, names[level],
			     text);
	if (n > (int)sizeof(line) - 2)
		n = (int)sizeof(line) - 2;
	line[n] = '\n';
	/* One write per line, so that lines of two processes do not mix. */
	if (write(STDERR_FILENO, line, (size_t)n + 1) < 0)
		return;
}

const char *log_esc(char *out, size_t out_len, const void *text, size_t len)
{
	static const char hex[] = "0123456789abcdef";
	const unsigned char *p = text;
	size_t o = 0, cut = 0; /* cut: the last place where "..." and the NUL still fit */

	if (!out_len)
		return out;
	for (size_t i = 0; i < len; i++) {
		bool plain = p[i] >= 0x20 && p[i] < 0x7f && p[i] != '\\';

		if (o + sizeof("...") <= out_len)
			cut = o;
		if (o + (plain ? 1 : 4) >= out_len) {
			o = cut;
			if (out_len >= sizeof("...")) {
				memcpy(out + o, "...", 3);
				o += 3;
			}
			break;
		}
		if (plain) {
			out[o++] = (char)p[i];
			continue;
		}
		out[o++] = '\\';
		out[o++] = 'x';
		out[o++] = hex[p[i] >> 4];
		out[o++] = hex[p[i] & 15];
	}
	out[o] = '\0';
	return out;
}
