/* SPDX-License-Identifier: GPL-2.0-only */
#include "pool.h"

bool pool_onlink(enum pool_why why)
{
	return why == POOL_CONF_ONLINK || why >= POOL_ADDRESS;
}
