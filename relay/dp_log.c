/* SPDX-License-Identifier: GPL-2.0-only */
#include "dp_impl.h"

#include <stdio.h>
#include <string.h>
#include "../lib/log.h"

static char text[200];

static void keep(const char *line, size_t len)
{
	size_t n = strlen(text);

	snprintf(text + n, sizeof(text) - n, "%s%.*s", n ? "; " : "", (int)len, line);
}

/* The verifier's own reason: the line before its statistics. */
static void keep_verifier(const char *log)
{
	const char *end = strstr(log, "\nprocessed "), *start = end;

	if (!end)
		return;
	while (start > log && start[-1] != '\n')
		start--;
	keep(start, (size_t)(end - start));
}

static int on_print(enum libbpf_print_level level, const char *fmt, va_list ap)
{
	AUTO_FREE char *line = NULL;
	int n = vasprintf(&line, fmt, ap);

	if (n < 0) {
		line = NULL;
		return n;
	}
	if (level != LIBBPF_WARN)
		return n;
	log_debug("%s", line);
	/* The first one names the cause, later ones what failed because of it. */
	if (!text[0])
		keep(line, strcspn(line, "\n"));
	else
		keep_verifier(line);
	return n;
}

void dp_log_start(void)
{
	text[0] = '\0';
	libbpf_set_print(on_print);
}

const char *dp_log_text(void)
{
	return text;
}
