/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A peer goes over to its other key, which waits on the other device of the pair. WireGuard counts
 * a handshake as made when the first packet under the new session has come: so a time there says
 * that the new way carries packets.
 *
 * The api role forgets rotations when it ends. Its agent may not have heard yet which key leads: so
 * the one that the database does not name goes on for a while, as the former one or the next one
 * would have.
 */
#include <string.h>
#include "../lib/log.h"
#include "../lib/nl_wg.h"
#include "net_int.h"

#define KEPT_MS 10000 /* as ROTATION_FORMER_MS */

struct proof {
	const uint8_t *key;
	bool made;
};

static int on_peer(const struct nl_wg_peer *p, void *ctx)
{
	struct proof *proof = ctx;

	if (!memcmp(p->public_key, proof->key, KEY_LEN))
		proof->made = p->last_handshake.tv_sec || p->last_handshake.tv_nsec;
	return 0;
}

int net_rotate_check(struct net *net, const struct peer *old, const struct peer *peer,
		     struct err *err)
{
	struct proof proof = {.key = peer->public_key};
	int r;

	if (!old || !old->has_other || old->generation != peer->generation || old->wg == peer->wg ||
	    memcmp(old->other_key, peer->public_key, KEY_LEN))
		return 0;
	r = nl_wg_dump(net->genl, net->wg_ifindex[peer->wg], NULL, on_peer, &proof, err);
	if (!r && !proof.made)
		r = err_set(err, -ENOTCONN, "slot %u: no handshake with the next key", peer->slot);
	return r;
}

static bool is_wanted(const struct net *net, const uint8_t key[static KEY_LEN])
{
	for (uint32_t i = 0; i < net->conf.slots; i++) {
		const struct peer *p = &net->want[i];

		if (net->used[i] && (!memcmp(p->public_key, key, KEY_LEN) ||
				     (p->has_other && !memcmp(p->other_key, key, KEY_LEN))))
			return true;
	}
	return false;
}

void net_rotate_keep(struct net *net, uint32_t slot, const struct nl_wg_peer *found)
{
	struct peer *want = &net->want[slot];

	if (want->has_other || !found->has_psk || is_wanted(net, found->public_key))
		return;
	want->has_other = 1;
	memcpy(want->other_key, found->public_key, KEY_LEN);
	memcpy(want->other_psk, found->psk, KEY_LEN);
	net->kept[slot] = true;
}

static void drop_kept(struct net *net, uint32_t slot)
{
	struct peer peer = net->want[slot];
	struct err err;

	peer.has_other = 0;
	explicit_bzero(peer.other_key, KEY_LEN);
	explicit_bzero(peer.other_psk, KEY_LEN);
	if (net_peer_set(net, &peer, &err))
		log_warn("slot %u: %s", slot, err.text);
	explicit_bzero(&peer, sizeof(peer));
}

static void timer_cb(uv_timer_t *timer)
{
	struct net *net = timer->data;

	/* The next sync finds it again. */
	if (net->syncing)
		return;
	for (uint32_t i = 0; i < net->conf.slots; i++) {
		if (net->kept[i] && net->used[i])
			drop_kept(net, i);
		net->kept[i] = false;
	}
}

void net_rotate_kept(struct net *net)
{
	uv_timer_start(net->kept_timer, timer_cb, KEPT_MS, 0);
}

int net_rotate_start(struct net *net)
{
	net->kept = calloc(net->conf.slots, sizeof(*net->kept));
	net->kept_timer = calloc(1, sizeof(*net->kept_timer));
	if (!net->kept || !net->kept_timer)
		return -ENOMEM;
	uv_timer_init(net->loop, net->kept_timer);
	net->kept_timer->data = net;
	return 0;
}
