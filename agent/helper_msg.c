/* SPDX-License-Identifier: GPL-2.0-only */
#include "helper_msg.h"

#include <string.h>
#include <sys/socket.h>

/* #syscalls(worker): sendto recvfrom */

int helper_msg_send(int fd, const struct helper_msg *msg)
{
	ssize_t n;

	do {
		n = send(fd, msg, sizeof(*msg), MSG_NOSIGNAL | MSG_DONTWAIT);
	} while (n < 0 && errno == EINTR);
	if (n < 0)
		return errno == EWOULDBLOCK || errno == ENOBUFS ? -EAGAIN : -errno;
	return n == sizeof(*msg) ? 0 : -EPROTO;
}

int helper_msg_recv(int fd, struct helper_msg *ret_msg)
{
	struct helper_msg msg;
	ssize_t n;

	do {
		/* MSG_TRUNC: the datagram's real length, so that a longer one is noticed. */
		n = recv(fd, &msg, sizeof(msg), MSG_DONTWAIT | MSG_TRUNC);
	} while (n < 0 && errno == EINTR);
	if (n < 0)
		return errno == EWOULDBLOCK ? -EAGAIN : -errno;
	if (n == 0)
		return -ECONNRESET;
	if (n != sizeof(msg) || msg.type == HELPER_NONE || msg.type >= HELPER_TYPE_MAX)
		return -EPROTO;
	*ret_msg = msg;
	explicit_bzero(&msg, sizeof(msg));
	return 0;
}
