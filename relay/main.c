/* SPDX-License-Identifier: GPL-2.0-only */
#include <linux/close_range.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>
#include "../lib/log.h"
#include "../lib/opt.h"
#include "../lib/parse.h"
#include "api.h"
#include "net.h"
#include "replica.h"
#include "supervisor.h"
#include "supervisor_dirs.h"

struct args {
	const char *config;
	const char *role, *started; /* internal: how the supervisor starts the api role */
	bool check, verbose, flush, version, help, again;
};

static const struct opt opts[] = {
	{"config", 'c', "FILE", "read FILE (default /etc/sidecar/relay.yaml)", OPT_TEXT,
	 offsetof(struct args, config)},
	{"check", 'n', NULL, "check the configuration, print it in its canonical form", OPT_FLAG,
	 offsetof(struct args, check)},
	{"verbose", 'v', NULL, "log more", OPT_FLAG, offsetof(struct args, verbose)},
	{"flush", 0, NULL,
	 "remove everything relayd ever put into the kernel\n"
	 "(stops all traffic) and end",
	 OPT_FLAG, offsetof(struct args, flush)},
	{"version", 0, NULL, "print the version", OPT_FLAG, offsetof(struct args, version)},
	{"help", 'h', NULL, "print this", OPT_FLAG, offsetof(struct args, help)},
	{},
};

static const struct opt internal_opts[] = {
	{"role", 0, "ROLE", "", OPT_TEXT, offsetof(struct args, role)},
	{"started", 0, "NS", "", OPT_TEXT, offsetof(struct args, started)},
	{"verbose", 'v', NULL, "", OPT_FLAG, offsetof(struct args, verbose)},
	{"again", 0, NULL, "", OPT_FLAG, offsetof(struct args, again)},
	{},
};

static int run_role(int argc, char **argv)
{
	struct args args = {};
	uint64_t started = 0;
	int next;

	if (opt_parse(internal_opts, argc, argv, 0, &args, &next, NULL) || next < argc ||
	    (strcmp(args.role, "api") && strcmp(args.role, "replica")) ||
	    (args.started && parse_u64(args.started, 0, INT64_MAX, &started))) {
		fprintf(stderr, "relayd: --role is internal\n");
		return OPT_EXIT_USAGE;
	}
	if (!strcmp(args.role, "replica")) {
		log_init("relayd-replica", args.verbose ? LOG_LVL_DEBUG : LOG_LVL_INFO);
		return replica_main(args.verbose, args.again);
	}
	log_init("relayd-api", args.verbose ? LOG_LVL_DEBUG : LOG_LVL_INFO);
	return api_main((int64_t)started);
}

static int flush(const struct conf *conf)
{
	AUTO_FD int lock = -1;
	struct err err;
	int r = supervisor_lock(conf, &lock, &err);

	/* Under a relayd that runs, which would not notice. No folder: none runs. */
	if (!r || r == -ENOENT)
		r = net_flush(conf, &err);
	if (!r)
		return 0;
	fprintf(stderr, "relayd: %s\n", err.text);
	return 1;
}

static void help(void)
{
	puts("usage: relayd [-c FILE] [-n] [-v] [--flush] [--version] [--help]\n");
	opt_print_help(stdout, opts);
}

int main(int argc, char **argv)
{
	struct args args = {.config = "/etc/sidecar/relay.yaml"};
	static struct conf conf;
	struct err err;
	int next;

	if (argc > 1 && !strcmp(argv[1], "--role"))
		return run_role(argc, argv);
	/* What a careless parent left open must not reach a child. */
	close_range(3, ~0U, CLOSE_RANGE_CLOEXEC);
	if (opt_parse(opts, argc, argv, 0, &args, &next, &err)) {
		fprintf(stderr, "relayd: %s\n", err.text);
		return OPT_EXIT_USAGE;
	}
	if (next < argc) {
		fprintf(stderr, "relayd: takes no words, only options: see relayd --help\n");
		return OPT_EXIT_USAGE;
	}
	if (args.help || args.version) {
		if (args.help)
			help();
		else
			puts("relayd " SIDECAR_VERSION);
		return 0;
	}
	if (conf_load(args.config, &conf, &err)) {
		fprintf(stderr, "relayd: %s\n", err.text);
		return OPT_EXIT_USAGE;
	}
	if (args.check) {
		conf_print(stdout, &conf);
		return fflush(stdout) ? 1 : 0;
	}
	log_init("relayd", args.verbose ? LOG_LVL_DEBUG : LOG_LVL_INFO);
	log_json(conf.log == CONF_LOG_JSON);
	return args.flush ? flush(&conf) : supervisor_run(args.config, &conf, args.verbose);
}
