/* SPDX-License-Identifier: GPL-2.0-only */
/* Which shaper the devices have: HTB classes, or fq for the times that the programs write. */
#include "../lib/nl_tc.h"
#include "net_int.h"

static int fq_devices(struct net *net, const int ifindex[HTB_DEVICES], struct err *err)
{
	int r = 0;

	/* Twice the programs' own: what they let pass is never too late for fq. */
	for (int i = 0; i < HTB_DEVICES && !r; i++)
		r = nl_tc_fq_root_set(net->rtnl, ifindex[i], 2 * SC_PACE_HORIZON_NS, err);
	return r;
}

int net_shaper_start(struct net *net, struct err *err)
{
	const int devices[HTB_DEVICES] = {net->wg_ifindex[0], net->wg_ifindex[1],
					  net->uplink_ifindex};
	bool edt = net->conf.shaper == CONF_SHAPER_EDT;
	int r = edt ? fq_devices(net, devices, err) : 0;

	if (r)
		return r;
	return net_htb_new(net->rtnl, devices, edt ? 0 : net->conf.shaper_classes,
			   net->conf.shaper_total_mbps * 1000, net->conf.slots, &net->htb, err);
}

int net_shaper_devices(struct net *net, const int ifindex[HTB_DEVICES], struct err *err)
{
	if (net->conf.shaper == CONF_SHAPER_EDT)
		return fq_devices(net, ifindex, err);
	return net_htb_devices(net->htb, net->rtnl, ifindex, err);
}
