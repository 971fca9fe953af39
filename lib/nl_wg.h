/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * WireGuard devices over generic netlink (uapi/linux/wireguard.h). "Not mentioned" differs from
 * zero: the has_ flags say what a call sets. An endpoint is set only on request: setting it on a
 * live peer would undo roaming.
 */
#ifndef LIB_NL_WG_H
#define LIB_NL_WG_H

#include <time.h>
#include "addr.h"
#include "b64.h"
#include "nl.h"

struct nl_wg_peer {
	uint8_t public_key[KEY_LEN];
	bool remove;	  /* delete this peer */
	bool update_only; /* -> no new peer */
	bool has_psk, has_endpoint, has_keepalive, has_v4, has_v6;
	uint8_t psk[KEY_LEN];
	struct endpoint endpoint;
	uint16_t keepalive_s;
	/* Allowed IPs, replacing all others of this peer. Default routes: len 0. */
	struct prefix4 v4;
	struct prefix6 v6;
	/* Filled by a dump only. Times are CLOCK_REALTIME as the kernel gives them; 0 = never. */
	struct timespec last_handshake;
	uint64_t rx_bytes, tx_bytes;
};

struct nl_wg_device {
	int ifindex;
	bool has_private_key, has_listen_port, has_fwmark;
	uint8_t private_key[KEY_LEN];
	uint8_t public_key[KEY_LEN]; /* dump only */
	uint16_t listen_port;
	uint32_t fwmark;
};

/* Any number of peers: cut into as many messages as needed. `nl` is a NETLINK_GENERIC socket. */
int nl_wg_set(struct nl *nl, const struct nl_wg_device *dev, const struct nl_wg_peer *peers,
	      size_t n_peers, struct err *err);

typedef int nl_wg_peer_cb(const struct nl_wg_peer *peer, void *ctx);
/* Peers that the kernel splits over messages are merged before cb sees them. cb may be NULL. */
int nl_wg_dump(struct nl *nl, int ifindex, struct nl_wg_device *ret_dev, nl_wg_peer_cb *cb,
	       void *ctx, struct err *err);

/* Curve25519 key pair by OpenSSL; the private key is clamped. */
int wg_key_make(uint8_t ret_private[static KEY_LEN]);
int wg_key_public(const uint8_t private_key[static KEY_LEN], uint8_t ret_public[static KEY_LEN]);

#endif
