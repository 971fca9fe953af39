/* SPDX-License-Identifier: GPL-2.0-only */
/* application/x-www-form-urlencoded (URL Standard, section 5; RFC 6749 appendix B): bodies and
 * queries as an object of strings. Invalid escapes, NUL, text that is not UTF-8, repeated names
 * and more than FORM_MAX_FIELDS fields are errors. */
#ifndef LIB_FORM_H
#define LIB_FORM_H

#include "json.h"

#define FORM_MAX_FIELDS 32

/* "" is an empty object. -EINVAL and in err what is wrong. */
int form_parse(const char *text, size_t len, json_t **ret_json, struct err *err);
/* Percent-decoding of a path's segment: '+' stays what it is. -EINVAL, or -ENOSPC with NUL. */
int form_decode(const char *text, size_t len, char *out, size_t size);

#endif
