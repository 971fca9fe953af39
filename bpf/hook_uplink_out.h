/* SPDX-License-Identifier: GPL-2.0-only */
/* tc egress on the uplink: the mark of hook_wg_in becomes the HTB class of the upload; the tunnels'
 * own packets are not to be fragmented. */
#include "lib/pkt.h"
#include "lib/pmtu.h"

SEC("tcx/egress")
int sc_uplink_out(struct __sk_buff *skb)
{
	__u32 mark = skb->mark, minor = mark & SC_MARK_CLASS;

	if ((mark & SC_MARK_MASK) != SC_MARK_UP)
		pmtu_dont_fragment(skb);
	else if (minor)
		skb->priority = SC_HTB_MAJOR | minor;
	return TC_ACT_UNSPEC;
}
