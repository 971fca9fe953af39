/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Requests to the net role and their answers. A table made at start: requests beyond the window
 * wait their turn in it, and when it is full the caller is told "busy".
 */
#ifndef RELAY_API_NET_H
#define RELAY_API_NET_H

#include <uv.h>
#include "msg.h"

#define API_NET_MAX_REQUESTS 4096 /* waiting and sent; more: -EBUSY */
#define API_NET_WINDOW 64	  /* sent, not done: fits into a socket's default buffer */
#define API_NET_DEADLINE_MS 10000 /* from the request to its DONE, then -ETIMEDOUT */

struct api_net;

/* r: 0, what the net role refused with, -ETIMEDOUT, or -ECONNRESET when it is gone. text: its
 * words. answer: the STATS or DROPS before DONE, or NULL. */
typedef void api_net_done(int r, const char *text, const struct msg *answer, void *ctx);

struct api_net_events {
	void (*relay)(const struct msg *msg, void *ctx);
	void (*seen)(const struct msg *msg, void *ctx);
	void (*reload)(void *ctx);
	void (*lost)(int r, void *ctx); /* the net role closed or broke the protocol */
	void *ctx;
};

/* Takes fd. */
int api_net_new(uv_loop_t *loop, int fd, const struct api_net_events *events,
		struct api_net **ret_net, struct err *err);
/* Copies msg and gives it its seq. done is called exactly once, never from inside. */
int api_net_request(struct api_net *net, const struct msg *msg, api_net_done *done, void *ctx);
/* Calls what waits with -ECONNRESET. Run the loop on. */
void api_net_free(struct api_net *net);

#endif
