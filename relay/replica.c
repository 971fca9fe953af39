/* SPDX-License-Identifier: GPL-2.0-only */
#include "replica.h"

#include <fcntl.h>
#include <ftw.h>
#include <signal.h>
#include <string.h>
#include <sys/file.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include "../lib/file.h"
#include "../lib/log.h"
#include "db.h"
#include "isolate.h"
#include "place.h"
#include "replica_generations.h"
#include "replica_run.h"
#include "replica_watch.h"
#include "role.h"

static bool is_there(const char *path)
{
	return !access(path, F_OK);
}

/* Of two Litestreams at one replica neither would be right. Not close-on-exec: Litestream keeps it
 * too. */
static int lock(const struct conf *conf, struct err *err)
{
	char path[PLACE_LEN];
	int fd = open(place_db(path, conf, PLACE_LOCK), O_RDWR | O_CREAT | O_NOFOLLOW, 0600);

	if (fd < 0 || flock(fd, LOCK_EX))
		return err_sys(err, -errno, "%s", path);
	return 0;
}

static int remove_one(const char *path, UNUSED const struct stat *st, UNUSED int type,
		      struct FTW *ftw)
{
	const char *name = path + ftw->base;

	if (!ftw->level || !strcmp(name, PLACE_LOCK) || !strcmp(name, PLACE_CONFIG))
		return 0;
	return remove(path) ? -1 : 0;
}

/* The database first: a log of another one must never be played into it. */
static int clear(const struct conf *conf, struct err *err)
{
	char path[PLACE_LEN];

	if (unlink(place_db(path, conf, PLACE_DATABASE)) && errno != ENOENT)
		return err_sys(err, -errno, "%s", path);
	if (nftw(place_db(path, conf, NULL), remove_one, 8, FTW_DEPTH | FTW_PHYS))
		return err_sys(err, -errno, "%s", path);
	return 0;
}

static int check_writable(const struct conf *conf, struct err *err)
{
	if (place_replica_is_folder(conf) && access(conf->replica, R_OK | W_OK | X_OK))
		return err_sys(err, -errno, "state.replica: %s, as user %s", conf->replica,
			       ISOLATE_API_USER);
	return 0;
}

/* Kept until the replica has it: whatever ends this half-way, it begins anew. */
static int import(const struct conf *conf, const char *from, struct err *err)
{
	AUTO_DB struct db *db = NULL;
	char path[PLACE_LEN];
	int r;

	log_info("%s: taken as the database", from);
	r = clear(conf, err);
	if (!r)
		r = db_open(from, &db, err);
	if (!r)
		r = db_check(db, err);
	if (!r)
		r = db_snapshot(db, place_db(path, conf, PLACE_DATABASE), err);
	if (!r)
		r = replica_run_once(conf, err);
	if (r)
		return err_prefix(err, "%s", from);
	db_close(steal(&db));
	if (unlink(from))
		return err_sys(err, -errno, "%s", from);
	return 0;
}

static int check(const char *database, struct err *err)
{
	AUTO_DB struct db *db = NULL;
	int r = db_open(database, &db, err);

	return r ? r : db_check(db, err);
}

/*
 * Litestream takes a generation's snapshot while the database is written to, and the log that makes
 * it whole follows. A power cut between the two leaves a newest generation that is damaged; the one
 * before it has all that it has. (Of two that ended within one second either may be taken:
 * Litestream tells no more.)
 */
static int restore_older(const struct conf *conf, const char *database, const struct err *newest,
			 struct err *err)
{
	struct replica_generation older[REPLICA_GENERATIONS];
	size_t n = 0;
	int r = replica_generations(conf, older, &n, err);

	log_warn("%s: its newest generation: %s", conf->replica, newest->text);
	for (size_t i = 1; i < n && !r; i++) {
		r = clear(conf, err);
		if (!r)
			r = replica_run_restore(conf, older[i].name, err);
		if (!r && !check(database, err)) {
			log_warn("the database was restored from generation %s of %s, of %s",
				 older[i].name, conf->replica, older[i].end);
			return 0;
		}
	}
	return err_set(err, -EIO, "%s: no generation is whole: %s", conf->replica, newest->text);
}

static int restore(const struct conf *conf, const char *database, struct err *err)
{
	char mark[PLACE_LEN];
	struct err newest;
	int r;

	r = clear(conf, err);
	if (!r)
		r = replica_run_restore(conf, NULL, err);
	if (r)
		return r;
	if (is_there(database)) {
		if (check(database, &newest))
			return restore_older(conf, database, &newest, err);
		log_info("the database was restored from %s", conf->replica);
		return 0;
	}
	if (!is_there(place_replica(mark, conf, PLACE_STARTED))) {
		log_info("%s holds no database, and none was here before: first start",
			 conf->replica);
		return 0;
	}
	return err_set(err, -ENOENT,
		       "%.60s holds no database, but this relay had one: is it what was mounted "
		       "before? Only to begin with an empty one, remove %.80s",
		       conf->replica, mark);
}

static int prepare(const struct conf *conf, bool again, struct err *err)
{
	char database[PLACE_LEN], from[PLACE_LEN], mark[PLACE_LEN];
	int r = check_writable(conf, err);

	place_db(database, conf, PLACE_DATABASE);
	place_replica(from, conf, PLACE_IMPORT);
	place_replica(mark, conf, PLACE_STARTED);
	if (r)
		return r;
	if (again && !is_there(database))
		return err_set(err, -ENOENT, "%s is gone: restart relayd", database);
	if (!again && is_there(from))
		r = import(conf, from, err);
	else if (!is_there(database))
		r = restore(conf, database, err);
	/* Before anybody writes to it. */
	if (!r && !is_there(mark))
		r = file_write_atomic(mark, 0600, "", 0, err);
	return r;
}

static int run(bool verbose, bool again, struct err *err)
{
	static struct conf conf;
	int r;

	/* Neither a terminal's ^C, which comes to relayd too, nor relayd's death leaves it alone
	 * with the database. */
	setsid();
	r = role_read_conf(&conf, err);
	if (!r)
		r = isolate_replica(&conf, err);
	if (!r && prctl(PR_SET_PDEATHSIG, SIGKILL))
		r = err_sys(err, -errno, "prctl");
	if (!r)
		r = lock(&conf, err);
	if (!r)
		r = replica_run_conf(&conf, verbose, err);
	if (!r)
		r = prepare(&conf, again, err);
	if (!r && write(ROLE_FD_READY, "1", 1) != 1)
		r = err_sys(err, -errno, "the supervisor cannot be told");
	if (r)
		return r;
	close(ROLE_FD_READY);
	return replica_watch(&conf, err);
}

int replica_main(bool verbose, bool again)
{
	struct err err;

	umask(077);
	if (!run(verbose, again, &err))
		return 0;
	log_err("%s", err.text);
	return 1;
}
