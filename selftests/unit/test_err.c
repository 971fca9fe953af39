/* SPDX-License-Identifier: GPL-2.0-only */
#include "test.h"
#include "lib/err.h"

static void set_gives_code_and_text(void **state UNUSED)
{
	struct err err;

	assert_int_equal(err_set(&err, -EINVAL, "bad %d", 7), -EINVAL);
	assert_int_equal(err.code, -EINVAL);
	assert_string_equal(err.text, "bad 7");
}

static void sys_adds_the_reason(void **state UNUSED)
{
	struct err err;

	assert_int_equal(err_sys(&err, -ENOENT, "file"), -ENOENT);
	assert_string_equal(err.text, "file: No such file or directory");
}

static void prefix_goes_in_front_and_keeps_the_code(void **state UNUSED)
{
	struct err err;

	err_set(&err, -EIO, "disk");
	assert_int_equal(err_prefix(&err, "save %s", "x"), -EIO);
	assert_string_equal(err.text, "save x: disk");
}

static void null_is_allowed(void **state UNUSED)
{
	assert_int_equal(err_set(NULL, -EINVAL, "x"), -EINVAL);
	assert_int_equal(err_sys(NULL, -EIO, "x"), -EIO);
	assert_int_equal(err_prefix(NULL, "x"), -EIO);
}

static void long_texts_are_cut_and_terminated(void **state UNUSED)
{
	char text[2 * ERR_TEXT_LEN];
	struct err err;

	memset(text, 'a', sizeof(text) - 1);
	text[sizeof(text) - 1] = '\0';
	err_sys(&err, -EIO, "%s", text);
	assert_int_equal(strlen(err.text), ERR_TEXT_LEN - 1);
	err_prefix(&err, "%s", text);
	assert_int_equal(strlen(err.text), ERR_TEXT_LEN - 1);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(set_gives_code_and_text),
		cmocka_unit_test(sys_adds_the_reason),
		cmocka_unit_test(prefix_goes_in_front_and_keeps_the_code),
		cmocka_unit_test(null_is_allowed),
		cmocka_unit_test(long_texts_are_cut_and_terminated),
	};

	return RUN_TESTS(tests);
}
