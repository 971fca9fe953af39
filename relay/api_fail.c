/* SPDX-License-Identifier: GPL-2.0-only */
#include "api_fail.h"

#include <stdlib.h>
#include <string.h>

#define INTERVAL_NS (API_FAIL_INTERVAL_MS * INT64_C(1000000))

/* GCRA: `until` is the time at which all failures so far will be forgiven. */
struct entry {
	uint16_t family; /* 0 = free */
	uint8_t addr[8]; /* IPv4, or the /64 */
	struct mono until;
};

struct api_fail {
	struct entry entries[API_FAIL_MAX_ADDRS];
};

struct api_fail *api_fail_new(void)
{
	return calloc(1, sizeof(struct api_fail));
}

void api_fail_free(struct api_fail *fail)
{
	free(fail);
}

static struct entry *find(struct api_fail *fail, const struct entry *key)
{
	struct entry *oldest = &fail->entries[0];

	for (size_t i = 0; i < API_FAIL_MAX_ADDRS; i++) {
		struct entry *e = &fail->entries[i];

		if (e->family == key->family && !memcmp(e->addr, key->addr, sizeof(e->addr)))
			return e;
		if (e->until.ns < oldest->until.ns)
			oldest = e;
	}
	*oldest = *key;
	return oldest;
}

bool api_fail_add(struct api_fail *fail, const struct endpoint *remote, struct mono now)
{
	struct entry key = {.family = remote->family};
	struct entry *e;

	if (remote->family == AF_INET)
		memcpy(key.addr, &remote->v4, sizeof(remote->v4));
	else if (remote->family == AF_INET6)
		memcpy(key.addr, &remote->v6, sizeof(key.addr));
	else
		return false;
	e = find(fail, &key);
	if (e->until.ns < now.ns)
		e->until = now;
	if (e->until.ns - now.ns >= API_FAIL_BURST * INTERVAL_NS)
		return true;
	e->until.ns += INTERVAL_NS;
	return false;
}
