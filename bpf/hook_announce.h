/* SPDX-License-Identifier: GPL-2.0-only */
/* Attached nowhere: user space runs it on a frame of its own, which leaves by the uplink. That
 * takes no raw socket and no further capability. */
#include "lib/maps.h"

SEC("tc")
int sc_announce(struct __sk_buff *skb)
{
	__u32 zero = 0;
	const struct sc_uplink *up = bpf_map_lookup_elem(&uplink, &zero);

	return up && up->ifindex ? (int)bpf_clone_redirect(skb, up->ifindex, 0) : -1;
}
