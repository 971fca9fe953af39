/* SPDX-License-Identifier: GPL-2.0-only */
#include "test.h"
#include <fcntl.h>
#include <stdlib.h>
#include "lib/log.h"

/* Runs one log_at() with standard error in a pipe; returns what was written. */
static const char *logged(char out[static 2048], enum log_level max, enum log_level level,
			  const char *text)
{
	int fds[2], saved = dup(STDERR_FILENO);
	ssize_t n;

	assert_int_equal(pipe2(fds, O_CLOEXEC | O_NONBLOCK), 0);
	dup2(fds[1], STDERR_FILENO);
	log_init("test", max);
	log_at(level, "%s", text);
	dup2(saved, STDERR_FILENO);
	n = read(fds[0], out, 2047);
	out[n < 0 ? 0 : n] = '\0';
	close(fds[0]);
	close(fds[1]);
	close(saved);
	return out;
}

static void a_line_has_area_and_level(void **state UNUSED)
{
	char out[2048];

	unsetenv("JOURNAL_STREAM");
	assert_string_equal(logged(out, LOG_LVL_INFO, LOG_LVL_WARN, "hello"),
			    "test: warning: hello\n");
}

static void the_journal_gets_a_priority(void **state UNUSED)
{
	char out[2048];

	setenv("JOURNAL_STREAM", "1:2", 1);
	assert_string_equal(logged(out, LOG_LVL_INFO, LOG_LVL_ERR, "hello"), "<3>test: hello\n");
	unsetenv("JOURNAL_STREAM");
}

/* The time is cut out: "{"time":"2026-01-31T23:59:59.123Z" has 34 characters. */
static void as_json_a_line_is_an_object(void **state UNUSED)
{
	char out[2048];

	log_json(true);
	logged(out, LOG_LVL_INFO, LOG_LVL_WARN, "a \"b\" \\ \n\x80");
	assert_memory_equal(out, "{\"time\":\"20", 11);
	assert_string_equal(out + 34, ",\"level\":\"warning\",\"area\":\"test\","
				      "\"text\":\"a \\\"b\\\" \\\\ \\u000a\\u0080\"}\n");
	setenv("JOURNAL_STREAM", "1:2", 1);
	logged(out, LOG_LVL_INFO, LOG_LVL_ERR, "x");
	assert_memory_equal(out, "<3>{\"time\"", 10);
	unsetenv("JOURNAL_STREAM");
	log_json(false);
}

static void a_long_object_is_cut_and_still_one(void **state UNUSED)
{
	char text[3000], out[2048];
	size_t len;

	memset(text, '"', sizeof(text) - 1);
	text[sizeof(text) - 1] = '\0';
	log_json(true);
	logged(out, LOG_LVL_INFO, LOG_LVL_INFO, text);
	log_json(false);
	len = strlen(out);
	assert_true(len < 1024);
	assert_string_equal(out + len - 5, "\\\"\"}\n");
}

static void levels_above_max_are_silent(void **state UNUSED)
{
	char out[2048];

	assert_string_equal(logged(out, LOG_LVL_INFO, LOG_LVL_DEBUG, "hello"), "");
}

static void a_long_line_is_cut_and_still_ends(void **state UNUSED)
{
	char text[3000], out[2048];

	memset(text, 'a', sizeof(text) - 1);
	text[sizeof(text) - 1] = '\0';
	logged(out, LOG_LVL_INFO, LOG_LVL_INFO, text);
	assert_int_equal(strlen(out), 1023);
	assert_int_equal(out[1022], '\n');
	assert_int_equal(out[1021], 'a');
}

static void esc_keeps_printable_ascii_only(void **state UNUSED)
{
	char out[64];

	assert_string_equal(log_esc(out, sizeof(out), "a b~", 4), "a b~");
	assert_string_equal(log_esc(out, sizeof(out), "a\n\\\x7f\xff", 5), "a\\x0a\\x5c\\x7f\\xff");
	assert_string_equal(log_esc(out, sizeof(out), "a\0b", 3), "a\\x00b");
	assert_string_equal(log_esc(out, sizeof(out), "", 0), "");
}

static void esc_cuts_with_dots_in_every_size(void **state UNUSED)
{
	char out[32];

	for (size_t size = 1; size < sizeof(out); size++) {
		memset(out, 'x', sizeof(out));
		log_esc(out, size, "a\nb\nc\nd\ne\nf\n", 12);
		assert_true(strlen(out) < size);
		for (size_t i = size; i < sizeof(out); i++)
			assert_int_equal(out[i], 'x');
	}
	assert_string_equal(log_esc(out, 9, "abcdefghijkl", 12), "abcde...");
}

static void esc_fills_the_buffer_when_all_fits(void **state UNUSED)
{
	char out[5];

	assert_string_equal(log_esc(out, sizeof(out), "abcd", 4), "abcd");
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_line_has_area_and_level),
		cmocka_unit_test(the_journal_gets_a_priority),
		cmocka_unit_test(as_json_a_line_is_an_object),
		cmocka_unit_test(a_long_object_is_cut_and_still_one),
		cmocka_unit_test(levels_above_max_are_silent),
		cmocka_unit_test(a_long_line_is_cut_and_still_ends),
		cmocka_unit_test(esc_keeps_printable_ascii_only),
		cmocka_unit_test(esc_cuts_with_dots_in_every_size),
		cmocka_unit_test(esc_fills_the_buffer_when_all_fits),
	};

	return RUN_TESTS(tests);
}
