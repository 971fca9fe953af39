/* SPDX-License-Identifier: GPL-2.0-only */
/* Rows, targets, and how they are printed. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/utsname.h>
#include "bench.h"

#define MAX_ROWS 160
#define MAX_TARGETS 64

static struct row rows[MAX_ROWS];
static int n_rows;

static struct {
	char name[96];
	double value, limit;
	bool at_most;
	const char *unit;
} targets[MAX_TARGETS];
static int n_targets;

static struct row *row_find(const char *group, const char *what, uint32_t peers)
{
	for (int i = 0; i < n_rows; i++) {
		if (!strcmp(rows[i].group, group) && !strcmp(rows[i].what, what) &&
		    rows[i].peers == peers)
			return &rows[i];
	}
	return NULL;
}

void row_add(const char *group, const char *what, uint32_t peers, const char *unit, double value)
{
	struct row *r = row_find(group, what, peers);

	if (!r && n_rows == MAX_ROWS)
		bench_die("too many rows");
	if (!r) {
		r = &rows[n_rows++];
		*r = (struct row){.group = group, .what = what, .peers = peers, .unit = unit};
	}
	if (r->n < BENCH_ROUNDS)
		r->value[r->n++] = value;
}

static int by_value(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;

	return (x > y) - (x < y);
}

static double sorted(const struct row *r, int at)
{
	double v[BENCH_ROUNDS];

	memcpy(v, r->value, sizeof(v));
	qsort(v, (size_t)r->n, sizeof(*v), by_value);
	return v[at];
}

double row_median(const char *group, const char *what, uint32_t peers)
{
	const struct row *r = row_find(group, what, peers);

	if (!r)
		bench_die(what);
	return sorted(r, r->n / 2);
}

void target(const char *name, double value, bool at_most, double limit, const char *unit)
{
	if (n_targets == MAX_TARGETS)
		bench_die("too many targets");
	snprintf(targets[n_targets].name, sizeof(targets[0].name), "%s", name);
	targets[n_targets].value = value;
	targets[n_targets].at_most = at_most;
	targets[n_targets].limit = limit;
	targets[n_targets++].unit = unit;
}

static void print_group(const char *group)
{
	printf("\n%s\n", group);
	for (int i = 0; i < n_rows; i++) {
		const struct row *r = &rows[i];

		if (strcmp(group, r->group))
			continue;
		printf("  %-54s", r->what);
		if (r->peers)
			printf(" %7u", r->peers);
		else
			printf(" %7s", "");
		printf("  %12.1f [%.1f, %.1f] %s\n", sorted(r, r->n / 2), sorted(r, 0),
		       sorted(r, r->n - 1), r->unit);
	}
}

static void print_targets(void)
{
	printf("\ntargets\n");
	for (int i = 0; i < n_targets; i++) {
		bool met = targets[i].at_most ? targets[i].value <= targets[i].limit
					      : targets[i].value >= targets[i].limit;

		printf("  %-4s %-72s %10.2f, %s %.2f %s\n", met ? "met" : "LOST", targets[i].name,
		       targets[i].value, targets[i].at_most ? "at most" : "at least",
		       targets[i].limit, targets[i].unit);
	}
}

void bench_print(const struct utsname *kernel, const char *cpu)
{
	printf("\nkernel %s, %s, one CPU, %d rounds in turns: median [lowest, highest]\n",
	       kernel->release, cpu, BENCH_ROUNDS);
	for (int i = 0; i < n_rows; i++) {
		bool first = true;

		for (int k = 0; k < i; k++)
			first &= strcmp(rows[k].group, rows[i].group) != 0;
		if (first)
			print_group(rows[i].group);
	}
	print_targets();
}

void bench_print_json(const char *path, const struct utsname *kernel, const char *cpu)
{
	FILE *f = fopen(path, "we");

	if (!f)
		bench_die(path);
	fprintf(f, "{\"kernel\": \"%s\", \"cpu\": \"%s\", \"rounds\": %d, \"rows\": [",
		kernel->release, cpu, BENCH_ROUNDS);
	for (int i = 0; i < n_rows; i++) {
		const struct row *r = &rows[i];

		fprintf(f, "%s\n  {\"group\": \"%s\", \"what\": \"%s\", \"peers\": %u, ",
			i ? "," : "", r->group, r->what, r->peers);
		fprintf(f, "\"unit\": \"%s\", \"median\": %.2f, \"low\": %.2f, \"high\": %.2f}",
			r->unit, sorted(r, r->n / 2), sorted(r, 0), sorted(r, r->n - 1));
	}
	fprintf(f, "],\n\"targets\": [");
	for (int i = 0; i < n_targets; i++)
		fprintf(f,
			"%s\n  {\"name\": \"%s\", \"value\": %.3f, \"%s\": %.3f, "
			"\"unit\": \"%s\"}",
			i ? "," : "", targets[i].name, targets[i].value,
			targets[i].at_most ? "at_most" : "at_least", targets[i].limit,
			targets[i].unit);
	fprintf(f, "]}\n");
	if (fclose(f))
		bench_die(path);
	printf("\nthe same as JSON: %s\n", path);
}
