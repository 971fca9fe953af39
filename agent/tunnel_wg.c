/* SPDX-License-Identifier: GPL-2.0-only */
/* One peer, the relay. What is right already is left alone: a key set again starts a new session.
 */
#include "tunnel_int.h"

#include <string.h>
#include <sys/random.h>
#include "../lib/nl_wg.h"

#define MAX_STRANGERS 7 /* peers that somebody else put there: removed, so many at a time */

static const uint8_t no_psk[KEY_LEN];

struct wg_found {
	const uint8_t *relay_key;
	struct nl_wg_peer relay;
	bool has_relay;
	struct nl_wg_peer strangers[MAX_STRANGERS];
	size_t n_strangers;
};

static int on_peer(const struct nl_wg_peer *peer, void *ctx)
{
	struct wg_found *found = ctx;

	if (!memcmp(peer->public_key, found->relay_key, KEY_LEN)) {
		found->relay = *peer;
		found->has_relay = true;
	} else if (found->n_strangers < MAX_STRANGERS) {
		struct nl_wg_peer *s = &found->strangers[found->n_strangers++];

		memcpy(s->public_key, peer->public_key, KEY_LEN);
		s->remove = true;
	}
	return 0;
}

/* Wanted, or what is there, or a random one. False: it is there already. */
static bool choose_psk(const uint8_t have[static KEY_LEN], const uint8_t want[static KEY_LEN],
		       uint8_t ret_psk[static KEY_LEN])
{
	bool random = !memcmp(want, no_psk, KEY_LEN);

	if (random && memcmp(have, no_psk, KEY_LEN))
		return false;
	if (!random && !memcmp(have, want, KEY_LEN))
		return false;
	if (!random)
		memcpy(ret_psk, want, KEY_LEN);
	/* It blocks at most until the kernel has seeded its generator, and cannot fail after. */
	while (random && getrandom(ret_psk, KEY_LEN, 0) != KEY_LEN)
		;
	return true;
}

/* The relay as a peer, with what differs from `have` only (NULL = nothing is there). False: all is
 * as it should be. */
static bool relay_peer(const struct tunnel_conf *conf, const struct nl_wg_peer *have,
		       struct nl_wg_peer *ret)
{
	bool all = have && have->has_v4 && have->has_v6 && !have->v4.len && !have->v6.len;
	struct nl_wg_peer p = {.keepalive_s = TUNNEL_KEEPALIVE_S, .endpoint = conf->endpoint};

	memcpy(p.public_key, conf->relay_key, KEY_LEN);
	/* Everything may come and go: the relay checks addresses, the routes decide. */
	p.has_v4 = p.has_v6 = !all;
	p.has_keepalive = !have || have->keepalive_s != TUNNEL_KEEPALIVE_S;
	p.has_endpoint =
		!have || !have->has_endpoint || !endpoint_eq(&have->endpoint, &conf->endpoint);
	p.has_psk = choose_psk(have ? have->psk : no_psk, conf->psk, p.psk);
	*ret = p;
	explicit_bzero(p.psk, sizeof(p.psk));
	return !have || p.has_v4 || p.has_keepalive || p.has_endpoint || p.has_psk;
}

int tunnel_wg_set(struct nl *genl, int ifindex, const struct tunnel_conf *conf, struct err *err)
{
	struct wg_found found = {.relay_key = conf->relay_key};
	struct nl_wg_peer peers[MAX_STRANGERS + 1];
	struct nl_wg_device dev = {}, have = {};
	size_t n = 0;
	int r;

	r = nl_wg_dump(genl, ifindex, &have, on_peer, &found, err);
	if (r)
		return err_prefix(err, "WireGuard device"), r;
	dev.ifindex = ifindex;
	dev.has_private_key = memcmp(have.private_key, conf->private_key, KEY_LEN) != 0;
	memcpy(dev.private_key, conf->private_key, KEY_LEN);
	for (; n < found.n_strangers; n++)
		peers[n] = found.strangers[n];
	if (relay_peer(conf, found.has_relay ? &found.relay : NULL, &peers[n]))
		n++;
	if (dev.has_private_key || n)
		r = nl_wg_set(genl, &dev, peers, n, err);
	explicit_bzero(&have, sizeof(have));
	explicit_bzero(&dev, sizeof(dev));
	explicit_bzero(&found, sizeof(found));
	explicit_bzero(peers, sizeof(peers));
	if (r)
		err_prefix(err, "WireGuard device");
	return r;
}

int tunnel_wg_psk(struct nl *genl, int ifindex, const struct tunnel_psk *psk, struct err *err)
{
	struct nl_wg_device dev = {.ifindex = ifindex};
	struct nl_wg_peer peer = {.update_only = true, .has_psk = true};
	int r;

	memcpy(peer.public_key, psk->relay_key, KEY_LEN);
	choose_psk(no_psk, psk->psk, peer.psk);
	r = nl_wg_set(genl, &dev, &peer, 1, err);
	explicit_bzero(&peer, sizeof(peer));
	if (r)
		err_prefix(err, "pre-shared key");
	return r;
}

static int on_status_peer(const struct nl_wg_peer *peer, void *ctx)
{
	struct tunnel_status *status = ctx;

	status->last_handshake_s = peer->last_handshake.tv_sec;
	status->rx_bytes = peer->rx_bytes;
	status->tx_bytes = peer->tx_bytes;
	return 0;
}

int tunnel_wg_status(struct nl *genl, int ifindex, struct tunnel_status *status, struct err *err)
{
	struct nl_wg_device dev = {};
	int r;

	r = nl_wg_dump(genl, ifindex, &dev, on_status_peer, status, err);
	memcpy(status->public_key, dev.public_key, KEY_LEN);
	explicit_bzero(&dev, sizeof(dev));
	return r;
}
