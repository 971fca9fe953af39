/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Both ends of the PSK exchange against somebody who sends what he likes: the input is a list of
 * steps. Neither end ever has a key that the other cannot have, and after a proper exchange both
 * have the same.
 */
#include <stdlib.h>
#include <string.h>
#include "lib/buf.h"
#include "lib/psk_agent.h"
#include "lib/psk_relay.h"

#define MAX_STEPS 12

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static const struct psk_ids ids = {.relay = "r", .agent_key = {1}, .relay_key = {2}};
static struct psk_relay relay;
static struct psk_agent agent;
static struct mono now;
static struct psk_answer answer;
static uint64_t offered, answered; /* epochs */
static uint8_t confirm[PSK_CONFIRM_LEN];
static uint8_t relay_has[KEY_LEN];

/* A few bytes of what was sent are others, or none. */
static void spoil(struct buf_reader *r, void *bytes, size_t len)
{
	uint8_t n = buf_read_u8(r) % 3;

	for (; n; n--)
		((uint8_t *)bytes)[buf_read_u16(r) % len] ^= buf_read_u8(r);
}

static void offer(struct buf_reader *r)
{
	uint8_t random[XWING_SEED_LEN] = {buf_read_u8(r)}, pk[XWING_PK_LEN];
	uint8_t eseed[XWING_ESEED_LEN] = {buf_read_u8(r)};
	struct err err = {};

	if (psk_agent_due(&agent, now) != PSK_AGENT_OFFER ||
	    psk_agent_offer(&agent, random, &offered, pk, &err))
		return;
	spoil(r, pk, sizeof(pk));
	if (!psk_relay_offer(&relay, &ids, offered, pk, eseed, &answer, &err))
		answered = offered;
	else if (!err.text[0])
		abort();
	else
		psk_agent_stale(&agent, offered, relay.next, now);
}

static void take_answer(struct buf_reader *r)
{
	struct psk_answer got = answer;
	struct err err = {};

	spoil(r, &got, sizeof(got));
	if (psk_agent_answered(&agent, &ids, answered, &got, now, &err) && !err.text[0])
		abort();
}

static void commit(struct buf_reader *r)
{
	uint64_t epoch;
	int got;

	if (psk_agent_due(&agent, now) != PSK_AGENT_COMMIT)
		return;
	psk_agent_commit(&agent, now, &epoch, confirm);
	spoil(r, confirm, sizeof(confirm));
	got = psk_relay_commit(&relay, epoch, confirm, NULL);
	if (got == 1) {
		/* Whose confirmation is right has the secret: the agent's key is the same one. */
		if (agent.state != PSK_AGENT_COMMITTING ||
		    memcmp(relay.keys.psk, agent.keys.psk, KEY_LEN))
			abort();
		memcpy(relay_has, relay.keys.psk, KEY_LEN);
		psk_relay_installed(&relay, epoch, buf_read_u8(r) & 1);
	}
	if (got >= 0 && psk_agent_committed(&agent, epoch, 0, now) && !relay.epoch &&
	    memcmp(psk_agent_key(&agent), relay_has, KEY_LEN))
		abort();
	if (got < 0)
		psk_agent_failed(&agent, epoch, 0, now);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct buf_reader r = buf_reader_new(data, size);

	now = (struct mono){.ns = 1000000000};
	answered = offered = 0;
	memset(relay_has, 0, sizeof(relay_has));
	psk_relay_init(&relay, 1 + buf_read_u8(&r));
	psk_agent_init(&agent, PSK_PERIOD_MS, 0, now);
	psk_agent_hint(&agent, buf_read_u8(&r), now);
	for (int i = 0; i < MAX_STEPS && buf_read_left(&r); i++) {
		switch (buf_read_u8(&r) % 5) {
		case 0:
			offer(&r);
			break;
		case 1:
			take_answer(&r);
			break;
		case 2:
			commit(&r);
			break;
		case 3:
			now.ns += (int64_t)buf_read_u16(&r) * 10000000;
			break;
		default:
			psk_agent_handshake(&agent, now, now);
		}
	}
	psk_agent_wipe(&agent);
	psk_relay_wipe(&relay);
	return 0;
}
