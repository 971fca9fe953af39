/* SPDX-License-Identifier: GPL-2.0-only */
/* Messages of one fixed size, one per SOCK_SEQPACKET datagram, without ever waiting. */
#ifndef LIB_SEQPACKET_H
#define LIB_SEQPACKET_H

#include <stddef.h>

/* -EAGAIN: the other end has not read enough yet. */
int seqpacket_send(int fd, const void *msg, size_t len);
/* -EAGAIN: none is there. -ECONNRESET: the other end has closed. -EPROTO: of another length; then,
 * as after any error, what is in `msg` means nothing. */
int seqpacket_recv(int fd, void *msg, size_t len);

#endif
