/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The worker gives up, in this order:
 *	1. root: becomes the user sidecar-agent, if there is one, and keeps one group: that of the
 *	   Docker socket
 *	2. rights: no_new_privs; every capability, bounding set included
 *	3. io_uring, whose operations seccomp does not see
 *	4. system calls but those named in "#syscalls(worker)" lines (seccomp); exec is not among
 *	   them. Any other kills the process, and the helper starts it anew.
 *
 * What is left is large all the same: who may speak to Docker's socket can do what root can.
 */
#include "isolate.h"

#include <cap-ng.h>
#include <grp.h>
#include <pwd.h>
#include <seccomp.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include "../lib/sysfilter.h"
#include "event.h"

int isolate_worker_ids(uid_t *ret_uid, gid_t *ret_gid)
{
	const struct passwd *pw = getpwnam(ISOLATE_WORKER_USER);

	*ret_uid = pw ? pw->pw_uid : geteuid();
	*ret_gid = pw ? pw->pw_gid : getegid();
	return pw ? 0 : -ENOENT;
}

/* Docker may start later than we do: then the group it is going to use. */
static int docker_group(const char *socket, gid_t *ret_gid)
{
	const struct group *gr = getgrnam("docker");
	struct stat st;

	if (!stat(socket, &st)) {
		*ret_gid = st.st_gid;
		return st.st_mode & S_IWGRP ? 0 : -EACCES;
	}
	*ret_gid = gr ? gr->gr_gid : 0;
	return gr ? 0 : -ENOENT;
}

static int become_user(const char *docker_socket, struct err *err)
{
	uid_t uid;
	gid_t gid, docker;
	int r;

	if (isolate_worker_ids(&uid, &gid)) {
		event_log(EVENT_NO_USER, NULL, NULL, "no user %s", ISOLATE_WORKER_USER);
		return capng_apply(CAPNG_SELECT_ALL) ? -EPERM : 0;
	}
	if (docker_group(docker_socket, &docker)) {
		event_log(EVENT_NO_USER, NULL, NULL, "%s: no group may use it", docker_socket);
		return capng_apply(CAPNG_SELECT_ALL) ? -EPERM : 0;
	}
	if (setgroups(1, &docker))
		return err_sys(err, -errno, "setgroups");
	r = capng_change_id((int)uid, (int)gid, CAPNG_CLEAR_BOUNDING | CAPNG_CLEAR_AMBIENT);
	return r ? -EPERM : 0;
}

int isolate_worker(const char *docker_socket, struct err *err)
{
	int r;

	capng_clear(CAPNG_SELECT_ALL);
	if (geteuid() == 0)
		r = become_user(docker_socket, err);
	else
		r = capng_apply(CAPNG_SELECT_CAPS) ? -EPERM : 0;
	if (r)
		return err_set(err, r, "the worker cannot give up its rights");
	if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) || prctl(PR_SET_DUMPABLE, 0, 0, 0, 0))
		return err_sys(err, -errno, "prctl");
	return sysfilter_no_io_uring(err);
}

static const int worker_syscalls[] = {
#define SC(name) SCMP_SYS(name),
#include "syscalls_worker.h"
#undef SC
};

int isolate_worker_syscalls(struct err *err)
{
	return sysfilter_only(worker_syscalls, ARRAY_SIZE(worker_syscalls), err);
}
