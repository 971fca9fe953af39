/* SPDX-License-Identifier: GPL-2.0-only */
/* What a process without rights may still ask of the kernel: system call filters (seccomp). */
#ifndef LIB_SYSFILTER_H
#define LIB_SYSFILTER_H

#include <stddef.h>
#include "err.h"

/* libuv uses io_uring where it can, whose operations no filter sees. Before a loop is made. */
int sysfilter_no_io_uring(struct err *err);
/* Any other than these (SCMP_SYS numbers) kills the process. For good. */
int sysfilter_only(const int *allowed, size_t n_allowed, struct err *err);

#endif
