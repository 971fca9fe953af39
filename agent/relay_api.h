/* SPDX-License-Identifier: GPL-2.0-only */
/* The relay's HTTPS API: one kept-alive connection, requests in order. */
#ifndef AGENT_RELAY_API_H
#define AGENT_RELAY_API_H

#include <stdbool.h>
#include <stdint.h>
#include <uv.h>
#include "../lib/firewall.h"
#include "../lib/http.h"
#include "../lib/json.h"
#include "../lib/psk_relay.h"
#include "../lib/tls.h"
#include "conf.h"
#include "state.h"

struct relay_api {
	const struct conf *conf;
	struct tls_ctx *tls;
	struct http_client *client;
	char auth[TOKEN_LEN + 8]; /* "Bearer TOKEN" */
	/* The relay wants a machine session on this connection: called once for each call that it
	 * refused so. The call waits for relay_api_resume() and is then sent once more. */
	void (*need_session)(void *ctx);
	void *session_ctx;
	struct relay_call *held;
};

/*
 * r: 0; -EHOSTUNREACH: not reached, or something else than the relay answered (5xx): come again
 * soon; -EBUSY: the relay refuses for now (5xx with a code of its own, 408, 429): reached, and
 * full, busy or in trouble; -EALREADY: the peer has its next key; -EAGAIN: the next key has not
 * carried a packet yet; -ESTALE: the epoch; psk_epoch is the next one; -EDQUOT: no IPv4 address for
 * it, by its tier or because there is none left; -EACCES: the token (401, 403), or the machine;
 * -ENOENT: 404; -EPROTO: any other refusal, or nonsense. err: for the operator, "peer_quota: the
 * account has ...".
 */
struct relay_answer {
	int r;
	int status;    /* of HTTP; 0 = no answer */
	char code[40]; /* of a refusal, "" = none */
	struct err err;
	struct state_config config;  /* POST */
	uint8_t public_key[KEY_LEN]; /* POST: as the relay has it */
	/* POST: the epoch that an exchange must begin with, 0 = not said. Offer: this one's. */
	uint64_t psk_epoch;
	bool has_psk; /* offer */
	struct psk_answer psk;
	char relay_name[PSK_RELAY_NAME_LEN];
	const json_t *list; /* GET: an array, borrowed */
	const json_t *json; /* relay_api_ask(): an object, borrowed */
};
typedef void relay_api_cb(const struct relay_answer *answer, void *ctx);

struct relay_ask {
	const uint8_t *public_key;
	const char *container, *container_id, *machine;
	bool ipv4;
	uint32_t bandwidth_mbps; /* 0 = not asked for */
	uint32_t mtu;		 /* what the path carries, as far as we know */
	const struct sc_firewall *firewall;
};

/* conf must outlive it. */
int relay_api_init(struct relay_api *api, uv_loop_t *loop, const struct conf *conf,
		   struct err *err);
/* Calls end with -EHOSTUNREACH. Run the loop empty, then relay_api_free(). */
void relay_api_close(struct relay_api *api);
void relay_api_free(struct relay_api *api);

int relay_api_post(struct relay_api *api, const struct relay_ask *ask, relay_api_cb *cb, void *ctx);
int relay_api_delete(struct relay_api *api, const uint8_t public_key[static KEY_LEN],
		     relay_api_cb *cb, void *ctx);
int relay_api_list(struct relay_api *api, relay_api_cb *cb, void *ctx);

/* A key rotates: POST begins, PUT turns over (answers: the peer with its next key), DELETE drops.
 */
int relay_api_rotate(struct relay_api *api, const char *method,
		     const uint8_t public_key[static KEY_LEN],
		     const uint8_t next_key[static KEY_LEN], relay_api_cb *cb, void *ctx);

/* The PSK exchange's two messages. */
int relay_api_psk_offer(struct relay_api *api, const uint8_t public_key[static KEY_LEN],
			uint64_t epoch, const uint8_t pk[static XWING_PK_LEN], relay_api_cb *cb,
			void *ctx);
int relay_api_psk_commit(struct relay_api *api, const uint8_t public_key[static KEY_LEN],
			 uint64_t epoch, const uint8_t confirm[static PSK_CONFIRM_LEN],
			 relay_api_cb *cb, void *ctx);

/* Anything else that answers with an object; body is taken, NULL = none. */
int relay_api_ask(struct relay_api *api, const char *method, const char *target, json_t *body,
		  relay_api_cb *cb, void *ctx);
/* There is a session, or it was refused: what waits for it is sent again. */
void relay_api_resume(struct relay_api *api);
/* It was refused for now: so is what waits for it. */
void relay_api_put_off(struct relay_api *api, const struct relay_answer *session);
/* From here on connections are believed by these pins; the one that is open goes on. */
int relay_api_set_pins(struct relay_api *api, const struct tls_pin *pins, size_t n,
		       struct err *err);

/* An answer's body (a peer) -> config and public key. */
int relay_api_peer_parse(const json_t *json, struct relay_answer *ret, struct err *err);

#endif
