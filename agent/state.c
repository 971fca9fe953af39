/* SPDX-License-Identifier: GPL-2.0-only */
#include "state.h"

#include <stdio.h>
#include <string.h>
#include <time.h>
#include "../lib/nl_wg.h"

struct state_entry *state_by_id(struct state *state, const char *id)
{
	for (size_t i = 0; i < STATE_MAX_ENTRIES; i++) {
		struct state_entry *e = &state->entries[i];

		if (e->used && !strcmp(e->id, id))
			return e;
	}
	return NULL;
}

struct state_entry *state_by_name(struct state *state, const char *name)
{
	for (size_t i = 0; i < STATE_MAX_ENTRIES; i++) {
		struct state_entry *e = &state->entries[i];

		if (e->used && e->name[0] && !strcmp(e->name, name))
			return e;
	}
	return NULL;
}

struct state_entry *state_by_key(struct state *state, const uint8_t public_key[static KEY_LEN])
{
	for (size_t i = 0; i < STATE_MAX_ENTRIES; i++) {
		struct state_entry *e = &state->entries[i];

		if (e->used && (!memcmp(e->public_key, public_key, KEY_LEN) ||
				(e->has_next && !memcmp(e->next_public, public_key, KEY_LEN))))
			return e;
	}
	return NULL;
}

/* A free place, or that of the entry which nobody has used for longest. */
static struct state_entry *find_place(struct state *state)
{
	struct state_entry *oldest = NULL;

	for (size_t i = 0; i < STATE_MAX_ENTRIES; i++) {
		struct state_entry *e = &state->entries[i];

		if (!e->used)
			return e;
		if (e->owner || e->registered || e->deleting)
			continue;
		if (!oldest || e->used_at_s < oldest->used_at_s)
			oldest = e;
	}
	return oldest;
}

int state_add(struct state *state, const char *name, struct state_entry **ret_entry,
	      struct err *err)
{
	struct state_entry *e = find_place(state);
	struct state_entry fresh = {.used = true, .used_at_s = time(NULL)};
	int r;

	if (!e)
		return err_set(err, -ENOSPC, "the state has %d entries in use", STATE_MAX_ENTRIES);
	snprintf(fresh.name, sizeof(fresh.name), "%s", name);
	r = wg_key_make(fresh.private_key);
	if (!r)
		r = wg_key_public(fresh.private_key, fresh.public_key);
	if (r)
		return err_sys(err, r, "making a key");
	*e = fresh;
	explicit_bzero(&fresh, sizeof(fresh));
	state->dirty = true;
	*ret_entry = e;
	return 0;
}

bool state_is_doubtful(const struct state *state)
{
	size_t registered = 0, lost = 0;

	for (size_t i = 0; i < STATE_MAX_ENTRIES; i++) {
		const struct state_entry *e = &state->entries[i];

		registered += e->used && e->registered;
		lost += e->used && e->registered && !e->owner && !e->ended;
	}
	return lost > STATE_DOUBT_MIN && lost > registered / 2;
}

int64_t state_psk_age_s(struct state *state, struct state_entry *entry, int64_t now_s)
{
	if (entry->psk_at_s > now_s || (entry->has_psk && !entry->psk_at_s)) {
		entry->psk_at_s = now_s;
		state->dirty = true;
	}
	if (!entry->psk_at_s)
		return 0;
	return now_s - entry->psk_at_s < STATE_MAX_AGE_S ? now_s - entry->psk_at_s
							 : STATE_MAX_AGE_S;
}

int state_next_make(struct state *state, struct state_entry *entry, struct err *err)
{
	int r = wg_key_make(entry->next_private);

	if (!r)
		r = wg_key_public(entry->next_private, entry->next_public);
	if (r)
		return err_sys(err, r, "making a key");
	entry->has_next = true;
	state->dirty = true;
	return 0;
}

void state_next_take(struct state *state, struct state_entry *entry)
{
	memcpy(entry->private_key, entry->next_private, KEY_LEN);
	memcpy(entry->public_key, entry->next_public, KEY_LEN);
	/* It belonged to the former key. */
	entry->has_psk = false;
	explicit_bzero(entry->psk, KEY_LEN);
	state_next_drop(state, entry);
}

void state_next_drop(struct state *state, struct state_entry *entry)
{
	entry->has_next = false;
	explicit_bzero(entry->next_private, KEY_LEN);
	state->dirty = true;
}

void state_drop(struct state *state, struct state_entry *entry)
{
	explicit_bzero(entry, sizeof(*entry));
	state->dirty = true;
}

void state_rename(struct state *state, struct state_entry *entry, const char *name)
{
	struct state_entry *other = state_by_name(state, name);

	if (other == entry)
		return;
	if (other && !other->owner && !other->registered && !other->deleting)
		state_drop(state, other);
	else if (other)
		other->name[0] = '\0';
	snprintf(entry->name, sizeof(entry->name), "%s", name);
	state->dirty = true;
}
