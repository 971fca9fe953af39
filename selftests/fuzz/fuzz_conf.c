/* SPDX-License-Identifier: GPL-2.0-only */
/* Configurations: what is accepted prints in a canonical form that parses to the same print. */
// link: relay/conf.c relay/conf_check.c relay/conf_key.c relay/conf_print.c relay/conf_yaml.c
#include <stdlib.h>
#include <string.h>
#include "relay/conf.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static char *print(const struct conf *conf, size_t *ret_len)
{
	char *text = NULL;
	FILE *out = open_memstream(&text, ret_len);

	if (!out)
		abort();
	conf_print(out, conf);
	fclose(out);
	return text;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct conf conf, again;
	AUTO_FREE char *first = NULL, *second = NULL;
	size_t first_len, second_len;
	struct err err = {};

	if (conf_parse((const char *)data, size, "f", &conf, &err)) {
		if (!err.text[0] || !memchr(err.text, '\0', sizeof(err.text)))
			abort();
		return 0;
	}
	first = print(&conf, &first_len);
	if (conf_parse(first, first_len, "print", &again, &err))
		abort();
	second = print(&again, &second_len);
	if (first_len != second_len || memcmp(first, second, first_len))
		abort();
	return 0;
}
