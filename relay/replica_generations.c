/* SPDX-License-Identifier: GPL-2.0-only */
#include "replica_generations.h"

#include <stdio.h>
#include <string.h>
#include "place.h"
#include "replica_run.h"

#define MAX_TEXT 65536

static bool read_line(const char *line, struct replica_generation *ret)
{
	static const char form[] = "%*s %16s %*s %*s %31s"; /* name generation lag start end */
	int n = sscanf(line, form, ret->name, ret->end);    /* lint: each word is bounded */

	return n == 2 && strspn(ret->name, "0123456789abcdef") == REPLICA_GENERATION_LEN - 1;
}

size_t replica_generations_parse(char *text,
				 struct replica_generation ret[static REPLICA_GENERATIONS])
{
	struct replica_generation g;
	char *rest = NULL;
	size_t n = 0, at;

	for (char *line = strtok_r(text, "\n", &rest); line; line = strtok_r(NULL, "\n", &rest)) {
		if (!read_line(line, &g))
			continue;
		for (at = n; at && strcmp(ret[at - 1].end, g.end) < 0; at--) {
			if (at < REPLICA_GENERATIONS)
				ret[at] = ret[at - 1];
		}
		if (at < REPLICA_GENERATIONS)
			ret[at] = g;
		n += n < REPLICA_GENERATIONS;
	}
	return n;
}

int replica_generations(const struct conf *conf,
			struct replica_generation ret[static REPLICA_GENERATIONS], size_t *ret_n,
			struct err *err)
{
	AUTO_FREE char *text = calloc(1, MAX_TEXT);
	int r;

	if (!text)
		return err_set(err, -ENOMEM, "generations: out of memory");
	r = replica_run_list(conf, text, MAX_TEXT, err);
	if (!r)
		*ret_n = replica_generations_parse(text, ret);
	return r;
}
