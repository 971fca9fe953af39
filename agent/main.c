/* SPDX-License-Identifier: GPL-2.0-only */
#include <fcntl.h>
#include <linux/close_range.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>
#include "../lib/log.h"
#include "../lib/opt.h"
#include "../lib/parse.h"
#include "control.h"
#include "event.h"
#include "helper.h"
#include "helper_msg.h"
#include "worker.h"

struct args {
	const char *env;
	const char *role; /* internal: how the helper starts the worker */
	const char *explain;
	const char *rotate;
	bool check, verbose, version, help, status;
	bool control; /* internal: the worker has CONTROL_FD */
};

static const struct opt opts[] = {
	{"env", 'e', "FILE", "read NAME=VALUE lines; what is set already stays", OPT_TEXT,
	 offsetof(struct args, env)},
	{"check", 'n', NULL, "check the settings and end", OPT_FLAG, offsetof(struct args, check)},
	{"explain", 0, "CODE", "say what a code of the log means (all: each of them)", OPT_TEXT,
	 offsetof(struct args, explain)},
	{"status", 0, NULL, "print what the agent that runs here knows", OPT_FLAG,
	 offsetof(struct args, status)},
	{"rotate", 0, "NAME", "have it give a container a new key; nothing is interrupted",
	 OPT_TEXT, offsetof(struct args, rotate)},
	{"verbose", 'v', NULL, "log more, in words", OPT_FLAG, offsetof(struct args, verbose)},
	{"version", 0, NULL, "print the version", OPT_FLAG, offsetof(struct args, version)},
	{"help", 'h', NULL, "print this", OPT_FLAG, offsetof(struct args, help)},
	{},
};

static const struct opt internal_opts[] = {
	{"role", 0, "ROLE", "", OPT_TEXT, offsetof(struct args, role)},
	{"verbose", 'v', NULL, "", OPT_FLAG, offsetof(struct args, verbose)},
	{"control", 0, NULL, "", OPT_FLAG, offsetof(struct args, control)},
	{},
};

static void help(void)
{
	puts("usage: sidecar-agent [-e FILE] [-n] [-v] [--explain CODE]\n"
	     "                     [--status] [--rotate NAME] [--version] [--help]\n");
	opt_print_help(stdout, opts);
	puts("\nSettings come from the environment: SIDECAR_TOKEN or SIDECAR_TOKEN_FILE,\n"
	     "SIDECAR_JOIN, DOCKER_HOST, SIDECAR_STATE_DIR, SIDECAR_NETNS_DIR, HTTPS_PROXY,\n"
	     "SIDECAR_PSK_PERIOD, SIDECAR_PSK_STRICT, SIDECAR_LOG,\n"
	     "SIDECAR_ROTATE_HOURS, SIDECAR_SOCKET.\n"
	     "See sidecar-agent(8).");
}

static int run_worker(int argc, char **argv)
{
	static struct conf conf;
	struct args args = {};
	struct err err;
	int next;

	if (opt_parse(internal_opts, argc, argv, 0, &args, &next, NULL) || next < argc ||
	    strcmp(args.role, "worker") || fcntl(HELPER_FD, F_GETFD) < 0) {
		fprintf(stderr, "sidecar-agent: --role is internal\n");
		return OPT_EXIT_USAGE;
	}
	log_init("worker", args.verbose ? LOG_LVL_DEBUG : LOG_LVL_INFO);
	if (conf_from_env(&conf, &err)) {
		event_log(EVENT_START_FAILED, NULL, NULL, "%s", err.text);
		return OPT_EXIT_USAGE;
	}
	event_init(conf.log_text || args.verbose);
	conf.control_fd = args.control ? CONTROL_FD : -1;
	return worker_main(&conf);
}

static void print_conf(const struct conf *conf)
{
	char join[JOIN_TEXT_LEN];

	/* Never the token, nor the proxy's password. */
	printf("SIDECAR_JOIN=%s\nDOCKER_HOST=unix://%s\nSIDECAR_STATE_DIR=%s\n"
	       "SIDECAR_NETNS_DIR=%s\n",
	       join_text(join, &conf->join), conf->docker_socket, conf->state_dir, conf->netns_dir);
}

static void explain_one(const struct event_info *e)
{
	printf("%u %s: %s\n    %s\n", e->code, e->level, e->words, e->explanation);
}

static int explain(const char *text)
{
	uint32_t code;

	if (!strcmp(text, "all")) {
		for (int i = 0; i < EVENT_MAX; i++)
			explain_one(event_at(i));
		return fflush(stdout) ? 1 : 0;
	}
	if (parse_u32(text, 0, UINT32_MAX, &code) || !event_find(code)) {
		fprintf(stderr, "sidecar-agent: --explain: no such code: see --explain all\n");
		return OPT_EXIT_USAGE;
	}
	explain_one(event_find(code));
	return fflush(stdout) ? 1 : 0;
}

static int ask_agent(const struct args *args)
{
	char path[CONF_PATH_LEN];
	struct err err;

	if (conf_control(path, &err)) {
		fprintf(stderr, "sidecar-agent: %s\n", err.text);
		return OPT_EXIT_USAGE;
	}
	return args->rotate ? control_rotate(path, args->rotate) : control_status(path);
}

int main(int argc, char **argv)
{
	static struct conf conf;
	struct args args = {};
	struct err err = {};
	int next, r;

	if (argc > 1 && !strcmp(argv[1], "--role"))
		return run_worker(argc, argv);
	/* What a careless parent left open must not reach the worker. */
	close_range(3, ~0U, CLOSE_RANGE_CLOEXEC);
	r = opt_parse(opts, argc, argv, 0, &args, &next, &err);
	if (!r && next < argc)
		r = err_set(&err, -EINVAL, "takes no words, only options: see --help");
	if (!r && (args.help || args.version)) {
		if (args.help)
			help();
		else
			puts("sidecar-agent " SIDECAR_VERSION);
		return 0;
	}
	if (!r && args.explain)
		return explain(args.explain);
	if (!r && args.env)
		r = conf_env_file(args.env, &err);
	if (!r && (args.status || args.rotate))
		return ask_agent(&args);
	if (!r)
		r = conf_from_env(&conf, &err);
	if (r) {
		fprintf(stderr, "sidecar-agent: %s\n", err.text);
		return OPT_EXIT_USAGE;
	}
	if (args.check) {
		print_conf(&conf);
		return fflush(stdout) ? 1 : 0;
	}
	conf.verbose = args.verbose;
	log_init("agent", args.verbose ? LOG_LVL_DEBUG : LOG_LVL_INFO);
	event_init(conf.log_text || args.verbose);
	r = helper_run(&conf, &err);
	if (r)
		event_log(EVENT_START_FAILED, NULL, NULL, "%s", err.text);
	explicit_bzero(&conf, sizeof(conf));
	return r ? 1 : 0;
}
