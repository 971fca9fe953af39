/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Log lines on standard error: "area: level: text". Under systemd (JOURNAL_STREAM set) each line
 * starts with the journal's "<N>" priority instead of the level's name. Foreign text goes through
 * log_esc() first.
 */
#ifndef LIB_LOG_H
#define LIB_LOG_H

#include <stdbool.h>
#include "cleanup.h"

enum log_level { LOG_LVL_ERR, LOG_LVL_WARN, LOG_LVL_INFO, LOG_LVL_DEBUG };

/* `area` must be a string literal: it is kept. Lines above `max` are not printed. */
void log_init(const char *area, enum log_level max);
/* From now on each line is an object: {"time", "level", "area", "text"}. */
void log_json(bool on);
void log_at(enum log_level level, const char *fmt, ...) PRINTF(2, 3);

#define log_err(...) log_at(LOG_LVL_ERR, __VA_ARGS__)
#define log_warn(...) log_at(LOG_LVL_WARN, __VA_ARGS__)
#define log_info(...) log_at(LOG_LVL_INFO, __VA_ARGS__)
#define log_debug(...) log_at(LOG_LVL_DEBUG, __VA_ARGS__)

/*
 * Escapes `len` foreign bytes into `out` (always NUL-terminated, cut with "..." when too long):
 * printable ASCII stays, backslash and all else becomes \xNN. Returns `out`.
 */
const char *log_esc(char *out, size_t out_len, const void *text, size_t len);

#endif
