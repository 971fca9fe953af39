/* SPDX-License-Identifier: GPL-2.0-only */
/* relayctl peer. */
#include "relayctl.h"

#include "../lib/json.h"

enum ctl_exit ctl_peer_list(struct ctl *ctl)
{
	static const struct out_field fields[] = {
		{"slot", "SLOT", OUT_TEXT},
		{"account", "ACCOUNT", OUT_TEXT},
		{"container", "CONTAINER", OUT_TEXT},
		{"ipv6", "IPV6", OUT_TEXT},
		{"ipv4", "IPV4", OUT_TEXT},
		{"endpoint", "ENDPOINT", OUT_TEXT},
		{"last_handshake", "HANDSHAKE", OUT_AGE},
		{},
	};
	AUTO_JSON json_t *json = NULL;
	enum ctl_exit code = ctl_call(ctl, "GET", "/ctl/v1/peers", NULL, &json);

	if (code == CTL_EXIT_OK)
		ctl->out.ops->list(&ctl->out, json, fields);
	return code;
}

enum ctl_exit ctl_peer_show(struct ctl *ctl)
{
	static const struct out_field fields[] = {
		{"container", "container", OUT_TEXT},
		{"container_id", "container id", OUT_TEXT},
		{"machine", "machine", OUT_TEXT},
		{"account", "account", OUT_TEXT},
		{"tier", "tier", OUT_TEXT},
		{"token", "token", OUT_TEXT},
		{"pubkey", "public key", OUT_TEXT},
		{"ipv6", "IPv6", OUT_TEXT},
		{"ipv4", "IPv4", OUT_TEXT},
		{"live", "live", OUT_TEXT},
		{"slot", "slot", OUT_TEXT},
		{"vrf", "VRF", OUT_TEXT},
		{"mtu", "MTU", OUT_TEXT},
		{"bandwidth", "guaranteed Mbit/s", OUT_TEXT},
		{"firewall", "firewall", OUT_TEXT},
		{"endpoint", "endpoint", OUT_TEXT},
		{"last_handshake", "last handshake", OUT_AGE},
		{"created_at", "created", OUT_AGE},
		{"down_packets", "packets to it", OUT_TEXT},
		{"down_bytes", "bytes to it", OUT_BYTES},
		{"up_packets", "packets from it", OUT_TEXT},
		{"up_bytes", "bytes from it", OUT_BYTES},
		{"drop_packets", "packets dropped", OUT_TEXT},
		{"drop_bytes", "bytes dropped", OUT_BYTES},
		{"tally.state", "WireGuard's count", OUT_TEXT},
		{},
	};
	AUTO_JSON json_t *json = NULL;
	enum ctl_exit code = ctl_call(ctl, "POST", "/ctl/v1/peer",
				      json_pack("{s:s}", "peer", ctl->words[0]), &json);

	if (code == CTL_EXIT_OK)
		ctl->out.ops->object(&ctl->out, json, fields);
	return code;
}

enum ctl_exit ctl_peer_remove(struct ctl *ctl)
{
	AUTO_JSON json_t *json = NULL;
	enum ctl_exit code = ctl_call(ctl, "DELETE", "/ctl/v1/peer",
				      json_pack("{s:s}", "peer", ctl->words[0]), &json);

	if (code == CTL_EXIT_OK)
		ctl->out.ops->done(&ctl->out, json, "removed");
	return code;
}
