/* SPDX-License-Identifier: GPL-2.0-only */
#include "test.h"
#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include "lib/file.h"

static char folder[] = "/tmp/test_file.XXXXXX";
static char path[64];

static int setup(void **state UNUSED)
{
	strcpy(folder + strlen(folder) - 6, "XXXXXX"); /* lint: our own text */
	if (!mkdtemp(folder))
		return -1;
	snprintf(path, sizeof(path), "%s/f", folder);
	return 0;
}

static int teardown(void **state UNUSED)
{
	unlink(path);
	return rmdir(folder);
}

static void what_is_written_is_read(void **state UNUSED)
{
	AUTO_FREE char *text = NULL;
	size_t len;

	assert_int_equal(file_write_atomic(path, 0600, "a\0b", 3, NULL), 0);
	assert_int_equal(file_read(path, 3, &text, &len, NULL), 0);
	assert_int_equal(len, 3);
	assert_memory_equal(text, "a\0b", 4);
}

static void an_empty_file_is_an_empty_text(void **state UNUSED)
{
	AUTO_FREE char *text = NULL;
	size_t len;

	assert_int_equal(file_write_atomic(path, 0600, "", 0, NULL), 0);
	assert_int_equal(file_read(path, 10, &text, &len, NULL), 0);
	assert_int_equal(len, 0);
	assert_string_equal(text, "");
}

static void too_large_is_refused(void **state UNUSED)
{
	AUTO_FREE char *text = NULL;
	struct err err;

	assert_int_equal(file_write_atomic(path, 0600, "abcd", 4, NULL), 0);
	assert_int_equal(file_read(path, 3, &text, NULL, &err), -EFBIG);
	assert_null(text);
	assert_non_null(strstr(err.text, "larger than 3 bytes"));
}

static void a_missing_file_is_named(void **state UNUSED)
{
	AUTO_FREE char *text = NULL;
	struct err err;

	assert_int_equal(file_read("/nowhere/x", 3, &text, NULL, &err), -ENOENT);
	assert_string_equal(err.text, "/nowhere/x: No such file or directory");
}

static void mode_is_that_asked_for_even_over_a_leftover(void **state UNUSED)
{
	char leftover[80];
	struct stat st;
	FILE *f;

	snprintf(leftover, sizeof(leftover), "%s.new", path);
	f = fopen(leftover, "w");
	assert_non_null(f);
	fclose(f);
	assert_int_equal(file_write_atomic(path, 0600, "x", 1, NULL), 0);
	assert_int_equal(stat(path, &st), 0);
	assert_int_equal(st.st_mode & 0777, 0600);
	assert_int_equal(access(leftover, F_OK), -1);
}

static void a_failed_write_leaves_nothing(void **state UNUSED)
{
	struct err err;

	assert_int_equal(file_write_atomic("/nowhere/x", 0600, "x", 1, &err), -ENOENT);
	/* A folder in the way: rename fails. */
	assert_int_equal(mkdir(path, 0700), 0);
	assert_true(file_write_atomic(path, 0600, "x", 1, &err) < 0);
	assert_int_equal(rmdir(path), 0);
}

static void sysctl_needs_an_existing_file(void **state UNUSED)
{
	AUTO_FREE char *text = NULL;

	assert_int_equal(file_write_sysctl(path, "1", NULL), -ENOENT);
	assert_int_equal(file_write_atomic(path, 0600, "0", 1, NULL), 0);
	assert_int_equal(file_write_sysctl(path, "1", NULL), 0);
	assert_int_equal(file_read(path, 3, &text, NULL, NULL), 0);
	assert_string_equal(text, "1");
}

static void a_lock_is_held_until_its_descriptor_goes(void **state UNUSED)
{
	int first = -1, second = -1;

	assert_int_equal(file_lock(path, &first, NULL), 0);
	assert_int_equal(file_lock(path, &second, NULL), -EBUSY);
	assert_int_equal(second, -1);
	close(first);
	assert_int_equal(file_lock(path, &second, NULL), 0);
	close(second);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
	static const struct CMUnitTest tests[] = {
		TEST(what_is_written_is_read),
		TEST(an_empty_file_is_an_empty_text),
		TEST(too_large_is_refused),
		TEST(a_missing_file_is_named),
		TEST(mode_is_that_asked_for_even_over_a_leftover),
		TEST(a_failed_write_leaves_nothing),
		TEST(sysctl_needs_an_existing_file),
		TEST(a_lock_is_held_until_its_descriptor_goes),
	};

	return RUN_TESTS(tests);
}
