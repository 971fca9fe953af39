/* SPDX-License-Identifier: GPL-2.0-only */
#include "test.h"
#include <stdio.h>
#include <stdlib.h>
#include "lib/opt.h"

struct args {
	const char *config;
	bool check, verbose;
	uint16_t port;
	uint32_t count;
};

static const struct opt opts[] = {
	{"config", 'c', "FILE", "read FILE", OPT_TEXT, offsetof(struct args, config)},
	{"check", 'n', NULL, "check only,\nthen leave", OPT_FLAG, offsetof(struct args, check)},
	{"verbose", 'v', NULL, "say more", OPT_FLAG, offsetof(struct args, verbose)},
	{"port", 0, "PORT", "listen there", OPT_U16, offsetof(struct args, port)},
	{"count-of-many-long-things", 0, "NUMBER", "so many", OPT_U32,
	 offsetof(struct args, count)},
	{},
};

static struct args args;
static struct err err;
static int next;

static char copies[16][64];
static char *words[16]; /* what opt_parse() left behind the options */

/* Gives opt_parse() a command line that it may reorder. The last word is followed by NULL. */
static int parse(unsigned int flags, ...)
{
	char *argv[16] = {copies[0]};
	int argc = 1, r;
	const char *word;
	va_list ap;

	va_start(ap, flags);
	while ((word = va_arg(ap, const char *)) != NULL) {
		snprintf(copies[argc], sizeof(copies[argc]), "%s", word);
		argv[argc] = copies[argc];
		argc++;
	}
	va_end(ap);
	args = (struct args){};
	next = -1;
	r = opt_parse(opts, argc, argv, flags, &args, &next, &err);
	memset(words, 0, sizeof(words));
	for (int i = 0; !r && next + i < argc; i++)
		words[i] = argv[next + i];
	return r;
}

static void nothing_given_changes_nothing(void **state UNUSED)
{
	assert_int_equal(parse(0, NULL), 0);
	assert_int_equal(next, 1);
	assert_null(args.config);
	assert_false(args.check);
}

static void all_forms_of_an_argument_are_the_same(void **state UNUSED)
{
	assert_int_equal(parse(0, "--config", "f", NULL), 0);
	assert_string_equal(args.config, "f");
	assert_int_equal(parse(0, "--config=f=g", NULL), 0);
	assert_string_equal(args.config, "f=g");
	assert_int_equal(parse(0, "--config=", NULL), 0);
	assert_string_equal(args.config, "");
	assert_int_equal(parse(0, "-c", "-n", NULL), 0);
	assert_string_equal(args.config, "-n");
	assert_false(args.check);
	assert_int_equal(parse(0, "-cf", NULL), 0);
	assert_string_equal(args.config, "f");
}

static void flags_can_be_grouped(void **state UNUSED)
{
	assert_int_equal(parse(0, "-nvc", "f", NULL), 0);
	assert_true(args.check);
	assert_true(args.verbose);
	assert_string_equal(args.config, "f");
}

static void the_last_one_counts(void **state UNUSED)
{
	assert_int_equal(parse(0, "-ca", "-cb", NULL), 0);
	assert_string_equal(args.config, "b");
}

static void numbers_are_checked(void **state UNUSED)
{
	assert_int_equal(parse(0, "--port", "65535", NULL), 0);
	assert_int_equal(args.port, 65535);
	assert_int_equal(parse(0, "--port=65536", NULL), -EINVAL);
	assert_string_equal(err.text, "--port: not a number in range: 65536");
	assert_int_equal(parse(0, "--port=8x\n", NULL), -EINVAL);
	assert_string_equal(err.text, "--port: not a number in range: 8x\\x0a");
	assert_int_equal(parse(0, "--count-of-many-long-things=4294967295", NULL), 0);
	assert_true(args.count == UINT32_MAX);
}

static void mistakes_are_named(void **state UNUSED)
{
	assert_int_equal(parse(0, "--conf", "f", NULL), -EINVAL);
	assert_string_equal(err.text, "unknown option --conf");
	assert_int_equal(parse(0, "--configs=f", NULL), -EINVAL);
	assert_string_equal(err.text, "unknown option --configs");
	assert_int_equal(parse(0, "-nx", NULL), -EINVAL);
	assert_string_equal(err.text, "unknown option -x");
	assert_int_equal(parse(0, "--config", NULL), -EINVAL);
	assert_string_equal(err.text, "--config needs FILE behind it");
	assert_int_equal(parse(0, "-c", NULL), -EINVAL);
	assert_int_equal(parse(0, "--check=yes", NULL), -EINVAL);
	assert_string_equal(err.text, "--check takes no value");
	assert_int_equal(parse(0, "--=x", NULL), -EINVAL);
}

static void words_move_behind_the_options(void **state UNUSED)
{
	assert_int_equal(parse(0, "a", "-c", "f", "-", "-n", "b", NULL), 0);
	assert_int_equal(next, 4);
	assert_string_equal(words[0], "a");
	assert_string_equal(words[1], "-");
	assert_string_equal(words[2], "b");
	assert_null(words[3]);
	assert_string_equal(args.config, "f");
	assert_true(args.check);
}

static void two_dashes_end_the_options(void **state UNUSED)
{
	assert_int_equal(parse(0, "a", "-n", "--", "-v", "--config", NULL), 0);
	assert_true(args.check);
	assert_false(args.verbose);
	assert_string_equal(words[0], "a");
	assert_string_equal(words[1], "-v");
	assert_string_equal(words[2], "--config");
}

static void stop_at_word_leaves_the_rest_alone(void **state UNUSED)
{
	assert_int_equal(parse(OPT_STOP_AT_WORD, "-n", "peer", "--json", NULL), 0);
	assert_int_equal(next, 2);
	assert_string_equal(words[0], "peer");
	assert_string_equal(words[1], "--json");
	assert_int_equal(parse(OPT_STOP_AT_WORD, "--", "-n", NULL), 0);
	assert_string_equal(words[0], "-n");
	assert_false(args.check);
}

static void help_has_every_option(void **state UNUSED)
{
	static const char want[] = "  -c, --config FILE           read FILE\n"
				   "  -n, --check                 check only,\n"
				   "                              then leave\n"
				   "  -v, --verbose               say more\n"
				   "      --port PORT             listen there\n"
				   "      --count-of-many-long-things NUMBER\n"
				   "                              so many\n";
	AUTO_FREE char *text = NULL;
	size_t len;
	FILE *f = open_memstream(&text, &len);

	opt_print_help(f, opts);
	fclose(f);
	assert_string_equal(text, want);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(nothing_given_changes_nothing),
		cmocka_unit_test(all_forms_of_an_argument_are_the_same),
		cmocka_unit_test(flags_can_be_grouped),
		cmocka_unit_test(the_last_one_counts),
		cmocka_unit_test(numbers_are_checked),
		cmocka_unit_test(mistakes_are_named),
		cmocka_unit_test(words_move_behind_the_options),
		cmocka_unit_test(two_dashes_end_the_options),
		cmocka_unit_test(stop_at_word_leaves_the_rest_alone),
		cmocka_unit_test(help_has_every_option),
	};

	return RUN_TESTS(tests);
}
