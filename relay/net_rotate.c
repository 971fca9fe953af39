/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A peer goes over to its other key, which waits on the other device of the pair. WireGuard counts
 * a handshake as made when the first packet under the new session has come: so a time there says
 * that the new way carries packets.
 */
#include <string.h>
#include "../lib/nl_wg.h"
#include "net_int.h"

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
