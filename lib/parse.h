/* SPDX-License-Identifier: GPL-2.0-only */
/* Text to value: the whole string, or -EINVAL (no such form) / -ERANGE (outside min..max). */
#ifndef LIB_PARSE_H
#define LIB_PARSE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Decimal digits only: no sign, no space, no leading "+", no leading zeros but "0" itself. */
int parse_u64(const char *text, uint64_t min, uint64_t max, uint64_t *ret_value);
int parse_u32(const char *text, uint32_t min, uint32_t max, uint32_t *ret_value);
int parse_u16(const char *text, uint16_t min, uint16_t max, uint16_t *ret_value);

/* "true" or "false", nothing else. */
int parse_bool(const char *text, bool *ret_value);

/* Index of `text` in a NULL-terminated list of names, or -EINVAL. */
int parse_name(const char *text, const char *const *names, int *ret_index);

#endif
