/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A tunnel with both ends of the PSK exchange, a control channel that loses, doubles and holds
 * back messages, ends that start anew, and WireGuard as far as it matters: handshakes every 120 s
 * that succeed with equal keys only. Virtual time, own pseudo-random numbers: a seed is a history.
 */
#ifndef PSK_WORLD_H
#define PSK_WORLD_H

#include "lib/psk_agent.h"

#define WORLD_STEP_MS 100
#define WORLD_MAX_MESSAGES 256 /* under way; more are lost */
#define WORLD_TIMEOUT_MS 2000

enum world_type {
	WORLD_OFFER,
	WORLD_COMMIT,
	WORLD_ANSWER,
	WORLD_DONE,
	WORLD_STALE,
	WORLD_ASK,
	WORLD_HINT
};

struct world_message {
	bool used;
	enum world_type type;
	int64_t at_ms;
	uint64_t epoch, next;
	uint8_t pk[XWING_PK_LEN];
	struct psk_answer answer;
	uint8_t confirm[PSK_CONFIRM_LEN];
};

/* Chances in a million, per message or per step. */
struct world_faults {
	unsigned int lose, twice, hold; /* hold: up to a minute */
	unsigned int restart_agent, restart_relay, reboot_relay;
};

struct world {
	uint64_t random;
	int64_t now_ms;
	int64_t fault_ms; /* the last one */
	struct world_faults faults;
	bool dead; /* no message passes */
	struct psk_ids ids;
	struct psk_agent agent;
	struct psk_relay relay;
	struct world_message message[WORLD_MAX_MESSAGES];
	int64_t sent_ms; /* the agent's message without an answer */
	int64_t asked_ms;
	uint32_t period_ms, strict_ms;
	/* The kernels' keys, and what the agent's disk has. */
	uint8_t agent_psk[KEY_LEN], relay_psk[KEY_LEN], disk_psk[KEY_LEN];
	bool on_disk;
	int64_t disk_ms;      /* when it was agreed on; 0 = never */
	int64_t handshake_ms; /* 0 = never */
	int64_t tried_ms;
	unsigned int exchanges, restarts, lost;
};

void world_init(struct world *w, uint64_t seed, uint32_t period_ms, uint32_t strict_ms);
uint64_t world_random(struct world *w);
void world_step(struct world *w);
void world_run(struct world *w, int64_t ms);
void world_restart_agent(struct world *w);
void world_restart_relay(struct world *w, bool reboot);
bool world_agrees(const struct world *w);
/* The time since the session was made; big when there is none. */
int64_t world_silent_ms(const struct world *w);

#endif
