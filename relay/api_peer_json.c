/* SPDX-License-Identifier: GPL-2.0-only */
#include "api_peer.h"

#include <string.h>
#include "../lib/log.h"
#include "api_net.h"
#include "api_psk.h"
#include "api_rotate.h"
#include "api_route.h"

static uint32_t mtu_max(const struct api *api)
{
	uint32_t max = api->relay.max_mtu;

	return max && max < api->conf.mtu ? max : api->conf.mtu;
}

/* Where no agent looked what the path carries, it is taken to carry all. */
static uint32_t mtu_of(const struct api *api, const struct db_peer *peer)
{
	uint32_t max = mtu_max(api);

	return peer->mtu && peer->mtu < max ? peer->mtu : max;
}

int api_peer_msg(const struct api *api, const struct db_peer *peer, struct msg *ret_msg)
{
	const struct conf_tier *tier = conf_tier(&api->conf, peer->tier);
	const struct db_address *a = &peer->address;

	if (a->slot >= api->conf.slots || !alloc_v6_ours(&api->conf, &a->v6, a->slot))
		return -ERANGE;
	*ret_msg = (struct msg){.type = MSG_PEER_SET};
	ret_msg->peer = (struct peer){
		.slot = a->slot,
		.generation = a->generation,
		.account = (uint32_t)a->account,
		.wg = peer->wg,
		.v6 = a->v6,
		.mtu = mtu_of(api, peer),
		.rate_kbps = peer->bandwidth_mbps * 1000,
		.ceil_kbps = tier ? tier->rate_kbps : 0,
		.smtp = tier && tier->smtp,
		.scan_per_s = tier ? tier->scan_per_s : 0,
		.endpoint = peer->endpoint,
	};
	/* Rules that cannot be read are no reason to open the peer to all. */
	if (db_firewall_get(api->db, a->slot, &ret_msg->peer.firewall, NULL))
		return -EBADMSG;
	memcpy(ret_msg->peer.public_key, peer->public_key, KEY_LEN);
	api_rotate_fill(api, peer, &ret_msg->peer);
	if (peer->ipv4 && !peer->ipv4_stopped && alloc_v4_ours(&api->conf, a->v4))
		ret_msg->peer.v4 = a->v4;
	return 0;
}

static void on_pushed(int r, const char *text, UNUSED const struct msg *answer, void *ctx)
{
	uint32_t slot = (uint32_t)(uintptr_t)ctx;

	if (r)
		log_warn("slot %u: the net role refused a change: %s", slot, text);
}

void api_peer_push(struct api *api, const struct db_peer *peer)
{
	const struct db_address *a = &peer->address;
	struct msg msg = {.type = MSG_PEER_DEL};
	int r = 0;

	if (peer->live)
		r = api_peer_msg(api, peer, &msg);
	else
		msg.slot.slot = a->slot, msg.slot.generation = a->generation;
	if (!r)
		r = api_net_request(api->net, &msg, on_pushed, (void *)(uintptr_t)a->slot);
	if (r)
		log_warn("slot %u: cannot be sent to the net role (%d)", a->slot, r);
}

/* Where the agent sends to: our public address of the family that works from most places. */
static json_t *relay_json(const struct api *api, uint32_t wg)
{
	const struct conf *conf = &api->conf;
	struct endpoint e = {.family = AF_INET, .port = api->relay.wg_port[wg & 1]};
	char text[ENDPOINT_TEXT_LEN], key[KEY_TEXT_LEN];

	e.v4 = conf->public4;
	if (!conf->has_public4) {
		e.family = AF_INET6;
		e.v6 = conf->public6;
	}
	return json_pack("{s:s, s:s}", "endpoint", endpoint_text(text, &e), "pubkey",
			 b64_key_text(key, api->relay.wg_public_key[wg & 1]));
}

static json_t *text_or_null(const char *text)
{
	return text[0] ? json_string(text) : json_null();
}

/* The rules in their canonical text; null: none. */
static json_t *firewall_json(const struct api *api, const struct db_address *a)
{
	char text[FIREWALL_TEXT_LEN];
	struct sc_firewall rules;

	if (db_firewall_get(api->db, a->slot, &rules, NULL))
		return json_string("unreadable");
	return rules.n ? json_string(firewall_text(text, &rules)) : json_null();
}

json_t *api_peer_json(const struct api *api, const struct db_peer *peer)
{
	const struct db_address *a = &peer->address;
	char key[KEY_TEXT_LEN], v6[ADDR_TEXT_LEN], v4[ADDR_TEXT_LEN] = "";

	if (peer->ipv4 && !peer->ipv4_stopped && !addr4_is_zero(a->v4))
		addr4_text(v4, a->v4);
	return json_pack(
		"{s:s, s:s, s:o, s:o, s:i, s:i, s:I, s:o, s:o, s:o, s:o, s:o, s:o, s:o}", "pubkey",
		b64_key_text(key, peer->public_key), "ipv6", addr6_text(v6, &a->v6), "ipv4",
		text_or_null(v4), "relay", relay_json(api, peer->wg), "mtu", (int)mtu_of(api, peer),
		"mtu_max", (int)mtu_max(api), "psk_epoch", (json_int_t)api_psk_next(api, peer),
		"container", text_or_null(peer->container), "container_id",
		text_or_null(peer->container_id), "machine", text_or_null(a->machine), "bandwidth",
		peer->bandwidth_mbps ? json_integer(peer->bandwidth_mbps) : json_null(), "firewall",
		firewall_json(api, a), "created_at", api_time_json(peer->created_at),
		"last_handshake", api_time_json(peer->last_handshake));
}
