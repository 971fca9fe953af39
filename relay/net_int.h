/* SPDX-License-Identifier: GPL-2.0-only */
/* The net role's one struct; each part of it is written by the file named beside it. */
#ifndef RELAY_NET_INT_H
#define RELAY_NET_INT_H

#include <uv.h>
#include "../lib/nl.h"
#include "../lib/nl_route.h"
#include "../lib/nl_wg.h"
#include "kstate.h"
#include "msg.h"
#include "net.h"
#include "net_htb.h"
#include "plan.h"
#include "pool.h"

#define NET_ANNOUNCE_BATCH 32 /* peers at a time whose addresses neighbours are told */
#define NET_QUEUE 4096 /* answers waiting for the api role; full: no more requests are read */

struct net_seen {
	int64_t last_handshake_s;
	struct endpoint endpoint;
};

struct net {
	uv_loop_t *loop;
	struct conf conf;
	struct nl *rtnl, *genl;
	struct dp *dp;

	/* net_wg.c */
	int wg_ifindex[2];
	uint8_t wg_public_key[2][KEY_LEN];

	/* net_uplink.c */
	int uplink_ifindex;
	uint8_t uplink_mac[6];
	bool gateway4, gateway6;	      /* the next hop objects exist */
	struct nl_nexthop nexthop4, nexthop6; /* what they are */
	struct addr4 router4;		      /* the IPv4 gateway's address, zero = none yet */

	/* net_pool.c: enum pool_why of each */
	uint8_t pool6_why[SC_MAX_POOLS], pool4_why[SC_MAX_POOLS];

	/* net_proxy.c: slots whose address is a member of its multicast group */
	bool *grouped;
	unsigned int n_grouped;

	/* net_announce.c: where the round through all slots is */
	uint32_t announce_at;
	uv_timer_t *announce_timer;

	struct net_htb *htb; /* net_htb.c */

	/* net_peer.c: wanted peers by slot; `next` is filled between SYNC_BEGIN and SYNC_END. */
	struct peer *want, *next;
	bool *used, *next_used;
	bool syncing, synced;
	uint8_t database[DB_IDENTITY_LEN]; /* of the sync in work, or the last one */

	/* net_rotate.c: slots whose other key the kernel had and the api role did not name. */
	bool *kept;
	uv_timer_t *kept_timer;

	/* net_api.c */
	int api_fd;
	uv_poll_t *api_poll;
	struct msg *queue;
	unsigned int q_head, q_len;

	/* net_seen.c */
	struct net_seen *seen;
	uv_timer_t *seen_timer;

	struct net_tally *tally; /* net_tally.c: by slot */
	uint32_t queue_drops[2]; /* as last read: they wrap */
	uint64_t queue_lost;
	unsigned int tally_differs; /* peers, as of the last look */

	/* net_watch.c */
	struct mnl_socket *watch;
	uv_poll_t *watch_poll;
	uv_timer_t *watch_timer, *repair_timer;
};

/* net_base.c */
int net_base_sysctls(const struct conf *conf, struct err *err);
int net_base_nft(const char *commands, struct err *err);
int net_base_filter(struct err *err); /* there again, if somebody has flushed all rules */
extern const char net_base_rules[], net_base_no_rules[];

/* net_wg.c: the pair exists, is up, has its keys. */
int net_wg_check(struct net *net, struct err *err); /* before anything is changed */
int net_wg_start(struct net *net, struct err *err);
/* Made by relayd, or by nobody who gave it a key. */
bool net_wg_is_ours(struct nl *genl, const struct conf *conf, int which, int ifindex);

/* net_uplink.c */
int net_uplink_start(struct net *net, struct err *err);	 /* finds it; programs attached */
int net_uplink_follow(struct net *net, struct err *err); /* made anew, or with another MAC */
int net_uplink_refresh(struct net *net, bool *ret_changed, struct err *err); /* gateways, own */
int net_uplink_gateways(struct net *net, bool *ret_changed, struct err *err);

/* net_shaper.c: on wg0, wg1 and the uplink; devices that have other indexes now. */
int net_shaper_start(struct net *net, struct err *err);
int net_shaper_devices(struct net *net, const int ifindex[HTB_DEVICES], struct err *err);

/* net_peer.c: one peer changed; all at once; the repair of what drifted. */
int net_peer_check(const struct net *net, const struct peer *peer, struct err *err);
int net_peer_set(struct net *net, const struct peer *asked, struct err *err);
int net_peer_del(struct net *net, uint32_t slot, uint32_t generation, struct err *err);
/* Of peers synced with the same key or IPv4 address, only the one in the lowest slot stays. */
int net_peer_drop_doubles(struct net *net, struct err *err);
int net_peer_sync_end(struct net *net, struct err *err);
/* Steps that fail are logged and close their peer: no error of the whole. */
int net_reconcile(struct net *net, unsigned int *ret_steps, struct err *err);
/* net_database.c: peers of a sync replace those of the same database alone. */
int net_database_check(struct net *net, struct err *err);
unsigned int net_database_lost(const struct net *net, const struct kstate *observed);
/* net_psk.c: a peer without a PSK gets that of `old` (NULL = none), or a random one. */
int net_psk_fill(struct peer *peer, const struct peer *old, struct err *err);
int net_psk_adopt(struct net *net, struct err *err); /* wanted peers get the kernel's */
/* net_rotate.c: -ENOTCONN: the peer is to go on with its other key, which has not been used yet. */
int net_rotate_check(struct net *net, const struct peer *old, const struct peer *peer,
		     struct err *err);
/* A key on the device that is not the wanted one's, as a relayd that starts anew finds it: it stays
 * for a while. */
void net_rotate_keep(struct net *net, uint32_t slot, const struct nl_wg_peer *found);
int net_rotate_start(struct net *net);
void net_rotate_kept(struct net *net); /* the while begins */
int net_psk_set(struct net *net, const struct msg *in, struct err *err);

/* net_peer.c: the slot an address carries, or -ENOENT. */
int net_peer_slot_of(const struct conf *conf, const struct addr6 *v6, uint32_t *ret_slot);

/* net_vlan.c: XDP sees VLAN tags, if the device can be told so. */
void net_vlan_uplink(const struct net *net);

/* net_pool.c: which pools' addresses neighbours on the uplink ask for. */
int net_pool_look(struct net *net, bool *ret_changed, struct err *err);
bool net_pool_onlink6(const struct net *net, const struct addr6 *v6);
bool net_pool_onlink4(const struct net *net, struct addr4 v4);

/* net_announce.c: addresses of on-link pools; the others and zero are left out. */
void net_announce(struct net *net, uint32_t slot, const struct addr6 *v6, struct addr4 v4);
void net_announce_all(struct net *net); /* of live slots, from now on, bit by bit */
int net_announce_start(struct net *net, struct err *err);

/* net_proxy.c */
bool net_proxy_wants6(struct net *net, const struct peer *peer);
bool net_proxy_wants4(const struct net *net, const struct peer *peer);
void net_proxy_release(struct net *net, uint32_t slot);
int net_proxy_observe(struct net *net, struct kstate *state, struct err *err);
int net_proxy_change(struct net *net, const struct kproxy *k, bool add, struct err *err);
int net_proxy_flush(struct nl *nl, struct err *err); /* of every device */
int net_proxy_sysctls(const struct conf *conf, struct err *err);

/* observe.c, apply.c: as steps_run() */
int observe(struct net *net, struct kstate *ret_state, struct err *err);
int apply(struct net *net, const struct plan *plan, const struct kstate *wanted,
	  unsigned int *ret_failed, struct err *err);

/* net_api.c */
void net_api_send(struct net *net, const struct msg *msg);
void net_api_send_relay(struct net *net); /* what it says of itself has changed */
void net_api_close(struct net *net);

/* net_seen.c */
int net_seen_start(struct net *net);

/* net_tally.c: compares all peers' counters with WireGuard's. */
struct net_tally *net_tally_new(uint32_t slots);
int net_tally_look(struct net *net, struct err *err);
void net_tally_get(const struct net *net, uint32_t slot, struct tally *ret_tally);

/* net_usage.c */
int net_usage_get(struct net *net, const struct msg *in, struct err *err);
int net_usage_stats(struct net *net, const struct msg *in, struct err *err);

/* net_watch.c */
int net_watch_start(struct net *net, struct err *err);
void net_watch_stop(struct net *net);

#endif
