/* SPDX-License-Identifier: GPL-2.0-only */
#include "seqpacket.h"

#include <errno.h>
#include <sys/socket.h>

/*
 * #syscalls(api): sendto recvfrom
 * #syscalls(worker): sendto recvfrom
 */

int seqpacket_send(int fd, const void *msg, size_t len)
{
	ssize_t n;

	do {
		n = send(fd, msg, len, MSG_NOSIGNAL | MSG_DONTWAIT);
	} while (n < 0 && errno == EINTR);
	if (n < 0)
		return errno == EWOULDBLOCK || errno == ENOBUFS ? -EAGAIN : -errno;
	return (size_t)n == len ? 0 : -EPROTO;
}

int seqpacket_recv(int fd, void *msg, size_t len)
{
	ssize_t n;

	do {
		/* MSG_TRUNC: the datagram's real length, so that a longer one is noticed. */
		n = recv(fd, msg, len, MSG_DONTWAIT | MSG_TRUNC);
	} while (n < 0 && errno == EINTR);
	if (n < 0)
		return errno == EWOULDBLOCK ? -EAGAIN : -errno;
	if (n == 0)
		return -ECONNRESET;
	return (size_t)n == len ? 0 : -EPROTO;
}
