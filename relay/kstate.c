/* SPDX-License-Identifier: GPL-2.0-only */
#include "kstate.h"

#include <errno.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static int grow(void *array, size_t *cap, size_t n, size_t size)
{
	void **p = array;
	size_t new_cap = *cap ? *cap * 2 : 16;
	void *bigger;

	if (n < *cap)
		return 0;
	bigger = reallocarray(*p, new_cap, size);
	if (!bigger)
		return -ENOMEM;
	*p = bigger;
	*cap = new_cap;
	return 0;
}

#define DEFINE_ADD(noun, type)                                                                     \
	int kstate_add_##noun(struct kstate *s, const struct type *value)                          \
	{                                                                                          \
		int r = grow(&s->noun##s, &s->cap_##noun##s, s->n_##noun##s, sizeof(*value));      \
                                                                                                   \
		if (!r)                                                                            \
			s->noun##s[s->n_##noun##s++] = *value;                                     \
		return r;                                                                          \
	}

DEFINE_ADD(proxy, kproxy)
DEFINE_ADD(vrf, kvrf)
DEFINE_ADD(route, kroute)
DEFINE_ADD(wg_peer, kwg_peer)
DEFINE_ADD(slot, kslot)

#define CMP(a, b) (((a) > (b)) - ((a) < (b)))

int kproxy_cmp(const void *a, const void *b)
{
	const struct kproxy *x = a, *y = b;
	int c = CMP(x->family, y->family);

	return c ? c : memcmp(&x->addr, &y->addr, sizeof(x->addr));
}

int kvrf_cmp(const void *a, const void *b)
{
	const struct kvrf *x = a, *y = b;

	return CMP(x->table, y->table);
}

int kroute_cmp(const void *a, const void *b)
{
	const struct kroute *x = a, *y = b;
	int c = CMP(x->table, y->table);

	if (!c)
		c = CMP(x->family, y->family);
	if (!c)
		c = CMP(x->dst_len, y->dst_len);
	if (!c)
		c = memcmp(&x->dst, &y->dst, sizeof(x->dst));
	return c ? c : CMP(x->metric, y->metric);
}

int kwg_peer_cmp(const void *a, const void *b)
{
	const struct kwg_peer *x = a, *y = b;
	int c = CMP(x->wg, y->wg);

	return c ? c : memcmp(x->public_key, y->public_key, KEY_LEN);
}

int kslot_cmp(const void *a, const void *b)
{
	const struct kslot *x = a, *y = b;

	return CMP(x->slot, y->slot);
}

static size_t sort_unique(void *array, size_t n, size_t size,
			  int (*cmp)(const void *, const void *))
{
	char *p = array;
	size_t out = 0;

	if (!n)
		return 0;
	qsort(array, n, size, cmp);
	for (size_t i = 1; i < n; i++) {
		if (cmp(p + out * size, p + i * size))
			memmove(p + ++out * size, p + i * size, size);
	}
	return out + 1;
}

void kstate_sort(struct kstate *s)
{
	s->n_proxys = sort_unique(s->proxys, s->n_proxys, sizeof(*s->proxys), kproxy_cmp);
	s->n_vrfs = sort_unique(s->vrfs, s->n_vrfs, sizeof(*s->vrfs), kvrf_cmp);
	s->n_routes = sort_unique(s->routes, s->n_routes, sizeof(*s->routes), kroute_cmp);
	s->n_wg_peers = sort_unique(s->wg_peers, s->n_wg_peers, sizeof(*s->wg_peers), kwg_peer_cmp);
	s->n_slots = sort_unique(s->slots, s->n_slots, sizeof(*s->slots), kslot_cmp);
}

void kstate_clear(struct kstate *s)
{
	if (s->wg_peers)
		explicit_bzero(s->wg_peers, s->n_wg_peers * sizeof(*s->wg_peers));
	free(s->proxys);
	free(s->vrfs);
	free(s->routes);
	free(s->wg_peers);
	free(s->slots);
	memset(s, 0, sizeof(*s));
}

uint32_t kstate_table(const struct peer *peer, enum conf_isolation isolation)
{
	return isolation == CONF_ISOLATION_ACCOUNT ? KSTATE_TABLE_ACCOUNT + peer->account
						   : KSTATE_TABLE_PEER + peer->slot;
}

const char *kstate_vrf_name(char out[static IFNAMSIZ], uint32_t table)
{
	if (table >= KSTATE_TABLE_ACCOUNT)
		snprintf(out, IFNAMSIZ, "sc-a%u", table - KSTATE_TABLE_ACCOUNT);
	else
		snprintf(out, IFNAMSIZ, "sc-%u", table - KSTATE_TABLE_PEER);
	return out;
}

/* The peer's own addresses: in the main table for packets that the stack answers or forwards, in
 * its VRF for the way back of ICMP errors and for neighbours of the same account. */
static int want_own_routes(struct kstate *s, const struct peer *peer, uint32_t table,
			   const struct kstate_env *env)
{
	struct kroute r = {.table = table,
			   .to = peer->wg ? KROUTE_WG1 : KROUTE_WG0,
			   .mtu = peer->mtu < env->device_mtu ? peer->mtu : 0};
	int ret;

	r.family = AF_INET6;
	r.dst_len = 128;
	r.dst = peer->v6;
	/* The kernel's default metric of v6 routes. */
	r.metric = 1024;
	ret = kstate_add_route(s, &r);
	if (ret || addr4_is_zero(peer->v4))
		return ret;
	r.family = AF_INET;
	r.dst_len = 32;
	r.metric = 0;
	memset(&r.dst, 0, sizeof(r.dst));
	memcpy(&r.dst, &peer->v4, sizeof(peer->v4));
	return kstate_add_route(s, &r);
}

static int want_defaults(struct kstate *s, uint32_t table, const struct kstate_env *env)
{
	struct kroute r = {.table = table};
	int ret = 0;

	for (int v6 = 0; v6 < 2 && !ret; v6++) {
		r.family = v6 ? AF_INET6 : AF_INET;
		/* Never fall through to the main table. */
		r.to = KROUTE_UNREACHABLE;
		r.metric = KSTATE_UNREACHABLE_METRIC;
		ret = kstate_add_route(s, &r);
		if (ret || !(v6 ? env->gateway6 : env->gateway4))
			continue;
		r.to = KROUTE_GATEWAY;
		r.metric = 1024;
		ret = kstate_add_route(s, &r);
	}
	return ret;
}

static uint32_t byte_ps(uint64_t kbps)
{
	/* 1 kbit/s is 8 ms a byte: 8e9 ps. */
	return (uint32_t)(8000000000u /
			  (kbps < KSTATE_PACE_MIN_KBPS ? KSTATE_PACE_MIN_KBPS : kbps));
}

/* The shaper takes care of what was bought; this keeps a flood at one peer from taking the CPU of
 * the others. */
static void want_limits(struct kslot *slot, const struct peer *peer, const struct kstate_env *env)
{
	uint64_t kbps = (uint64_t)peer->ceil_kbps * KSTATE_ABUSE_FACTOR;

	slot->smtp = peer->smtp;
	/* What stands behind the last rule is nobody's, and would never be as it is in the map. */
	slot->firewall.n = peer->firewall.n;
	memcpy(slot->firewall.rule, peer->firewall.rule, peer->firewall.n * sizeof(struct sc_rule));
	if (peer->scan_per_s)
		slot->scan_ns = 1000000000u / peer->scan_per_s;
	if (!peer->ceil_kbps)
		return;
	if (env->shaper == CONF_SHAPER_EDT)
		slot->pace_byte_ps = byte_ps(peer->ceil_kbps < peer->rate_kbps ? peer->rate_kbps
									       : peer->ceil_kbps);
	if (kbps < KSTATE_ABUSE_MIN_KBPS)
		kbps = KSTATE_ABUSE_MIN_KBPS;
	slot->in_byte_ps = byte_ps(kbps);
	slot->in_packet_ns =
		(uint32_t)((uint64_t)slot->in_byte_ps * KSTATE_ABUSE_PACKET_BYTES / 1000);
}

/* The peer on the other device of the pair. It comes to us: its endpoint is not known. */
static int want_other(struct kstate *s, const struct peer *peer)
{
	struct kwg_peer wg = {.wg = !peer->wg, .v6 = peer->v6, .v4 = peer->v4};
	int r;

	memcpy(wg.public_key, peer->other_key, KEY_LEN);
	memcpy(wg.psk, peer->other_psk, KEY_LEN);
	r = kstate_add_wg_peer(s, &wg);
	explicit_bzero(&wg, sizeof(wg));
	return r;
}

static int want_proxies(struct kstate *s, const struct peer *peer, const struct kstate_env *env)
{
	struct kproxy k = {.family = AF_INET6, .addr = peer->v6};
	int r = env->proxy6 ? kstate_add_proxy(s, &k) : 0;

	if (r || !env->proxy4 || addr4_is_zero(peer->v4))
		return r;
	k = (struct kproxy){.family = AF_INET};
	memcpy(&k.addr, &peer->v4, sizeof(peer->v4));
	return kstate_add_proxy(s, &k);
}

int kstate_want(struct kstate *s, const struct peer *peer, uint16_t class_minor,
		const struct kstate_env *env)
{
	struct kvrf vrf = {.table = kstate_table(peer, env->isolation)};
	struct kwg_peer wg = {
		.wg = peer->wg, .v6 = peer->v6, .v4 = peer->v4, .endpoint = peer->endpoint};
	struct kslot slot = {.slot = peer->slot,
			     .generation = peer->generation,
			     .v6 = peer->v6,
			     .v4 = peer->v4,
			     .account = peer->account,
			     .wg = peer->wg,
			     .table = vrf.table,
			     .mtu = peer->mtu,
			     .class_minor = class_minor};
	int r;

	want_limits(&slot, peer, env);
	memcpy(wg.public_key, peer->public_key, KEY_LEN);
	memcpy(wg.psk, peer->psk, KEY_LEN);
	slot.both = peer->has_other;
	r = kstate_add_vrf(s, &vrf);
	if (!r)
		r = want_own_routes(s, peer, KSTATE_MAIN, env);
	if (!r)
		r = want_own_routes(s, peer, vrf.table, env);
	if (!r)
		r = want_defaults(s, vrf.table, env);
	if (!r)
		r = kstate_add_wg_peer(s, &wg);
	if (!r && peer->has_other)
		r = want_other(s, peer);
	if (!r)
		r = kstate_add_slot(s, &slot);
	if (!r)
		r = want_proxies(s, peer, env);
	explicit_bzero(&wg, sizeof(wg));
	return r;
}
