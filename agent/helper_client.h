/* SPDX-License-Identifier: GPL-2.0-only */
/* The worker's end of the socket to the helper: requests queue, answers come in order. */
#ifndef AGENT_HELPER_CLIENT_H
#define AGENT_HELPER_CLIENT_H

#include <stdbool.h>
#include <uv.h>
#include "helper_msg.h"

struct helper_request;

/* answer->result < 0: answer->text says why. NULL: the helper has gone. */
typedef void helper_client_cb(const struct helper_msg *answer, void *ctx);
typedef void helper_client_lost(void *ctx);

struct helper_client {
	uv_poll_t poll;
	int fd;
	uint32_t seq;
	/* first ... (answers awaited) ... unsent ... (to be sent) ... */
	struct helper_request *first, *unsent;
	helper_client_lost *lost;
	void *ctx;
	bool closing;
};

/* Takes no ownership of fd. lost: once, when the socket is closed or speaks nonsense. */
int helper_client_init(struct helper_client *hc, uv_loop_t *loop, int fd, helper_client_lost *lost,
		       void *ctx, struct err *err);
/* msg->seq is chosen here. The callback is never called from inside. */
int helper_client_call(struct helper_client *hc, const struct helper_msg *msg, helper_client_cb *cb,
		       void *ctx);
void helper_client_close(struct helper_client *hc); /* requests end with NULL; run the loop on */

#endif
