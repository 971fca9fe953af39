/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The agent's end, one per tunnel:
 *
 *	      due	       answered		   committed
 *	IDLE -----> OFFERING ----------> COMMITTING ---------> IDLE, due in 120 s +-10 %
 *
 * A refusal ("stale") begins anew with the epoch that the relay named, a missing answer repeats the
 * message. Until the answer to a commit is there the agent cannot know whether the relay has the
 * new key or the old one. Nothing needs to be done about that while the control channel lives: the
 * commit is repeated. When it is dead and no handshake succeeds any more, the agent, who has all
 * keys in question, tries them in turn. The relay never goes back.
 */
#ifndef LIB_PSK_AGENT_H
#define LIB_PSK_AGENT_H

#include <stdbool.h>
#include "mono.h"
#include "psk.h"
#include "psk_relay.h"

#define PSK_AGENT_MAX_KEYS 4
#define PSK_AGENT_RETRY_MIN_MS 500
#define PSK_AGENT_RETRY_MAX_MS 4000
/* WireGuard renews a session at 120 s, in attempts 5 s apart, and ends it at 180 s. */
#define PSK_AGENT_DOUBT_MS 130000 /* since the last handshake: other keys are tried */
#define PSK_AGENT_TURN_MS 15000	  /* each of them so long */
#define PSK_AGENT_LOST_MS 150000  /* since the last handshake: a new exchange at once */
#define PSK_AGENT_PROOF_MS 10000  /* a handshake so long after an installation used that key */
#define PSK_AGENT_OLD_PERIODS 5	  /* without an exchange: 10 min of the usual 120 s */

enum psk_agent_state { PSK_AGENT_IDLE, PSK_AGENT_OFFERING, PSK_AGENT_COMMITTING };
enum psk_agent_do { PSK_AGENT_NOTHING, PSK_AGENT_OFFER, PSK_AGENT_COMMIT };

struct psk_agent {
	enum psk_agent_state state;
	uint32_t period_ms;
	uint32_t strict_ms; /* 0 = the last key stays for ever */
	uint64_t next;	    /* epoch that the relay will accept, 0 = not known yet */
	uint64_t epoch;	    /* OFFERING, COMMITTING */
	uint8_t seed[XWING_SEED_LEN];
	struct psk_keys keys; /* COMMITTING */
	bool waiting;	      /* a message is out */
	unsigned int tries;   /* without an answer */
	unsigned int refused; /* in a row */
	struct mono due;
	struct mono begun; /* this run */
	struct mono done;  /* last success, of an earlier run too, or the beginning */
	/* Keys that the relay may have, the newest first. */
	uint8_t key[PSK_AGENT_MAX_KEYS][KEY_LEN];
	unsigned int n_keys;
	unsigned int installed; /* index, meaningful if n_keys */
	struct mono installed_at;
	struct mono asked_at; /* the last commit was sent: the relay may have changed its key */
	bool ever;	      /* an exchange has succeeded */
	bool closed;	      /* strict: the tunnel has a random key */
};

/* Due at once. */
void psk_agent_init(struct psk_agent *a, uint32_t period_ms, uint32_t strict_ms, struct mono now);
/* What is kept from an earlier run, right behind init: a key or NULL, and the age of its last
 * exchange. Strict closes what is too old, and counts on where that run ended. */
void psk_agent_adopt(struct psk_agent *a, const uint8_t *psk, int64_t age_ms);
/* What the relay says of the next epoch, outside of an exchange: another one than expected means
 * that it started anew, and an exchange is due. 0 = it does not say. */
void psk_agent_hint(struct psk_agent *a, uint64_t next, struct mono now);
/* An exchange is due now: the tunnel is new to the relay. */
void psk_agent_renew(struct psk_agent *a, struct mono now);

/* What to send now. After it was sent exactly one of answered/committed/stale/failed follows. */
enum psk_agent_do psk_agent_due(const struct psk_agent *a, struct mono now);
/* PSK_AGENT_OFFER: what to send. random: fresh, not used when an offer is repeated. */
int psk_agent_offer(struct psk_agent *a, const uint8_t random[static XWING_SEED_LEN],
		    uint64_t *ret_epoch, uint8_t ret_pk[static XWING_PK_LEN], struct err *err);
/* PSK_AGENT_COMMIT: what to send. */
void psk_agent_commit(struct psk_agent *a, struct mono now, uint64_t *ret_epoch,
		      uint8_t ret_confirm[static PSK_CONFIRM_LEN]);

/* All below ignore what they do not wait for. jitter: 0..999, random. */
/* -EKEYREJECTED: the relay does not have the secret. */
int psk_agent_answered(struct psk_agent *a, const struct psk_ids *ids, uint64_t epoch,
		       const struct psk_answer *answer, struct mono now, struct err *err);
/* true: install psk_agent_key(). */
bool psk_agent_committed(struct psk_agent *a, uint64_t epoch, unsigned int jitter, struct mono now);
/* Refused: again after 0 to 2 s. next is the epoch that the relay accepts, 0 if it did not say. */
void psk_agent_stale(struct psk_agent *a, uint64_t epoch, uint64_t next, struct mono now);
/* No answer, or trouble of another kind: again after 0.5 to 4 s. */
void psk_agent_failed(struct psk_agent *a, uint64_t epoch, unsigned int jitter, struct mono now);

/* The tunnel's last handshake was at `handshake` (ns 0 = never). true: install psk_agent_key(). */
bool psk_agent_handshake(struct psk_agent *a, struct mono handshake, struct mono now);
/* Exchanges have failed for so long that somebody should look; not before this run has had a period
 * to make one. */
bool psk_agent_old(const struct psk_agent *a, struct mono now);
/* What belongs into the tunnel; NULL: a random key, so that nothing passes. */
const uint8_t *psk_agent_key(const struct psk_agent *a);
void psk_agent_wipe(struct psk_agent *a);

#endif
