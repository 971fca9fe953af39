/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Neighbours on the uplink are told where addresses are: those of a peer when it comes, all of them
 * when the uplink is another device or has another MAC. All go out a few at a time: a router takes
 * no thousands at once, and the loop has other work. Hints: a neighbour that misses one asks,
 * though late.
 */
#include <string.h>
#include "../lib/log.h"
#include "dp.h"
#include "net_int.h"

#define PERIOD_MS 16 /* 2000 peers a second: 16 Ki slots in 8 s */

void net_announce(struct net *net, uint32_t slot, const struct addr6 *v6, struct addr4 v4)
{
	struct err err = {};
	__be32 v4_be;

	memcpy(&v4_be, &v4, sizeof(v4_be));
	if (net_pool_onlink6(net, v6) && dp_announce6(net->dp, v6->b, &err))
		log_debug("slot %u: %s", slot, err.text);
	if (net_pool_onlink4(net, v4) && dp_announce4(net->dp, v4_be, &err))
		log_debug("slot %u: %s", slot, err.text);
}

/* What is live in the kernel, whether the api role has told of it yet or not. */
static void timer_cb(uv_timer_t *timer)
{
	struct net *net = timer->data;
	struct sc_slot slot;

	for (unsigned int n = 0; n < NET_ANNOUNCE_BATCH; net->announce_at++) {
		struct addr6 v6;
		struct addr4 v4;

		if (dp_slot_get(net->dp, net->announce_at, &slot)) {
			uv_timer_stop(timer); /* behind the last one */
			return;
		}
		if (!(slot.flags & SC_SLOT_LIVE))
			continue;
		memcpy(&v6, slot.v6, sizeof(v6));
		memcpy(&v4, &slot.v4, sizeof(v4));
		net_announce(net, net->announce_at, &v6, v4);
		n++;
	}
}

void net_announce_all(struct net *net)
{
	if (!net->announce_timer)
		return;
	net->announce_at = 0;
	uv_timer_start(net->announce_timer, timer_cb, 0, PERIOD_MS);
}

int net_announce_start(struct net *net, struct err *err)
{
	net->announce_timer = calloc(1, sizeof(*net->announce_timer));
	if (!net->announce_timer)
		return err_sys(err, -ENOMEM, "announcements");
	uv_timer_init(net->loop, net->announce_timer);
	net->announce_timer->data = net;
	return 0;
}
