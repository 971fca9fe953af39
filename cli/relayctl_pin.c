/* SPDX-License-Identifier: GPL-2.0-only */
/* relayctl pin: the TLS keys that agents know the relay by. */
#include "relayctl.h"

#include "../lib/json.h"

static const struct out_field fields[] = {
	{"role", "KEY", OUT_TEXT},
	{"pin", "PIN", OUT_TEXT},
	{"made_at", "MADE", OUT_AGE},
	{},
};

enum ctl_exit ctl_pin_list(struct ctl *ctl)
{
	AUTO_JSON json_t *json = NULL;
	enum ctl_exit code = ctl_call(ctl, "GET", "/ctl/v1/pins", NULL, &json);

	if (code == CTL_EXIT_OK)
		ctl->out.ops->list(&ctl->out, json, fields);
	return code;
}

enum ctl_exit ctl_pin_roll(struct ctl *ctl)
{
	AUTO_JSON json_t *json = NULL;
	enum ctl_exit code = ctl_call(ctl, "POST", "/ctl/v1/pins",
				      json_pack("{s:b}", "force", (int)ctl->args.force), &json);

	if (code == CTL_EXIT_OK)
		ctl->out.ops->list(&ctl->out, json, fields);
	return code;
}
