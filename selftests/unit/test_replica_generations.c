/* SPDX-License-Identifier: GPL-2.0-only */
#include "test.h"
#include <string.h>
#include "relay/replica_generations.h"

static void newest_come_first(UNUSED void **state)
{
	char text[] = "name  generation        lag   start                 end\n"
		      "file  c231f61d49795fe8  5.3s  2026-11-26T07:14:54Z  2026-11-26T07:14:54Z\n"
		      "file  8b240c84e5c69ede  1s    2026-11-26T07:14:58Z  2026-11-26T07:14:58Z\n"
		      "file  dd964688b5c98231  3.2s  2026-11-26T07:14:52Z  2026-11-26T07:14:56Z\n";
	struct replica_generation g[REPLICA_GENERATIONS];

	assert_int_equal(replica_generations_parse(text, g), 3);
	assert_string_equal(g[0].name, "8b240c84e5c69ede");
	assert_string_equal(g[1].name, "dd964688b5c98231");
	assert_string_equal(g[1].end, "2026-11-26T07:14:56Z");
	assert_string_equal(g[2].name, "c231f61d49795fe8");
}

static void what_is_no_generation_is_left_out(UNUSED void **state)
{
	char text[] = "\nfile\nfile -x 1s a b\nfile 8b240c84e5c69edX 1s a b\n"
		      "time=2026 level=INFO msg=hello there you\n";
	struct replica_generation g[REPLICA_GENERATIONS];

	assert_int_equal(replica_generations_parse(text, g), 0);
}

static void the_oldest_of_too_many_are_left_out(UNUSED void **state)
{
	char text[4096];
	struct replica_generation g[REPLICA_GENERATIONS];
	size_t len = 0;

	for (int i = 0; i < 20; i++)
		len += (size_t)snprintf(text + len, sizeof(text) - len,
					"s3 %016x 1s a 2026-11-26T07:14:%02dZ\n", i * 7 % 20,
					i * 7 % 20);
	assert_int_equal(replica_generations_parse(text, g), REPLICA_GENERATIONS);
	assert_string_equal(g[0].end, "2026-11-26T07:14:19Z");
	assert_string_equal(g[REPLICA_GENERATIONS - 1].end, "2026-11-26T07:14:04Z");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(newest_come_first),
		cmocka_unit_test(what_is_no_generation_is_left_out),
		cmocka_unit_test(the_oldest_of_too_many_are_left_out),
	};

	return RUN_TESTS(tests);
}
