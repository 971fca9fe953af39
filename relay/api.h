/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The api role: everything foreign is parsed here, without any right. Serves the public API over
 * TLS and relayctl over a Unix socket, owns the database, asks the net role for what the kernel
 * must do.
 *
 *	WAIT_RELAY --RELAY--> SYNC --SYNC_END done--> SERVING --stop--> DRAINING
 *
 * Only SERVING listens. What changes a peer is answered when database and net role both have it.
 */
#ifndef RELAY_API_H
#define RELAY_API_H

#include <uv.h>
#include "../lib/http.h"
#include "../lib/mono.h"
#include "../lib/tls.h"
#include "alloc.h"
#include "api_file.h"
#include "conf.h"
#include "db.h"
#include "msg.h"

#define API_TOKEN_KEY_LEN 32

enum api_state { API_WAIT_RELAY, API_SYNC, API_SERVING, API_DRAINING };

/* What the net role says of itself. */
struct api_relay {
	uint8_t wg_public_key[2][KEY_LEN];
	uint16_t wg_port[2];
	uint32_t max_mtu;
	uint64_t memory_bytes; /* of the data plane */
	struct addr4 router4;  /* the uplink's gateway; zero = none */
	char xdp_mode[16];
	uint8_t pool6_why[SC_MAX_POOLS], pool4_why[SC_MAX_POOLS]; /* enum pool_why */
};

struct api {
	uv_loop_t *loop;
	enum api_state state;
	struct conf conf;
	struct db *db;
	struct api_net *net;
	struct http_server *tls_server, *ctl_server;
	struct tls_ctx *tls;
	struct api_rate *rate_fail;   /* failed authentications by address */
	struct api_rate *rate_open;   /* requests without a token by address */
	struct api_rate *rate_token;  /* requests by token */
	struct api_rate *rate_device; /* device codes by address */
	struct api_rate *rate_guess;  /* wrong user codes by address and by token */
	struct api_devices *devices;
	struct api_metrics *metrics;
	struct api_seen *seen;
	struct api_psk *psk;	   /* exchanges of pre-shared keys by slot */
	struct api_rotate *rotate; /* keys that change */
	struct api_clones *clones; /* keys at work twice */
	struct api_enforce *enforce;
	struct api_usage *usage;
	struct api_files files;
	struct api_canary *canary;
	uint8_t token_key[API_TOKEN_KEY_LEN];
	uint8_t address_key[ALLOC_KEY_LEN];
	struct tls_pin pins[2]; /* live, standby */
	struct api_relay relay;
	struct mono started; /* of relayd, not of this process */
	uint8_t *busy;	     /* bit per slot: an operation waits for the net role */
};

/* Runs until the supervisor wants the end. started_ns: CLOCK_BOOTTIME. Returns an exit code. */
int api_main(int64_t started_ns);

/* One operation per slot at a time; -EBUSY while another waits for the net role. */
int api_busy_take(struct api *api, uint32_t slot);
void api_busy_put(struct api *api, uint32_t slot);

#endif
