/* SPDX-License-Identifier: GPL-2.0-only */
#include "api_state.h"

#include <stdio.h>
#include <string.h>
#include <sys/random.h>
#include <sys/stat.h>
#include "../lib/file.h"
#include "../lib/log.h"
#include "api_pin.h"
#include "db_account.h"
#include "db_peer.h"
#include "place.h"

#define PATH_LEN (API_STATE_DIR_LEN + 32)
#define SECRET_LEN 32

const char *api_state_dir(char out[static API_STATE_DIR_LEN], const struct conf *conf)
{
	snprintf(out, API_STATE_DIR_LEN, "%s/api", conf->state_dir);
	return out;
}

/* Reads a key, or makes it when there is none. */
static int open_secret(const char *path, uint8_t ret_key[static SECRET_LEN], struct err *err)
{
	AUTO_FREE char *data = NULL;
	uint8_t key[SECRET_LEN];
	size_t len = 0;
	int r;

	r = file_read(path, SECRET_LEN, &data, &len, err);
	if (!r && len != SECRET_LEN)
		return err_set(err, -EINVAL, "%s: not %d bytes long", path, SECRET_LEN);
	if (!r) {
		memcpy(ret_key, data, SECRET_LEN);
		explicit_bzero(data, SECRET_LEN);
		return 0;
	}
	if (r != -ENOENT)
		return r;
	if (getrandom(key, sizeof(key), 0) != (ssize_t)sizeof(key))
		return err_sys(err, -errno, "%s: random bytes", path);
	r = file_write_atomic(path, 0600, key, sizeof(key), err);
	if (!r)
		memcpy(ret_key, key, sizeof(key));
	explicit_bzero(key, sizeof(key));
	return r;
}

/* Rows that need mending, noted while the list is read. */
struct mending {
	const struct conf *conf;
	struct db_address *rows;
	size_t n, size;
};

static int note_row(const struct db_address *a, const char *account UNUSED, void *ctx)
{
	struct mending *m = ctx;
	bool v6_ok = a->slot < m->conf->slots && alloc_v6_ours(m->conf, &a->v6, a->slot);

	if (v6_ok && (addr4_is_zero(a->v4) || alloc_v4_ours(m->conf, a->v4)))
		return 0;
	if (m->n == m->size) {
		size_t size = m->size ? 2 * m->size : 64;
		struct db_address *rows = reallocarray(m->rows, size, sizeof(*rows));

		if (!rows)
			return -ENOMEM;
		m->rows = rows;
		m->size = size;
	}
	m->rows[m->n++] = *a;
	return 0;
}

/* Addresses outside of the pools are replaced; a slot that no longer exists goes with its peer. */
static int mend_row(struct api *api, struct db_address *a, struct err *err)
{
	struct db_account account;
	struct alloc_id id = {};
	int r;

	if (a->slot >= api->conf.slots) {
		log_warn("slot %u is above slots: %u: its peer must register anew", a->slot,
			 api->conf.slots);
		r = db_peer_del(api->db, a->slot, err);
		return r && r != -ENOENT ? r : db_address_del(api->db, a->slot, err);
	}
	r = db_account_get(api->db, a->account, &account, err);
	if (r)
		return r;
	memcpy(id.account, account.name, sizeof(id.account));
	memcpy(id.machine, a->machine, sizeof(id.machine));
	memcpy(id.name, a->name, sizeof(id.name));
	if (!alloc_v6_ours(&api->conf, &a->v6, a->slot)) {
		r = alloc_v6(api->address_key, &id, &api->conf, a->slot, &a->v6);
		if (r)
			return err_sys(err, r, "slot %u: IPv6 address", a->slot);
	}
	if (!alloc_v4_ours(&api->conf, a->v4))
		a->v4 = (struct addr4){};
	return db_address_set(api->db, a, err);
}

static int mend_rows(struct api *api, struct err *err)
{
	struct mending m = {.conf = &api->conf};
	int r;

	r = db_begin(api->db, err);
	if (r)
		return r;
	r = db_address_check_pools(api->db, &api->conf, err);
	if (!r)
		r = db_address_list(api->db, note_row, &m, err);
	for (size_t i = 0; !r && i < m.n; i++)
		r = mend_row(api, &m.rows[i], err);
	if (!r && m.n)
		log_warn("%zu address rows did not fit the pools and were changed", m.n);
	free(m.rows);
	if (r) {
		db_rollback(api->db);
		return r;
	}
	return db_commit(api->db, err);
}

/* #syscalls(api): mkdir rename getrandom fstat openat read write close fsync unlink */
int api_state_open(struct api *api, struct err *err)
{
	char dir[API_STATE_DIR_LEN], path[PATH_LEN], db[PLACE_LEN];
	int r;

	api_state_dir(dir, &api->conf);
	snprintf(path, sizeof(path), "%s/token.key", dir);
	r = open_secret(path, api->token_key, err);
	snprintf(path, sizeof(path), "%s/address.key", dir);
	if (!r)
		r = open_secret(path, api->address_key, err);
	if (!r)
		r = api_pin_open(api, dir, err);
	if (!r)
		r = db_open(place_db(db, &api->conf, PLACE_DATABASE), &api->db, err);
	if (!r && api->conf.state_mode == CONF_STATE_TMPFS)
		r = db_leave_log(api->db, err);
	return r ? r : mend_rows(api, err);
}
