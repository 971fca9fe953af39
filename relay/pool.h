/* SPDX-License-Identifier: GPL-2.0-only */
/* Whether a pool is on-link or routed, and why. */
#ifndef RELAY_POOL_H
#define RELAY_POOL_H

#include <stdbool.h>

enum pool_why {
	POOL_UNKNOWN,	  /* nobody has looked yet */
	POOL_CONF_ROUTED, /* configured */
	POOL_CONF_ONLINK,
	POOL_UNSEEN,  /* routed: nothing speaks for on-link */
	POOL_ADDRESS, /* on-link: the uplink has an address of its subnet */
	POOL_ROUTE,   /* on-link: a route without gateway */
	POOL_ASKED,   /* on-link: somebody asked for an address of it */
	POOL_WHY_MAX,
};

bool pool_onlink(enum pool_why why);

#endif
