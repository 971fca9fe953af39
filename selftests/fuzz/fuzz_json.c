/* SPDX-License-Identifier: GPL-2.0-only */
/* Foreign JSON: what is accepted can be printed and is accepted again; errors are plain text. */
#include <stdlib.h>
#include <string.h>
#include "lib/json.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check_text(const struct err *err)
{
	if (!err->text[0] || !memchr(err->text, '\0', sizeof(err->text)))
		abort();
	for (const char *p = err->text; *p; p++) {
		if ((unsigned char)*p < 0x20 || (unsigned char)*p > 0x7e)
			abort();
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const char *const known[] = {"pubkey", "ipv4", NULL};
	AUTO_JSON json_t *json = NULL, *again = NULL;
	AUTO_FREE char *text = NULL;
	struct err err = {};
	const char *key;
	uint64_t n;
	bool b;

	if (json_parse((const char *)data, size, "body", &json, &err)) {
		check_text(&err);
		return 0;
	}
	if (json_only(json, known, &err))
		check_text(&err);
	if (json_get_string(json, "pubkey", &key, &err))
		check_text(&err);
	if (json_get_bool(json, "ipv4", &b, &err))
		check_text(&err);
	if (json_get_u64(json, "n", 1, 100, &n, &err))
		check_text(&err);
	else if (n < 1 || n > 100)
		abort();
	text = json_dumps(json, JSON_COMPACT);
	if (!text || json_parse(text, strlen(text), "print", &again, NULL) ||
	    !json_equal(json, again))
		abort();
	return 0;
}
