/* SPDX-License-Identifier: GPL-2.0-only */
/* At the start: every live peer of the database to the net role, which removes what is not named.
 */
#ifndef RELAY_API_SYNC_H
#define RELAY_API_SYNC_H

#include "api.h"

/* done comes once, from the loop: 0, or why the net role cannot be brought in line. */
int api_sync_start(struct api *api, void (*done)(struct api *api, int r));

#endif
