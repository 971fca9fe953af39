/* SPDX-License-Identifier: GPL-2.0-only */
#include "tally.h"

static uint64_t message_min(uint64_t packets, uint64_t bytes)
{
	return bytes + packets * TALLY_MESSAGE_BYTES;
}

static uint64_t message_max(uint64_t packets, uint64_t bytes)
{
	return message_min(packets, bytes) + packets * TALLY_PADDING_BYTES;
}

/* Counted for sure between the two moments, and at most. */
static uint64_t less(uint64_t a, uint64_t b)
{
	return a > b ? a - b : 0;
}

static int64_t off(uint64_t min, uint64_t have, uint64_t max, uint64_t tolerance, uint64_t lost)
{
	if (have > max + tolerance)
		return (int64_t)(have - max);
	if (have + tolerance + lost < min)
		return -(int64_t)(min - have);
	return 0;
}

int tally_went_back(const struct tally_sample *from, const struct tally_sample *to)
{
	const struct tally_count *a = &from->before, *b = &to->before;

	return to->rx_bytes < from->rx_bytes || to->tx_bytes < from->tx_bytes ||
	       to->lost < from->lost || to->at_s < from->at_s || b->up_packets < a->up_packets ||
	       b->up_bytes < a->up_bytes || b->down_packets < a->down_packets ||
	       b->down_bytes < a->down_bytes || b->drop_packets < a->drop_packets ||
	       b->drop_bytes < a->drop_bytes;
}

void tally_judge(const struct tally_sample *from, const struct tally_sample *to,
		 struct tally *ret_tally)
{
	const struct tally_count *a0 = &from->before, *a1 = &from->after, *b0 = &to->before,
				 *b1 = &to->after;
	struct tally t = {.seconds = (uint32_t)(to->at_s - from->at_s),
			  .rx_bytes = to->rx_bytes - from->rx_bytes,
			  .tx_bytes = to->tx_bytes - from->tx_bytes};
	uint64_t extra = (uint64_t)t.seconds * TALLY_EXTRA_PER_S, lost;

	t.rx_min =
		message_min(less(b0->up_packets, a1->up_packets), less(b0->up_bytes, a1->up_bytes));
	t.rx_max =
		message_max(b1->up_packets - a0->up_packets + b1->drop_packets - a0->drop_packets,
			    b1->up_bytes - a0->up_bytes + b1->drop_bytes - a0->drop_bytes) +
		extra;
	t.tx_min = message_min(less(b0->down_packets, a1->down_packets),
			       less(b0->down_bytes, a1->down_bytes));
	t.tx_max =
		message_max(b1->down_packets - a0->down_packets, b1->down_bytes - a0->down_bytes) +
		extra;
	lost = (to->lost - from->lost) * TALLY_MAX_SKB_BYTES + to->waiting_bytes;
	t.rx_off = off(t.rx_min, t.rx_bytes, t.rx_max, TALLY_SLACK_BYTES, 0);
	t.tx_off =
		off(t.tx_min, t.tx_bytes, t.tx_max, TALLY_SLACK_BYTES + from->waiting_bytes, lost);
	t.state = t.rx_off || t.tx_off ? TALLY_DIFFERS : TALLY_AGREES;
	*ret_tally = t;
}
