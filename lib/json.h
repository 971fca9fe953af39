/* SPDX-License-Identifier: GPL-2.0-only */
/* JSON over jansson, with limits for foreign bodies: depth, duplicate keys and trailing bytes are
 * errors. Errors name the member: "ipv4: expected true or false". */
#ifndef LIB_JSON_H
#define LIB_JSON_H

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include "err.h"

DEFINE_CLEANUP(json, json_t *, json_decref)
#define AUTO_JSON CLEANUP(json)

#define JSON_MAX_DEPTH 32

/* -EINVAL with line and column in err. `what` names the text for the error ("request body"). */
int json_parse(const char *text, size_t len, const char *what, json_t **ret_json, struct err *err);

/* Fields of an object: -ENOENT if missing (err names it), -EINVAL if of another type, -ERANGE
 * if a number is outside min..max. The string is borrowed from the object. */
int json_get_string(const json_t *obj, const char *key, const char **ret, struct err *err);
int json_get_bool(const json_t *obj, const char *key, bool *ret, struct err *err);
int json_get_u64(const json_t *obj, const char *key, uint64_t min, uint64_t max, uint64_t *ret,
		 struct err *err);
/* Refuses members that are not in the NULL-terminated list: "unknown member \"x\"". */
int json_only(const json_t *obj, const char *const *known, struct err *err);

#endif
