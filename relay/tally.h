/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Our counters against WireGuard's own of the same peer. WireGuard counts its messages: an IP
 * packet of n bytes, padded to a multiple of 16 within the MTU, and 32 bytes of header and tag;
 * beside them handshakes and keepalives. So p packets of b bytes are
 *
 *	from b + 32 p to b + 47 p bytes, and TALLY_EXTRA_PER_S for each second
 *
 * and TALLY_SLACK, because packets are on their way between the two while both are read. What the
 * hooks drop WireGuard has received. What goes to a peer is counted before the queues of its
 * device, which may drop it, as WireGuard does while there is no session: then it has sent less.
 * What was lost there is known for a device alone, and is no difference of any of its peers.
 */
#ifndef RELAY_TALLY_H
#define RELAY_TALLY_H

#include <stdint.h>

#define TALLY_MESSAGE_BYTES 32
#define TALLY_PADDING_BYTES 15
/* At worst an initiation (148 bytes) and a response (92) each 5 s, a keepalive (32) each 10 s. */
#define TALLY_EXTRA_PER_S 64
/* WireGuard queues up to 1024 + 128 packets of a peer for encryption; its NAPI polls 64. */
#define TALLY_SLACK_BYTES (2u << 20)
/* One dropped packet of a queue may stand for many segments. */
#define TALLY_MAX_SKB_BYTES 65575u

enum tally_state { TALLY_NONE, TALLY_AGREES, TALLY_DIFFERS };

/* All that was counted up to a moment. */
struct tally_count {
	uint64_t up_packets, up_bytes, down_packets, down_bytes; /* our hooks' */
	uint64_t drop_packets, drop_bytes;
};

/* A moment: what we had counted before WireGuard's counters were read, and after. */
struct tally_sample {
	struct tally_count before, after;
	uint64_t rx_bytes, tx_bytes; /* WireGuard's */
	uint64_t lost;		     /* packets that wg0, wg1 and their queues dropped */
	uint64_t waiting_bytes;	     /* in these queues */
	int64_t at_s;		     /* CLOCK_BOOTTIME */
};

/* What lies between two moments, in bytes of WireGuard messages. */
struct tally {
	uint32_t state;	  /* enum tally_state */
	uint32_t seconds; /* between the two */
	uint64_t rx_min, rx_bytes, rx_max;
	uint64_t tx_min, tx_bytes, tx_max;
	/* Beyond the bounds and the tolerance, 0 = within: negative: WireGuard has seen less. */
	int64_t rx_off, tx_off;
};

void tally_judge(const struct tally_sample *from, const struct tally_sample *to,
		 struct tally *ret_tally);
/* Any of the counters went back: they began anew, and cannot be compared. */
int tally_went_back(const struct tally_sample *from, const struct tally_sample *to);

#endif
