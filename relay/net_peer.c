/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Wanted peers. One that changes is compared with what was last applied for it (and for those that
 * share its VRF): no dump. At the end of a sync, and as a repair, all is compared with the kernel.
 */
#include <string.h>
#include "../lib/log.h"
#include "alloc.h"
#include "net_database.h"
#include "net_int.h"

static struct kstate_env env_of(struct net *net, const struct peer *peer)
{
	return (struct kstate_env){.isolation = net->conf.isolation,
				   .gateway4 = net->gateway4,
				   .gateway6 = net->gateway6,
				   .device_mtu = net->conf.mtu,
				   .proxy6 = net_proxy_wants6(net, peer),
				   .proxy4 = net_proxy_wants4(net, peer),
				   .shaper = net->conf.shaper};
}

int net_peer_slot_of(const struct conf *conf, const struct addr6 *v6, uint32_t *ret_slot)
{
	for (size_t i = 0; i < conf->n_pool6; i++) {
		const struct conf_pool6 *pool = &conf->pool6[i];
		uint32_t low = (uint32_t)v6->b[12] << 24 | (uint32_t)v6->b[13] << 16 |
			       (uint32_t)v6->b[14] << 8 | v6->b[15];

		if (!prefix6_has(&pool->prefix, v6))
			continue;
		if (pool->slot_bits < 32)
			low &= (1u << pool->slot_bits) - 1;
		if (low >= conf->slots)
			return -ENOENT;
		*ret_slot = low;
		return 0;
	}
	return -ENOENT;
}

static bool shares_key(const struct peer *a, const struct peer *b)
{
	return !memcmp(a->public_key, b->public_key, KEY_LEN) ||
	       (a->has_other && !memcmp(a->other_key, b->public_key, KEY_LEN)) ||
	       (b->has_other && !memcmp(a->public_key, b->other_key, KEY_LEN)) ||
	       (a->has_other && b->has_other && !memcmp(a->other_key, b->other_key, KEY_LEN));
}

int net_peer_check(const struct net *net, const struct peer *p, struct err *err)
{
	const struct conf *conf = &net->conf;

	if (p->slot >= conf->slots)
		return err_set(err, -EINVAL, "slot %u: there are %u", p->slot, conf->slots);
	if (!alloc_v6_ours(conf, &p->v6, p->slot))
		return err_set(err, -EINVAL, "slot %u: its IPv6 address is not one of its pool's",
			       p->slot);
	if (!addr4_is_zero(p->v4) && !alloc_v4_ours(conf, p->v4))
		return err_set(err, -EINVAL, "slot %u: its IPv4 address is not one of a pool's",
			       p->slot);
	/* Answering ARP for it would cut the relay off. */
	if (!addr4_is_zero(p->v4) && addr4_eq(p->v4, net->router4))
		return err_set(err, -EINVAL,
			       "slot %u: its IPv4 address is the uplink's gateway: leave it out of "
			       "the pools",
			       p->slot);
	/* Its table would be any: the host's own, too. */
	if (p->account > UINT32_MAX - KSTATE_TABLE_ACCOUNT)
		return err_set(err, -EINVAL, "slot %u: account out of range", p->slot);
	if (p->wg > 1 || p->mtu < 1280 || p->mtu > conf->mtu)
		return err_set(err, -EINVAL, "slot %u: device or MTU out of range", p->slot);
	if (p->has_other > 1 || (p->has_other && !memcmp(p->other_key, p->public_key, KEY_LEN)))
		return err_set(err, -EINVAL, "slot %u: its other key makes no sense", p->slot);
	if (p->firewall.n > SC_MAX_RULES)
		return err_set(err, -EINVAL, "slot %u: more than %d firewall rules", p->slot,
			       SC_MAX_RULES);
	/* The kernel passes over a device's own key in silence: each look would add it again. */
	for (int i = 0; i < 2; i++) {
		if (!memcmp(p->public_key, net->wg_public_key[i], KEY_LEN) ||
		    (p->has_other && !memcmp(p->other_key, net->wg_public_key[i], KEY_LEN)))
			return err_set(err, -EINVAL, "slot %u: its key is the relay's own",
				       p->slot);
	}
	/* Of a sync all are compared at once: net_peer_drop_doubles(). */
	for (uint32_t i = 0; i < conf->slots && !net->syncing; i++) {
		const struct peer *other = &net->want[i];

		if (!net->used[i] || i == p->slot)
			continue;
		if (shares_key(other, p))
			return err_set(err, -EEXIST, "slot %u: slot %u has this key", p->slot, i);
		if (!addr4_is_zero(p->v4) && addr4_eq(other->v4, p->v4))
			return err_set(err, -EEXIST, "slot %u: slot %u has this IPv4 address",
				       p->slot, i);
	}
	return 0;
}

/* assign: else its class is the one that it has, as the kernel knows it. */
static int want_one(struct net *net, struct kstate *state, const struct peer *p, bool assign,
		    struct err *err)
{
	struct kstate_env env = env_of(net, p);
	uint16_t minor = net_htb_minor(net->htb, p->slot);
	int r = 0;

	if (assign)
		r = net_htb_assign(net->htb, net->rtnl, p->slot, p->rate_kbps, p->ceil_kbps, &minor,
				   err);
	if (!r && kstate_want(state, p, minor, &env))
		r = err_sys(err, -ENOMEM, "slot %u", p->slot);
	return r;
}

/* Peers that share the VRF of `slot`, but not it: their needs are the same before and after. */
static int want_neighbours(struct net *net, uint32_t slot, uint32_t table, struct kstate *a,
			   struct kstate *b, struct err *err)
{
	int r = 0;

	if (net->conf.isolation != CONF_ISOLATION_ACCOUNT)
		return 0;
	for (uint32_t i = 0; i < net->conf.slots && !r; i++) {
		if (!net->used[i] || i == slot ||
		    kstate_table(&net->want[i], net->conf.isolation) != table)
			continue;
		r = want_one(net, a, &net->want[i], false, err);
		if (!r)
			r = want_one(net, b, &net->want[i], false, err);
	}
	return r;
}

/* From what is applied for the slot (used/want) to `peer` (NULL = nothing). */
static int change_one(struct net *net, uint32_t slot, const struct peer *peer, struct err *err)
{
	const struct peer *old = net->used[slot] ? &net->want[slot] : NULL;
	struct kstate wanted = {}, observed = {};
	struct plan plan = {};
	int r = 0;

	if (old)
		r = want_one(net, &observed, old, false, err);
	if (!r && peer)
		r = want_one(net, &wanted, peer, true, err);
	if (!r && (old || peer))
		r = want_neighbours(net, slot, kstate_table(peer ? peer : old, net->conf.isolation),
				    &wanted, &observed, err);
	kstate_sort(&wanted);
	kstate_sort(&observed);
	if (!r && plan_make(&wanted, &observed, &plan))
		r = err_sys(err, -ENOMEM, "plan");
	if (!r)
		r = apply(net, &plan, &wanted, NULL, err);
	plan_clear(&plan);
	kstate_clear(&wanted);
	kstate_clear(&observed);
	return r;
}

int net_peer_set(struct net *net, const struct peer *asked, struct err *err)
{
	const struct peer *old = net->used[asked->slot] ? &net->want[asked->slot] : NULL;
	struct peer peer = *asked;
	struct err again;
	int r;

	if (net->syncing) {
		net->next[peer.slot] = peer;
		net->next_used[peer.slot] = true;
		return 0;
	}
	r = net_rotate_check(net, old, &peer, err);
	if (r)
		return r;
	r = net_psk_fill(&peer, old, err);
	if (!r)
		r = change_one(net, peer.slot, &peer, err);
	if (!r) {
		net->want[peer.slot] = peer;
		net->used[peer.slot] = true;
		net->kept[peer.slot] = false;
	}
	explicit_bzero(&peer, sizeof(peer));
	if (!r)
		return 0;
	/* Half done: the kernel goes back to what was wanted before. */
	if (net_reconcile(net, NULL, &again))
		log_err("slot %u: undo: %s", asked->slot, again.text);
	return r;
}

int net_peer_del(struct net *net, uint32_t slot, uint32_t generation, struct err *err)
{
	int r;

	if (slot >= net->conf.slots)
		return err_set(err, -EINVAL, "slot %u: there are %u", slot, net->conf.slots);
	if (net->syncing) {
		net->next_used[slot] = false;
		return 0;
	}
	if (!net->used[slot] || net->want[slot].generation != generation)
		return 0;
	r = change_one(net, slot, NULL, err);
	net->used[slot] = net->kept[slot] = false;
	explicit_bzero(&net->want[slot], sizeof(net->want[slot]));
	net_htb_release(net->htb, slot);
	net_proxy_release(net, slot);
	if (r)
		net_reconcile(net, NULL, NULL);
	return r;
}

int net_reconcile(struct net *net, unsigned int *ret_steps, struct err *err)
{
	struct kstate wanted = {}, observed = {};
	struct plan plan = {};
	unsigned int failed = 0;
	int r;

	/* Before the first sync nobody knows what is wanted: what runs, runs on. */
	if (!net->synced)
		return 0;
	r = observe(net, &observed, err);
	for (size_t i = 0; i < observed.n_slots && !r; i++)
		net_htb_adopt(net->htb, observed.slots[i].slot, observed.slots[i].class_minor);
	for (uint32_t i = 0; i < net->conf.slots && !r; i++) {
		if (net->used[i]) {
			r = want_one(net, &wanted, &net->want[i], true, err);
			continue;
		}
		net_htb_release(net->htb, i);
		net_proxy_release(net, i);
	}
	kstate_sort(&wanted);
	if (!r && plan_make(&wanted, &observed, &plan))
		r = err_sys(err, -ENOMEM, "plan");
	if (!r)
		r = apply(net, &plan, &wanted, &failed, err);
	if (failed)
		r = 0;
	if (!r && ret_steps)
		*ret_steps = (unsigned int)plan.n;
	plan_clear(&plan);
	kstate_clear(&wanted);
	kstate_clear(&observed);
	return r;
}

/* A key or an IPv4 address that a synced peer names. */
struct claim {
	const void *bytes;
	uint32_t slot;
};

static int cmp_claim(const void *a, const void *b, void *len)
{
	const struct claim *x = a, *y = b;
	int c = memcmp(x->bytes, y->bytes, *(const size_t *)len);

	return c ? c : (x->slot > y->slot) - (x->slot < y->slot);
}

static void drop_claims(struct net *net, struct claim *claims, size_t n, size_t len,
			const char *what)
{
	size_t first = 0;

	qsort_r(claims, n, sizeof(*claims), cmp_claim, &len);
	for (size_t i = 1; i < n; i++) {
		if (memcmp(claims[first].bytes, claims[i].bytes, len)) {
			first = i;
			continue;
		}
		log_err("slot %u: slot %u has its %s: left out", claims[i].slot, claims[first].slot,
			what);
		net->next_used[claims[i].slot] = false;
	}
}

int net_peer_drop_doubles(struct net *net, struct err *err)
{
	AUTO_FREE struct claim *claims = calloc(net->conf.slots, 2 * sizeof(*claims));
	size_t n = 0;

	if (!claims)
		return err_sys(err, -ENOMEM, "peers");
	for (uint32_t i = 0; i < net->conf.slots; i++) {
		const struct peer *p = &net->next[i];

		if (net->next_used[i])
			claims[n++] = (struct claim){p->public_key, i};
		if (net->next_used[i] && p->has_other)
			claims[n++] = (struct claim){p->other_key, i};
	}
	drop_claims(net, claims, n, KEY_LEN, "key");
	n = 0;
	for (uint32_t i = 0; i < net->conf.slots; i++) {
		const struct peer *p = &net->next[i];

		if (net->next_used[i] && !addr4_is_zero(p->v4))
			claims[n++] = (struct claim){&p->v4, i};
	}
	drop_claims(net, claims, n, sizeof(struct addr4), "IPv4 address");
	return 0;
}

int net_peer_sync_end(struct net *net, struct err *err)
{
	size_t n = net->conf.slots;
	unsigned int steps = 0, peers = 0;
	int r = 0;

	if (!net->syncing)
		return err_set(err, -EPROTO, "SYNC_END without SYNC_BEGIN");
	r = net_peer_drop_doubles(net, err);
	if (!r)
		r = net_database_check(net, err);
	/* An api role that starts anew finds peers with the keys that they have. */
	for (uint32_t i = 0; i < n && !r; i++) {
		if (net->next_used[i] && net->used[i])
			r = net_psk_fill(&net->next[i], &net->want[i], err);
	}
	if (r)
		return r;
	memcpy(net->want, net->next, n * sizeof(*net->want));
	memcpy(net->used, net->next_used, n * sizeof(*net->used));
	explicit_bzero(net->next, n * sizeof(*net->next));
	net->syncing = false;
	memset(net->kept, 0, n * sizeof(*net->kept));
	r = net_psk_adopt(net, err);
	if (r)
		return r;
	net->synced = true;
	for (size_t i = 0; i < n; i++)
		peers += net->used[i];
	r = net_reconcile(net, &steps, err);
	if (!r)
		r = net_database_adopt(net->conf.run_dir, net->database, err);
	if (!r)
		log_info("%u peers in place, %u steps", peers, steps);
	net_rotate_kept(net);
	return r;
}
