/* SPDX-License-Identifier: GPL-2.0-only */
/* relayctl account. */
#include "relayctl.h"

#include <string.h>
#include "../lib/json.h"
#include "../lib/parse.h"

enum ctl_exit ctl_account_list(struct ctl *ctl)
{
	static const struct out_field fields[] = {
		{"id", "ID", OUT_TEXT},
		{"name", "NAME", OUT_TEXT},
		{"tier", "TIER", OUT_TEXT},
		{"peers", "PEERS", OUT_TEXT},
		{"ipv4", "IPV4", OUT_TEXT},
		{"created_at", "CREATED", OUT_AGE},
		{"billing_period_end", "PAID UNTIL", OUT_TEXT},
		{},
	};
	AUTO_JSON json_t *json = NULL;
	enum ctl_exit code = ctl_call(ctl, "GET", "/ctl/v1/accounts", NULL, &json);

	if (code == CTL_EXIT_OK)
		ctl->out.ops->list(&ctl->out, json, fields);
	return code;
}

enum ctl_exit ctl_account_set_tier(struct ctl *ctl)
{
	AUTO_JSON json_t *json = NULL;
	enum ctl_exit code = ctl_call(
		ctl, "POST", "/ctl/v1/accounts",
		json_pack("{s:s, s:s}", "account", ctl->words[0], "tier", ctl->words[1]), &json);

	if (code == CTL_EXIT_OK)
		ctl->out.ops->done(&ctl->out, json, "changed");
	return code;
}

enum ctl_exit ctl_account_set_billing(struct ctl *ctl)
{
	bool never = !strcmp(ctl->words[1], "never");
	AUTO_JSON json_t *json = NULL;
	enum ctl_exit code;

	code = ctl_call(ctl, "POST", "/ctl/v1/accounts",
			json_pack("{s:s, s:o}", "account", ctl->words[0], "billing_period_end",
				  never ? json_null() : json_string(ctl->words[1])),
			&json);
	if (code == CTL_EXIT_OK)
		ctl->out.ops->done(&ctl->out, json, "changed");
	return code;
}

enum ctl_exit ctl_audit(struct ctl *ctl)
{
	static const struct out_field fields[] = {
		{"id", "ID", OUT_TEXT},		  {"at", "WHEN", OUT_TEXT},
		{"account", "ACCOUNT", OUT_TEXT}, {"token", "TOKEN", OUT_TEXT},
		{"remote", "FROM", OUT_TEXT},	  {"action", "ACTION", OUT_TEXT},
		{"detail", "DETAIL", OUT_TEXT},	  {},
	};
	AUTO_JSON json_t *json = NULL;
	char path[64] = "/ctl/v1/audit";
	enum ctl_exit code;
	uint64_t id;

	if (ctl->args.before) {
		if (parse_u64(ctl->args.before, 1, INT64_MAX, &id))
			return ctl_fail(CTL_EXIT_USAGE, "--before: expected the id of an entry");
		snprintf(path, sizeof(path), "/ctl/v1/audit?before=%ju", (uintmax_t)id);
	}
	code = ctl_call(ctl, "GET", path, NULL, &json);
	if (code == CTL_EXIT_OK)
		ctl->out.ops->list(&ctl->out, json, fields);
	return code;
}
