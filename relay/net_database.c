/* SPDX-License-Identifier: GPL-2.0-only */
#include "net_database.h"

#include <stdio.h>
#include <string.h>
#include "../lib/file.h"
#include "net_int.h"

#define TEXT_LEN (2 * DB_IDENTITY_LEN + 1) /* with its newline */
#define PATH_LEN (CONF_PATH_LEN + 16)

static void path_of(char out[static PATH_LEN], const char *run_dir)
{
	snprintf(out, PATH_LEN, "%s/" NET_DATABASE_FILE, run_dir);
}

static void line_of(char out[static TEXT_LEN + 1], const uint8_t id[static DB_IDENTITY_LEN])
{
	for (size_t i = 0; i < DB_IDENTITY_LEN; i++)
		snprintf(out + 2 * i, 3, "%02x", id[i]);
	out[TEXT_LEN - 1] = '\n';
	out[TEXT_LEN] = '\0';
}

int net_database_same(const char *run_dir, const uint8_t id[static DB_IDENTITY_LEN],
		      struct err *err)
{
	char path[PATH_LEN], line[TEXT_LEN + 1];
	AUTO_FREE char *text = NULL;
	int r;

	path_of(path, run_dir);
	r = file_read(path, TEXT_LEN, &text, NULL, err);
	if (r)
		return r == -ENOENT ? 1 : r;
	line_of(line, id);
	return !strcmp(text, line);
}

int net_database_refuse(const char *run_dir, unsigned int lost, struct err *err)
{
	char path[PATH_LEN];

	path_of(path, run_dir);
	return err_set(err, -EPERM,
		       "another database, without %u of the live peers: nothing is removed. Bring "
		       "theirs back, or remove %s to let them go",
		       lost, path);
}

int net_database_adopt(const char *run_dir, const uint8_t id[static DB_IDENTITY_LEN],
		       struct err *err)
{
	char path[PATH_LEN], line[TEXT_LEN + 1];

	path_of(path, run_dir);
	line_of(line, id);
	return file_write_atomic(path, 0600, line, TEXT_LEN, err);
}

unsigned int net_database_lost(const struct net *net, const struct kstate *observed)
{
	unsigned int lost = 0;

	for (size_t i = 0; i < observed->n_slots; i++) {
		const struct kslot *s = &observed->slots[i];

		lost += s->slot >= net->conf.slots || !net->next_used[s->slot] ||
			!addr6_eq(&net->next[s->slot].v6, &s->v6);
	}
	return lost;
}

int net_database_check(struct net *net, struct err *err)
{
	struct kstate observed = {};
	unsigned int lost = 0;
	int r = net_database_same(net->conf.run_dir, net->database, err);

	if (r)
		return r < 0 ? r : 0;
	r = observe(net, &observed, err);
	if (!r)
		lost = net_database_lost(net, &observed);
	kstate_clear(&observed);
	if (!r && lost)
		r = net_database_refuse(net->conf.run_dir, lost, err);
	return r;
}
