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

/* What the slot has for this key, which may have been its other one. */
static const uint8_t *psk_of(const struct peer *old, const uint8_t key[static KEY_LEN])
{
	if (!memcmp(old->public_key, key, KEY_LEN) && !is_zero(old->psk))
		return old->psk;
	if (old->has_other && !memcmp(old->other_key, key, KEY_LEN) && !is_zero(old->other_psk))
		return old->other_psk;
	return NULL;
}

static int fill(const struct peer *old, const uint8_t key[static KEY_LEN],
		uint8_t psk[static KEY_LEN])
{
	const uint8_t *has = old ? psk_of(old, key) : NULL;

	if (!is_zero(psk))
		return 0;
	if (has)
		memcpy(psk, has, KEY_LEN);
	else if (getrandom(psk, KEY_LEN, 0) != KEY_LEN)
		return errno ? -errno : -EIO;
	return 0;
}

int net_psk_fill(struct peer *peer, const struct peer *old, struct err *err)
{
	int r = fill(old, peer->public_key, peer->psk);

	if (!r && peer->has_other)
		r = fill(old, peer->other_key, peer->other_psk);
	return r ? err_sys(err, r, "slot %u: random key", peer->slot) : 0;
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
	if (peer->wg != a->wg)
		net_rotate_keep(net, slot, p);
	if (peer->wg == a->wg && !memcmp(peer->public_key, p->public_key, KEY_LEN) &&
	    is_zero(peer->psk))
		memcpy(peer->psk, p->psk, KEY_LEN);
	if (peer->wg != a->wg && peer->has_other &&
	    !memcmp(peer->other_key, p->public_key, KEY_LEN) && is_zero(peer->other_psk))
		memcpy(peer->other_psk, p->psk, KEY_LEN);
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
	bool other;
	int r;

	if (in->psk.slot >= net->conf.slots)
		return err_set(err, -EINVAL, "slot %u: there are %u", in->psk.slot,
			       net->conf.slots);
	want = &net->want[in->psk.slot];
	other = want->has_other && !memcmp(want->other_key, in->psk.public_key, KEY_LEN);
	if (net->syncing || !net->used[in->psk.slot] || want->generation != in->psk.generation ||
	    (!other && memcmp(want->public_key, in->psk.public_key, KEY_LEN)))
		return err_set(err, -ENOENT, "slot %u: has no such peer", in->psk.slot);
	if (is_zero(in->psk.psk))
		return err_set(err, -EINVAL, "slot %u: no pre-shared key", in->psk.slot);
	dev.ifindex = net->wg_ifindex[other ? !want->wg : want->wg];
	memcpy(peer.public_key, in->psk.public_key, KEY_LEN);
	memcpy(peer.psk, in->psk.psk, KEY_LEN);
	r = nl_wg_set(net->genl, &dev, &peer, 1, err);
	explicit_bzero(&peer, sizeof(peer));
	if (!r)
		memcpy(other ? want->other_psk : want->psk, in->psk.psk, KEY_LEN);
	return r;
}
