/* SPDX-License-Identifier: GPL-2.0-only */
#include "rotation.h"

#include <errno.h>
#include <string.h>
#include "../lib/cleanup.h"

static struct rotation *find_place(struct rotations *t, uint32_t slot)
{
	struct rotation *free_one = NULL;

	for (size_t i = 0; i < ARRAY_SIZE(t->r); i++) {
		struct rotation *r = &t->r[i];

		if (r->state != ROTATION_NONE && r->slot == slot)
			return r;
		if (r->state == ROTATION_NONE && !free_one)
			free_one = r;
	}
	return free_one;
}

int rotation_begin(struct rotations *t, uint32_t slot, uint32_t generation,
		   const uint8_t old_key[static KEY_LEN], const uint8_t new_key[static KEY_LEN],
		   struct mono now, struct rotation **ret)
{
	struct rotation *r = rotation_by_new_key(t, new_key);

	if (r && r->slot != slot)
		return -EEXIST;
	r = find_place(t, slot);
	if (!r || (r->state == ROTATION_FORMER && r->generation == generation))
		return -EBUSY;
	*ret = r;
	if (r->state == ROTATION_PENDING && r->generation == generation &&
	    !memcmp(r->old_key, old_key, KEY_LEN) && !memcmp(r->new_key, new_key, KEY_LEN))
		return 0;
	*r = (struct rotation){
		.state = ROTATION_PENDING, .slot = slot, .generation = generation, .since = now};
	memcpy(r->old_key, old_key, KEY_LEN);
	memcpy(r->new_key, new_key, KEY_LEN);
	return 0;
}

void rotation_commit(struct rotation *r, struct mono now)
{
	r->state = ROTATION_FORMER;
	r->since = now;
}

void rotation_end(struct rotation *r)
{
	*r = (struct rotation){};
}

bool rotation_due(const struct rotation *r, struct mono now)
{
	int64_t ms = (now.ns - r->since.ns) / 1000000;

	return (r->state == ROTATION_PENDING && ms >= ROTATION_PENDING_MS) ||
	       (r->state == ROTATION_FORMER && ms >= ROTATION_FORMER_MS);
}

struct rotation *rotation_by_slot(struct rotations *t, uint32_t slot, uint32_t generation)
{
	for (size_t i = 0; i < ARRAY_SIZE(t->r); i++) {
		struct rotation *r = &t->r[i];

		if (r->state != ROTATION_NONE && r->slot == slot && r->generation == generation)
			return r;
	}
	return NULL;
}

struct rotation *rotation_by_new_key(struct rotations *t, const uint8_t key[static KEY_LEN])
{
	for (size_t i = 0; i < ARRAY_SIZE(t->r); i++) {
		struct rotation *r = &t->r[i];

		if (r->state != ROTATION_NONE && !memcmp(r->new_key, key, KEY_LEN))
			return r;
	}
	return NULL;
}

const uint8_t *rotation_other(const struct rotation *r, const uint8_t key[static KEY_LEN])
{
	if (!memcmp(r->old_key, key, KEY_LEN))
		return r->new_key;
	return !memcmp(r->new_key, key, KEY_LEN) ? r->old_key : NULL;
}
