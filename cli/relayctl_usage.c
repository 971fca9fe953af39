/* SPDX-License-Identifier: GPL-2.0-only */
/* relayctl usage. */
#include "relayctl.h"

#include "../lib/json.h"

enum ctl_exit ctl_usage(struct ctl *ctl)
{
	static const struct out_field accounts[] = {
		{"month", "MONTH", OUT_TEXT},
		{"account", "ACCOUNT", OUT_TEXT},
		{"up_bytes", "FROM IT", OUT_BYTES},
		{"down_bytes", "TO IT", OUT_BYTES},
		{"up_packets", "PACKETS FROM IT", OUT_TEXT},
		{"down_packets", "PACKETS TO IT", OUT_TEXT},
		{},
	};
	static const struct out_field peers[] = {
		{"month", "MONTH", OUT_TEXT},	      {"account", "ACCOUNT", OUT_TEXT},
		{"slot", "SLOT", OUT_TEXT},	      {"name", "PEER", OUT_TEXT},
		{"up_bytes", "FROM IT", OUT_BYTES},   {"down_bytes", "TO IT", OUT_BYTES},
		{"wireguard", "WIREGUARD", OUT_TEXT}, {},
	};
	AUTO_JSON json_t *json = NULL;
	json_t *body = json_object();
	enum ctl_exit code;

	if (ctl->args.account)
		json_object_set_new(body, "account", json_string(ctl->args.account));
	if (ctl->args.month)
		json_object_set_new(body, "month", json_string(ctl->args.month));
	if (ctl->args.peers)
		json_object_set_new(body, "peers", json_true());
	code = ctl_call(ctl, "POST", "/ctl/v1/usage", body, &json);
	if (code == CTL_EXIT_OK)
		ctl->out.ops->list(&ctl->out, json, ctl->args.peers ? peers : accounts);
	return code;
}
