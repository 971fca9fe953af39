/* SPDX-License-Identifier: GPL-2.0-only */
#include "db.h"

#include <stdio.h>
#include <time.h>
#include "db_stmt.h"

#define BUSY_TIMEOUT_MS 2000

/*
 * Appended to only: number n brings a file of user_version n to n + 1. What is here was released.
 *
 * address: a row per identity that ever got addresses, kept when its peer goes. `name` is the
 * container, or the public key of a peer without one. peer: the tunnel that holds the row now.
 */
static const char *const migrations[] = {
	"CREATE TABLE account ("
	"	id INTEGER PRIMARY KEY AUTOINCREMENT,"
	"	name TEXT NOT NULL UNIQUE CHECK (length(name) BETWEEN 1 AND 63),"
	"	tier TEXT NOT NULL CHECK (length(tier) BETWEEN 1 AND 63),"
	"	created_at INTEGER NOT NULL"
	") STRICT;"
	"CREATE TABLE token ("
	"	id INTEGER PRIMARY KEY AUTOINCREMENT,"
	"	account INTEGER NOT NULL REFERENCES account (id),"
	"	hmac BLOB NOT NULL UNIQUE CHECK (length(hmac) = 32),"
	"	name TEXT NOT NULL CHECK (length(name) < 64),"
	"	scopes INTEGER NOT NULL,"
	"	max_peers INTEGER,"
	"	max_ipv4 INTEGER,"
	"	created_at INTEGER NOT NULL,"
	"	revoked_at INTEGER"
	") STRICT;"
	"CREATE INDEX token_account ON token (account);"
	"CREATE TABLE address ("
	"	slot INTEGER PRIMARY KEY,"
	"	generation INTEGER NOT NULL,"
	"	account INTEGER NOT NULL REFERENCES account (id),"
	"	machine TEXT NOT NULL CHECK (length(machine) < 65),"
	"	name TEXT NOT NULL CHECK (length(name) BETWEEN 1 AND 128),"
	"	v6 BLOB NOT NULL UNIQUE CHECK (length(v6) = 16),"
	"	v4 BLOB UNIQUE CHECK (length(v4) = 4),"
	"	held_since INTEGER," /* no peer since then; NULL = has one */
	"	UNIQUE (account, machine, name)"
	") STRICT;"
	"CREATE INDEX address_held ON address (held_since) WHERE held_since IS NOT NULL;"
	"CREATE TABLE peer ("
	"	slot INTEGER PRIMARY KEY REFERENCES address (slot),"
	"	public_key BLOB NOT NULL UNIQUE CHECK (length(public_key) = 32),"
	"	token INTEGER NOT NULL REFERENCES token (id),"
	"	container TEXT CHECK (length(container) BETWEEN 1 AND 128),"
	"	container_id TEXT CHECK (length(container_id) = 64),"
	"	bandwidth INTEGER NOT NULL,"
	"	ipv4 INTEGER NOT NULL,"
	"	wg INTEGER NOT NULL,"
	"	endpoint TEXT NOT NULL CHECK (length(endpoint) < 56),"
	"	last_handshake INTEGER NOT NULL,"
	"	created_at INTEGER NOT NULL"
	") STRICT;"
	"CREATE INDEX peer_token ON peer (token);"
	/* The bits of an IPv6 pool's addresses that hold the slot are fixed when it is first used.
	 */
	"CREATE TABLE pool6 ("
	"	prefix TEXT PRIMARY KEY,"
	"	slot_bits INTEGER NOT NULL"
	") STRICT;",

	/*
	 * Accounts paid up to a time; peers stopped by billing or quota, which keep row and
	 * addresses; tokens that fall with the token that approved them; who did what.
	 */
	"ALTER TABLE account ADD COLUMN billing_until INTEGER;"
	"ALTER TABLE token ADD COLUMN parent INTEGER REFERENCES token (id);"
	"ALTER TABLE peer ADD COLUMN stopped INTEGER NOT NULL DEFAULT 0;"
	"ALTER TABLE peer ADD COLUMN stopped_at INTEGER;"
	"ALTER TABLE peer ADD COLUMN ipv4_stopped INTEGER NOT NULL DEFAULT 0;"
	"CREATE INDEX token_parent ON token (parent) WHERE parent IS NOT NULL;"
	"CREATE TABLE audit ("
	"	id INTEGER PRIMARY KEY AUTOINCREMENT,"
	"	at INTEGER NOT NULL,"
	"	account INTEGER," /* no reference: the log outlives what it tells of */
	"	token INTEGER,"
	"	remote TEXT NOT NULL,"
	"	action TEXT NOT NULL,"
	"	detail TEXT NOT NULL"
	") STRICT;"
	"CREATE INDEX audit_account ON audit (account, id);"
	"CREATE TABLE canary ("
	"	sequence INTEGER PRIMARY KEY,"
	"	hash BLOB NOT NULL CHECK (length(hash) = 32),"
	"	accepted_at INTEGER NOT NULL"
	") STRICT;",

	/* Rules of a peer's firewall, in their canonical text. */
	"CREATE TABLE firewall ("
	"	slot INTEGER PRIMARY KEY REFERENCES peer (slot) ON DELETE CASCADE,"
	"	rules TEXT NOT NULL CHECK (length(rules) BETWEEN 1 AND 2047)"
	") STRICT;",

	/* Hosts of agents: see db_machine.h. `machine` is what address.machine is. */
	"CREATE TABLE machine ("
	"	id INTEGER PRIMARY KEY AUTOINCREMENT,"
	"	account INTEGER NOT NULL REFERENCES account (id),"
	"	token INTEGER NOT NULL REFERENCES token (id),"
	"	machine TEXT NOT NULL CHECK (length(machine) BETWEEN 1 AND 64),"
	"	public_key BLOB NOT NULL UNIQUE CHECK (length(public_key) = 32),"
	"	factors BLOB NOT NULL CHECK (length(factors) = 96),"
	"	remote TEXT NOT NULL,"
	"	enrolled_at INTEGER NOT NULL,"
	"	seen_at INTEGER NOT NULL,"
	"	changed_at INTEGER,"
	"	refused INTEGER NOT NULL DEFAULT 0,"
	"	refused_at INTEGER,"
	"	cloned_at INTEGER,"
	"	UNIQUE (account, machine)"
	") STRICT;",

	/* What an agent found that a peer's path carries; 0: nobody looked. */
	"ALTER TABLE peer ADD COLUMN mtu INTEGER NOT NULL DEFAULT 0;",
};

int64_t db_now(void)
{
	return (int64_t)time(NULL);
}

static int exec(struct db *db, const char *sql, struct err *err)
{
	char *text = NULL;
	int r = 0;

	if (sqlite3_exec(db->sql, sql, NULL, NULL, &text) != SQLITE_OK)
		r = err_set(err, -EIO, "database: %s", text ? text : "out of memory");
	sqlite3_free(text);
	return r;
}

int db_begin(struct db *db, struct err *err)
{
	return exec(db, "BEGIN IMMEDIATE", err);
}

int db_commit(struct db *db, struct err *err)
{
	int r = exec(db, "COMMIT", err);

	if (r)
		db_rollback(db);
	return r;
}

void db_rollback(struct db *db)
{
	/* Some errors end the transaction by themselves. */
	if (!sqlite3_get_autocommit(db->sql))
		exec(db, "ROLLBACK", NULL);
}

static int migrate(struct db *db, int64_t target, struct err *err)
{
	int64_t version;
	int r;

	r = db_int(db, &version, err, "PRAGMA user_version", "");
	if (r)
		return r;
	if (version < 0 || version > (int64_t)ARRAY_SIZE(migrations))
		return err_set(err, -EPROTO, "made by a newer relayd (schema %jd, this knows %zu)",
			       (intmax_t)version, ARRAY_SIZE(migrations));
	for (; version < target; version++) {
		char pragma[64];

		snprintf(pragma, sizeof(pragma), "PRAGMA user_version = %d", (int)version + 1);
		r = db_begin(db, err);
		if (r)
			return r;
		r = exec(db, migrations[version], err);
		if (!r)
			r = exec(db, pragma, err);
		if (r) {
			db_rollback(db);
			return r;
		}
		r = db_commit(db, err);
		if (r)
			return r;
	}
	return 0;
}

static int set_up(struct db *db, int64_t target, struct err *err)
{
	int r;

	sqlite3_busy_timeout(db->sql, BUSY_TIMEOUT_MS);
	sqlite3_extended_result_codes(db->sql, 1);
	/* The file may come from a backup: nothing in its schema may run code. */
	sqlite3_db_config(db->sql, SQLITE_DBCONFIG_DEFENSIVE, 1, NULL);
	sqlite3_db_config(db->sql, SQLITE_DBCONFIG_TRUSTED_SCHEMA, 0, NULL);
	r = exec(db,
		 "PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL; PRAGMA foreign_keys = ON; "
		 "PRAGMA temp_store = MEMORY; PRAGMA mmap_size = 0",
		 err);
	return r ? r : migrate(db, target, err);
}

/*
 * #syscalls(api): openat read write pread64 pwrite64 lseek close fstat newfstatat stat lstat
 * #syscalls(api): fcntl fsync fdatasync ftruncate fallocate unlink access getcwd readlink geteuid
 * #syscalls(api): mmap munmap mremap fchmod fchown getpid clock_gettime gettimeofday
 */
int db_open(const char *path, struct db **ret_db, struct err *err)
{
	return db_open_schema(path, (int)ARRAY_SIZE(migrations), ret_db, err);
}

int db_schema_newest(void)
{
	return (int)ARRAY_SIZE(migrations);
}

int db_open_schema(const char *path, int version, struct db **ret_db, struct err *err)
{
	AUTO_DB struct db *db = calloc(1, sizeof(*db));
	int r;

	if (!db)
		return err_set(err, -ENOMEM, "%s: out of memory", path);
	if (sqlite3_open_v2(path, &db->sql, SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE, NULL) !=
	    SQLITE_OK)
		return err_set(err, -EIO, "%s: %s", path,
			       db->sql ? sqlite3_errmsg(db->sql) : "out of memory");
	r = set_up(db, version, err);
	if (r) {
		err_prefix(err, "%s", path);
		return r;
	}
	*ret_db = steal(&db);
	return 0;
}

int db_snapshot(struct db *db, const char *path, struct err *err)
{
	if (unlink(path) && errno != ENOENT)
		return err_sys(err, -errno, "%s", path);
	return db_run(db, NULL, err, "VACUUM INTO ?", "t", path);
}

void db_close(struct db *db)
{
	if (!db)
		return;
	sqlite3_close(db->sql);
	free(db);
}
