/* SPDX-License-Identifier: GPL-2.0-only */
#include "parse.h"

#include <errno.h>
#include <string.h>

int parse_u64(const char *text, uint64_t min, uint64_t max, uint64_t *ret_value)
{
	uint64_t v = 0;
	const char *p;

	if (!text[0] || (text[0] == '0' && text[1]))
		return -EINVAL;
	for (p = text; *p; p++) {
		if (*p < '0' || *p > '9')
			return -EINVAL;
	}
	for (p = text; *p; p++) {
		if (__builtin_mul_overflow(v, 10, &v) ||
		    __builtin_add_overflow(v, (uint64_t)(*p - '0'), &v))
			return -ERANGE;
	}
	if (v < min || v > max)
		return -ERANGE;
	*ret_value = v;
	return 0;
}

int parse_u32(const char *text, uint32_t min, uint32_t max, uint32_t *ret_value)
{
	uint64_t v;
	int r = parse_u64(text, min, max, &v);

	if (!r)
		*ret_value = (uint32_t)v;
	return r;
}

int parse_u16(const char *text, uint16_t min, uint16_t max, uint16_t *ret_value)
{
	uint64_t v;
	int r = parse_u64(text, min, max, &v);

	if (!r)
		*ret_value = (uint16_t)v;
	return r;
}

int parse_bool(const char *text, bool *ret_value)
{
	bool yes = !strcmp(text, "true");

	if (!yes && strcmp(text, "false"))
		return -EINVAL;
	*ret_value = yes;
	return 0;
}

int parse_name(const char *text, const char *const *names, int *ret_index)
{
	for (int i = 0; names[i]; i++) {
		if (!strcmp(text, names[i])) {
			*ret_index = i;
			return 0;
		}
	}
	return -EINVAL;
}
