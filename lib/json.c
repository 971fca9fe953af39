/* SPDX-License-Identifier: GPL-2.0-only */
#include "json.h"

#include <stdint.h>
#include <string.h>
#include "log.h"

#define KEY_SHOWN_LEN 64

/*
 * jansson recurses once per level and has no limit of ours, so brackets outside of strings are
 * counted first. What is not JSON at all is left to jansson.
 */
static int check_depth(const char *text, size_t len, const char *what, struct err *err)
{
	bool in_string = false;
	int depth = 0, line = 1;

	for (size_t i = 0; i < len; i++) {
		char c = text[i];

		if (c == '\n')
			line++;
		if (in_string && c == '\\')
			i++;
		else if (c == '"')
			in_string = !in_string;
		else if (!in_string && (c == '{' || c == '['))
			depth++;
		else if (!in_string && (c == '}' || c == ']'))
			depth--;
		if (depth > JSON_MAX_DEPTH)
			return err_set(err, -EINVAL, "%s: line %d: nested deeper than %d levels",
				       what, line, JSON_MAX_DEPTH);
	}
	return 0;
}

int json_parse(const char *text, size_t len, const char *what, json_t **ret_json, struct err *err)
{
	char shown[128];
	json_error_t e;
	json_t *json;
	int r;

	r = check_depth(text, len, what, err);
	if (r)
		return r;
	json = json_loadb(text, len, JSON_REJECT_DUPLICATES, &e);
	if (!json)
		return err_set(err, -EINVAL, "%s: line %d, column %d: %s", what,
			       e.line < 0 ? 1 : e.line, e.column < 0 ? 0 : e.column,
			       log_esc(shown, sizeof(shown), e.text, strlen(e.text)));
	*ret_json = json;
	return 0;
}

static int get(const json_t *obj, const char *key, const json_t **ret, struct err *err)
{
	if (!json_is_object(obj))
		return err_set(err, -EINVAL, "expected an object with the member \"%s\"", key);
	*ret = json_object_get(obj, key);
	if (!*ret)
		return err_set(err, -ENOENT, "%s: missing", key);
	return 0;
}

int json_get_string(const json_t *obj, const char *key, const char **ret, struct err *err)
{
	const json_t *v;
	int r;

	r = get(obj, key, &v, err);
	if (r)
		return r;
	if (!json_is_string(v))
		return err_set(err, -EINVAL, "%s: expected a string", key);
	*ret = json_string_value(v);
	return 0;
}

int json_get_bool(const json_t *obj, const char *key, bool *ret, struct err *err)
{
	const json_t *v;
	int r;

	r = get(obj, key, &v, err);
	if (r)
		return r;
	if (!json_is_boolean(v))
		return err_set(err, -EINVAL, "%s: expected true or false", key);
	*ret = json_is_true(v);
	return 0;
}

int json_get_u64(const json_t *obj, const char *key, uint64_t min, uint64_t max, uint64_t *ret,
		 struct err *err)
{
	const json_t *v;
	json_int_t n;
	int r;

	r = get(obj, key, &v, err);
	if (r)
		return r;
	n = json_integer_value(v);
	if (!json_is_integer(v))
		return err_set(err, -EINVAL, "%s: expected a whole number", key);
	if (n < 0 || (uint64_t)n < min || (uint64_t)n > max)
		return err_set(err, -ERANGE, "%s: expected %ju to %ju", key, (uintmax_t)min,
			       (uintmax_t)max);
	*ret = (uint64_t)n;
	return 0;
}

static bool is_known(const char *const *known, const char *key)
{
	for (; *known; known++) {
		if (!strcmp(*known, key))
			return true;
	}
	return false;
}

int json_only(const json_t *obj, const char *const *known, struct err *err)
{
	char shown[KEY_SHOWN_LEN];
	const char *key;
	void *it;

	if (!json_is_object(obj))
		return err_set(err, -EINVAL, "expected an object");
	/* jansson's iterators take no const object, and change nothing. */
	for (it = json_object_iter((json_t *)(uintptr_t)obj); it;
	     it = json_object_iter_next((json_t *)(uintptr_t)obj, it)) {
		key = json_object_iter_key(it);
		if (!is_known(known, key))
			return err_set(err, -EINVAL, "unknown member \"%s\"",
				       log_esc(shown, sizeof(shown), key, strlen(key)));
	}
	return 0;
}
