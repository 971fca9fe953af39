/* SPDX-License-Identifier: GPL-2.0-only */
#include "plan.h"

#include <errno.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static int add(struct plan *plan, const struct step *step)
{
	if (plan->n == plan->cap) {
		size_t cap = plan->cap ? plan->cap * 2 : 16;
		struct step *bigger = reallocarray(plan->steps, cap, sizeof(*bigger));

		if (!bigger)
			return -ENOMEM;
		plan->steps = bigger;
		plan->cap = cap;
	}
	plan->steps[plan->n++] = *step;
	return 0;
}

/*
 * Walks two sorted arrays at once. each() gets the wanted element, the observed one with the same
 * key, or NULL for the one that is not there.
 */
typedef int each_fn(struct plan *plan, const void *want, const void *have);

static int merge(struct plan *plan, const void *want, size_t n_want, const void *have,
		 size_t n_have, size_t size, int (*cmp)(const void *, const void *), each_fn *each)
{
	const char *w = want, *h = have;
	size_t i = 0, j = 0;
	int r = 0;

	while (!r && (i < n_want || j < n_have)) {
		int c = i == n_want ? 1 : j == n_have ? -1 : cmp(w + i * size, h + j * size);

		r = each(plan, c <= 0 ? w + i * size : NULL, c >= 0 ? h + j * size : NULL);
		i += c <= 0;
		j += c >= 0;
	}
	return r;
}

static bool same_owner(const struct kslot *a, const struct kslot *b)
{
	return a->generation == b->generation && addr6_eq(&a->v6, &b->v6) &&
	       addr4_eq(a->v4, b->v4) && a->account == b->account;
}

static bool same_slot(const struct kslot *a, const struct kslot *b)
{
	return same_owner(a, b) && a->wg == b->wg && a->table == b->table && a->mtu == b->mtu &&
	       a->class_minor == b->class_minor && a->smtp == b->smtp && a->both == b->both &&
	       a->in_byte_ps == b->in_byte_ps && a->in_packet_ns == b->in_packet_ns &&
	       a->scan_ns == b->scan_ns && a->pace_byte_ps == b->pace_byte_ps &&
	       !memcmp(&a->firewall, &b->firewall, sizeof(a->firewall));
}

/* A slot that changes its owner is closed before anything else moves. */
static int slot_close(struct plan *plan, const void *want, const void *have)
{
	struct step s = {.type = STEP_SLOT_CLOSE};

	if (!have || (want && same_owner(want, have)))
		return 0;
	s.slot = *(const struct kslot *)have;
	return add(plan, &s);
}

static int slot_set(struct plan *plan, const void *want, const void *have)
{
	struct step s = {.type = STEP_SLOT_SET};

	if (!want || (have && same_slot(want, have)))
		return 0;
	s.slot = *(const struct kslot *)want;
	return add(plan, &s);
}

static int wg_del(struct plan *plan, const void *want, const void *have)
{
	struct step s = {.type = STEP_WG_DEL};

	if (want || !have)
		return 0;
	s.wg_peer = *(const struct kwg_peer *)have;
	return add(plan, &s);
}

static int wg_set(struct plan *plan, const void *want, const void *have)
{
	const struct kwg_peer *w = want, *h = have;
	struct step s = {.type = STEP_WG_SET, .is_new = !have};

	if (!w || (h && addr6_eq(&w->v6, &h->v6) && addr4_eq(w->v4, h->v4) &&
		   !memcmp(w->psk, h->psk, KEY_LEN)))
		return 0;
	s.wg_peer = *w;
	return add(plan, &s);
}

static int route_del(struct plan *plan, const void *want, const void *have)
{
	struct step s = {.type = STEP_ROUTE_DEL};

	if (want || !have)
		return 0;
	s.route = *(const struct kroute *)have;
	return add(plan, &s);
}

static int route_set(struct plan *plan, const void *want, const void *have)
{
	const struct kroute *w = want, *h = have;
	struct step s = {.type = STEP_ROUTE_SET};

	if (!w || (h && w->to == h->to && w->mtu == h->mtu))
		return 0;
	s.route = *w;
	return add(plan, &s);
}

static int proxy_del(struct plan *plan, const void *want, const void *have)
{
	struct step s = {.type = STEP_PROXY_DEL};

	if (want || !have)
		return 0;
	s.proxy = *(const struct kproxy *)have;
	return add(plan, &s);
}

static int proxy_set(struct plan *plan, const void *want, const void *have)
{
	struct step s = {.type = STEP_PROXY_SET};

	if (!want || have)
		return 0;
	s.proxy = *(const struct kproxy *)want;
	return add(plan, &s);
}

static int vrf_del(struct plan *plan, const void *want, const void *have)
{
	struct step s = {.type = STEP_VRF_DEL};

	if (want || !have)
		return 0;
	s.vrf = *(const struct kvrf *)have;
	return add(plan, &s);
}

static int vrf_add(struct plan *plan, const void *want, const void *have)
{
	struct step s = {.type = STEP_VRF_ADD};

	if (!want || have)
		return 0;
	s.vrf = *(const struct kvrf *)want;
	return add(plan, &s);
}

#define MERGE(noun, cmp, each)                                                                     \
	merge(plan, w->noun, w->n_##noun, h->noun, h->n_##noun, sizeof(*w->noun), cmp, each)

static int make(const struct kstate *w, const struct kstate *h, struct plan *plan)
{
	int r = MERGE(slots, kslot_cmp, slot_close);

	if (!r)
		r = MERGE(proxys, kproxy_cmp, proxy_del);
	if (!r)
		r = MERGE(wg_peers, kwg_peer_cmp, wg_del);
	if (!r)
		r = MERGE(routes, kroute_cmp, route_del);
	if (!r)
		r = MERGE(vrfs, kvrf_cmp, vrf_del);
	if (!r)
		r = MERGE(vrfs, kvrf_cmp, vrf_add);
	if (!r)
		r = MERGE(routes, kroute_cmp, route_set);
	if (!r)
		r = MERGE(wg_peers, kwg_peer_cmp, wg_set);
	if (!r)
		r = MERGE(slots, kslot_cmp, slot_set);
	if (!r)
		r = MERGE(proxys, kproxy_cmp, proxy_set);
	return r;
}

int plan_make(const struct kstate *wanted, const struct kstate *observed, struct plan *ret_plan)
{
	struct plan plan = {};
	int r = make(wanted, observed, &plan);

	if (r)
		plan_clear(&plan);
	else
		*ret_plan = plan;
	return r;
}

void plan_clear(struct plan *plan)
{
	if (plan->steps)
		explicit_bzero(plan->steps, plan->n * sizeof(*plan->steps));
	free(plan->steps);
	*plan = (struct plan){};
}

/* The default routes of a VRF are everybody's who is in it; a host route is its peer's alone. */
static bool route_concerns(const struct kroute *r, const struct kslot *slot)
{
	if (!r->dst_len)
		return r->table == slot->table;
	if (r->family == AF_INET6)
		return addr6_eq(&r->dst, &slot->v6);
	return !memcmp(&r->dst, &slot->v4, sizeof(slot->v4));
}

bool step_concerns(const struct step *step, const struct kslot *slot)
{
	switch (step->type) {
	case STEP_PROXY_DEL:
	case STEP_PROXY_SET:
		return step->proxy.family == AF_INET6
			       ? addr6_eq(&step->proxy.addr, &slot->v6)
			       : !memcmp(&step->proxy.addr, &slot->v4, sizeof(slot->v4));
	case STEP_SLOT_CLOSE:
	case STEP_SLOT_SET:
		return step->slot.slot == slot->slot;
	case STEP_WG_DEL:
	case STEP_WG_SET:
		return addr6_eq(&step->wg_peer.v6, &slot->v6) ||
		       (!addr4_is_zero(slot->v4) && addr4_eq(step->wg_peer.v4, slot->v4));
	case STEP_ROUTE_DEL:
	case STEP_ROUTE_SET:
		return route_concerns(&step->route, slot);
	case STEP_VRF_DEL:
	case STEP_VRF_ADD:
		return step->vrf.table == slot->table;
	}
	return true;
}

static const char *either_text(char addr[static ADDR_TEXT_LEN], uint16_t family,
			       const struct addr6 *a)
{
	if (family == AF_INET6)
		return addr6_text(addr, a);
	return addr4_text(addr, (struct addr4){{a->b[0], a->b[1], a->b[2], a->b[3]}});
}

static void route_text(char *out, size_t len, const char *verb, const struct kroute *r)
{
	static const char *const to[] = {"wg0", "wg1", "gateway", "unreachable"};
	char addr[ADDR_TEXT_LEN];

	snprintf(out, len, "route %s %s/%u table %u %s", verb,
		 either_text(addr, r->family, &r->dst), r->dst_len, r->table, to[r->to]);
}

const char *step_text(char *out, size_t len, const struct step *s)
{
	char key[KEY_TEXT_LEN], name[IFNAMSIZ], addr[ADDR_TEXT_LEN];

	switch (s->type) {
	case STEP_PROXY_DEL:
	case STEP_PROXY_SET:
		snprintf(out, len, "proxy %s %s", s->type == STEP_PROXY_SET ? "set" : "del",
			 either_text(addr, s->proxy.family, &s->proxy.addr));
		break;
	case STEP_SLOT_CLOSE:
	case STEP_SLOT_SET:
		snprintf(out, len, "slot %s %u", s->type == STEP_SLOT_SET ? "set" : "close",
			 s->slot.slot);
		break;
	case STEP_WG_DEL:
	case STEP_WG_SET:
		snprintf(out, len, "wg%u %s %.8s", s->wg_peer.wg,
			 s->type == STEP_WG_DEL ? "del" : "set",
			 b64_key_text(key, s->wg_peer.public_key));
		break;
	case STEP_ROUTE_DEL:
		route_text(out, len, "del", &s->route);
		break;
	case STEP_ROUTE_SET:
		route_text(out, len, "set", &s->route);
		break;
	case STEP_VRF_DEL:
	case STEP_VRF_ADD:
		snprintf(out, len, "vrf %s %s", s->type == STEP_VRF_DEL ? "del" : "add",
			 kstate_vrf_name(name, s->vrf.table));
		break;
	}
	return out;
}
