/* SPDX-License-Identifier: GPL-2.0-only */
/* relayctl status, drops, join. */
#include "relayctl.h"

#include <string.h>
#include "../bpf/include/drop.h"
#include "../lib/json.h"

enum ctl_exit ctl_status(struct ctl *ctl)
{
	static const struct out_field fields[] = {
		{"status", "status", OUT_TEXT},
		{"relay", "relay", OUT_TEXT},
		{"region", "region", OUT_TEXT},
		{"version", "version", OUT_TEXT},
		{"uptime", "running for", OUT_SPAN},
		{"pid", "pid", OUT_TEXT},
		{"peers", "peers", OUT_TEXT},
		{"ipv4", "of these with IPv4", OUT_TEXT},
		{"addresses", "addresses held", OUT_TEXT},
		{"slots", "slots", OUT_TEXT},
		{"connections", "API connections", OUT_TEXT},
		{"xdp", "XDP", OUT_TEXT},
		{"memory", "kernel memory", OUT_BYTES},
		{},
	};
	static const struct out_field pools[] = {
		{"prefix", "POOL", OUT_TEXT},
		{"mode", "MODE", OUT_TEXT},
		{"onlink", "ON-LINK", OUT_TEXT},
		{"because", "BECAUSE", OUT_TEXT},
		{},
	};
	AUTO_JSON json_t *json = NULL;
	enum ctl_exit code = ctl_call(ctl, "GET", "/ctl/v1/status", NULL, &json);

	if (code != CTL_EXIT_OK)
		return code;
	ctl->out.ops->object(&ctl->out, json, fields);
	if (!ctl->args.json)
		ctl->out.ops->list(&ctl->out, json_object_get(json, "pools"), pools);
	return code;
}

static const char *meaning_of(const char *name)
{
	static const struct {
		const char *name, *text;
	} reasons[] = {
#define X(number, NAME, name, text) {name, text},
		SC_DROP_LIST(X)
#undef X
	};

	for (size_t i = 0; i < ARRAY_SIZE(reasons); i++) {
		if (!strcmp(reasons[i].name, name))
			return reasons[i].text;
	}
	return "";
}

/* {"no_slot": 3, ...} as rows, which the text form wants. */
static json_t *drop_rows(const json_t *json)
{
	json_t *rows = json_array();
	const char *name;
	json_t *count;

	/* jansson's loop takes no const object, and changes nothing. */
	json_object_foreach ((json_t *)(uintptr_t)json, name, count) {
		json_array_append_new(rows, json_pack("{s:s, s:O, s:s}", "reason", name, "packets",
						      count, "meaning", meaning_of(name)));
	}
	return rows;
}

enum ctl_exit ctl_drops(struct ctl *ctl)
{
	static const struct out_field fields[] = {
		{"packets", "PACKETS", OUT_TEXT},
		{"reason", "REASON", OUT_TEXT},
		{"meaning", "A PACKET", OUT_TEXT},
		{},
	};
	AUTO_JSON json_t *json = NULL, *rows = NULL;
	enum ctl_exit code = ctl_call(ctl, "GET", "/ctl/v1/drops", NULL, &json);

	if (code != CTL_EXIT_OK)
		return code;
	if (!ctl->args.json)
		rows = drop_rows(json);
	ctl->out.ops->list(&ctl->out, rows ? rows : json, fields);
	return code;
}

enum ctl_exit ctl_join(struct ctl *ctl)
{
	AUTO_JSON json_t *json = NULL;
	json_t *body = json_object();
	enum ctl_exit code;

	if (ctl->args.host)
		json_object_set_new(body, "host", json_string(ctl->args.host));
	code = ctl_call(ctl, "POST", "/ctl/v1/join", body, &json);
	if (code == CTL_EXIT_OK)
		ctl->out.ops->value(&ctl->out, json, "join");
	return code;
}
