/* SPDX-License-Identifier: GPL-2.0-only */
#include "helper_msg.h"

#include <string.h>
#include "../lib/seqpacket.h"

int helper_msg_send(int fd, const struct helper_msg *msg)
{
	return seqpacket_send(fd, msg, sizeof(*msg));
}

int helper_msg_recv(int fd, struct helper_msg *ret_msg)
{
	struct helper_msg msg;
	int r = seqpacket_recv(fd, &msg, sizeof(msg));

	if (!r && (msg.type == HELPER_NONE || msg.type >= HELPER_TYPE_MAX))
		r = -EPROTO;
	if (!r)
		*ret_msg = msg;
	explicit_bzero(&msg, sizeof(msg));
	return r;
}
