/* SPDX-License-Identifier: GPL-2.0-only */
#include "mtu.h"

/* Sizes worth a try have numbers: MTU_MIN is 0, max is the last. */
static uint32_t size_of(const struct mtu_search *s, uint32_t nr)
{
	uint32_t size = MTU_MIN + nr * MTU_STEP;

	return size < s->max ? size : s->max;
}

static uint32_t nr_of(uint32_t size)
{
	return (size - MTU_MIN + MTU_STEP - 1) / MTU_STEP;
}

/* Once; a full volley takes no more. */
static void add(struct mtu_volley *v, uint32_t size)
{
	for (uint32_t i = 0; i < v->n; i++) {
		if (v->size[i] == size)
			return;
	}
	if (v->n < MTU_VOLLEY)
		v->size[v->n++] = (uint16_t)size;
}

/* All numbers from first to last, or as many of them as there is room for, evenly. */
static void add_between(const struct mtu_search *s, struct mtu_volley *v, uint32_t first,
			uint32_t last)
{
	uint32_t room = MTU_VOLLEY - v->n, n = last - first + 1;

	for (uint32_t i = 0; i < n && n <= room; i++)
		add(v, size_of(s, first + i));
	for (uint32_t i = 0; i < room && n > room; i++)
		add(v, size_of(s, first + (i + 1) * (n + 1) / (room + 1) - 1));
}

void mtu_begin(struct mtu_search *s, uint32_t known, uint32_t max)
{
	*s = (struct mtu_search){.running = true, .max = max, .hi = max + 1};
	if (known > max)
		known = max;
	add(&s->volley, MTU_MIN);
	if (!known) {
		if (max > MTU_MIN)
			add_between(s, &s->volley, 1, nr_of(max));
		return;
	}
	/* While what is in use is answered the floor need not be. */
	s->spare_floor = known > MTU_MIN;
	add(&s->volley, known);
	add(&s->volley, size_of(s, nr_of(known) + 1));
	add(&s->volley, max);
}

static void take(struct mtu_search *s, const struct mtu_volley *answers)
{
	for (uint32_t i = 0; i < answers->n; i++) {
		for (uint32_t k = 0; k < s->volley.n; k++) {
			if (s->volley.size[k] == answers->size[i])
				s->answered |= 1u << k;
		}
	}
	for (uint32_t k = 0; k < s->volley.n; k++) {
		if (s->answered & 1u << k && s->volley.size[k] > s->lo)
			s->lo = s->volley.size[k];
	}
}

/* What has no answer and is not spoken for. */
static void unanswered(const struct mtu_search *s, struct mtu_volley *ret)
{
	*ret = (struct mtu_volley){};
	for (uint32_t k = 0; k < s->volley.n; k++) {
		if (s->volley.size[k] > s->lo)
			add(ret, s->volley.size[k]);
	}
}

/* The volley is over. False: so is the round. */
static bool narrow(struct mtu_search *s, const struct mtu_volley *left)
{
	uint32_t first, last;

	for (uint32_t i = 0; i < left->n; i++) {
		if (left->size[i] < s->hi)
			s->hi = left->size[i];
	}
	if (!s->lo || s->lo >= s->max)
		return false;
	first = nr_of(s->lo) + 1;
	last = s->hi > s->max ? nr_of(s->max) : nr_of(s->hi) - 1;
	if (first > last)
		return false;
	s->volley = (struct mtu_volley){};
	s->answered = 0;
	s->sent = 0;
	add_between(s, &s->volley, first, last);
	return true;
}

bool mtu_step(struct mtu_search *s, const struct mtu_volley *answers, struct mtu_volley *ret_send)
{
	struct mtu_volley left;

	take(s, answers);
	unanswered(s, &left);
	if (!left.n || s->sent == MTU_TRIES) {
		s->running = narrow(s, &left);
		if (!s->running)
			return false;
		unanswered(s, &left);
	}
	if (s->spare_floor && !s->sent && left.size[0] == MTU_MIN) {
		left.n--;
		for (uint32_t i = 0; i < left.n; i++)
			left.size[i] = left.size[i + 1];
	}
	s->spare_floor = false;
	s->sent++;
	*ret_send = left;
	return true;
}
