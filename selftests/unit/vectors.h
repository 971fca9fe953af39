/* SPDX-License-Identifier: GPL-2.0-only */
/* Published test vectors of selftests/vectors: files as JSON or lines, hexadecimal digits as bytes.
 * Whatever is not as expected ends the test. */
#ifndef VECTORS_H
#define VECTORS_H

#include <stdbool.h>
#include <stdint.h>
#include "lib/json.h"

#define VECTORS_MAX_BYTES 4096 /* of one value */

struct bytes {
	uint8_t data[VECTORS_MAX_BYTES];
	size_t len;
};

json_t *vectors_json(const char *name);
struct bytes vectors_hex(const char *text);
/* A member of an object; missing = no bytes. */
struct bytes vectors_get(const json_t *obj, const char *key);
/* "KEY = hex" lines of a text file; the occurrence counted from 0. */
struct bytes vectors_line(const char *text, const char *key, int occurrence);
char *vectors_text(const char *name);
bool vectors_equal(const struct bytes *b, const void *data, size_t len);

#endif
