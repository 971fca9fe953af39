/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Device authorization (RFC 8628): codes that wait for a human's yes. A fixed table in memory, for
 * a stranger fills it: a restart of the api role forgets it, and the device asks anew. The token
 * is made only when the device comes for it.
 *
 *	FREE -> PENDING -> APPROVED -> FREE (the device has its token)
 *		PENDING -> DENIED -> FREE (the device was told)
 *	any of them -> FREE, when it is too old and its place is needed
 */
#ifndef RELAY_API_DEVICE_H
#define RELAY_API_DEVICE_H

#include "../lib/addr.h"
#include "../lib/mono.h"
#include "db_token.h"

#define API_DEVICE_MAX 512    /* full: 503 */
#define API_DEVICE_MAX_ADDR 8 /* waiting, of one address: 429 */
#define API_DEVICE_TTL_S 1800
#define API_DEVICE_INTERVAL_S 5 /* between polls; +5 s each time it is not kept */
#define API_DEVICE_INTERVAL_MAX_S 60
#define API_DEVICE_CODE_LEN 44	    /* base64url of 32 bytes, NUL */
#define API_DEVICE_USER_CODE_LEN 10 /* "BCDF-GHJK", NUL */
#define API_DEVICE_CLIENT_LEN 65

enum api_device_state {
	API_DEVICE_FREE,
	API_DEVICE_PENDING,
	API_DEVICE_APPROVED,
	API_DEVICE_DENIED
};

struct api_device {
	enum api_device_state state;
	uint8_t hash[32]; /* SHA-256 of the device code */
	char user_code[API_DEVICE_USER_CODE_LEN];
	char client[API_DEVICE_CLIENT_LEN]; /* client_id, or "" */
	char tier[CONF_NAME_LEN];	    /* wished for, or "" */
	uint32_t scopes;
	struct endpoint remote;
	struct mono since, polled;
	uint32_t interval_s;
	struct db_token token; /* APPROVED: what to make, and its parent */
};

struct api_devices;

struct api_devices *api_devices_new(void);
void api_devices_free(struct api_devices *devices);
/* What `ask` wants, with codes of its own. -EBUSY: the table is full; -EDQUOT: this address's
 * share of it is. */
int api_device_add(struct api_devices *devices, const struct api_device *ask, struct mono now,
		   char ret_code[static API_DEVICE_CODE_LEN], struct api_device **ret);
/* NULL if there is none. One that is too old is found. */
struct api_device *api_device_find(struct api_devices *devices, const char *code);
/* In any case, with or without "-" and spaces. Only what is pending and not too old. */
struct api_device *api_device_find_user(struct api_devices *devices, const char *user_code,
					struct mono now);
bool api_device_old(const struct api_device *device, struct mono now);
/* The device asks. True: too early, and the interval is longer from now on. */
bool api_device_poll(struct api_device *device, struct mono now);
void api_device_end(struct api_device *device);
uint32_t api_devices_waiting(const struct api_devices *devices, struct mono now);

#endif
