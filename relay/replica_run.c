/* SPDX-License-Identifier: GPL-2.0-only */
#include "replica_run.h"

#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include "../lib/buf.h"
#include "../lib/file.h"
#include "../lib/log.h"
#include "../lib/mono.h"
#include "place.h"
#include "replica_generations.h"

#define MAX_CONF_BYTES 4096
#define SAID_LEN 4096
#define SHOWN_LEN 180
#define ONCE_MS 60000
#define ONCE_TICK_MS 50

int replica_run_conf(const struct conf *conf, bool verbose, struct err *err)
{
	AUTO_STRBUF struct strbuf out = STRBUF_NEW(MAX_CONF_BYTES);
	char db[PLACE_LEN], path[PLACE_LEN];
	/* One wait until the log is looked at, one until what was found goes out. */
	uint32_t half_ms = conf->replica_sync_ms / 2;

	strbuf_printf(&out, "# Made by relayd at each start, from relay.yaml.\n");
	strbuf_printf(&out,
		      "logging:\n  level: %s\n"
		      "dbs:\n  - path: \"%s\"\n    monitor-interval: %ums\n"
		      "    replicas:\n      - %s: \"%s\"\n        sync-interval: %ums\n",
		      verbose ? "debug" : "info", place_db(db, conf, PLACE_DATABASE), half_ms,
		      place_replica_is_folder(conf) ? "path" : "url", conf->replica, half_ms);
	if (out.error)
		return err_set(err, -E2BIG, "%s: too long", PLACE_CONFIG);
	return file_write_atomic(place_db(path, conf, PLACE_CONFIG), 0600, strbuf_text(&out),
				 out.len, err);
}

/* *ret_said: what it says is read from it. */
static pid_t start(char *const argv[], int *ret_said, struct err *err)
{
	AUTO_FD int out = -1;
	int pipes[2];
	sigset_t none;
	pid_t pid;

	if (pipe2(pipes, O_CLOEXEC))
		return err_sys(err, -errno, "pipe");
	out = pipes[0];
	pid = fork();
	if (pid) {
		close(pipes[1]);
		if (pid < 0)
			return err_sys(err, -errno, "%s", argv[0]);
		*ret_said = steal_fd(&out);
		return pid;
	}
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	sigemptyset(&none);
	sigprocmask(SIG_SETMASK, &none, NULL);
	dup2(pipes[1], STDOUT_FILENO);
	dup2(pipes[1], STDERR_FILENO);
	execv(argv[0], argv);
	dprintf(STDERR_FILENO, "%s: %s\n", argv[0], strerror(errno));
	_exit(127);
}

static int ended(pid_t pid)
{
	int status;

	while (waitpid(pid, &status, 0) < 0) {
		if (errno != EINTR)
			return -errno;
	}
	return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

/* All that it says goes on to the log; its last line is kept: the reason, if it fails. */
static void listen_to(int fd, char last[static SAID_LEN])
{
	size_t len = 0;
	ssize_t n;

	/* A newline begins the line anew only when another character follows. */
	while ((n = read(fd, last + len, SAID_LEN - 1 - len)) > 0) {
		char *line;

		if (write(STDERR_FILENO, last + len, (size_t)n) < 0)
			log_warn("standard error: %s", strerror(errno));
		len += (size_t)n;
		last[len] = '\0';
		while ((line = memchr(last, '\n', len)) && line + 1 < last + len) {
			len -= (size_t)(line + 1 - last);
			memmove(last, line + 1, len + 1);
		}
		if (len == SAID_LEN - 1)
			len = 0;
	}
	last[len] = '\0';
	last[strcspn(last, "\n")] = '\0';
}

/* The quoted value of error= in a line of Litestream's log, or the whole line. */
static const char *reason(char *line)
{
	static const char key[] = "error=\"";
	char *at = strstr(line, key);
	size_t len;

	if (!at)
		return line;
	at += sizeof(key) - 1;
	len = strlen(at);
	if (len && at[len - 1] == '"')
		at[len - 1] = '\0';
	return at;
}

pid_t replica_run(const struct conf *conf, int *ret_said, struct err *err)
{
	char config[PLACE_LEN], program[CONF_PATH_LEN],
		replicate[] = "replicate", config_opt[] = "-config", no_env[] = "-no-expand-env";
	char *argv[] = {program, replicate, config_opt, config, no_env, NULL};

	place_db(config, conf, PLACE_CONFIG);
	snprintf(program, sizeof(program), "%s", conf->litestream);
	return start(argv, ret_said, err);
}

/* Its output, as far as there is room. */
static void read_all(int fd, char *text, size_t size)
{
	char spill[256];
	size_t len = 0;
	ssize_t n;

	do {
		n = len + 1 < size ? read(fd, text + len, size - 1 - len)
				   : read(fd, spill, sizeof(spill));
		len += n > 0 && len + 1 < size ? (size_t)n : 0;
	} while (n > 0);
	text[len] = '\0';
}

/* Runs it to its end. All that it prints goes to `text`; or, whole is false, to the log, and its
 * last line to `text` (SAID_LEN). */
static int run_to_end(const struct conf *conf, char *const argv[], char *text, size_t size,
		      bool whole, struct err *err)
{
	AUTO_FD int out = -1;
	pid_t pid = start(argv, &out, err);
	int code;

	if (pid < 0)
		return pid;
	if (whole)
		read_all(out, text, size);
	else
		listen_to(out, text);
	code = ended(pid);
	return code ? err_set(err, -EIO, "%s: code %d", conf->litestream, code) : 0;
}

int replica_run_list(const struct conf *conf, char *text, size_t size, struct err *err)
{
	char db[PLACE_LEN], config[PLACE_LEN], program[CONF_PATH_LEN],
		list[] = "generations", config_opt[] = "-config", no_env[] = "-no-expand-env";
	char *argv[] = {program, list, config_opt, config, no_env, db, NULL};

	place_db(db, conf, PLACE_DATABASE);
	place_db(config, conf, PLACE_CONFIG);
	snprintf(program, sizeof(program), "%s", conf->litestream);
	return run_to_end(conf, argv, text, size, true, err);
}

int replica_run_restore(const struct conf *conf, const char *generation, struct err *err)
{
	char db[PLACE_LEN], config[PLACE_LEN], said[SAID_LEN] = "", shown[SHOWN_LEN];
	char program[CONF_PATH_LEN], which[REPLICA_GENERATION_LEN],
		restore[] = "restore", config_opt[] = "-config", no_env[] = "-no-expand-env",
		maybe[] = "-if-replica-exists", one[] = "-generation";
	char *newest[] = {program, restore, config_opt, config, no_env, maybe, db, NULL};
	char *given[] = {program, restore, config_opt, config, no_env, one, which, db, NULL};
	const char *text;
	struct err ran;
	int r;

	place_db(db, conf, PLACE_DATABASE);
	place_db(config, conf, PLACE_CONFIG);
	snprintf(program, sizeof(program), "%s", conf->litestream);
	snprintf(which, sizeof(which), "%s", generation ? generation : "");
	r = run_to_end(conf, generation ? given : newest, said, sizeof(said), false, &ran);
	if (!r)
		return 0;
	text = *said ? reason(said) : ran.text;
	return err_set(err, r, "restoring the database from %.60s: %s", conf->replica,
		       log_esc(shown, sizeof(shown), text, strlen(text)));
}

/* Is a line that says this in what was read by now? What was seen goes, but for a line's beginning.
 */
static bool is_said(char text[static SAID_LEN], size_t *len, const char *what)
{
	bool said = memmem(text, *len, what, strlen(what));
	const char *line = memrchr(text, '\n', *len);
	size_t seen = line ? (size_t)(line + 1 - text) : *len == SAID_LEN ? SAID_LEN : 0;

	*len -= seen;
	memmove(text, text + seen, *len);
	return said;
}

/*
 * It is told to end when its first transfer is over: a Litestream (0.3.13) that is told before
 * makes that transfer a second time beside the first, into the same file, and fails. Told to end,
 * it brings the replica up to date, and says by its code whether it could. It hangs when it cannot
 * (replica_watch.h).
 */
static bool run_until_taken(pid_t pid, int out)
{
	struct mono since = mono_now();
	char text[SAID_LEN];
	bool taken = false;
	size_t len = 0;

	while (mono_ms_since(since) < ONCE_MS) {
		struct pollfd ready = {out, POLLIN, 0};
		ssize_t n;

		if (poll(&ready, 1, ONCE_TICK_MS) <= 0)
			continue;
		n = read(out, text + len, sizeof(text) - len);
		if (n <= 0)
			break;
		if (write(STDERR_FILENO, text + len, (size_t)n) < 0)
			log_warn("standard error: %s", strerror(errno));
		len += (size_t)n;
		if (is_said(text, &len, " msg=\"wal segment written\" ") && !taken) {
			taken = true;
			kill(pid, SIGTERM);
		}
	}
	return taken;
}

int replica_run_once(const struct conf *conf, struct err *err)
{
	AUTO_FD int out = -1;
	pid_t pid = replica_run(conf, &out, err);
	bool taken;
	int code;

	if (pid < 0)
		return pid;
	taken = run_until_taken(pid, out);
	kill(pid, SIGKILL);
	code = ended(pid);
	return code || !taken
		       ? err_set(err, -EIO, "%s does not take the database: its log says why",
				 conf->replica)
		       : 0;
}
