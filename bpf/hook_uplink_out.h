/* SPDX-License-Identifier: GPL-2.0-only */
/* tc egress on the uplink: the mark of hook_wg_in says whose upload it is and how it is shaped; the
 * tunnels' own packets are not to be fragmented. */
#include "lib/pace.h"
#include "lib/pkt.h"
#include "lib/pmtu.h"

/* Without parsing: the kernel has added up what goes over the wire, each segment with its headers.
 */
STAGE int uplink_pace(struct __sk_buff *skb, __u32 nr, struct load *load)
{
	const struct sc_slot *slot = nr < sc_slots ? bpf_map_lookup_elem(&slots, &nr) : NULL;

	load->packets = skb->gso_segs > 1 ? skb->gso_segs : 1;
	load->bytes = skb->wire_len - load->packets * ETH_HLEN;
	if (!slot || !slot->pace_byte_ps)
		return 0;
	return pace_check(skb, nr, true, slot->pace_byte_ps, load->bytes);
}

SEC("tcx/egress")
int sc_uplink_out(struct __sk_buff *skb)
{
	__u32 mark = skb->mark, minor = mark & SC_MARK_CLASS;
	struct load load = {};
	int r;

	if ((mark & SC_MARK_MASK) != SC_MARK_UP) {
		pmtu_dont_fragment(skb);
		return TC_ACT_UNSPEC;
	}
	if (sc_pace) {
		r = uplink_pace(skb, mark & SC_MARK_SLOT, &load);
		if (r) {
			drop_skb(skb, ETH_HLEN, r, mark & SC_MARK_SLOT, &load);
			return TC_ACT_SHOT;
		}
	} else if (minor) {
		skb->priority = SC_HTB_MAJOR | minor;
	}
	return TC_ACT_UNSPEC;
}
