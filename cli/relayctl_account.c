/* SPDX-License-Identifier: GPL-2.0-only */
/* relayctl account. */
#include "relayctl.h"

#include "../lib/json.h"

enum ctl_exit ctl_account_list(struct ctl *ctl)
{
	static const struct out_field fields[] = {
		{"id", "ID", OUT_TEXT},
		{"name", "NAME", OUT_TEXT},
		{"tier", "TIER", OUT_TEXT},
		{"peers", "PEERS", OUT_TEXT},
		{"ipv4", "IPV4", OUT_TEXT},
		{"created_at", "CREATED", OUT_AGE},
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
