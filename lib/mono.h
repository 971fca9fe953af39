/* SPDX-License-Identifier: GPL-2.0-only */
/* Time that never goes back (CLOCK_BOOTTIME: it counts suspend too). Never a bare integer. */
#ifndef LIB_MONO_H
#define LIB_MONO_H

#include <stdint.h>
#include <time.h>

struct mono {
	int64_t ns;
};

static inline struct mono mono_now(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_BOOTTIME, &ts);
	return (struct mono){.ns = (int64_t)ts.tv_sec * 1000000000 + ts.tv_nsec};
}

static inline int64_t mono_ms_since(struct mono then)
{
	return (mono_now().ns - then.ns) / 1000000;
}

#endif
