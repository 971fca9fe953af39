/* SPDX-License-Identifier: GPL-2.0-only */
#include "log.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static struct {
	const char *area;
	enum log_level max;
	bool journal;
} log_state = {"sidecar", LOG_LVL_INFO, false};

void log_init(const char *area, enum log_level max)
{
	log_state.area = area;
	log_state.max = max;
	log_state.journal = getenv("JOURNAL_STREAM") != NULL;
}

void log_at(enum log_level level, const char *fmt, ...)
{
	static const char *const names[] = {"error", "warning", "info", "debug"};
	static const int prio[] = {3, 4, 6, 7};
	char line[1024];
	int n, m;
	va_list ap;

	if (level > log_state.max)
		return;
	if (log_state.journal)
		n = snprintf(line, sizeof(line), "<%d>%s: ", prio[level], log_state.area);
	else
		n = snprintf(line, sizeof(line), "%s: %s: ", log_state.area, names[level]);
	va_start(ap, fmt);
	m = vsnprintf(line + n, sizeof(line) - (size_t)n - 1, fmt, ap);
	va_end(ap);
	n += m;
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
