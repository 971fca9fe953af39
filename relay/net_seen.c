/* SPDX-License-Identifier: GPL-2.0-only */
/* WireGuard tells nobody when a peer shakes hands or moves: looked up every few seconds. */
#include <string.h>
#include "../lib/log.h"
#include "../lib/nl_wg.h"
#include "net_int.h"

#define SEEN_MS 5000

static int seen_cb(const struct nl_wg_peer *p, void *ctx)
{
	struct net *net = ctx;
	struct msg out = {.type = MSG_SEEN};
	struct net_seen *last;
	uint32_t slot;

	if (!p->has_v6 || net_peer_slot_of(&net->conf, &p->v6.addr, &slot) || !net->used[slot] ||
	    memcmp(net->want[slot].public_key, p->public_key, KEY_LEN))
		return 0;
	last = &net->seen[slot];
	if (last->last_handshake_s == p->last_handshake.tv_sec &&
	    endpoint_eq(&last->endpoint, &p->endpoint))
		return 0;
	/* Half of the queue stays for answers; the rest comes next round. */
	if (net->api_fd < 0 || net->q_len > NET_QUEUE / 2)
		return 0;
	last->last_handshake_s = p->last_handshake.tv_sec;
	last->endpoint = p->endpoint;
	out.seen.slot = slot;
	out.seen.generation = net->want[slot].generation;
	out.seen.last_handshake_s = p->last_handshake.tv_sec;
	out.seen.rx_bytes = p->rx_bytes;
	out.seen.tx_bytes = p->tx_bytes;
	out.seen.endpoint = p->endpoint;
	net_api_send(net, &out);
	return 0;
}

static void timer_cb(uv_timer_t *timer)
{
	struct net *net = timer->data;
	struct err err;

	for (int i = 0; i < 2; i++) {
		if (nl_wg_dump(net->genl, net->wg_ifindex[i], NULL, seen_cb, net, &err))
			log_warn("wg%d: %s", i, err.text);
	}
}

int net_seen_start(struct net *net)
{
	net->seen_timer = calloc(1, sizeof(*net->seen_timer));
	if (!net->seen_timer)
		return -ENOMEM;
	uv_timer_init(net->loop, net->seen_timer);
	net->seen_timer->data = net;
	return uv_timer_start(net->seen_timer, timer_cb, SEEN_MS, SEEN_MS);
}
