/* SPDX-License-Identifier: GPL-2.0-only */
#include "helper.h"

#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include "../lib/file.h"
#include "../lib/mono.h"
#include "control.h"
#include "event.h"
#include "factors.h"
#include "helper_msg.h"
#include "isolate.h"
#include "state.h"
#include "trust.h"

#define PAUSE_MIN_MS 100
#define PAUSE_MAX_MS 10000
#define PAUSE_FORGET_MS 30000 /* a worker that lived this long starts with the shortest pause */
#define STOP_S 5	      /* then the worker is killed */

static volatile sig_atomic_t stopping;
static volatile pid_t worker_pid; /* 0 = none */

static void on_stop(UNUSED int signal)
{
	int saved = errno;

	stopping = 1;
	if (worker_pid > 0)
		kill(worker_pid, SIGTERM);
	alarm(STOP_S);
	errno = saved;
}

static void on_alarm(UNUSED int signal)
{
	int saved = errno;

	if (worker_pid > 0)
		kill(worker_pid, SIGKILL);
	errno = saved;
}

static void set_handlers(void)
{
	struct sigaction stop = {.sa_handler = on_stop}, late = {.sa_handler = on_alarm};

	sigaction(SIGTERM, &stop, NULL);
	sigaction(SIGINT, &stop, NULL);
	sigaction(SIGALRM, &late, NULL);
	signal(SIGPIPE, SIG_IGN);
}

static void block_stop(sigset_t *ret_old)
{
	sigset_t set;

	sigemptyset(&set);
	sigaddset(&set, SIGTERM);
	sigaddset(&set, SIGINT);
	sigprocmask(SIG_BLOCK, &set, ret_old);
}

/* The number is the child's until it ends: no leak. */
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wanalyzer-fd-leak"
static bool give(int fd, int as)
{
	return fd == as ? !fcntl(fd, F_SETFD, 0) : dup2(fd, as) >= 0;
}
#pragma GCC diagnostic pop

/* In the child, root still: the worker could not read them. A host without factors is not bound. */
static int set_factors(void)
{
	char text[FACTORS_TEXT_LEN];
	struct machine_factors f;
	uint8_t mac[6];
	bool has_mac = !factors_mac(mac, NULL);

	if (factors_read("", has_mac ? mac : NULL, &f))
		return unsetenv(FACTORS_ENV);
	return setenv(FACTORS_ENV, factors_text(text, &f), 1);
}

/* In the child. The token comes by the environment: the worker cannot read root's token file. */
static void become_worker(int fd, const struct conf *conf, const sigset_t *mask)
{
	char name[] = "sidecar-agent", role[] = "--role", worker[] = "worker", verbose[] = "-v";
	char control[] = "--control";
	char *argv[] = {name, role, worker, NULL, NULL, NULL};
	char **arg = argv + 3;

	if (conf->verbose)
		*arg++ = verbose;
	if (conf->control_fd >= 0)
		*arg = control;

	if (setenv("SIDECAR_TOKEN", conf->token, 1) || unsetenv("SIDECAR_TOKEN_FILE") ||
	    set_factors())
		_exit(1);
	signal(SIGPIPE, SIG_DFL);
	sigprocmask(SIG_SETMASK, mask, NULL);
	/* Above both places first: one may be where the other is to go. */
	fd = fcntl(fd, F_DUPFD_CLOEXEC, CONTROL_FD + 1);
	if (fd < 0)
		_exit(1);
	if (conf->control_fd >= 0 && !give(conf->control_fd, CONTROL_FD))
		_exit(1);
	if (!give(fd, HELPER_FD))
		_exit(1);
	execv("/proc/self/exe", argv);
	_exit(1);
}

static int start(const struct conf *conf, int *ret_fd, struct err *err)
{
	sigset_t old;
	int pair[2];
	pid_t pid;

	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair))
		return err_sys(err, -errno, "socket pair");
	/* A signal to stop must find the worker's pid, or no worker. */
	block_stop(&old);
	pid = stopping ? -1 : fork();
	if (!pid)
		become_worker(pair[1], conf, &old);
	if (pid > 0)
		worker_pid = pid;
	sigprocmask(SIG_SETMASK, &old, NULL);
	close(pair[1]);
	if (pid < 0) {
		close(pair[0]);
		return stopping ? -ECANCELED : err_sys(err, -EAGAIN, "starting the worker");
	}
	*ret_fd = pair[0];
	return 0;
}

/* The socket is closed: the worker has ended, is about to, or has spoken nonsense. */
static void reap(bool nonsense)
{
	sigset_t old;
	int status = 0;

	if (nonsense)
		kill(worker_pid, SIGKILL);
	else
		alarm(STOP_S);
	while (waitpid(worker_pid, &status, 0) < 0 && errno == EINTR)
		;
	block_stop(&old);
	worker_pid = 0;
	alarm(0);
	sigprocmask(SIG_SETMASK, &old, NULL);
	if (WIFSIGNALED(status) && WTERMSIG(status) == SIGSYS)
		event_log(EVENT_WORKER_FILTERED, NULL, NULL, "%s", "");
	else if (WIFSIGNALED(status))
		event_log(EVENT_WORKER_ENDED, NULL, NULL, "killed by signal %d", WTERMSIG(status));
	else if (WEXITSTATUS(status))
		event_log(EVENT_WORKER_ENDED, NULL, NULL, "exit code %d", WEXITSTATUS(status));
}

/* Ends early on a signal to stop. */
static void rest(uint64_t ms)
{
	struct timespec ts = {(time_t)(ms / 1000), (long)(ms % 1000) * 1000000};

	if (!stopping)
		nanosleep(&ts, NULL);
}

/* The folder is the worker's: what is in it may be a link to somebody else's file. */
static int own_file(const char *path, uid_t uid, gid_t gid, struct err *err)
{
	AUTO_FD int fd = open(path, O_PATH | O_NOFOLLOW | O_CLOEXEC);
	struct stat st;

	if (fd < 0)
		return errno == ENOENT ? 0 : err_sys(err, -errno, "%s", path);
	if (fstat(fd, &st))
		return err_sys(err, -errno, "%s", path);
	if (!S_ISREG(st.st_mode) || st.st_nlink != 1)
		return err_set(err, -EPERM, "%s: not a plain file with one name", path);
	if (fchownat(fd, "", uid, gid, AT_EMPTY_PATH))
		return err_sys(err, -errno, "%s", path);
	return 0;
}

/* The state belongs to the worker, whoever wrote it before. */
static int prepare_state(const struct conf *conf, int *ret_lock, struct err *err)
{
	static const char *const files[] = {"state.json", TRUST_KEY_FILE, TRUST_PINS_FILE};
	char file[STATE_PATH_LEN], lock[STATE_PATH_LEN];
	uid_t uid;
	gid_t gid;
	int r;

	isolate_worker_ids(&uid, &gid);
	if (mkdir(conf->state_dir, 0700) && errno != EEXIST)
		return err_sys(err, -errno, "%s", conf->state_dir);
	/* Two would undo each other's tunnels and overwrite each other's state. */
	snprintf(lock, sizeof(lock), "%s/agent.lock", conf->state_dir);
	r = file_lock(lock, ret_lock, err);
	if (r == -EBUSY)
		err_set(err, r, "%s: another sidecar-agent runs", lock);
	if (r || geteuid())
		return r;
	if (chown(conf->state_dir, uid, gid) || chmod(conf->state_dir, 0700))
		return err_sys(err, -errno, "%s", conf->state_dir);
	for (size_t i = 0; !r && i < ARRAY_SIZE(files); i++) {
		snprintf(file, sizeof(file), "%s/%s", conf->state_dir, files[i]);
		r = own_file(file, uid, gid, err);
	}
	return r;
}

/* Without it the agent does all but what is asked for there. */
static void open_control(struct conf *conf)
{
	struct err err = {};

	if (control_listen(conf->control, conf->docker_socket, &conf->control_fd, &err))
		event_log(EVENT_HELPER_FAILED, NULL, NULL, "%s", err.text);
}

int helper_run(struct conf *conf, struct err *err)
{
	uint64_t pause_ms = PAUSE_MIN_MS;
	struct mono since;
	AUTO_FD int lock = -1;
	int fd = -1, r;

	set_handlers();
	r = prepare_state(conf, &lock, err);
	if (!r)
		open_control(conf);
	while (!r && !stopping) {
		since = mono_now();
		r = start(conf, &fd, err);
		if (r)
			break;
		r = helper_serve(fd, conf->netns_dir, err);
		close(fd);
		if (r)
			event_log(EVENT_HELPER_FAILED, NULL, NULL, "%s", err->text);
		reap(r != 0);
		r = 0;
		if (mono_ms_since(since) > PAUSE_FORGET_MS)
			pause_ms = PAUSE_MIN_MS;
		if (!stopping)
			event_log(EVENT_WORKER_AGAIN, NULL, NULL, "in %d ms", (int)pause_ms);
		rest(pause_ms);
		pause_ms = pause_ms * 2 < PAUSE_MAX_MS ? pause_ms * 2 : PAUSE_MAX_MS;
	}
	if (conf->control_fd >= 0) {
		unlink(conf->control);
		close(conf->control_fd);
	}
	return r == -ECANCELED ? 0 : r;
}
