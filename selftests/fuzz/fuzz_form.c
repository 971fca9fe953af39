/* SPDX-License-Identifier: GPL-2.0-only */
/* Foreign forms and paths: what is accepted is an object of strings without NUL. */
#include <stdlib.h>
#include <string.h>
#include "lib/form.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	AUTO_JSON json_t *json = NULL;
	struct err err = {};
	const char *key;
	json_t *value;
	char out[64];

	if (!form_decode((const char *)data, size, out, sizeof(out)) &&
	    (!memchr(out, '\0', sizeof(out)) || strlen(out) > size))
		abort();
	if (form_parse((const char *)data, size, &json, &err)) {
		if (!err.text[0] || json)
			abort();
		return 0;
	}
	if (json_object_size(json) > FORM_MAX_FIELDS)
		abort();
	json_object_foreach (json, key, value) {
		if (!json_is_string(value) ||
		    strlen(json_string_value(value)) != json_string_length(value))
			abort();
	}
	return 0;
}
