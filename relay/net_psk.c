/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Pre-shared keys of peers. The api role names none when it names a peer: what the peer has stays,
 * and a peer that has none gets a random one, with which no handshake succeeds. So nothing passes
 * before the first exchange, and a relayd that starts anew changes nothing: it adopts the kernel's.
 */
#include <string.h>
#include <sys/random.h>
#include "../lib/nl_wg.h"
#include "net_int.h"

static bool is_zero(const uint8_t key[static KEY_LEN])
{
	uint8_t all = 0;

	for (size_t i = 0; i < KEY_LEN; i++)
		all |= key[i];
	return !all;
}

int net_psk_fill(struct peer *peer, const struct peer *old, struct err *err)
{
	if (!is_zero(peer->psk))
		return 0;
	if (old && !memcmp(old->public_key, peer->public_key, KEY_LEN) && !is_zero(old->psk)) {
		memcpy(peer->psk, old->psk, KEY_LEN);
		return 0;
	}
	if (getrandom(peer->psk, KEY_LEN, 0) != KEY_LEN)
		return err_sys(err, errno ? -errno : -EIO, "slot %u: random key", peer->slot);
	return 0;
}

struct adopting {
	struct net *net;
	uint32_t wg;
};

static int adopt(const struct nl_wg_peer *p, void *ctx)
{
	struct adopting *a = ctx;
	struct net *net = a->net;
	struct peer *peer;
	uint32_t slot;

	if (!p->has_v6 || !p->has_psk || net_peer_slot_of(&net->conf, &p->v6.addr, &slot) ||
	    !net->used[slot])
		return 0;
	peer = &net->want[slot];
	if (peer->wg == a->wg && !memcmp(peer->public_key, p->public_key, KEY_LEN) &&
	    is_zero(peer->psk))
		memcpy(peer->psk, p->psk, KEY_LEN);
	return 0;
}

int net_psk_adopt(struct net *net, struct err *err)
{
	int r = 0;

	for (uint32_t wg = 0; wg < 2 && !r; wg++) {
		struct adopting a = {.net = net, .wg = wg};

		r = nl_wg_dump(net->genl, net->wg_ifindex[wg], NULL, adopt, &a, err);
	}
	for (uint32_t i = 0; i < net->conf.slots && !r; i++) {
		if (net->used[i])
			r = net_psk_fill(&net->want[i], NULL, err);
	}
	return r;
}

/* Never the endpoint, and never a new peer. A running session goes on with its keys. */
int net_psk_set(struct net *net, const struct msg *in, struct err *err)
{
	struct nl_wg_peer peer = {.update_only = true, .has_psk = true};
	struct nl_wg_device dev = {};
	struct peer *want;
	int r;

	if (in->psk.slot >= net->conf.slots)
		return err_set(err, -EINVAL, "slot %u: there are %u", in->psk.slot,
			       net->conf.slots);
	want = &net->want[in->psk.slot];
	if (net->syncing || !net->used[in->psk.slot] || want->generation != in->psk.generation ||
	    memcmp(want->public_key, in->psk.public_key, KEY_LEN))
		return err_set(err, -ENOENT, "slot %u: has no such peer", in->psk.slot);
	if (is_zero(in->psk.psk))
		return err_set(err, -EINVAL, "slot %u: no pre-shared key", in->psk.slot);
	dev.ifindex = net->wg_ifindex[want->wg];
	memcpy(peer.public_key, want->public_key, KEY_LEN);
	memcpy(peer.psk, in->psk.psk, KEY_LEN);
	r = nl_wg_set(net->genl, &dev, &peer, 1, err);
	explicit_bzero(&peer, sizeof(peer));
	if (!r)
		memcpy(want->psk, in->psk.psk, KEY_LEN);
	return r;
}
