/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The api role gives up, in this order:
 *	1. root: becomes the user sidecar-relay, if there is one; no supplementary groups
 *	2. rights: no_new_privs; every capability, bounding set included
 *	3. the file system but its own state folder and the database's, TCP connect and bind,
 *signals and abstract sockets to others (Landlock; a kernel without it is noted in the log)
 *	   io_uring, which libuv uses where it can (1.49 and later: without a switch), and whose
 *	   operations seccomp does not see
 *	4. system calls but those named in "#syscalls(api)" lines (seccomp); exec is not among them.
 *	   Any other kills the process, and the supervisor starts it anew.
 * The replica role, which becomes Litestream, gives up 1, 2 and the files of 3: all but the
 * database's folder and the replica's.
 */
#include "isolate.h"

#include <cap-ng.h>
#include <fcntl.h>
#include <linux/landlock.h>
#include <pwd.h>
#include <seccomp.h>
#include <stdint.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include "../lib/log.h"
#include "../lib/sysfilter.h"
#include "place.h"

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
		log_warn("no user %s: this role stays root, without capabilities",
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

/* Rights that a rule for a single file may have. */
#define FILE_RIGHTS                                                                                \
	(LANDLOCK_ACCESS_FS_EXECUTE | LANDLOCK_ACCESS_FS_WRITE_FILE |                              \
	 LANDLOCK_ACCESS_FS_READ_FILE | LANDLOCK_ACCESS_FS_TRUNCATE)
#define READ (LANDLOCK_ACCESS_FS_READ_FILE | LANDLOCK_ACCESS_FS_READ_DIR)
#define WRITE                                                                                      \
	(READ | LANDLOCK_ACCESS_FS_WRITE_FILE | LANDLOCK_ACCESS_FS_TRUNCATE |                      \
	 LANDLOCK_ACCESS_FS_MAKE_REG | LANDLOCK_ACCESS_FS_MAKE_DIR |                               \
	 LANDLOCK_ACCESS_FS_REMOVE_FILE)

struct allowed {
	const char *path; /* a file or a folder with all below it */
	uint64_t access;
	bool optional;
};

static int allow(int ruleset, uint64_t known, const struct allowed *a, struct err *err)
{
	struct landlock_path_beneath_attr beneath = {.allowed_access = a->access & known};
	AUTO_FD int fd = open(a->path, O_PATH | O_CLOEXEC);
	struct stat st;

	if (fd < 0 && errno == ENOENT && a->optional)
		return 0;
	if (fd < 0 || fstat(fd, &st))
		return err_sys(err, -errno, "%s", a->path);
	if (!S_ISDIR(st.st_mode))
		beneath.allowed_access &= FILE_RIGHTS;
	beneath.parent_fd = fd;
	if (syscall(SYS_landlock_add_rule, ruleset, LANDLOCK_RULE_PATH_BENEATH, &beneath, 0))
		return err_sys(err, -errno, "Landlock: %s", a->path);
	return 0;
}

/* Everything but these. `tcp`: may open and take connections. */
static int drop_files(const struct allowed *list, size_t n, bool tcp, struct err *err)
{
	struct landlock_ruleset_attr attr;
	AUTO_FD int ruleset = -1;
	long version;

	version = syscall(SYS_landlock_create_ruleset, NULL, 0, LANDLOCK_CREATE_RULESET_VERSION);
	if (version < 0) {
		log_warn("no Landlock in this kernel: this role is held by its user alone");
		return 0;
	}
	attr = handled((int)version);
	if (tcp)
		attr.handled_access_net = 0;
	ruleset = (int)syscall(SYS_landlock_create_ruleset, &attr, sizeof(attr), 0);
	if (ruleset < 0)
		return err_sys(err, -errno, "Landlock");
	for (size_t i = 0; i < n; i++) {
		int r = allow(ruleset, attr.handled_access_fs, &list[i], err);

		if (r)
			return r;
	}
	if (syscall(SYS_landlock_restrict_self, ruleset, 0))
		return err_sys(err, -errno, "Landlock");
	return 0;
}

int isolate_api(const char *dir, const char *db_dir, struct err *err)
{
	const struct allowed list[] = {{dir, WRITE, false}, {db_dir, WRITE, false}};
	int r = drop_user_and_rights(err);

	if (!r)
		r = drop_files(list, ARRAY_SIZE(list), false, err);
	return r ? r : sysfilter_no_io_uring(err);
}

int isolate_replica(const struct conf *conf, struct err *err)
{
	const uint64_t keep = WRITE | LANDLOCK_ACCESS_FS_REMOVE_DIR;
	const uint64_t run = READ | LANDLOCK_ACCESS_FS_EXECUTE;
	char db[PLACE_LEN], marks[PLACE_LEN];
	const struct allowed list[] = {
		{place_db(db, conf, NULL), keep, false},
		{place_replica(marks, conf, NULL), keep, false},
		{place_replica_is_folder(conf) ? conf->replica : db, keep, false},
		{conf->litestream, run, false},
		/* Libraries, should it need some; names and certificates of a replica far away. */
		{"/usr", run, false},
		{"/etc", READ, false},
		{"/run/systemd/resolve", READ, true},
		{"/dev/null", READ | LANDLOCK_ACCESS_FS_WRITE_FILE, false},
	};
	int r = drop_user_and_rights(err);

	return r ? r : drop_files(list, ARRAY_SIZE(list), true, err);
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
