/* SPDX-License-Identifier: GPL-2.0-only */
#include "opt.h"

#include <stdint.h>
#include <string.h>
#include "log.h"
#include "parse.h"

#define HELP_COLUMN 30
#define WORD_SHOWN_LEN 80

struct opt_run {
	const struct opt *opts;
	int argc;
	char **argv;
	int pos; /* word being read */
	char *into;
	struct err *err;
};

/* argv is the user's own, yet it goes to a terminal or a log: escaped like all foreign text. */
static int refuse(struct opt_run *run, const char *what, const char *word, size_t len)
{
	char shown[WORD_SHOWN_LEN];

	return err_set(run->err, -EINVAL, "%s%s", what, log_esc(shown, sizeof(shown), word, len));
}

static int set_value(struct opt_run *run, const struct opt *opt, const char *value)
{
	char *field = run->into + opt->offset;
	uint32_t u32;
	uint16_t u16;
	int r = 0;

	switch (opt->type) {
	case OPT_FLAG:
		*(bool *)field = true;
		break;
	case OPT_TEXT:
		memcpy(field, &value, sizeof(value));
		break;
	case OPT_U16:
		r = parse_u16(value, 0, UINT16_MAX, &u16);
		if (!r)
			memcpy(field, &u16, sizeof(u16));
		break;
	case OPT_U32:
		r = parse_u32(value, 0, UINT32_MAX, &u32);
		if (!r)
			memcpy(field, &u32, sizeof(u32));
		break;
	}
	if (!r)
		return 0;
	refuse(run, "not a number in range: ", value, strlen(value));
	err_prefix(run->err, "--%s", opt->name);
	return -EINVAL;
}

/* `attached` is what stood in the same word, or NULL: then the next word is the argument. */
static int take(struct opt_run *run, const struct opt *opt, const char *attached)
{
	if (attached)
		return set_value(run, opt, attached);
	if (run->pos + 1 >= run->argc)
		return err_set(run->err, -EINVAL, "--%s needs %s behind it", opt->name, opt->arg);
	return set_value(run, opt, run->argv[++run->pos]);
}

static int parse_long(struct opt_run *run, const char *word)
{
	const char *end = strchrnul(word, '=');
	size_t len = (size_t)(end - word);

	for (const struct opt *o = run->opts; o->name; o++) {
		if (strlen(o->name) != len || memcmp(o->name, word, len))
			continue;
		if (o->type != OPT_FLAG)
			return take(run, o, *end ? end + 1 : NULL);
		if (*end)
			return err_set(run->err, -EINVAL, "--%s takes no value", o->name);
		return set_value(run, o, NULL);
	}
	return refuse(run, "unknown option --", word, len);
}

static int parse_short(struct opt_run *run, const char *p)
{
	for (; *p; p++) {
		const struct opt *o = run->opts;
		int r;

		while (o->name && o->short_name != *p)
			o++;
		if (!o->name)
			return refuse(run, "unknown option -", p, 1);
		if (o->type != OPT_FLAG)
			return take(run, o, p[1] ? p + 1 : NULL);
		r = set_value(run, o, NULL);
		if (r)
			return r;
	}
	return 0;
}

/* Moves argv[from..to) in front of the words that begin at `at`. */
static void move_front(char **argv, int at, int from, int to)
{
	for (; from < to; from++, at++) {
		char *word = argv[from];

		memmove(&argv[at + 1], &argv[at], (size_t)(from - at) * sizeof(*argv));
		argv[at] = word;
	}
}

int opt_parse(const struct opt *opts, int argc, char **argv, unsigned int flags, void *into,
	      int *ret_next, struct err *err)
{
	struct opt_run run = {.opts = opts, .argc = argc, .argv = argv, .into = into, .err = err};
	int words = 1; /* first word that is no option, once moved */

	for (run.pos = 1; run.pos < argc; run.pos++) {
		const char *word = argv[run.pos];
		int from = run.pos, r = 0;
		bool end = !strcmp(word, "--");

		if (!end && (word[0] != '-' || !word[1])) {
			if (flags & OPT_STOP_AT_WORD)
				break;
			continue;
		}
		if (!end)
			r = word[1] == '-' ? parse_long(&run, word + 2)
					   : parse_short(&run, word + 1);
		if (r)
			return r;
		move_front(argv, words, from, run.pos + 1);
		words += run.pos + 1 - from;
		if (end)
			break;
	}
	*ret_next = words;
	return 0;
}

void opt_print_help(FILE *out, const struct opt *opts)
{
	for (const struct opt *o = opts; o->name; o++) {
		const char *line = o->help;
		int n;

		n = fprintf(out, "  %c%c%s --%s%s%s", o->short_name ? '-' : ' ',
			    o->short_name ? o->short_name : ' ', o->short_name ? "," : " ", o->name,
			    o->arg ? " " : "", o->arg ? o->arg : "");
		if (n >= HELP_COLUMN) {
			fputc('\n', out);
			n = 0;
		}
		for (;;) {
			const char *end = strchrnul(line, '\n');

			fprintf(out, "%*s%.*s\n", HELP_COLUMN - n, "", (int)(end - line), line);
			if (!*end)
				break;
			line = end + 1;
			n = 0;
		}
	}
}
