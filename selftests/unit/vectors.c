/* SPDX-License-Identifier: GPL-2.0-only */
#include "test.h"
#include "vectors.h"
#include <stdio.h>
#include <stdlib.h>
#include "lib/file.h"

#define MAX_FILE_BYTES (4u << 20)

static void read_file(const char *name, char **ret_text, size_t *ret_len)
{
	struct err err = {};
	char path[128];

	snprintf(path, sizeof(path), "selftests/vectors/%s", name);
	if (file_read(path, MAX_FILE_BYTES, ret_text, ret_len, &err))
		fail_msg("%s", err.text);
}

char *vectors_text(const char *name)
{
	char *text = NULL;
	size_t len;

	read_file(name, &text, &len);
	return text;
}

json_t *vectors_json(const char *name)
{
	AUTO_FREE char *text = NULL;
	struct err err = {};
	json_t *json = NULL;
	size_t len;

	read_file(name, &text, &len);
	if (json_parse(text, len, name, &json, &err))
		fail_msg("%s", err.text);
	return json;
}

static int digit(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

struct bytes vectors_hex(const char *text)
{
	struct bytes b = {};

	for (; digit(text[0]) >= 0; text += 2) {
		assert_true(digit(text[1]) >= 0 && b.len < sizeof(b.data));
		b.data[b.len++] = (uint8_t)(digit(text[0]) << 4 | digit(text[1]));
	}
	assert_true(*text == '\0' || *text == '\n');
	return b;
}

struct bytes vectors_get(const json_t *obj, const char *key)
{
	const char *text = json_string_value(json_object_get(obj, key));

	return vectors_hex(text ? text : "");
}

struct bytes vectors_line(const char *text, const char *key, int occurrence)
{
	size_t len = strlen(key);

	for (; text; text = strchr(text, '\n'), text = text ? text + 1 : NULL) {
		if (!strncmp(text, key, len) && !strncmp(text + len, " = ", 3) && !occurrence--)
			return vectors_hex(text + len + 3);
	}
	fail_msg("no line \"%s\"", key);
	return (struct bytes){};
}

bool vectors_equal(const struct bytes *b, const void *data, size_t len)
{
	return b->len == len && !memcmp(b->data, data, len);
}
