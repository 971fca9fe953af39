/* SPDX-License-Identifier: GPL-2.0-only */
#include "psk_agent.h"

#include <openssl/crypto.h>
#include <string.h>

static struct mono later(struct mono t, int64_t ms)
{
	return (struct mono){.ns = t.ns + ms * 1000000};
}

static int64_t ms_between(struct mono from, struct mono to)
{
	return (to.ns - from.ns) / 1000000;
}

void psk_agent_init(struct psk_agent *a, uint32_t period_ms, uint32_t strict_ms, struct mono now)
{
	*a = (struct psk_agent){
		.period_ms = period_ms,
		.strict_ms = strict_ms,
		.due = now,
		.begun = now,
		.done = now,
		.installed_at = now,
	};
}

void psk_agent_wipe(struct psk_agent *a)
{
	explicit_bzero(a, sizeof(*a));
}

void psk_agent_adopt(struct psk_agent *a, const uint8_t *psk, int64_t age_ms)
{
	a->done = later(a->begun, -age_ms);
	a->closed = a->strict_ms && age_ms >= a->strict_ms;
	if (!psk || a->closed)
		return;
	memcpy(a->key[0], psk, KEY_LEN);
	a->n_keys = 1;
	a->installed = 0;
}

/* Everything of the exchange under way but the epoch to begin with. */
static void rest(struct psk_agent *a, struct mono due)
{
	explicit_bzero(a->seed, sizeof(a->seed));
	explicit_bzero(&a->keys, sizeof(a->keys));
	a->state = PSK_AGENT_IDLE;
	a->epoch = 0;
	a->tries = 0;
	a->waiting = false;
	a->due = due;
}

void psk_agent_renew(struct psk_agent *a, struct mono now)
{
	if (a->state == PSK_AGENT_IDLE)
		a->due = now;
}

void psk_agent_hint(struct psk_agent *a, uint64_t next, struct mono now)
{
	if (!next || next > PSK_EPOCH_MAX || a->state != PSK_AGENT_IDLE || a->next == next)
		return;
	if (a->next)
		a->due = now;
	a->next = next;
}

enum psk_agent_do psk_agent_due(const struct psk_agent *a, struct mono now)
{
	if (a->waiting || now.ns < a->due.ns)
		return PSK_AGENT_NOTHING;
	return a->state == PSK_AGENT_COMMITTING ? PSK_AGENT_COMMIT : PSK_AGENT_OFFER;
}

/* With no epoch known the offer of epoch 0 is refused, and the refusal names the right one. */
int psk_agent_offer(struct psk_agent *a, const uint8_t random[static XWING_SEED_LEN],
		    uint64_t *ret_epoch, uint8_t ret_pk[static XWING_PK_LEN], struct err *err)
{
	const uint8_t *seed = a->state == PSK_AGENT_OFFERING ? a->seed : random;
	int r = xwing_public(seed, ret_pk, err);

	if (r)
		return r;
	if (a->state == PSK_AGENT_IDLE) {
		memcpy(a->seed, random, XWING_SEED_LEN);
		a->epoch = a->next;
		a->state = PSK_AGENT_OFFERING;
	}
	a->waiting = true;
	*ret_epoch = a->epoch;
	return 0;
}

/* The relay will have this key, perhaps. What is installed stays installed. */
static void key_push(struct psk_agent *a, const uint8_t psk[static KEY_LEN])
{
	unsigned int last = PSK_AGENT_MAX_KEYS - 1;

	if (a->n_keys && !CRYPTO_memcmp(a->key[0], psk, KEY_LEN))
		return;
	if (a->n_keys == PSK_AGENT_MAX_KEYS) {
		/* Full: the oldest one that is not in use makes room. */
		if (a->installed == last) {
			memcpy(a->key[last - 1], a->key[last], KEY_LEN);
			a->installed--;
		}
		a->n_keys--;
	}
	memmove(a->key[1], a->key[0], a->n_keys * (size_t)KEY_LEN);
	if (a->n_keys)
		a->installed++;
	memcpy(a->key[0], psk, KEY_LEN);
	/* Without an older key the new one is all there is to try. */
	a->n_keys++;
}

void psk_agent_commit(struct psk_agent *a, struct mono now, uint64_t *ret_epoch,
		      uint8_t ret_confirm[static PSK_CONFIRM_LEN])
{
	if (!a->n_keys)
		a->installed_at = now;
	key_push(a, a->keys.psk);
	a->asked_at = now;
	a->waiting = true;
	*ret_epoch = a->epoch;
	memcpy(ret_confirm, a->keys.confirm_agent, PSK_CONFIRM_LEN);
}

int psk_agent_answered(struct psk_agent *a, const struct psk_ids *ids, uint64_t epoch,
		       const struct psk_answer *answer, struct mono now, struct err *err)
{
	uint8_t pk[XWING_PK_LEN], ss[XWING_SS_LEN];
	int r;

	if (a->state != PSK_AGENT_OFFERING || !epoch || epoch != a->epoch)
		return 0;
	r = xwing_public(a->seed, pk, err);
	if (!r)
		r = xwing_decaps(a->seed, answer->ct, ss, err);
	if (!r)
		r = psk_derive(ids, epoch, pk, answer->ct, ss, &a->keys, err);
	explicit_bzero(ss, sizeof(ss));
	if (!r && CRYPTO_memcmp(a->keys.confirm_relay, answer->confirm, PSK_CONFIRM_LEN))
		r = err_set(err, -EKEYREJECTED, "the relay's confirmation is wrong");
	a->tries = 0;
	a->waiting = false;
	if (r) {
		/* The relay counts this epoch as used. */
		a->next = epoch + 1;
		rest(a, later(now, PSK_AGENT_RETRY_MAX_MS));
		return r;
	}
	a->state = PSK_AGENT_COMMITTING;
	a->due = now;
	return 0;
}

/* Only the installed key is left, and the one that the relay may get yet. */
static void keys_settle(struct psk_agent *a)
{
	bool under_way = a->state == PSK_AGENT_COMMITTING && a->installed;
	uint8_t keep[KEY_LEN];

	memcpy(keep, a->key[a->installed], KEY_LEN);
	for (unsigned int i = under_way ? 1 : 0; i < PSK_AGENT_MAX_KEYS; i++)
		explicit_bzero(a->key[i], KEY_LEN);
	memcpy(a->key[under_way], keep, KEY_LEN);
	a->installed = under_way;
	a->n_keys = under_way + 1;
	explicit_bzero(keep, sizeof(keep));
}

bool psk_agent_committed(struct psk_agent *a, uint64_t epoch, unsigned int jitter, struct mono now)
{
	int64_t period = a->period_ms;

	if (a->state != PSK_AGENT_COMMITTING || epoch != a->epoch)
		return false;
	a->next = epoch < PSK_EPOCH_MAX ? epoch + 1 : 1;
	a->installed = 0;
	rest(a, later(now, period * 9 / 10 + period * jitter / 5000));
	keys_settle(a);
	a->installed_at = now;
	a->done = now;
	a->refused = 0;
	a->ever = true;
	a->closed = false;
	return true;
}

void psk_agent_stale(struct psk_agent *a, uint64_t epoch, uint64_t next, struct mono now)
{
	int64_t wait_ms;

	if (a->state == PSK_AGENT_IDLE || epoch != a->epoch)
		return;
	/* The first two refusals are part of a start; more are trouble. */
	wait_ms = a->refused < 2 ? 0
				 : PSK_AGENT_RETRY_MIN_MS << (a->refused < 4 ? a->refused - 2 : 2);
	a->refused++;
	a->next = next <= PSK_EPOCH_MAX ? next : 0;
	rest(a, later(now, wait_ms));
}

void psk_agent_failed(struct psk_agent *a, uint64_t epoch, unsigned int jitter, struct mono now)
{
	int64_t wait_ms = PSK_AGENT_RETRY_MIN_MS << (a->tries < 3 ? a->tries : 3);

	if (a->state == PSK_AGENT_IDLE || epoch != a->epoch)
		return;
	a->tries++;
	a->waiting = false;
	/* Three quarters of it to all of it. */
	a->due = later(now, wait_ms * 3 / 4 + wait_ms * jitter / 4000);
}

bool psk_agent_handshake(struct psk_agent *a, struct mono handshake, struct mono now)
{
	int64_t installed_ms = ms_between(a->installed_at, now);
	struct mono since = handshake.ns ? handshake : a->installed_at;
	int64_t silent_ms = ms_between(since, now);

	if (a->strict_ms && !a->closed && ms_between(a->done, now) >= a->strict_ms) {
		a->closed = true;
		return true;
	}
	if (a->closed || !a->n_keys)
		return false;
	if (ms_between(a->installed_at, handshake) >= PSK_AGENT_PROOF_MS &&
	    ms_between(a->asked_at, handshake) >= PSK_AGENT_PROOF_MS)
		keys_settle(a);
	if (a->n_keys > 1 && installed_ms >= PSK_AGENT_TURN_MS &&
	    (silent_ms >= PSK_AGENT_DOUBT_MS || !handshake.ns)) {
		a->installed = (a->installed + 1) % a->n_keys;
		a->installed_at = now;
		return true;
	}
	if (a->n_keys == 1 && silent_ms >= PSK_AGENT_LOST_MS &&
	    ms_between(a->done, now) >= PSK_AGENT_TURN_MS * 2)
		psk_agent_renew(a, now);
	return false;
}

bool psk_agent_old(const struct psk_agent *a, struct mono now)
{
	return ms_between(a->done, now) >= (int64_t)a->period_ms * PSK_AGENT_OLD_PERIODS &&
	       ms_between(a->begun, now) >= a->period_ms;
}

const uint8_t *psk_agent_key(const struct psk_agent *a)
{
	return a->n_keys && !a->closed ? a->key[a->installed] : NULL;
}
