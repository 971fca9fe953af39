/* SPDX-License-Identifier: GPL-2.0-only */
/* What systemd wants to know (sd_notify(3)): one datagram to $NOTIFY_SOCKET, if there is one. */
#ifndef RELAY_NOTIFY_H
#define RELAY_NOTIFY_H

void notify(const char *state); /* "READY=1" */

#endif
