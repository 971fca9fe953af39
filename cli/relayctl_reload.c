/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * relayctl reload: SIGHUP to relayd, then wait until its result file changes. The kernel says who
 * listens on the socket, so no process's word is taken for it.
 */
#include "relayctl.h"

#include <poll.h>
#include <signal.h>
#include <string.h>
#include <sys/inotify.h>
#include <sys/socket.h>
#include <sys/un.h>
#include "../lib/file.h"
#include "../lib/json.h"
#include "../lib/log.h"
#include "../lib/mono.h"
#include "../relay/supervisor.h"

#define RELOAD_WAIT_MS 30000
#define RESULT_MAX 512

/* The supervisor's pid: who called listen(). Or a negative errno. */
static pid_t listener_of(const char *path)
{
	struct sockaddr_un addr = {.sun_family = AF_UNIX};
	AUTO_FD int fd = -1;
	struct ucred cred;
	socklen_t len = sizeof(cred);

	if (strlen(path) >= sizeof(addr.sun_path))
		return -ENAMETOOLONG;
	memcpy(addr.sun_path, path, strlen(path) + 1);
	fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (fd < 0 || connect(fd, (const struct sockaddr *)&addr, sizeof(addr)) ||
	    getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &cred, &len))
		return -errno;
	return cred.pid > 0 ? cred.pid : -ESRCH;
}

/* "TIME TEXT\n": each result differs from the one before by its time. */
static void read_result(const char *path, char text[static RESULT_MAX])
{
	AUTO_FREE char *all = NULL;

	text[0] = '\0';
	if (!file_read(path, RESULT_MAX - 1, &all, NULL, NULL))
		snprintf(text, RESULT_MAX, "%.*s", (int)strcspn(all, "\n"), all);
}

/* 0 and the new text, or -ETIMEDOUT. */
static int wait_change(int watch, const char *path, char text[static RESULT_MAX])
{
	struct mono started = mono_now();
	char before[RESULT_MAX], events[4096];

	memcpy(before, text, sizeof(before));
	for (;;) {
		int64_t left = RELOAD_WAIT_MS - mono_ms_since(started);
		struct pollfd p = {.fd = watch, .events = POLLIN};

		read_result(path, text);
		if (text[0] && strcmp(text, before))
			return 0;
		if (left <= 0)
			return -ETIMEDOUT;
		if (poll(&p, 1, (int)left) > 0 && read(watch, events, sizeof(events)) < 0)
			return -errno;
	}
}

static enum ctl_exit report(struct ctl *ctl, const char *text)
{
	const char *space = strchr(text, ' ');
	const char *result = space ? space + 1 : text;
	AUTO_JSON json_t *json = NULL;
	char shown[RESULT_MAX];

	if (strcmp(result, "ok"))
		return ctl_fail(CTL_EXIT_ERROR, "refused, the old configuration stays: %s",
				log_esc(shown, sizeof(shown), result, strlen(result)));
	json = json_pack("{s:b}", "reloaded", 1);
	ctl->out.ops->done(&ctl->out, json, "reloaded");
	return CTL_EXIT_OK;
}

enum ctl_exit ctl_reload(struct ctl *ctl)
{
	const char *socket_path = ctl->args.socket, *slash = strrchr(socket_path, '/');
	char dir[sizeof(((struct sockaddr_un *)0)->sun_path)];
	char path[sizeof(dir) + sizeof(SUPERVISOR_RELOAD_FILE) + 1], text[RESULT_MAX];
	AUTO_FD int watch = inotify_init1(IN_CLOEXEC);
	pid_t pid = listener_of(socket_path);

	if (pid <= 0)
		return ctl_fail(CTL_EXIT_UNREACHABLE, "%s: %s: does relayd run?", socket_path,
				strerror(-pid));
	snprintf(dir, sizeof(dir), "%.*s", slash ? (int)(slash - socket_path + 1) : 2,
		 slash ? socket_path : "./");
	snprintf(path, sizeof(path), "%s" SUPERVISOR_RELOAD_FILE, dir);
	if (watch < 0 || inotify_add_watch(watch, dir, IN_MOVED_TO) < 0)
		return ctl_fail(CTL_EXIT_ERROR, "%s: %s", dir, strerror(errno));
	read_result(path, text);
	if (kill(pid, SIGHUP))
		return ctl_fail(CTL_EXIT_ERROR, "relayd (pid %d): %s", (int)pid, strerror(errno));
	if (wait_change(watch, path, text))
		return ctl_fail(CTL_EXIT_ERROR, "no result after %d s: see relayd's log",
				RELOAD_WAIT_MS / 1000);
	return report(ctl, text);
}
