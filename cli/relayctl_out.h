/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * How an answer is shown: text for people, which may change, or the relay's JSON for programs. All
 * text from the relay is escaped: names in it are customers' own.
 */
#ifndef CLI_RELAYCTL_OUT_H
#define CLI_RELAYCTL_OUT_H

#include <jansson.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

enum out_kind {
	OUT_TEXT,  /* strings and numbers as they are */
	OUT_AGE,   /* RFC 3339 time: "12 s ago" */
	OUT_BYTES, /* "1.5 MiB" */
	OUT_SPAN,  /* seconds: "2 h 3 min" */
};

#define OUT_MAX_FIELDS 25
#define OUT_CELL_LEN 136

/* A line of an object or a column of a list. A dot in the key goes one level down. */
struct out_field {
	const char *key; /* NULL ends a table */
	const char *label;
	enum out_kind kind;
};

struct out;

struct out_ops {
	void (*object)(const struct out *out, const json_t *json, const struct out_field *fields);
	void (*list)(const struct out *out, const json_t *json, const struct out_field *fields);
	/* One value alone, for scripts. */
	void (*value)(const struct out *out, const json_t *json, const char *key);
	/* A sentence about what was done. */
	void (*done)(const struct out *out, const json_t *json, const char *sentence);
};

struct out {
	const struct out_ops *ops;
	FILE *file;
	bool colour;
	int64_t now_s; /* CLOCK_REALTIME, for OUT_AGE */
};

extern const struct out_ops out_text, out_json;

/* One cell as text. Returns its buffer. */
const char *out_cell(char cell[static OUT_CELL_LEN], const json_t *json,
		     const struct out_field *field, int64_t now_s);

#endif
