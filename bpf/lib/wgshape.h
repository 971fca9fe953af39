/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What comes to a WireGuard port must look like one of its four messages: type, three zero bytes,
 * exact length (WireGuard paper, section 5.4). Data may be of any length from a keepalive's: its
 * padding to 16 bytes ends at the sender's MTU. Data may come in fragments, where the path is
 * smaller than the tunnel; a handshake never does.
 */
#ifndef SIDECAR_WGSHAPE_H
#define SIDECAR_WGSHAPE_H

#include <linux/udp.h>
#include "gcra.h"
#include "slot.h"
#include "upper.h"

#define WG_INITIATION_LE bpf_htonl(0x01000000)
#define WG_INITIATION_LEN 148
#define WG_RESPONSE_LEN 92
#define WG_COOKIE_LEN 64
#define WG_DATA_MIN_LEN 32 /* header and tag: a keepalive */
#define WG_DATA_LE bpf_htonl(0x04000000)

STAGE bool wgshape_fits(__u32 type_le, __u32 len)
{
	switch (type_le) { /* the whole word: the reserved bytes are zero */
	case WG_INITIATION_LE:
		return len == WG_INITIATION_LEN;
	case bpf_htonl(0x02000000):
		return len == WG_RESPONSE_LEN;
	case bpf_htonl(0x03000000):
		return len == WG_COOKIE_LEN;
	case WG_DATA_LE:
		return len >= WG_DATA_MIN_LEN;
	default:
		return false;
	}
}

struct wgshape {
	struct udphdr udp;
	__u32 type_le;
	bool has_udp;
	bool has_type;
};

/* c: behind an IP header without extensions. */
STAGE void wgshape_read(struct cursor c, struct wgshape *ret_shape)
{
	const struct udphdr *udp = cursor_take(&c, sizeof(*udp));
	const word32 *type = udp ? cursor_take(&c, sizeof(*type)) : NULL;

	ret_shape->has_udp = udp;
	ret_shape->has_type = type;
	if (udp) {
		ret_shape->udp.dest = udp->dest;
		ret_shape->udp.len = udp->len;
	}
	if (type)
		ret_shape->type_le = *type;
}

STAGE void wgshape_read_far(const struct frame *f, __u32 offset, struct wgshape *ret_shape)
{
	struct udphdr *udp = &ret_shape->udp;
	__u32 *type = &ret_shape->type_le;

	ret_shape->has_udp = !frame_copy(f, offset, udp, sizeof(*udp));
	ret_shape->has_type = !frame_copy(f, offset + sizeof(*udp), type, sizeof(*type));
}

/*
 * The network that a handshake comes from: what one customer of a provider usually has. WireGuard
 * itself answers a flood with cookies; this keeps one network's from taking the CPU for that.
 */
STAGE int wgshape_initiation(bool v6, const void *src)
{
	struct sc_source key = {};
	__u64 now_ns, first_ns, *paid_ns;

	if (!sc_handshake_ns)
		return 0;
	if (v6) {
		*(word64 *)key.prefix = *(const word64 *)src;
	} else {
		*(word32 *)key.prefix = bpf_htonl(0x0000ffff);
		*(word32 *)(key.prefix + 4) = *(const word32 *)src & bpf_htonl(0xffffff00);
	}
	now_ns = gcra_now();
	paid_ns = bpf_map_lookup_elem(&handshakes, &key);
	if (paid_ns)
		return gcra_take(paid_ns, now_ns, sc_handshake_ns, SC_HANDSHAKE_BURST_NS)
			       ? 0
			       : -SC_DROP_HANDSHAKE_RATE;
	first_ns = now_ns + sc_handshake_ns;
	bpf_map_update_elem(&handshakes, &key, &first_ns, BPF_ANY);
	return 0;
}

/* seg_len: of merged datagrams, 0 = one datagram. */
STAGE int wgshape_check(const struct wgshape *shape, const struct ip *ip, __u32 seg_len)
{
	__u32 len = bpf_ntohs(shape->udp.len);
	__be16 to = shape->udp.dest;

	if (!shape->has_udp)
		return own_has(ip->v6, ip->dst) ? -SC_DROP_MALFORMED : 0;
	if (to != bpf_htons(sc_wg_port[0]) && to != bpf_htons(sc_wg_port[1]))
		return 0;
	if (!own_has(ip->v6, ip->dst))
		return 0;
	if (!shape->has_type || len < sizeof(shape->udp))
		return -SC_DROP_WG_SHAPE;
	if (ip->fragment)
		return shape->type_le == WG_DATA_LE ? 0 : -SC_DROP_WG_SHAPE;
	if (len != ip->total_len - ip->hdr_len)
		return -SC_DROP_WG_SHAPE;
	if (!wgshape_fits(shape->type_le, seg_len ? seg_len : len - sizeof(shape->udp)))
		return -SC_DROP_WG_SHAPE;
	return shape->type_le == WG_INITIATION_LE ? wgshape_initiation(ip->v6, ip->src) : 0;
}

#endif
