/* SPDX-License-Identifier: GPL-2.0-only */
#include "replica_watch.h"

#include <fcntl.h>
#include <inttypes.h>
#include <poll.h>
#include <signal.h>
#include <string.h>
#include <sys/signalfd.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include "../lib/log.h"
#include "../lib/mono.h"
#include "place.h"
#include "replica_run.h"

#define LINE_LEN 1024 /* what is longer is cut */
#define TICK_MS 250
#define STALL_SYNCS 10 /* so many times sync_ms without an answer: started anew */
#define STALL_MIN_MS 5000
#define STALL_MAX_MS 600000
#define SETTLE_MS 5000 /* one started anew that has something to write says so within */
#define LAST_MS 5000   /* for what waits to be replicated, before it is told to end */
#define PAUSE_MIN_MS 500
#define PAUSE_MAX_MS 30000

struct watch {
	const struct conf *conf;
	bool stopping, told; /* to end: this process, and Litestream */
	bool stalled;	     /* killed for it: no pause before the next */
	int signals, said, behind;
	pid_t pid; /* 0 = between two */
	struct mono started, stop_since;
	struct mono since; /* something waits; 0 = nothing does */
	struct timespec log_seen;
	bool has_spoken; /* since it was started, of something to write */
	int64_t stall_ms, pause_ms;
	char line[LINE_LEN];
	size_t len;
};

static int64_t stall_of(const struct conf *conf)
{
	int64_t ms = (int64_t)conf->replica_sync_ms * STALL_SYNCS;

	return ms > STALL_MIN_MS ? ms : STALL_MIN_MS;
}

static void set_since(struct watch *w, struct mono since)
{
	char text[32];
	int n;

	if (w->since.ns && since.ns)
		return;
	w->since = since;
	n = snprintf(text, sizeof(text), "%020" PRId64 "\n", since.ns);
	if (pwrite(w->behind, text, (size_t)n, 0) != n)
		log_warn(PLACE_BEHIND ": %s", strerror(errno));
}

/* The database has changed since it was looked at. */
static bool has_changed(struct watch *w)
{
	char path[PLACE_LEN];
	struct stat st;

	if (stat(place_db(path, w->conf, PLACE_DATABASE "-wal"), &st) ||
	    !memcmp(&st.st_mtim, &w->log_seen, sizeof(st.st_mtim)))
		return false;
	w->log_seen = st.st_mtim;
	return true;
}

/* A line of Litestream's log: time=... level=INFO msg="wal segment written" ... */
static void on_line(struct watch *w, const char *line)
{
	bool bad = strstr(line, " level=ERROR ") || strstr(line, " level=WARN ");
	char shown[LINE_LEN];

	if (strstr(line, " msg=\"wal segment written\" ")) {
		/* What came in between is Litestream's to see: it looks again soon. */
		has_changed(w);
		set_since(w, (struct mono){});
		w->stall_ms = stall_of(w->conf);
		w->pause_ms = PAUSE_MIN_MS;
	} else if (strstr(line, " msg=\"write wal segment\" ") ||
		   strstr(line, " msg=\"write snapshot\" ") || strstr(line, " level=ERROR ")) {
		w->has_spoken = true;
		set_since(w, mono_now());
	}
	log_esc(shown, sizeof(shown), line, strlen(line));
	if (bad)
		log_warn("litestream: %s", shown);
	else
		log_debug("litestream: %s", shown);
}

static void read_said(struct watch *w)
{
	ssize_t n;

	while ((n = read(w->said, w->line + w->len, sizeof(w->line) - 1 - w->len)) > 0) {
		char *line = w->line, *end;

		w->len += (size_t)n;
		w->line[w->len] = '\0';
		while ((end = strchr(line, '\n'))) {
			*end = '\0';
			on_line(w, line);
			line = end + 1;
		}
		w->len -= (size_t)(line - w->line);
		memmove(w->line, line, w->len);
		if (w->len == sizeof(w->line) - 1)
			w->len = 0;
	}
}

static int start(struct watch *w, struct err *err)
{
	if (w->said >= 0)
		close(w->said);
	w->said = -1;
	w->len = 0;
	w->started = mono_now();
	w->has_spoken = w->stalled = false;
	w->pid = replica_run(w->conf, &w->said, err);
	if (w->pid < 0)
		return w->pid;
	/* Its end, which Litestream inherits, must block. */
	fcntl(w->said, F_SETFL, O_NONBLOCK);
	return 0;
}

static void on_tick(struct watch *w)
{
	if (has_changed(w))
		set_since(w, mono_now());
	if (!w->pid || !w->since.ns || w->stopping)
		return;
	/* Nothing to write after all: at its start Litestream compares. */
	if (!w->has_spoken && w->since.ns < w->started.ns && mono_ms_since(w->started) > SETTLE_MS)
		set_since(w, (struct mono){});
	if (!w->since.ns || mono_ms_since(w->since) < w->stall_ms ||
	    mono_ms_since(w->started) < w->stall_ms)
		return;
	log_err("litestream: nothing was replicated for %d s: started anew",
		(int)(mono_ms_since(w->since) / 1000));
	w->stall_ms = w->stall_ms * 2 < STALL_MAX_MS ? w->stall_ms * 2 : STALL_MAX_MS;
	w->stalled = true;
	kill(w->pid, SIGKILL);
}

/* 1 = it has ended, and *ret_code says how. */
static int ended(struct watch *w, int *ret_code)
{
	int status;

	if (!w->pid || waitpid(w->pid, &status, WNOHANG) != w->pid)
		return 0;
	read_said(w);
	w->pid = 0;
	*ret_code = WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
	return 1;
}

static void on_end(struct watch *w, int code)
{
	if (w->stalled)
		return;
	log_err("litestream: ended (code %d): started anew in %d ms", code, (int)w->pause_ms);
	w->pause_ms = w->pause_ms * 2 < PAUSE_MAX_MS ? w->pause_ms * 2 : PAUSE_MAX_MS;
}

static void on_signal(struct watch *w)
{
	struct signalfd_siginfo info;

	while (read(w->signals, &info, sizeof(info)) == (ssize_t)sizeof(info)) {
		if (info.ssi_signo != SIGTERM || w->stopping)
			continue;
		w->stopping = true;
		w->stop_since = mono_now();
	}
}

/* Not in the midst of a transfer, which would fail (replica_run.c), and with it the last one. */
static void end_when_in_step(struct watch *w)
{
	if (!w->stopping || w->told || !w->pid ||
	    (w->since.ns && mono_ms_since(w->stop_since) < LAST_MS))
		return;
	kill(w->pid, SIGTERM);
	w->told = true;
}

static int loop(struct watch *w, struct err *err)
{
	int code = 0, r = start(w, err);

	while (!r) {
		struct pollfd fds[] = {{w->signals, POLLIN, 0}, {w->pid ? w->said : -1, POLLIN, 0}};

		poll(fds, ARRAY_SIZE(fds), TICK_MS);
		on_signal(w);
		if (w->pid)
			read_said(w);
		if (ended(w, &code)) {
			if (!w->stopping)
				on_end(w, code);
			w->started = mono_now();
		}
		if (!w->pid && w->stopping)
			break;
		if (!w->pid && (w->stalled || mono_ms_since(w->started) >= w->pause_ms))
			r = start(w, err);
		on_tick(w);
		end_when_in_step(w);
	}
	if (!r && code)
		r = err_set(err, -EIO, "litestream: ended with code %d: not all is replicated",
			    code);
	return r;
}

int replica_watch(const struct conf *conf, struct err *err)
{
	struct watch w = {
		.conf = conf, .said = -1, .stall_ms = stall_of(conf), .pause_ms = PAUSE_MIN_MS};
	char path[PLACE_LEN];
	sigset_t set;
	int r;

	sigemptyset(&set);
	sigaddset(&set, SIGTERM);
	sigaddset(&set, SIGCHLD);
	sigprocmask(SIG_BLOCK, &set, NULL);
	w.signals = signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK);
	w.behind = open(place_db(path, conf, PLACE_BEHIND), O_WRONLY | O_CREAT | O_CLOEXEC, 0600);
	if (w.signals < 0 || w.behind < 0)
		return err_sys(err, -errno, "%s", path);
	/* What was there before, Litestream compares when it starts. */
	has_changed(&w);
	set_since(&w, (struct mono){});
	r = loop(&w, err);
	if (w.pid > 0)
		kill(w.pid, SIGKILL);
	return r;
}
