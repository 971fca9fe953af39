/* SPDX-License-Identifier: GPL-2.0-only */
/* Looks whether our counters and WireGuard's say the same of each peer: tally.h says what that is.
 */
#include <string.h>
#include "../lib/log.h"
#include "../lib/mono.h"
#include "../lib/nl_link.h"
#include "../lib/nl_tc.h"
#include "../lib/nl_wg.h"
#include "net_int.h"

#define WINDOW_S                                                                                   \
	3600 /* then it begins anew, so that a small difference is not lost in a large sum */

struct net_tally {
	uint32_t generation;
	uint64_t peers; /* which WireGuard peers were added up, 0 = none */
	bool has_from;
	struct tally_sample from, now;
	struct tally last;
};

struct net_tally *net_tally_new(uint32_t slots)
{
	return calloc(slots, sizeof(struct net_tally));
}

void net_tally_get(const struct net *net, uint32_t slot, struct tally *ret_tally)
{
	*ret_tally = net->tally[slot].last;
}

static struct tally_count count_of(const struct net *net, uint32_t slot)
{
	struct sc_counters c;

	dp_counters(net->dp, slot, &c);
	return (struct tally_count){.up_packets = c.up_packets,
				    .up_bytes = c.up_bytes,
				    .down_packets = c.down_packets,
				    .down_bytes = c.down_bytes,
				    .drop_packets = c.drop_packets,
				    .drop_bytes = c.drop_bytes};
}

struct walk {
	struct net *net;
	uint64_t *peers; /* by slot */
	unsigned int wg;
};

static uint64_t mark_of(const struct nl_wg_peer *p, unsigned int wg)
{
	uint64_t mark;

	memcpy(&mark, p->public_key, sizeof(mark));
	return mark ^ (wg + 1);
}

/* While a key rotates a slot has a peer on each device. */
static int peer_cb(const struct nl_wg_peer *p, void *ctx)
{
	struct walk *walk = ctx;
	struct net *net = walk->net;
	struct tally_sample *now;
	uint32_t slot;

	if (!p->has_v6 || net_peer_slot_of(&net->conf, &p->v6.addr, &slot) || !net->used[slot])
		return 0;
	now = &net->tally[slot].now;
	now->rx_bytes += p->rx_bytes;
	now->tx_bytes += p->tx_bytes;
	walk->peers[slot] ^= mark_of(p, walk->wg);
	return 0;
}

/* Of both devices and their queues. */
static int lost_get(struct net *net, uint64_t *ret_lost, uint64_t *ret_waiting, struct err *err)
{
	static const char *const names[] = {"wg0", "wg1"};
	uint64_t lost = 0, waiting = 0;

	for (int i = 0; i < 2; i++) {
		uint32_t drops, bytes;
		struct nl_link link;
		int r = nl_link_get(net->rtnl, names[i], &link, err);

		if (!r)
			r = nl_tc_root_stats(net->rtnl, net->wg_ifindex[i], &drops, &bytes, err);
		if (r)
			return r;
		net->queue_lost += drops - net->queue_drops[i];
		net->queue_drops[i] = drops;
		lost += link.tx_lost;
		waiting += bytes;
	}
	*ret_lost = lost + net->queue_lost;
	*ret_waiting = waiting;
	return 0;
}

static void report(uint32_t slot, const struct tally *t)
{
	log_warn("slot %u: in %u s WireGuard received %ju bytes, %ju to %ju by our count, and sent "
		 "%ju, %ju to %ju by our count",
		 slot, t->seconds, (uintmax_t)t->rx_bytes, (uintmax_t)t->rx_min,
		 (uintmax_t)t->rx_max, (uintmax_t)t->tx_bytes, (uintmax_t)t->tx_min,
		 (uintmax_t)t->tx_max);
}

static void judge(struct net *net, uint32_t slot, uint64_t peers)
{
	struct net_tally *t = &net->tally[slot];
	uint32_t generation = net->want[slot].generation, was = t->last.state;
	bool over = t->now.at_s - t->from.at_s >= WINDOW_S;

	if (!t->has_from || t->peers != peers || t->generation != generation ||
	    tally_went_back(&t->from, &t->now)) {
		t->has_from = peers;
		t->peers = peers;
		t->generation = generation;
		t->from = t->now;
		t->last = (struct tally){};
		return;
	}
	tally_judge(&t->from, &t->now, &t->last);
	if (t->last.state == TALLY_DIFFERS && (was != TALLY_DIFFERS || over))
		report(slot, &t->last);
	if (over)
		t->from = t->now;
}

int net_tally_look(struct net *net, struct err *err)
{
	AUTO_FREE uint64_t *peers = calloc(net->conf.slots, sizeof(*peers));
	struct walk walk = {.net = net, .peers = peers};
	int64_t at_s = mono_now().ns / 1000000000;
	uint64_t lost, waiting;
	int r = 0;

	if (!peers)
		return err_sys(err, -ENOMEM, "tally");
	for (uint32_t i = 0; i < net->conf.slots; i++) {
		if (net->used[i])
			net->tally[i].now = (struct tally_sample){.before = count_of(net, i)};
		else if (net->tally[i].has_from)
			net->tally[i] = (struct net_tally){};
	}
	for (; walk.wg < 2 && !r; walk.wg++)
		r = nl_wg_dump(net->genl, net->wg_ifindex[walk.wg], NULL, peer_cb, &walk, err);
	if (!r)
		r = lost_get(net, &lost, &waiting, err);
	if (r)
		return err_prefix(err, "tally");
	net->tally_differs = 0;
	for (uint32_t i = 0; i < net->conf.slots; i++) {
		struct tally_sample *now = &net->tally[i].now;

		if (!net->used[i])
			continue;
		now->after = count_of(net, i);
		now->lost = lost;
		now->waiting_bytes = waiting;
		now->at_s = at_s;
		judge(net, i, peers[i]);
		net->tally_differs += net->tally[i].last.state == TALLY_DIFFERS;
	}
	return 0;
}
