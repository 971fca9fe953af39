/* SPDX-License-Identifier: GPL-2.0-only */
/* A label's rules: what is accepted prints in a canonical text that parses to the same rules. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include "lib/firewall.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct sc_firewall rules = {}, again = {};
	char *text = malloc(size + 1), out[FIREWALL_TEXT_LEN];
	struct err err = {};

	memcpy(text, data, size);
	text[size] = '\0';
	if (firewall_parse(text, &rules, &err)) {
		if (!err.text[0] || rules.n)
			abort();
	} else if (rules.n > SC_MAX_RULES ||
		   firewall_parse(firewall_text(out, &rules), &again, &err) ||
		   memcmp(&rules, &again, sizeof(rules))) {
		abort();
	}
	free(text);
	return 0;
}
