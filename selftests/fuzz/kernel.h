/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A kernel that is only remembered, in place of lib/nl_*.c and relay/dp_*.c: devices, routes,
 * WireGuard peers, slots. It aborts when something reaches it that the relay may not ask for.
 */
#ifndef FUZZ_KERNEL_H
#define FUZZ_KERNEL_H

#include "relay/net_int.h"

#define KERNEL_WG0 10 /* interface indexes */
#define KERNEL_WG1 11
#define KERNEL_SLOTS 16

/* Empty, for this relay. */
void kernel_reset(const struct net *net);
/* The so manieth call from now on fails; 0 = none does. */
void kernel_fail(unsigned int call);

#endif
