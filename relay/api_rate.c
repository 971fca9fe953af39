/* SPDX-License-Identifier: GPL-2.0-only */
#include "api_rate.h"

#include <stdlib.h>
#include <string.h>

#define FAMILY_ID 0xffff /* no address family: the key is a number */

/* GCRA: `until` is the time at which all of the past will be forgiven. */
struct entry {
	uint16_t family; /* 0 = free */
	uint8_t key[8];	 /* IPv4, the /64, or the number */
	struct mono until;
};

struct api_rate {
	int64_t interval_ns, burst_ns;
	struct entry entries[API_RATE_MAX_KEYS];
};

struct api_rate *api_rate_new(uint32_t burst, uint32_t interval_ms)
{
	struct api_rate *rate = calloc(1, sizeof(*rate));

	if (!rate)
		return NULL;
	rate->interval_ns = interval_ms * INT64_C(1000000);
	rate->burst_ns = burst * rate->interval_ns;
	return rate;
}

void api_rate_free(struct api_rate *rate)
{
	free(rate);
}

/* False: a Unix socket, which is never limited. */
static bool key_of(const struct endpoint *remote, struct entry *key)
{
	*key = (struct entry){.family = remote->family};
	if (remote->family == AF_INET)
		memcpy(key->key, &remote->v4, sizeof(remote->v4));
	else if (remote->family == AF_INET6)
		memcpy(key->key, &remote->v6, sizeof(key->key));
	else
		return false;
	return true;
}

static bool same(const struct entry *a, const struct entry *b)
{
	return a->family == b->family && !memcmp(a->key, b->key, sizeof(a->key));
}

static bool add(struct api_rate *rate, const struct entry *key, struct mono now)
{
	struct entry *e = &rate->entries[0];

	for (size_t i = 0; i < API_RATE_MAX_KEYS; i++) {
		if (same(&rate->entries[i], key)) {
			e = &rate->entries[i];
			break;
		}
		if (rate->entries[i].until.ns < e->until.ns)
			e = &rate->entries[i];
	}
	if (!same(e, key))
		*e = *key;
	if (e->until.ns < now.ns)
		e->until = now;
	if (e->until.ns - now.ns >= rate->burst_ns)
		return true;
	e->until.ns += rate->interval_ns;
	return false;
}

bool api_rate_add(struct api_rate *rate, const struct endpoint *remote, struct mono now)
{
	struct entry key;

	return key_of(remote, &key) && add(rate, &key, now);
}

bool api_rate_add_id(struct api_rate *rate, int64_t id, struct mono now)
{
	struct entry key = {.family = FAMILY_ID};

	memcpy(key.key, &id, sizeof(key.key));
	return add(rate, &key, now);
}

bool api_rate_full(const struct api_rate *rate, const struct endpoint *remote, struct mono now)
{
	struct entry key;

	if (!key_of(remote, &key))
		return false;
	for (size_t i = 0; i < API_RATE_MAX_KEYS; i++) {
		if (same(&rate->entries[i], &key))
			return rate->entries[i].until.ns - now.ns >= rate->burst_ns;
	}
	return false;
}
