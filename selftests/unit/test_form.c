/* SPDX-License-Identifier: GPL-2.0-only */
#include "test.h"
#include "lib/form.h"

static const struct {
	const char *text, *json; /* NULL = refused */
} cases[] = {
	{"", "{}"},
	{"&&", "{}"},
	{"a=1&b=2", "{\"a\":\"1\",\"b\":\"2\"}"},
	{"a=b+c%20d%2B", "{\"a\":\"b c d+\"}"},
	{"a", "{\"a\":\"\"}"},
	{"a=", "{\"a\":\"\"}"},
	{"=x", "{\"\":\"x\"}"},
	{"a=b=c", "{\"a\":\"b=c\"}"},
	{"%61%3d=1", "{\"a=\":\"1\"}"},
	{"a=%C3%A9", "{\"a\":\"\\u00E9\"}"},
	{"a=1&a=2", NULL},
	{"a=1&%61=2", NULL},
	{"a=%", NULL},
	{"a=%4", NULL},
	{"a=%4g", NULL},
	{"%zz=1", NULL},
	{"a=%00", NULL},
	{"a=%ff", NULL},
	{"%c3=1", NULL},
};

static void test_parse(UNUSED void **state)
{
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		AUTO_JSON json_t *json = NULL;
		AUTO_FREE char *text = NULL;
		struct err err = {};
		int r = form_parse(cases[i].text, strlen(cases[i].text), &json, &err);

		if (!cases[i].json) {
			assert_int_equal(r, -EINVAL);
			assert_null(json);
			assert_true(err.text[0]);
			continue;
		}
		assert_int_equal(r, 0);
		text = json_dumps(json, JSON_COMPACT | JSON_ENSURE_ASCII | JSON_SORT_KEYS);
		assert_string_equal(text, cases[i].json);
	}
}

static void test_fields_are_bounded(UNUSED void **state)
{
	char text[FORM_MAX_FIELDS * 8 + 16] = "";
	json_t *json = NULL;
	size_t len = 0;

	for (int i = 0; i < FORM_MAX_FIELDS; i++)
		len += (size_t)snprintf(text + len, sizeof(text) - len, "%sa%d", i ? "&" : "", i);
	assert_int_equal(form_parse(text, len, &json, NULL), 0);
	assert_int_equal(json_object_size(json), FORM_MAX_FIELDS);
	json_decref(json);
	json = NULL;
	len += (size_t)snprintf(text + len, sizeof(text) - len, "&b");
	assert_int_equal(form_parse(text, len, &json, NULL), -EINVAL);
	assert_null(json);
}

static void test_decode(UNUSED void **state)
{
	char out[4] = "old";

	assert_int_equal(form_decode("a+b", 3, out, sizeof(out)), 0);
	assert_string_equal(out, "a+b");
	assert_int_equal(form_decode("%2f%2F", 6, out, sizeof(out)), 0);
	assert_string_equal(out, "//");
	assert_int_equal(form_decode("abcd", 4, out, sizeof(out)), -ENOSPC);
	assert_int_equal(form_decode("%0", 2, out, sizeof(out)), -EINVAL);
	assert_int_equal(form_decode("%00", 3, out, sizeof(out)), -EINVAL);
	assert_string_equal(out, "//");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_parse),
		cmocka_unit_test(test_fields_are_bounded),
		cmocka_unit_test(test_decode),
	};

	return RUN_TESTS(tests);
}
