/* SPDX-License-Identifier: GPL-2.0-only */
/* What the hooks have counted, slot by slot or many at once. */
#include <string.h>
#include "../lib/log.h"
#include "net_int.h"

#define SCAN_SLOTS 16384 /* looked at for one answer */

static struct usage usage_of(const struct sc_counters *c)
{
	return (struct usage){.up_packets = c->up_packets,
			      .up_bytes = c->up_bytes,
			      .down_packets = c->down_packets,
			      .down_bytes = c->down_bytes};
}

static uint32_t generation_of(const struct net *net, uint32_t slot)
{
	struct sc_slot s;

	return dp_slot_get(net->dp, slot, &s) ? 0 : s.generation;
}

int net_usage_stats(struct net *net, const struct msg *in, struct err *err)
{
	struct msg out = {.type = MSG_STATS, .seq = in->seq};
	uint32_t slot = in->slot.slot;
	struct sc_counters c;
	int r;

	if (slot >= net->conf.slots)
		return err_set(err, -EINVAL, "slot %u: there are %u", slot, net->conf.slots);
	r = dp_counters_run(net->dp, out.stats.run, err);
	if (r)
		return r;
	dp_counters(net->dp, slot, &c);
	out.stats.slot = slot;
	out.stats.generation = generation_of(net, slot);
	out.stats.usage = usage_of(&c);
	out.stats.outside_packets = c.outside_packets;
	out.stats.drop_packets = c.drop_packets;
	out.stats.drop_bytes = c.drop_bytes;
	net_tally_get(net, slot, &out.stats.tally);
	net_api_send(net, &out);
	return 0;
}

/* Closed slots too: their last packets may not have been asked for yet. */
static void add_slot(struct net *net, uint32_t slot, struct msg *out)
{
	static const struct usage nothing;
	struct sc_counters c;
	struct tally tally;
	struct usage usage;

	dp_counters(net->dp, slot, &c);
	usage = usage_of(&c);
	if (!memcmp(&usage, &nothing, sizeof(usage)))
		return;
	net_tally_get(net, slot, &tally);
	out->usage.entry[out->usage.n].slot = slot;
	out->usage.entry[out->usage.n].generation = generation_of(net, slot);
	out->usage.entry[out->usage.n].tally = tally.state;
	out->usage.entry[out->usage.n].usage = usage;
	out->usage.n++;
}

int net_usage_get(struct net *net, const struct msg *in, struct err *err)
{
	struct msg out = {.type = MSG_USAGE, .seq = in->seq};
	uint32_t slot = in->slot.slot, scanned = 0;
	int r;

	/* What is counted counts, whatever WireGuard says. */
	if (!slot && net_tally_look(net, err))
		log_warn("%s", err->text);
	r = dp_counters_run(net->dp, out.usage.run, err);
	if (r)
		return r;
	for (; slot < net->conf.slots && scanned < SCAN_SLOTS && out.usage.n < MSG_MAX_USAGE;
	     slot++, scanned++)
		add_slot(net, slot, &out);
	out.usage.next = slot < net->conf.slots ? slot : 0;
	net_api_send(net, &out);
	return 0;
}
