/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * relayctl backup and restore: a folder with all that a replacement machine needs. The database is
 * a snapshot that relayd makes while it serves; keys change by "relayctl pin roll" alone.
 */
#include "relayctl.h"

#include <dirent.h>
#include <fcntl.h>
#include <pwd.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include "../lib/file.h"
#include "../lib/json.h"

#define STATE_DEFAULT "/var/lib/relayd"
#define API_USER "sidecar-relay"
#define MAX_FILE_BYTES (1u << 30)
#define PATH_LEN 512
#define DATABASE "api/relay.db"

/* The api role's folder, and what is in it; "net" holds the keys of wg0 and wg1, by any names. */
static const char *const folders[] = {"api", "api/tls", "net"};
static const char *const api_files[] = {
	"api/token.key",    "api/address.key",	   "api/tls/live.key",
	"api/tls/live.crt", "api/tls/standby.key", "api/tls/standby.crt",
};

/* Files from one place to another. uid, gid: of what is made below "api". */
struct copying {
	const char *from, *to;
	uid_t uid;
	gid_t gid;
	struct err *err;
};

static int join(char out[static PATH_LEN], const char *dir, const char *name, struct err *err)
{
	if (snprintf(out, PATH_LEN, "%s/%s", dir, name) >= PATH_LEN)
		return err_set(err, -ENAMETOOLONG, "%s: too long", dir);
	return 0;
}

static bool is_api(const char *name)
{
	return !strncmp(name, "api", 3);
}

static int copy_from(struct copying *c, const char *path, const char *name)
{
	char to[PATH_LEN];
	AUTO_FREE char *data = NULL;
	size_t len;
	int r;

	r = file_read(path, MAX_FILE_BYTES, &data, &len, c->err);
	if (!r)
		r = join(to, c->to, name, c->err);
	if (!r)
		r = file_write_atomic(to, 0600, data, len, c->err);
	if (data)
		explicit_bzero(data, len);
	if (!r && is_api(name) && lchown(to, c->uid, c->gid))
		r = err_sys(c->err, -errno, "%s", to);
	return r;
}

static int copy(struct copying *c, const char *name)
{
	char from[PATH_LEN];
	int r = join(from, c->from, name, c->err);

	return r ? r : copy_from(c, from, name);
}

static int make_folders(struct copying *c)
{
	if (mkdir(c->to, 0700) && errno != EEXIST)
		return err_sys(c->err, -errno, "%s", c->to);
	for (size_t i = 0; i < ARRAY_SIZE(folders); i++) {
		char path[PATH_LEN];
		int r = join(path, c->to, folders[i], c->err);

		if (r)
			return r;
		if (mkdir(path, 0700) && errno != EEXIST)
			return err_sys(c->err, -errno, "%s", path);
		if (is_api(folders[i]) && lchown(path, c->uid, c->gid))
			return err_sys(c->err, -errno, "%s", path);
	}
	return 0;
}

DEFINE_CLEANUP(dir, DIR *, closedir)

static int copy_net(struct copying *c)
{
	char path[PATH_LEN], name[PATH_LEN];
	CLEANUP(dir) DIR *dir = NULL;
	struct dirent *e;
	int r;

	r = join(path, c->from, "net", c->err);
	if (r)
		return r;
	dir = opendir(path);
	if (!dir)
		return err_sys(c->err, -errno, "%s", path);
	while (!r && (e = readdir(dir))) {
		if (e->d_name[0] == '.')
			continue;
		r = join(name, "net", e->d_name, c->err);
		if (!r)
			r = copy(c, name);
	}
	return r;
}

static int copy_keys(struct copying *c)
{
	int r = make_folders(c);

	for (size_t i = 0; !r && i < ARRAY_SIZE(api_files); i++)
		r = copy(c, api_files[i]);
	return r ? r : copy_net(c);
}

enum ctl_exit ctl_backup(struct ctl *ctl)
{
	AUTO_JSON json_t *json = NULL;
	const char *state, *database;
	struct copying c = {.to = ctl->words[0], .uid = geteuid(), .gid = getegid()};
	struct err err;
	enum ctl_exit code;
	int r;

	c.err = &err;
	/* A folder that is there already may hold another relay's keys. */
	if (mkdir(c.to, 0700))
		return ctl_fail(CTL_EXIT_ERROR, "%s: %s", c.to, strerror(errno));
	code = ctl_call(ctl, "POST", "/ctl/v1/backup", NULL, &json);
	if (code != CTL_EXIT_OK) {
		rmdir(c.to);
		return code;
	}
	r = json_get_string(json, "state", &state, &err);
	if (!r)
		r = json_get_string(json, "database", &database, &err);
	if (r)
		return ctl_fail(CTL_EXIT_ERROR, "%s", err.text);
	c.from = state;
	r = copy_keys(&c);
	if (!r)
		r = copy_from(&c, database, DATABASE);
	unlink(database);
	if (r)
		return ctl_fail(CTL_EXIT_ERROR, "%s", err.text);
	ctl->out.ops->done(&ctl->out, json, "done");
	return CTL_EXIT_OK;
}

/* relayd holds this lock while it runs: supervisor_lock(). */
static int lock(const char *socket, int *ret_fd, struct err *err)
{
	const char *slash = strrchr(socket, '/');
	char path[PATH_LEN];
	AUTO_FD int fd = -1;

	snprintf(path, sizeof(path), "%.*s/relayd.lock", slash ? (int)(slash - socket) : 0, socket);
	fd = open(path, O_RDWR | O_CLOEXEC | O_NOFOLLOW);
	if (fd < 0 && errno == ENOENT)
		return 0;
	if (fd < 0)
		return err_sys(err, -errno, "%s", path);
	if (flock(fd, LOCK_EX | LOCK_NB))
		return err_set(err, -EBUSY, "relayd runs: stop it first (systemctl stop relayd)");
	*ret_fd = steal_fd(&fd);
	return 0;
}

/* What the present database has written last must not be played into the restored one. */
static int remove_log(const char *state, struct err *err)
{
	static const char *const names[] = {DATABASE "-wal", DATABASE "-shm"};

	for (size_t i = 0; i < ARRAY_SIZE(names); i++) {
		char path[PATH_LEN];
		int r = join(path, state, names[i], err);

		if (r)
			return r;
		if (unlink(path) && errno != ENOENT)
			return err_sys(err, -errno, "%s", path);
	}
	return 0;
}

/* The second: with state.mode: tmpfs there is, or was, one elsewhere, which a restored one replaces
 * when relayd starts. */
static int check_place(const struct ctl *ctl, const char *state, struct err *err)
{
	static const char *const names[] = {DATABASE, "replica/started"};
	int r = 0;

	for (size_t i = 0; !r && !ctl->args.force && i < ARRAY_SIZE(names); i++) {
		char path[PATH_LEN];

		r = join(path, state, names[i], err);
		if (!r && !access(path, F_OK))
			r = err_set(err, -EEXIST, "%s is there: --force replaces the database",
				    path);
	}
	return r;
}

enum ctl_exit ctl_restore(struct ctl *ctl)
{
	const struct passwd *pw = getpwnam(API_USER);
	struct copying c = {.from = ctl->words[0],
			    .to = ctl->args.state ? ctl->args.state : STATE_DEFAULT,
			    .uid = pw ? pw->pw_uid : geteuid(),
			    .gid = pw ? pw->pw_gid : getegid()};
	AUTO_JSON json_t *json = NULL;
	AUTO_FD int lock_fd = -1;
	struct err err;
	int r;

	c.err = &err;
	r = lock(ctl->args.socket, &lock_fd, &err);
	if (!r)
		r = check_place(ctl, c.to, &err);
	if (!r)
		r = copy_keys(&c);
	if (!r)
		r = remove_log(c.to, &err);
	/* Last: without a database nothing was restored. */
	if (!r)
		r = copy(&c, DATABASE);
	if (r)
		return ctl_fail(CTL_EXIT_ERROR, "%s", err.text);
	json = json_pack("{s:b, s:s}", "restored", 1, "state", c.to);
	ctl->out.ops->done(&ctl->out, json, "done: start relayd now");
	return CTL_EXIT_OK;
}
