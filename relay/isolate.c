/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The api role gives up, in this order:
 *	1. root: becomes the user sidecar-relay, if there is one; no supplementary groups
 *	2. rights: no_new_privs; every capability, bounding set included
 *	3. the file system but its own state folder, TCP connect and bind, signals and abstract
 *	   sockets to others (Landlock; a kernel without it is noted in the log)
 *	   io_uring, which libuv uses where it can (1.49 and later: without a switch), and whose
 *	   operations seccomp does not see
 *	4. system calls but those named in "#syscalls(api)" lines (seccomp); exec is not among them.
 *	   Any other kills the process, and the supervisor starts it anew.
 */
#include "isolate.h"

#include <cap-ng.h>
#include <fcntl.h>
#include <linux/landlock.h>
#include <pwd.h>
#include <seccomp.h>
#include <stdint.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include "../lib/log.h"
#include "../lib/sysfilter.h"

int isolate_api_ids(uid_t *ret_uid, gid_t *ret_gid)
{
	const struct passwd *pw = getpwnam(ISOLATE_API_USER);

	*ret_uid = pw ? pw->pw_uid : geteuid();
	*ret_gid = pw ? pw->pw_gid : getegid();
	return pw ? 0 : -ENOENT;
}

static int drop_user_and_rights(struct err *err)
{
	bool root = geteuid() == 0;
	uid_t uid;
	gid_t gid;
	int r;

	r = isolate_api_ids(&uid, &gid);
	capng_clear(CAPNG_SELECT_ALL);
	if (root && !r)
		r = capng_change_id((int)uid, (int)gid,
				    CAPNG_DROP_SUPP_GRP | CAPNG_CLEAR_BOUNDING |
					    CAPNG_CLEAR_AMBIENT);
	else if (root)
		r = capng_apply(CAPNG_SELECT_ALL);
	else
		r = capng_apply(CAPNG_SELECT_CAPS);
	if (r)
		return err_set(err, -EPERM, "cannot become user %s without capabilities (%d)",
			       ISOLATE_API_USER, r);
	if (root && uid == 0)
		log_warn("no user %s: the api role stays root, without capabilities",
			 ISOLATE_API_USER);
	if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) || prctl(PR_SET_DUMPABLE, 0, 0, 0, 0))
		return err_sys(err, -errno, "prctl");
	return 0;
}

/* What each Landlock version can refuse (linux/landlock.h), so that an older kernel still gives
 * what it has. */
static struct landlock_ruleset_attr handled(int version)
{
	struct landlock_ruleset_attr attr = {
		/* All of version 1: EXECUTE to MAKE_SYM. */
		.handled_access_fs = (LANDLOCK_ACCESS_FS_MAKE_SYM << 1) - 1,
	};

	if (version >= 2)
		attr.handled_access_fs |= LANDLOCK_ACCESS_FS_REFER;
	if (version >= 3)
		attr.handled_access_fs |= LANDLOCK_ACCESS_FS_TRUNCATE;
	if (version >= 4)
		attr.handled_access_net =
			LANDLOCK_ACCESS_NET_BIND_TCP | LANDLOCK_ACCESS_NET_CONNECT_TCP;
	if (version >= 5)
		attr.handled_access_fs |= LANDLOCK_ACCESS_FS_IOCTL_DEV;
	if (version >= 6)
		attr.scoped = LANDLOCK_SCOPE_ABSTRACT_UNIX_SOCKET | LANDLOCK_SCOPE_SIGNAL;
	return attr;
}

static int drop_files(const char *dir, struct err *err)
{
	struct landlock_path_beneath_attr beneath = {
		.allowed_access = LANDLOCK_ACCESS_FS_READ_FILE | LANDLOCK_ACCESS_FS_READ_DIR |
				  LANDLOCK_ACCESS_FS_WRITE_FILE | LANDLOCK_ACCESS_FS_MAKE_REG |
				  LANDLOCK_ACCESS_FS_MAKE_DIR | LANDLOCK_ACCESS_FS_REMOVE_FILE,
	};
	struct landlock_ruleset_attr attr;
	AUTO_FD int ruleset = -1;
	AUTO_FD int folder = -1;
	long version;

	version = syscall(SYS_landlock_create_ruleset, NULL, 0, LANDLOCK_CREATE_RULESET_VERSION);
	if (version < 0) {
		log_warn("no Landlock in this kernel: the api role is held by its user alone");
		return 0;
	}
	attr = handled((int)version);
	beneath.allowed_access |= attr.handled_access_fs & LANDLOCK_ACCESS_FS_TRUNCATE;
	ruleset = (int)syscall(SYS_landlock_create_ruleset, &attr, sizeof(attr), 0);
	if (ruleset < 0)
		return err_sys(err, -errno, "Landlock");
	folder = open(dir, O_PATH | O_DIRECTORY | O_CLOEXEC);
	if (folder < 0)
		return err_sys(err, -errno, "%s", dir);
	beneath.parent_fd = folder;
	if (syscall(SYS_landlock_add_rule, ruleset, LANDLOCK_RULE_PATH_BENEATH, &beneath, 0) ||
	    syscall(SYS_landlock_restrict_self, ruleset, 0))
		return err_sys(err, -errno, "Landlock");
	return 0;
}

int isolate_api(const char *dir, struct err *err)
{
	int r = drop_user_and_rights(err);

	if (!r)
		r = drop_files(dir, err);
	return r ? r : sysfilter_no_io_uring(err);
}

static const int api_syscalls[] = {
#define SC(name) SCMP_SYS(name),
#include "syscalls_api.h"
#undef SC
};

int isolate_api_syscalls(struct err *err)
{
	return sysfilter_only(api_syscalls, ARRAY_SIZE(api_syscalls), err);
}
