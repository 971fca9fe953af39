/* SPDX-License-Identifier: GPL-2.0-only */
#include "msg.h"

#include <errno.h>
#include <string.h>
#include "../lib/seqpacket.h"

int msg_send(int fd, const struct msg *msg)
{
	return seqpacket_send(fd, msg, sizeof(*msg));
}

int msg_recv(int fd, struct msg *ret_msg)
{
	struct msg msg;
	int r = seqpacket_recv(fd, &msg, sizeof(msg));

	if (!r && (msg.type == MSG_NONE || msg.type >= MSG_TYPE_MAX))
		r = -EPROTO;
	if (!r)
		*ret_msg = msg;
	explicit_bzero(&msg, sizeof(msg));
	return r;
}
