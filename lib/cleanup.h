/* SPDX-License-Identifier: GPL-2.0-only */
/* Ownership by scope: a variable marked with one of these frees itself on return. */
#ifndef LIB_CLEANUP_H
#define LIB_CLEANUP_H

#include <errno.h>
#include <stdlib.h>
#include <unistd.h>

#define ARRAY_SIZE(a) (sizeof(a) / sizeof((a)[0]))
#define PRINTF(fmt, args) __attribute__((format(printf, fmt, args)))
#define UNUSED __attribute__((unused))
#define NODISCARD __attribute__((warn_unused_result))

/* Declares cleanup_NAME() for a type whose free function takes NULL. */
#define DEFINE_CLEANUP(name, type, free_fn)                                                        \
	static inline void cleanup_##name(type *p)                                                 \
	{                                                                                          \
		int saved = errno;                                                                 \
		if (*p)                                                                            \
			free_fn(*p);                                                               \
		errno = saved;                                                                     \
	}

#define CLEANUP(name) __attribute__((cleanup(cleanup_##name)))

static inline void cleanup_fd(int *fd)
{
	int saved = errno;

	if (*fd >= 0)
		close(*fd);
	errno = saved;
}

static inline void cleanup_free(void *p)
{
	int saved = errno;

	free(*(void **)p);
	errno = saved;
}

#define AUTO_FD CLEANUP(fd)
#define AUTO_FREE CLEANUP(free)

/* Hands the value over: the caller owns it now, the cleanup sees "nothing". */
#define steal(p)                                                                                   \
	({                                                                                         \
		__typeof__(*(p)) *steal_p_ = (p);                                                  \
		__typeof__(*(p)) steal_v_ = *steal_p_;                                             \
		*steal_p_ = NULL;                                                                  \
		steal_v_;                                                                          \
	})

static inline int steal_fd(int *fd)
{
	int v = *fd;

	*fd = -1;
	return v;
}

#endif
