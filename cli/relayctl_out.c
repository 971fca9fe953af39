/* SPDX-License-Identifier: GPL-2.0-only */
#include "relayctl_out.h"

#include <inttypes.h>
#include <string.h>
#include <time.h>
#include "../lib/log.h"

#define BOLD "\033[1m"
#define PLAIN "\033[0m"

/* "a.b" is member b of member a. NULL if there is none. */
static const json_t *find(const json_t *json, const char *key)
{
	const char *dot;

	while ((dot = strchr(key, '.')) != NULL) {
		json = json_object_getn(json, key, (size_t)(dot - key));
		key = dot + 1;
	}
	return json_object_get(json, key);
}

static void show_span(char *cell, int64_t s)
{
	if (s < 60)
		snprintf(cell, OUT_CELL_LEN, "%" PRId64 " s", s);
	else if (s < 3600)
		snprintf(cell, OUT_CELL_LEN, "%" PRId64 " min %" PRId64 " s", s / 60, s % 60);
	else if (s < 86400)
		snprintf(cell, OUT_CELL_LEN, "%" PRId64 " h %" PRId64 " min", s / 3600,
			 s / 60 % 60);
	else
		snprintf(cell, OUT_CELL_LEN, "%" PRId64 " d %" PRId64 " h", s / 86400,
			 s / 3600 % 24);
}

static void show_age(char *cell, const json_t *v, int64_t now_s)
{
	const char *end = NULL, *text = json_string_value(v);
	struct tm tm = {};
	int64_t age;

	if (text)
		end = strptime(text, "%Y-%m-%dT%H:%M:%SZ", &tm);
	if (!end || *end) {
		snprintf(cell, OUT_CELL_LEN, "-");
		return;
	}
	age = now_s - timegm(&tm);
	show_span(cell, age < 0 ? 0 : age);
	strncat(cell, " ago", OUT_CELL_LEN - strlen(cell) - 1);
}

static void show_bytes(char *cell, json_int_t n)
{
	static const char *const units[] = {"B", "KiB", "MiB", "GiB", "TiB", "PiB"};
	double v = (double)n;
	size_t i = 0;

	for (; v >= 1024 && i + 1 < sizeof(units) / sizeof(units[0]); i++)
		v /= 1024;
	snprintf(cell, OUT_CELL_LEN, i ? "%.1f %s" : "%.0f %s", v, units[i]);
}

static void show_plain(char *cell, const json_t *v)
{
	if (json_is_string(v) && json_string_length(v))
		log_esc(cell, OUT_CELL_LEN, json_string_value(v), json_string_length(v));
	else if (json_is_integer(v))
		snprintf(cell, OUT_CELL_LEN, "%" JSON_INTEGER_FORMAT, json_integer_value(v));
	else if (json_is_boolean(v))
		snprintf(cell, OUT_CELL_LEN, "%s", json_is_true(v) ? "yes" : "no");
	else
		snprintf(cell, OUT_CELL_LEN, "-");
}

const char *out_cell(char cell[static OUT_CELL_LEN], const json_t *json,
		     const struct out_field *field, int64_t now_s)
{
	const json_t *v = find(json, field->key);

	if (field->kind == OUT_AGE)
		show_age(cell, v, now_s);
	else if (field->kind == OUT_BYTES && json_is_integer(v))
		show_bytes(cell, json_integer_value(v));
	else if (field->kind == OUT_SPAN && json_is_integer(v))
		show_span(cell, json_integer_value(v));
	else
		show_plain(cell, v);
	return cell;
}

/* ---- text ---- */

static void text_object(const struct out *out, const json_t *json, const struct out_field *fields)
{
	char cell[OUT_CELL_LEN];
	int width = 0;

	for (const struct out_field *f = fields; f->key; f++)
		width = (int)strlen(f->label) > width ? (int)strlen(f->label) : width;
	for (const struct out_field *f = fields; f->key; f++)
		fprintf(out->file, "%s%-*s%s  %s\n", out->colour ? BOLD : "", width, f->label,
			out->colour ? PLAIN : "", out_cell(cell, json, f, out->now_s));
}

/* Widest cell of each column. */
static size_t measure(const struct out *out, const json_t *json, const struct out_field *fields,
		      int width[static OUT_MAX_FIELDS])
{
	char cell[OUT_CELL_LEN];
	const json_t *row;
	size_t i, n = 0;

	for (; n < OUT_MAX_FIELDS && fields[n].key; n++)
		width[n] = (int)strlen(fields[n].label);
	json_array_foreach (json, i, row) {
		for (size_t c = 0; c < n; c++) {
			int len = (int)strlen(out_cell(cell, row, &fields[c], out->now_s));

			width[c] = len > width[c] ? len : width[c];
		}
	}
	return n;
}

/* The last column is not filled up: no blanks at the end of a line. */
static void print_cell(const struct out *out, const char *cell, int width, bool last)
{
	if (last)
		fprintf(out->file, "%s\n", cell);
	else
		fprintf(out->file, "%-*s  ", width, cell);
}

static void text_list(const struct out *out, const json_t *json, const struct out_field *fields)
{
	int width[OUT_MAX_FIELDS] = {};
	size_t i, n = measure(out, json, fields, width);
	char cell[OUT_CELL_LEN];
	const json_t *row;

	fputs(out->colour ? BOLD : "", out->file);
	for (size_t c = 0; c < n; c++)
		print_cell(out, fields[c].label, width[c], c + 1 == n);
	fputs(out->colour ? PLAIN : "", out->file);
	json_array_foreach (json, i, row) {
		for (size_t c = 0; c < n; c++)
			print_cell(out, out_cell(cell, row, &fields[c], out->now_s), width[c],
				   c + 1 == n);
	}
}

static void text_value(const struct out *out, const json_t *json, const char *key)
{
	const char *text = json_string_value(find(json, key));

	/* Whole, whatever its length: tokens and join strings. They hold no foreign text. */
	fprintf(out->file, "%s\n", text ? text : "");
}

static void text_done(const struct out *out, const json_t *json, const char *sentence)
{
	(void)json;
	fprintf(out->file, "%s\n", sentence);
}

const struct out_ops out_text = {
	.object = text_object,
	.list = text_list,
	.value = text_value,
	.done = text_done,
};

/* ---- JSON ---- */

static void dump(const struct out *out, const json_t *json)
{
	json_dumpf(json, out->file, JSON_INDENT(2) | JSON_ENSURE_ASCII);
	fputc('\n', out->file);
}

static void json_fields(const struct out *out, const json_t *json, const struct out_field *fields)
{
	(void)fields;
	dump(out, json);
}

static void json_text(const struct out *out, const json_t *json, const char *text)
{
	(void)text;
	dump(out, json);
}

const struct out_ops out_json = {
	.object = json_fields,
	.list = json_fields,
	.value = json_text,
	.done = json_text,
};
