/* SPDX-License-Identifier: GPL-2.0-only */
/* The warrant canary: read and judged at start, served. The relay holds no key to sign one. */
#ifndef RELAY_API_CANARY_H
#define RELAY_API_CANARY_H

#include "api.h"
#include "canary.h"

enum api_canary_state {
	API_CANARY_NONE,    /* not configured */
	API_CANARY_OK,	    /* signed, in sequence, in time */
	API_CANARY_OVERDUE, /* its successor should be here */
	API_CANARY_INVALID, /* `problem` */
};

struct api_canary {
	bool valid;
	struct canary canary;
	char problem[ERR_TEXT_LEN];
};

/* After the database is open. An invalid canary is logged and served as such. */
int api_canary_open(struct api *api, struct err *err);
enum api_canary_state api_canary_state(const struct api *api);
extern const char *const api_canary_names[]; /* by state */

#endif
