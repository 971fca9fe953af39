/* SPDX-License-Identifier: GPL-2.0-only */
#include "test.h"
#include "lib/json.h"

static json_t *good(const char *text)
{
	json_t *json = NULL;
	struct err err;

	if (json_parse(text, strlen(text), "body", &json, &err))
		fail_msg("%s", err.text);
	return json;
}

static const char *bad(const char *text, size_t len)
{
	static struct err err;
	json_t *json = NULL;

	assert_int_equal(json_parse(text, len, "body", &json, &err), -EINVAL);
	assert_null(json);
	return err.text;
}

static void an_object_is_read(void **state UNUSED)
{
	AUTO_JSON json_t *json = good("{\"a\": \"x\", \"b\": true, \"n\": 7}");
	const char *text;
	uint64_t n;
	bool b = false;

	assert_int_equal(json_get_string(json, "a", &text, NULL), 0);
	assert_string_equal(text, "x");
	assert_int_equal(json_get_bool(json, "b", &b, NULL), 0);
	assert_true(b);
	assert_int_equal(json_get_u64(json, "n", 7, 7, &n, NULL), 0);
	assert_int_equal(n, 7);
}

static void place_and_name_are_told(void **state UNUSED)
{
	assert_ptr_equal(strstr(bad("{\n \"a\" 1}", 9), "body: line 2, column "),
			 bad("{\n \"a\" 1}", 9));
}

static void each_of_these_is_refused(void **state UNUSED)
{
	static const char *const texts[] = {
		"",
		" ",
		"{",
		"{}x",
		"{} {}",
		"1",
		"\"a\"",
		"null",
		"{\"a\":1,}",
		"{a:1}",
		"{\"a\":01}",
		"{\"a\":.5}",
		"{\"a\":1e999}",
		"{\"a\":NaN}",
		"[1 2]",
		"{\"a\":\"\xff\"}",
		"{\"a\":\"\\ud800\"}",
		"{\"a\":\"\n\"}",
		"{\"a\":\"\\u0000\"}",
		"{\"a\":1,\"a\":2}",
		"{\"a\":99999999999999999999}",
	};

	for (size_t i = 0; i < ARRAY_SIZE(texts); i++)
		bad(texts[i], strlen(texts[i]));
	bad("{}\0", 3);
	bad("{\"a\":\"x\0y\"}", 11);
}

static void half_a_text_is_refused_at_every_length(void **state UNUSED)
{
	static const char text[] = "{\"pubkey\": \"a\\\"b\", \"ipv4\": [true, {\"n\": -1.5e3}]}";

	for (size_t len = 0; len < sizeof(text) - 1; len++)
		bad(text, len);
	json_decref(good(text));
}

static void foreign_bytes_are_escaped_in_the_error(void **state UNUSED)
{
	const char *text = bad("{\"a\": \x1b[2J}", 11);

	assert_null(strchr(text, '\x1b'));
}

static void depth_is_limited_to_32(void **state UNUSED)
{
	char text[2 * (JSON_MAX_DEPTH + 1)];
	json_t *json;

	memset(text, '[', JSON_MAX_DEPTH);
	memset(text + JSON_MAX_DEPTH, ']', JSON_MAX_DEPTH);
	assert_int_equal(json_parse(text, 2 * JSON_MAX_DEPTH, "body", &json, NULL), 0);
	json_decref(json);
	memset(text, '[', JSON_MAX_DEPTH + 1);
	memset(text + JSON_MAX_DEPTH + 1, ']', JSON_MAX_DEPTH + 1);
	assert_string_equal(bad(text, sizeof(text)), "body: line 1: nested deeper than 32 levels");
}

static void brackets_inside_strings_are_no_depth(void **state UNUSED)
{
	json_decref(good("{\"a\\\"\": \"[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[\"}"));
}

static void missing_members_are_named(void **state UNUSED)
{
	AUTO_JSON json_t *json = good("{}");
	const char *text = "untouched";
	struct err err;

	assert_int_equal(json_get_string(json, "pubkey", &text, &err), -ENOENT);
	assert_string_equal(err.text, "pubkey: missing");
	assert_string_equal(text, "untouched");
}

static void wrong_types_are_named(void **state UNUSED)
{
	AUTO_JSON json_t *json = good("{\"s\": 1, \"b\": 1, \"n\": 1.0, \"m\": null}");
	const char *text;
	struct err err;
	uint64_t n;
	bool b;

	assert_int_equal(json_get_string(json, "s", &text, &err), -EINVAL);
	assert_string_equal(err.text, "s: expected a string");
	assert_int_equal(json_get_bool(json, "b", &b, &err), -EINVAL);
	assert_string_equal(err.text, "b: expected true or false");
	assert_int_equal(json_get_u64(json, "n", 0, 9, &n, &err), -EINVAL);
	assert_string_equal(err.text, "n: expected a whole number");
	assert_int_equal(json_get_string(json, "m", &text, &err), -EINVAL);
}

static void numbers_outside_are_refused(void **state UNUSED)
{
	AUTO_JSON json_t *json = good("{\"n\": 10, \"m\": -1}");
	struct err err;
	uint64_t n = 3;

	assert_int_equal(json_get_u64(json, "n", 0, 9, &n, &err), -ERANGE);
	assert_string_equal(err.text, "n: expected 0 to 9");
	assert_int_equal(json_get_u64(json, "n", 11, 19, &n, &err), -ERANGE);
	assert_int_equal(json_get_u64(json, "m", 0, UINT64_MAX, &n, &err), -ERANGE);
	assert_int_equal(n, 3);
}

static void an_array_is_no_object(void **state UNUSED)
{
	static const char *const known[] = {NULL};
	AUTO_JSON json_t *json = good("[]");
	bool b;

	assert_int_equal(json_get_bool(json, "b", &b, NULL), -EINVAL);
	assert_int_equal(json_only(json, known, NULL), -EINVAL);
}

static void unknown_members_are_refused(void **state UNUSED)
{
	static const char *const known[] = {"a", "b", NULL};
	AUTO_JSON json_t *json = good("{\"a\": 1}"), *more = good("{\"a\": 1, \"c\\n\": 2}");
	struct err err;

	assert_int_equal(json_only(json, known, &err), 0);
	assert_int_equal(json_only(more, known, &err), -EINVAL);
	assert_string_equal(err.text, "unknown member \"c\\x0a\"");
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(an_object_is_read),
		cmocka_unit_test(place_and_name_are_told),
		cmocka_unit_test(each_of_these_is_refused),
		cmocka_unit_test(half_a_text_is_refused_at_every_length),
		cmocka_unit_test(foreign_bytes_are_escaped_in_the_error),
		cmocka_unit_test(depth_is_limited_to_32),
		cmocka_unit_test(brackets_inside_strings_are_no_depth),
		cmocka_unit_test(missing_members_are_named),
		cmocka_unit_test(wrong_types_are_named),
		cmocka_unit_test(numbers_outside_are_refused),
		cmocka_unit_test(an_array_is_no_object),
		cmocka_unit_test(unknown_members_are_refused),
	};

	return RUN_TESTS(tests);
}
