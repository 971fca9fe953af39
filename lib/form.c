/* SPDX-License-Identifier: GPL-2.0-only */
#include "form.h"

#include <stdlib.h>
#include <string.h>

static int hex_of(char c)
{
	static const char digits[] = "0123456789abcdef";
	const char *at;

	if (c >= 'A' && c <= 'F')
		c = (char)(c - 'A' + 'a');
	at = c ? strchr(digits, c) : NULL;
	return at ? (int)(at - digits) : -1;
}

/* Decoding never makes text longer. */
static int decode(const char *text, size_t len, bool plus, char *out, size_t *ret_len)
{
	size_t n = 0;

	for (size_t i = 0; i < len; i++) {
		char c = text[i];

		if (c == '%') {
			int high = len - i > 2 ? hex_of(text[i + 1]) : -1;
			int low = len - i > 2 ? hex_of(text[i + 2]) : -1;

			if (high < 0 || low < 0)
				return -EINVAL;
			c = (char)(high << 4 | low);
			i += 2;
		} else if (c == '+' && plus) {
			c = ' ';
		}
		if (!c)
			return -EINVAL;
		out[n++] = c;
	}
	out[n] = '\0';
	*ret_len = n;
	return 0;
}

int form_decode(const char *text, size_t len, char *out, size_t size)
{
	AUTO_FREE char *copy = malloc(len + 1);
	size_t n;
	int r;

	if (!copy)
		return -ENOMEM;
	r = decode(text, len, false, copy, &n);
	if (r)
		return r;
	if (n >= size)
		return -ENOSPC;
	memcpy(out, copy, n + 1);
	return 0;
}

static int add_field(json_t *json, const char *text, size_t len, char *buf, struct err *err)
{
	const char *equals = memchr(text, '=', len);
	size_t name_len = equals ? (size_t)(equals - text) : len;
	char *value = buf + name_len + 1;
	size_t value_len = 0;
	json_t *string;

	if (decode(text, name_len, true, buf, &name_len))
		return err_set(err, -EINVAL, "form: an invalid percent-encoding in a name");
	value[0] = '\0';
	if (equals &&
	    decode(equals + 1, len - (size_t)(equals + 1 - text), true, value, &value_len))
		return err_set(err, -EINVAL, "form: an invalid percent-encoding in a value");
	/* RFC 6749 section 3.2: no parameter more than once. */
	if (json_object_get(json, buf))
		return err_set(err, -EINVAL, "form: a name stands there twice");
	if (json_object_size(json) == FORM_MAX_FIELDS)
		return err_set(err, -EINVAL, "form: more than %d fields", FORM_MAX_FIELDS);
	string = json_stringn(value, value_len);
	if (!string || json_object_set_new(json, buf, string))
		return err_set(err, -EINVAL, "form: text that is not UTF-8");
	return 0;
}

int form_parse(const char *text, size_t len, json_t **ret_json, struct err *err)
{
	AUTO_JSON json_t *json = json_object();
	AUTO_FREE char *buf = malloc(len + 2);
	size_t at = 0;

	if (!json || !buf)
		return err_set(err, -ENOMEM, "form: out of memory");
	while (at < len) {
		const char *end = memchr(text + at, '&', len - at);
		size_t n = end ? (size_t)(end - text) - at : len - at;
		int r = n ? add_field(json, text + at, n, buf, err) : 0;

		if (r)
			return r;
		at += n + 1;
	}
	*ret_json = steal(&json);
	return 0;
}
