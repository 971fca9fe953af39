/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Command line options by table: each names the field of a struct that it fills.
 *
 *	static const struct opt opts[] = {
 *		{ "config", 'c', "FILE", "read FILE", OPT_TEXT, offsetof(struct args, config) },
 *		{ "help", 'h', NULL, "show this", OPT_FLAG, offsetof(struct args, help) },
 *		{},
 *	};
 */
#ifndef LIB_OPT_H
#define LIB_OPT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>
#include "err.h"

#define OPT_EXIT_USAGE 2 /* exit code after a failed opt_parse() */

enum opt_type {
	OPT_FLAG, /* bool; takes no argument */
	OPT_TEXT, /* const char *, borrowed from argv */
	OPT_U16,  /* uint16_t */
	OPT_U32,  /* uint32_t */
};

struct opt {
	const char *name; /* long name without "--"; NULL ends the table */
	char short_name;  /* 0 = none */
	const char *arg;  /* what the help calls the argument; NULL for OPT_FLAG */
	const char *help; /* newlines start indented lines */
	enum opt_type type;
	size_t offset; /* of the field */
};

/* Stop at the first word that is no option: the command, which has options of its own. */
#define OPT_STOP_AT_WORD 0x1u

/*
 * "--name value", "--name=value", "-n value", "-nvalue", flags grouped as "-ab", "--" ends the
 * options. A repeated option: the last one counts. Without OPT_STOP_AT_WORD, words between options
 * are moved behind them (argv is reordered). ret_next is the index of the first word.
 * -EINVAL and in err the mistake's name; `into` may be half filled then.
 */
int opt_parse(const struct opt *opts, int argc, char **argv, unsigned int flags, void *into,
	      int *ret_next, struct err *err);

/* The options' part of a help text, one line each and more where the help has newlines. */
void opt_print_help(FILE *out, const struct opt *opts);

#endif
