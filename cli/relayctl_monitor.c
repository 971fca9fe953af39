/* SPDX-License-Identifier: GPL-2.0-only */
/* relayctl monitor: drops as they happen, until interrupted or --count are shown. */
#include "relayctl.h"

#include <string.h>
#include <time.h>
#include "../lib/json.h"

#define PAUSE_MS 250 /* between two questions; the data plane reports for 2 s after each */

static int64_t clock_ns(clockid_t id)
{
	struct timespec ts;

	clock_gettime(id, &ts);
	return (int64_t)ts.tv_sec * 1000000000 + ts.tv_nsec;
}

/* The relay's times are of this machine's monotonic clock. */
static void print_time(FILE *out, const json_t *event)
{
	int64_t at_ns = clock_ns(CLOCK_REALTIME) - clock_ns(CLOCK_MONOTONIC) +
			json_integer_value(json_object_get(event, "time_ns"));
	time_t at_s = at_ns / 1000000000;
	struct tm tm;

	localtime_r(&at_s, &tm);
	fprintf(out, "%02d:%02d:%02d.%03d", tm.tm_hour, tm.tm_min, tm.tm_sec,
		(int)(at_ns / 1000000 % 1000));
}

static void print_end(const struct out *out, const json_t *event, const char *addr_key,
		      const char *port_key)
{
	const struct out_field addr = {addr_key, NULL, OUT_TEXT}, port = {port_key, NULL, OUT_TEXT};
	bool has_port = json_integer_value(json_object_get(event, port_key));
	char a[OUT_CELL_LEN], p[OUT_CELL_LEN];

	out_cell(a, event, &addr, out->now_s);
	out_cell(p, event, &port, out->now_s);
	if (has_port && strchr(a, ':'))
		fprintf(out->file, " [%s]:%s", a, p);
	else
		fprintf(out->file, " %s%s%s", a, has_port ? ":" : "", has_port ? p : "");
}

static void print_text(const struct out *out, const json_t *event)
{
	static const struct out_field reason = {"reason", NULL, OUT_TEXT},
				      slot = {"slot", NULL, OUT_TEXT},
				      proto = {"protocol", NULL, OUT_TEXT},
				      length = {"length", NULL, OUT_TEXT};
	char cell[OUT_CELL_LEN];

	print_time(out->file, event);
	fprintf(out->file, " %-15s", out_cell(cell, event, &reason, out->now_s));
	fprintf(out->file, " slot %-6s", out_cell(cell, event, &slot, out->now_s));
	fprintf(out->file, " proto %-3s", out_cell(cell, event, &proto, out->now_s));
	print_end(out, event, "source", "source_port");
	fputs(" >", out->file);
	print_end(out, event, "destination", "destination_port");
	fprintf(out->file, " length %s\n", out_cell(cell, event, &length, out->now_s));
}

/* Returns how many there were. */
static uint32_t print_events(struct ctl *ctl, const json_t *events, uint32_t max)
{
	const json_t *event;
	uint32_t n = 0;
	size_t i;

	json_array_foreach (events, i, event) {
		if (n == max)
			break;
		if (ctl->args.json)
			fprintf(ctl->out.file, "%s",
				json_dumpf(event, ctl->out.file, JSON_COMPACT | JSON_ENSURE_ASCII)
					? ""
					: "\n");
		else
			print_text(&ctl->out, event);
		n++;
	}
	fflush(ctl->out.file);
	return n;
}

enum ctl_exit ctl_monitor(struct ctl *ctl)
{
	const struct timespec pause = {.tv_nsec = PAUSE_MS * 1000000L};
	uint32_t left = ctl->args.count;

	for (;;) {
		AUTO_JSON json_t *json = NULL;
		enum ctl_exit code = ctl_call(ctl, "GET", "/ctl/v1/events", NULL, &json);

		if (code != CTL_EXIT_OK)
			return code;
		left -= print_events(ctl, json_object_get(json, "events"), left);
		if (!left || ferror(ctl->out.file))
			return CTL_EXIT_OK;
		if (!json_is_true(json_object_get(json, "more")))
			nanosleep(&pause, NULL);
	}
}
