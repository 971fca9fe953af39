/* SPDX-License-Identifier: GPL-2.0-only */
/* Whole files: bounded read, atomic durable write (temporary, fsync, rename, fsync of the folder).
 */
#ifndef LIB_FILE_H
#define LIB_FILE_H

#include <stddef.h>
#include <sys/types.h>
#include "err.h"

/* Reads at most max bytes (-EFBIG beyond) and puts a NUL behind them. */
int file_read(const char *path, size_t max, char **ret_text, size_t *ret_len, struct err *err);
int file_write_atomic(const char *path, mode_t mode, const void *data, size_t len, struct err *err);
/* One value into a /proc/sys file; no newline needed. */
int file_write_sysctl(const char *path, const char *value, struct err *err);
/* A lock that goes with the descriptor, whoever dies how. -EBUSY: another process has it. */
int file_lock(const char *path, int *ret_fd, struct err *err);

#endif
