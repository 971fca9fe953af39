/* SPDX-License-Identifier: GPL-2.0-only */
#include "supervisor_dirs.h"

#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include "../lib/file.h"
#include "isolate.h"
#include "place.h"

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

/* A replica's folder that was there before must be there again: on a mount point that nothing is
 * mounted on, a new one would hide the loss. */
static int make_tmpfs_dirs(const struct conf *conf, uid_t uid, gid_t gid, struct err *err)
{
	char path[PLACE_LEN], mark[PLACE_LEN];
	int r = make_dir(place_db(path, conf, NULL), 0700, uid, gid, err);

	if (!r)
		r = make_dir(place_replica(path, conf, NULL), 0700, uid, gid, err);
	if (r || !place_replica_is_folder(conf))
		return r;
	if (!access(conf->replica, F_OK))
		return 0;
	if (!access(place_replica(mark, conf, PLACE_STARTED), F_OK))
		return err_set(err, -ENOENT,
			       "state.replica: %.60s is not there, but this relay had one: is it "
			       "mounted? Only to begin with an empty one, remove %.80s",
			       conf->replica, mark);
	return make_dir(conf->replica, 0700, uid, gid, err);
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
	if (!r && conf->state_mode == CONF_STATE_TMPFS)
		r = make_tmpfs_dirs(conf, uid, gid, err);
	return r;
}

static bool is_there(const char *path)
{
	return !access(path, F_OK);
}

static int move(const char *from, const char *to, struct err *err)
{
	if (rename(from, to) && errno != ENOENT)
		return err_sys(err, -errno, "%s", from);
	return 0;
}

int supervisor_database(const struct conf *conf, struct err *err)
{
	char disk[PLACE_LEN], log[PLACE_LEN], import[PLACE_LEN], import_log[PLACE_LEN];
	char mark[PLACE_LEN];
	int r;

	snprintf(disk, sizeof(disk), "%s/api/" PLACE_DATABASE, conf->state_dir);
	snprintf(log, sizeof(log), "%s/api/" PLACE_DATABASE "-wal", conf->state_dir);
	place_replica(mark, conf, PLACE_STARTED);
	if (conf->state_mode == CONF_STATE_DISK)
		return is_there(disk) || !is_there(mark)
			       ? 0
			       : err_set(err, -ENOENT,
					 "state.mode is disk now, and the database is in a "
					 "replica: relayctl restore a backup of it, or remove %s",
					 mark);
	if (!is_there(disk))
		return 0;
	/* An older one that failed goes with its log. Then the log first: interrupted at any step,
	 * this ends the same. */
	place_replica(import, conf, PLACE_IMPORT);
	place_replica(import_log, conf, PLACE_IMPORT "-wal");
	if (is_there(import) && ((unlink(import_log) && errno != ENOENT) || unlink(import)))
		return err_sys(err, -errno, "%s", import);
	r = move(log, import_log, err);
	if (!r)
		r = move(disk, import, err);
	snprintf(log, sizeof(log), "%s/api/" PLACE_DATABASE "-shm", conf->state_dir);
	unlink(log); /* means nothing without its log */
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
