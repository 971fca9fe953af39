/* SPDX-License-Identifier: GPL-2.0-only */
/* Join strings: what is accepted is printed as the same text. */
#include <stdlib.h>
#include <string.h>
#include "lib/join.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	AUTO_FREE char *text = malloc(size + 1);
	char out[JOIN_TEXT_LEN];
	struct join join;
	struct err err = {};

	memcpy(text, data, size);
	text[size] = '\0';
	if (join_parse(text, &join, &err)) {
		if (!err.text[0])
			abort();
		return 0;
	}
	if (join.n_pins < 2 || join.n_pins > TLS_MAX_PINS || !join.port ||
	    strcmp(join_text(out, &join), text))
		abort();
	return 0;
}
