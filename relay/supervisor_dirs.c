/* SPDX-License-Identifier: GPL-2.0-only */
#include "supervisor_dirs.h"

#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include "../lib/file.h"
#include "isolate.h"

#define PATH_LEN (CONF_PATH_LEN + 16)

/* A folder that is there already keeps its place, and gets this mode and owner. */
static int make_dir(const char *path, mode_t mode, uid_t uid, gid_t gid, struct err *err)
{
	AUTO_FD int fd = -1;

	if (mkdir(path, mode) && errno != EEXIST)
		return err_sys(err, -errno, "%s", path);
	fd = open(path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	if (fd < 0 || fchown(fd, uid, gid) || fchmod(fd, mode))
		return err_sys(err, -errno, "%s", path);
	return 0;
}

/* Parents are made as they come, like mkdir -p. */
static int make_parents(const char *path, struct err *err)
{
	char part[PATH_LEN];

	snprintf(part, sizeof(part), "%s", path);
	for (char *slash = strchr(part + 1, '/'); slash; slash = strchr(slash + 1, '/')) {
		*slash = '\0';
		if (mkdir(part, 0755) && errno != EEXIST)
			return err_sys(err, -errno, "%s", part);
		*slash = '/';
	}
	if (mkdir(part, 0755) && errno != EEXIST)
		return err_sys(err, -errno, "%s", part);
	return 0;
}

int supervisor_dirs_make(const struct conf *conf, struct err *err)
{
	char path[PATH_LEN];
	uid_t uid;
	gid_t gid;
	int r;

	isolate_api_ids(&uid, &gid);
	r = make_parents(conf->state_dir, err);
	if (!r)
		r = make_parents(conf->run_dir, err);
	snprintf(path, sizeof(path), "%s/net", conf->state_dir);
	if (!r)
		r = make_dir(path, 0700, geteuid(), getegid(), err);
	snprintf(path, sizeof(path), "%s/api", conf->state_dir);
	if (!r)
		r = make_dir(path, 0700, uid, gid, err);
	return r;
}

int supervisor_lock(const struct conf *conf, int *ret_fd, struct err *err)
{
	char path[PATH_LEN];
	int r;

	snprintf(path, sizeof(path), "%s/relayd.lock", conf->run_dir);
	r = file_lock(path, ret_fd, err);
	return r == -EBUSY ? err_set(err, r, "%s: another relayd runs", path) : r;
}
