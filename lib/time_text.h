/* SPDX-License-Identifier: GPL-2.0-only */
/* Times as text: RFC 3339 in UTC, "2025-01-31T23:59:59Z", or a day alone for its beginning. */
#ifndef LIB_TIME_TEXT_H
#define LIB_TIME_TEXT_H

#include <stdint.h>

#define TIME_TEXT_LEN 32

/* Seconds of CLOCK_REALTIME; years 1970 to 9999. -EINVAL. */
int parse_time(const char *text, int64_t *ret_seconds);
const char *time_text(char out[static TIME_TEXT_LEN], int64_t seconds);

/* Months of UTC, numbered from the year 0: "2026-11" is 2026 * 12 + 10. */
#define MONTH_TEXT_LEN 16

uint32_t month_of(int64_t seconds);
int parse_month(const char *text, uint32_t *ret_month); /* -EINVAL */
const char *month_text(char out[static MONTH_TEXT_LEN], uint32_t month);

#endif
