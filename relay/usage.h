/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What a slot's owner has sent and received, as both roles know it: since the slot became its own,
 * and within one run of the kernel's counters, which begins when they are made: at boot, or after
 * relayd --flush. A number means something only beside its run and its generation.
 */
#ifndef RELAY_USAGE_H
#define RELAY_USAGE_H

#include <stdint.h>

#define USAGE_RUN_LEN 16

struct usage {
	uint64_t up_packets, up_bytes; /* from the container */
	uint64_t down_packets, down_bytes;
};

#endif
