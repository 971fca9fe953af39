/* SPDX-License-Identifier: GPL-2.0-only */
#include "time_text.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

/* The digits at `at`, or -1. */
static int number(const char *text, size_t at, size_t len)
{
	int v = 0;

	for (size_t i = at; i < at + len; i++) {
		if (text[i] < '0' || text[i] > '9')
			return -1;
		v = v * 10 + text[i] - '0';
	}
	return v;
}

int parse_time(const char *text, int64_t *ret_seconds)
{
	static const char form[] = "0000-00-00T00:00:00Z";
	size_t len = strlen(text);
	struct tm tm = {}, back;
	time_t t;

	if (len != 10 && len != sizeof(form) - 1)
		return -EINVAL;
	for (size_t i = 0; i < len; i++) {
		if (form[i] == '0' ? text[i] < '0' || text[i] > '9' : text[i] != form[i])
			return -EINVAL;
	}
	tm.tm_year = number(text, 0, 4) - 1900;
	tm.tm_mon = number(text, 5, 2) - 1;
	tm.tm_mday = number(text, 8, 2);
	if (len > 10) {
		tm.tm_hour = number(text, 11, 2);
		tm.tm_min = number(text, 14, 2);
		tm.tm_sec = number(text, 17, 2);
	}
	if (tm.tm_year < 70)
		return -EINVAL;
	back = tm;
	t = timegm(&back);
	/* timegm() would take the 31st of February for a day in March. */
	if (t < 0 || back.tm_year != tm.tm_year || back.tm_mon != tm.tm_mon ||
	    back.tm_mday != tm.tm_mday || back.tm_hour != tm.tm_hour || back.tm_min != tm.tm_min ||
	    back.tm_sec != tm.tm_sec)
		return -EINVAL;
	*ret_seconds = t;
	return 0;
}

const char *time_text(char out[static TIME_TEXT_LEN], int64_t seconds)
{
	time_t t = (time_t)seconds;
	struct tm tm;

	out[0] = '\0';
	if (gmtime_r(&t, &tm))
		strftime(out, TIME_TEXT_LEN, "%Y-%m-%dT%H:%M:%SZ", &tm);
	return out;
}

uint32_t month_of(int64_t seconds)
{
	time_t t = (time_t)seconds;
	struct tm tm;

	return gmtime_r(&t, &tm) && tm.tm_year >= 0
		       ? (uint32_t)(tm.tm_year + 1900) * 12 + (uint32_t)tm.tm_mon
		       : 0;
}

int parse_month(const char *text, uint32_t *ret_month)
{
	char day[] = "0000-00-01";
	int64_t seconds;

	if (strlen(text) != 7)
		return -EINVAL;
	memcpy(day, text, 7);
	if (parse_time(day, &seconds))
		return -EINVAL;
	*ret_month = month_of(seconds);
	return 0;
}

const char *month_text(char out[static MONTH_TEXT_LEN], uint32_t month)
{
	snprintf(out, MONTH_TEXT_LEN, "%04u-%02u", month / 12, month % 12 + 1);
	return out;
}
