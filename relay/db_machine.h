/* SPDX-License-Identifier: GPL-2.0-only */
/* Hosts that agents have enrolled (lib/machine.h). Released = no row. */
#ifndef RELAY_DB_MACHINE_H
#define RELAY_DB_MACHINE_H

#include "../lib/addr.h"
#include "../lib/machine.h"
#include "conf.h"
#include "db.h"

struct db_machine {
	int64_t id;
	int64_t account;
	char account_name[CONF_NAME_LEN]; /* read only */
	int64_t token;			  /* of the last session */
	char name[MACHINE_NAME_LEN];
	uint8_t public_key[KEY_LEN];
	struct machine_factors factors;
	char remote[ENDPOINT_TEXT_LEN]; /* of the last session */
	int64_t enrolled_at, seen_at;
	int64_t changed_at; /* of a factor; 0 = never */
	uint32_t refused;   /* sessions */
	int64_t refused_at; /* 0 = never */
	int64_t cloned_at;  /* two of it were seen at work; 0 = never */
	uint32_t peers;	    /* read only */
};

/* -ENOENT if there is none. */
int db_machine_get(struct db *db, int64_t id, struct db_machine *ret, struct err *err);
int db_machine_find(struct db *db, int64_t account, const char *name, struct db_machine *ret,
		    struct err *err);
int db_machine_find_key(struct db *db, const uint8_t key[static KEY_LEN], struct db_machine *ret,
			struct err *err);
/* id and times are filled here. -EEXIST: the name or the key is enrolled. */
int db_machine_add(struct db *db, struct db_machine *machine, struct err *err);
/* A session: token, factors, remote. */
int db_machine_seen(struct db *db, const struct db_machine *machine, bool changed, struct err *err);
int db_machine_refused(struct db *db, int64_t id, struct err *err);
int db_machine_cloned(struct db *db, int64_t id, struct err *err);
int db_machine_del(struct db *db, int64_t id, struct err *err);
int db_machine_count(struct db *db, int64_t account, uint32_t *ret, struct err *err);
/* Of all accounts; cloned: since then. */
int db_machine_count_all(struct db *db, int64_t since, uint32_t *ret, uint32_t *ret_cloned,
			 struct err *err);
/* The one of the account that was not seen for longest and has no peer. -ENOENT: all have. */
int db_machine_oldest_idle(struct db *db, int64_t account, struct db_machine *ret, struct err *err);

typedef int db_machine_cb(const struct db_machine *machine, void *ctx);
int db_machine_list(struct db *db, db_machine_cb *cb, void *ctx, struct err *err);

#endif
