/* SPDX-License-Identifier: GPL-2.0-only */
/* relayctl machine: hosts that agents have enrolled. */
#include "relayctl.h"

#include "../lib/json.h"

enum ctl_exit ctl_machine_list(struct ctl *ctl)
{
	static const struct out_field fields[] = {
		{"id", "ID", OUT_TEXT},
		{"account", "ACCOUNT", OUT_TEXT},
		{"machine", "MACHINE", OUT_TEXT},
		{"state", "STATE", OUT_TEXT},
		{"peers", "PEERS", OUT_TEXT},
		{"remote", "FROM", OUT_TEXT},
		{"seen_at", "SESSION", OUT_AGE},
		{"refused", "REFUSED", OUT_TEXT},
		{},
	};
	AUTO_JSON json_t *json = NULL;
	enum ctl_exit code = ctl_call(ctl, "GET", "/ctl/v1/machines", NULL, &json);

	if (code == CTL_EXIT_OK)
		ctl->out.ops->list(&ctl->out, json, fields);
	return code;
}

enum ctl_exit ctl_machine_show(struct ctl *ctl)
{
	static const struct out_field fields[] = {
		{"id", "id", OUT_TEXT},
		{"machine", "machine", OUT_TEXT},
		{"account", "account", OUT_TEXT},
		{"token", "token", OUT_TEXT},
		{"machine_key", "key", OUT_TEXT},
		{"state", "state", OUT_TEXT},
		{"factors", "factors", OUT_TEXT},
		{"peers", "peers", OUT_TEXT},
		{"remote", "last session from", OUT_TEXT},
		{"seen_at", "last session", OUT_AGE},
		{"enrolled_at", "enrolled", OUT_AGE},
		{"changed_at", "a factor changed", OUT_AGE},
		{"refused", "sessions refused", OUT_TEXT},
		{"refused_at", "last refused", OUT_AGE},
		{"cloned_at", "two at work", OUT_AGE},
		{},
	};
	AUTO_JSON json_t *json = NULL;
	enum ctl_exit code = ctl_call(ctl, "POST", "/ctl/v1/machine",
				      json_pack("{s:s}", "machine", ctl->words[0]), &json);

	if (code == CTL_EXIT_OK)
		ctl->out.ops->object(&ctl->out, json, fields);
	return code;
}

enum ctl_exit ctl_machine_release(struct ctl *ctl)
{
	AUTO_JSON json_t *json = NULL;
	enum ctl_exit code = ctl_call(ctl, "DELETE", "/ctl/v1/machine",
				      json_pack("{s:s}", "machine", ctl->words[0]), &json);

	if (code == CTL_EXIT_OK)
		ctl->out.ops->done(&ctl->out, json, "released");
	return code;
}
