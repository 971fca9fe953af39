/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Failed authentications by address (IPv6: by /64). A fixed table; when it is full the address that
 * failed longest ago makes room. A valid token is never refused because of its address: others
 * behind the same CGNAT may be guessing.
 */
#ifndef RELAY_API_FAIL_H
#define RELAY_API_FAIL_H

#include <stdbool.h>
#include "../lib/addr.h"
#include "../lib/mono.h"

#define API_FAIL_MAX_ADDRS 1024
#define API_FAIL_BURST 20 /* failures at once, then one per interval */
#define API_FAIL_INTERVAL_MS 3000

struct api_fail;

struct api_fail *api_fail_new(void); /* NULL without memory */
void api_fail_free(struct api_fail *fail);
/* Counts a failure. True: too many, answer 429. */
bool api_fail_add(struct api_fail *fail, const struct endpoint *remote, struct mono now);

#endif
