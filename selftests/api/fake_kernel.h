/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The net role as the api role sees it, beside a kernel that is only remembered: peers, counters
 * and keys outlive the api role, as the true ones do. Lines that it obeys, each answered by a line:
 *
 *	peers				SLOT GENERATION KEY V6 V4 CEIL RATE SMTP SCAN_PER_S RULES
 *					and the rules' text of each, then "."
 *	pair SLOT			WG KEY OTHER of the slot, OTHER - = none
 *	stats SLOT UP DOWN [OUTSIDE]	packets each way that STATS_GET and USAGE_GET report, and
 *					how many of DOWN came from outside
 *	reboot				another run of the counters: all are zero
 *	psk SLOT			the slot's pre-shared key and how often it was set
 *	seen SLOT AGO_S ENDPOINT RX TX	a handshake of the slot's peer
 *	router V4			the uplink's gateway
 *	refuse N			the next N requests fail
 *	mute on|off			requests are swallowed
 *	hold on|off			requests wait; off: they are obeyed in their order
 *	held				how many wait
 */
#ifndef SELFTESTS_FAKE_KERNEL_H
#define SELFTESTS_FAKE_KERNEL_H

#include "relay/conf.h"
#include "relay/msg.h"

#define FAKE_KERNEL_WORDS 8 /* of a line, at most */

/* A new api role, behind that socket; it is told of the relay. */
void fake_kernel_start(int fd, const struct conf *conf);
void fake_kernel_stop(void); /* it is gone */
void fake_kernel_msg(const struct msg *msg);
/* False: no line for it. */
bool fake_kernel_obey(char *words[], size_t n);

#endif
