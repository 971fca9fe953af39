/* SPDX-License-Identifier: GPL-2.0-only */
#include "test.h"
#include "psk_world.h"

#define REKEY_AFTER_MS 120000
#define REKEY_TIMEOUT_MS 5000
#define ASK_MS 5000 /* the agent looks at the relay's list of peers */

/* SplitMix64: every seed is as good as another. */
uint64_t world_random(struct world *w)
{
	uint64_t z = w->random += 0x9e3779b97f4a7c15;

	z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9;
	z = (z ^ z >> 27) * 0x94d049bb133111eb;
	return z ^ z >> 31;
}

static void fill(struct world *w, void *data, size_t len)
{
	for (size_t i = 0; i < len; i++)
		((uint8_t *)data)[i] = (uint8_t)world_random(w);
}

static bool happens(struct world *w, unsigned int millionth)
{
	if (world_random(w) % 1000000 >= millionth)
		return false;
	w->fault_ms = w->now_ms;
	return true;
}

static struct mono now(const struct world *w)
{
	return (struct mono){.ns = w->now_ms * 1000000};
}

static unsigned int jitter(struct world *w)
{
	return (unsigned int)(world_random(w) % 1000);
}

static void put(struct world *w, const struct world_message *m)
{
	int64_t delay_ms = 20 + (int64_t)(world_random(w) % 180);

	if (happens(w, w->faults.hold))
		delay_ms = (int64_t)(world_random(w) % 60000);
	for (size_t i = 0; i < WORLD_MAX_MESSAGES; i++) {
		if (w->message[i].used)
			continue;
		w->message[i] = *m;
		w->message[i].used = true;
		w->message[i].at_ms = w->now_ms + delay_ms;
		return;
	}
	w->fault_ms = w->now_ms;
}

static void transmit(struct world *w, const struct world_message *m)
{
	if (w->dead || happens(w, w->faults.lose)) {
		w->fault_ms = w->now_ms;
		w->lost++;
		return;
	}
	put(w, m);
	if (happens(w, w->faults.twice))
		put(w, m);
}

static void relay_gets(struct world *w, const struct world_message *m)
{
	struct world_message out = {.epoch = m->epoch};
	uint8_t eseed[XWING_ESEED_LEN];
	int r;

	switch (m->type) {
	case WORLD_OFFER:
		fill(w, eseed, sizeof(eseed));
		out.type = WORLD_ANSWER;
		r = psk_relay_offer(&w->relay, &w->ids, m->epoch, m->pk, eseed, &out.answer, NULL);
		break;
	case WORLD_COMMIT:
		out.type = WORLD_DONE;
		r = psk_relay_commit(&w->relay, m->epoch, m->confirm, NULL);
		if (r == 1) {
			memcpy(w->relay_psk, w->relay.keys.psk, KEY_LEN);
			psk_relay_installed(&w->relay, m->epoch, true);
			w->exchanges++;
			r = 0;
		}
		break;
	default:
		out.type = WORLD_HINT;
		r = 0;
	}
	if (r)
		out.type = WORLD_STALE;
	out.next = w->relay.next;
	transmit(w, &out);
}

static void agent_installs(struct world *w)
{
	const uint8_t *psk = psk_agent_key(&w->agent);

	if (psk)
		memcpy(w->agent_psk, psk, KEY_LEN);
	else
		fill(w, w->agent_psk, KEY_LEN);
}

static void agent_gets(struct world *w, const struct world_message *m)
{
	struct psk_agent *a = &w->agent;

	switch (m->type) {
	case WORLD_ANSWER:
		psk_agent_answered(a, &w->ids, m->epoch, &m->answer, now(w), NULL);
		break;
	case WORLD_DONE:
		if (!psk_agent_committed(a, m->epoch, jitter(w), now(w)))
			break;
		agent_installs(w);
		/* A crash right here is an agent without its newest key. */
		if (happens(w, w->faults.restart_agent)) {
			world_restart_agent(w);
			break;
		}
		memcpy(w->disk_psk, w->agent_psk, KEY_LEN);
		w->on_disk = true;
		w->disk_ms = w->now_ms;
		break;
	case WORLD_STALE:
		psk_agent_stale(a, m->epoch, m->next, now(w));
		break;
	default:
		psk_agent_hint(a, m->next, now(w));
	}
}

static void deliver(struct world *w)
{
	for (size_t i = 0; i < WORLD_MAX_MESSAGES; i++) {
		struct world_message m;

		if (!w->message[i].used || w->message[i].at_ms > w->now_ms)
			continue;
		m = w->message[i];
		w->message[i].used = false;
		if (m.type == WORLD_OFFER || m.type == WORLD_COMMIT || m.type == WORLD_ASK)
			relay_gets(w, &m);
		else
			agent_gets(w, &m);
	}
}

static void agent_sends(struct world *w)
{
	struct psk_agent *a = &w->agent;
	struct world_message m = {};
	uint8_t seed[XWING_SEED_LEN];

	if (a->waiting && w->now_ms - w->sent_ms >= WORLD_TIMEOUT_MS)
		psk_agent_failed(a, a->epoch, jitter(w), now(w));
	switch (psk_agent_due(a, now(w))) {
	case PSK_AGENT_OFFER:
		fill(w, seed, sizeof(seed));
		m.type = WORLD_OFFER;
		assert_int_equal(psk_agent_offer(a, seed, &m.epoch, m.pk, NULL), 0);
		break;
	case PSK_AGENT_COMMIT:
		m.type = WORLD_COMMIT;
		psk_agent_commit(a, now(w), &m.epoch, m.confirm);
		break;
	default:
		return;
	}
	w->sent_ms = w->now_ms;
	transmit(w, &m);
}

static void wireguard(struct world *w)
{
	struct mono handshake = {.ns = w->handshake_ms * 1000000};

	if (world_silent_ms(w) >= REKEY_AFTER_MS && w->now_ms - w->tried_ms >= REKEY_TIMEOUT_MS) {
		w->tried_ms = w->now_ms;
		if (world_agrees(w))
			w->handshake_ms = w->now_ms;
	}
	if (w->now_ms % 1000 == 0 && psk_agent_handshake(&w->agent, handshake, now(w)))
		agent_installs(w);
	w->on_disk = w->on_disk && !w->agent.closed;
}

void world_step(struct world *w)
{
	w->now_ms += WORLD_STEP_MS;
	if (happens(w, w->faults.restart_agent))
		world_restart_agent(w);
	if (happens(w, w->faults.restart_relay))
		world_restart_relay(w, false);
	if (happens(w, w->faults.reboot_relay))
		world_restart_relay(w, true);
	deliver(w);
	agent_sends(w);
	if (w->now_ms - w->asked_ms >= ASK_MS) {
		w->asked_ms = w->now_ms;
		transmit(w, &(struct world_message){.type = WORLD_ASK});
	}
	wireguard(w);
}

void world_run(struct world *w, int64_t ms)
{
	for (int64_t end = w->now_ms + ms; w->now_ms < end;)
		world_step(w);
}

void world_restart_agent(struct world *w)
{
	w->fault_ms = w->now_ms;
	w->restarts++;
	psk_agent_wipe(&w->agent);
	psk_agent_init(&w->agent, w->period_ms, w->strict_ms, now(w));
	if (w->disk_ms)
		psk_agent_adopt(&w->agent, w->on_disk ? w->disk_psk : NULL, w->now_ms - w->disk_ms);
	if (w->agent.closed)
		agent_installs(w);
}

/* The kernel's keys outlive relayd; a boot begins with a random one. */
void world_restart_relay(struct world *w, bool reboot)
{
	w->fault_ms = w->now_ms;
	w->restarts++;
	psk_relay_wipe(&w->relay);
	psk_relay_init(&w->relay, 1 + world_random(w) % (1ULL << 52));
	if (reboot)
		fill(w, w->relay_psk, KEY_LEN);
}

bool world_agrees(const struct world *w)
{
	return !memcmp(w->agent_psk, w->relay_psk, KEY_LEN);
}

int64_t world_silent_ms(const struct world *w)
{
	return w->handshake_ms ? w->now_ms - w->handshake_ms : INT64_MAX / 2;
}

void world_init(struct world *w, uint64_t seed, uint32_t period_ms, uint32_t strict_ms)
{
	*w = (struct world){.random = seed, .now_ms = 1000, .fault_ms = 1000};
	w->period_ms = period_ms;
	w->strict_ms = strict_ms;
	memcpy(w->ids.relay, "relay", 6);
	fill(w, &w->ids.peer, sizeof(w->ids.peer));
	fill(w, w->ids.agent_key, KEY_LEN);
	fill(w, w->ids.relay_key, KEY_LEN);
	fill(w, w->agent_psk, KEY_LEN);
	fill(w, w->relay_psk, KEY_LEN);
	world_restart_agent(w);
	world_restart_relay(w, false);
	w->restarts = 0;
}
