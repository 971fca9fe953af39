/* SPDX-License-Identifier: GPL-2.0-only */
#include "dp_impl.h"

#include <errno.h>
#include <string.h>
#include "../lib/buf.h"
#include "sidecar.skel.h"

#define MAC_LEN 6
#define FRAME_MAX 96
#define ETHERTYPE_ARP 0x0806
#define ETHERTYPE_IPV6 0x86dd
#define PROTO_ICMPV6 58
#define ND_ADVERT 136
#define ND_OPT_TARGET 2
#define ND_LEN 32		       /* advertisement and one option */
#define ND_ROUTER_OVERRIDE 0xa0000000u /* as the answers in XDP have it, but not solicited */

static int send_frame(struct dp *dp, struct buf_writer *w, struct err *err)
{
	LIBBPF_OPTS(bpf_test_run_opts, opts, .data_in = w->data, .data_size_in = (uint32_t)w->len);
	int r = buf_write_end(w);

	if (!r)
		r = bpf_prog_test_run_opts(bpf_program__fd(dp->skel->progs.sc_announce), &opts);
	if (!r)
		r = (int)opts.retval;
	return r ? err_sys(err, r < 0 ? r : -EIO, "announcement") : 0;
}

static int uplink_mac(const struct dp *dp, uint8_t mac[static MAC_LEN], struct err *err)
{
	struct sc_uplink up;
	uint32_t zero = 0;
	int r = bpf_map_lookup_elem(bpf_map__fd(dp->skel->maps.uplink), &zero, &up);

	if (r)
		return err_sys(err, r, "map uplink");
	memcpy(mac, up.mac, MAC_LEN);
	return 0;
}

static uint16_t checksum(const uint8_t *bytes, size_t len)
{
	uint32_t sum = 0;

	for (size_t i = 0; i + 1 < len; i += 2)
		sum += (uint32_t)bytes[i] << 8 | bytes[i + 1];
	while (sum >> 16)
		sum = (sum & 0xffff) + (sum >> 16);
	return (uint16_t)~sum;
}

/* With the pseudo header in front (RFC 8200 section 8.1), whose sum is the packet's. */
static uint16_t nd_checksum(const uint8_t v6[static 16], const uint8_t all_nodes[static 16],
			    const uint8_t *nd)
{
	uint8_t bytes[16 + 16 + 8 + ND_LEN];
	struct buf_writer w = buf_writer_new(bytes, sizeof(bytes));

	buf_write(&w, v6, 16);
	buf_write(&w, all_nodes, 16);
	buf_write_u32(&w, ND_LEN);
	buf_write_u32(&w, PROTO_ICMPV6);
	buf_write(&w, nd, ND_LEN);
	return checksum(bytes, sizeof(bytes));
}

static void write_nd(struct buf_writer *w, const uint8_t v6[static 16],
		     const uint8_t mac[static MAC_LEN], uint16_t sum)
{
	buf_write_u8(w, ND_ADVERT);
	buf_write_u8(w, 0);
	buf_write_u16(w, sum);
	buf_write_u32(w, ND_ROUTER_OVERRIDE);
	buf_write(w, v6, 16);
	buf_write_u8(w, ND_OPT_TARGET);
	buf_write_u8(w, 1);
	buf_write(w, mac, MAC_LEN);
}

int dp_announce6(struct dp *dp, const uint8_t v6[static 16], struct err *err)
{
	static const uint8_t all_nodes[16] = {0xff, 0x02, [15] = 1};
	static const uint8_t all_nodes_mac[MAC_LEN] = {0x33, 0x33, 0, 0, 0, 1};
	uint8_t frame[FRAME_MAX], nd[ND_LEN], mac[MAC_LEN];
	struct buf_writer w = buf_writer_new(frame, sizeof(frame)),
			  n = buf_writer_new(nd, sizeof(nd));
	int r = uplink_mac(dp, mac, err);

	if (r)
		return r;
	write_nd(&n, v6, mac, 0);
	buf_write(&w, all_nodes_mac, MAC_LEN);
	buf_write(&w, mac, MAC_LEN);
	buf_write_u16(&w, ETHERTYPE_IPV6);
	buf_write_u32(&w, 0x60000000);
	buf_write_u16(&w, ND_LEN);
	buf_write_u8(&w, PROTO_ICMPV6);
	buf_write_u8(&w, 255);
	buf_write(&w, v6, 16);
	buf_write(&w, all_nodes, 16);
	write_nd(&w, v6, mac, nd_checksum(v6, all_nodes, nd));
	return send_frame(dp, &w, err);
}

/* The request form: every host takes it (RFC 5227 section 3). */
int dp_announce4(struct dp *dp, __be32 v4, struct err *err)
{
	static const uint8_t broadcast[MAC_LEN] = {0xff, 0xff, 0xff, 0xff, 0xff, 0xff};
	static const uint8_t nobody[MAC_LEN];
	uint8_t frame[FRAME_MAX], mac[MAC_LEN];
	struct buf_writer w = buf_writer_new(frame, sizeof(frame));
	int r = uplink_mac(dp, mac, err);

	if (r)
		return r;
	buf_write(&w, broadcast, MAC_LEN);
	buf_write(&w, mac, MAC_LEN);
	buf_write_u16(&w, ETHERTYPE_ARP);
	buf_write_u16(&w, 1);
	buf_write_u16(&w, 0x0800);
	buf_write_u8(&w, MAC_LEN);
	buf_write_u8(&w, sizeof(v4));
	buf_write_u16(&w, 1);
	buf_write(&w, mac, MAC_LEN);
	buf_write(&w, &v4, sizeof(v4));
	buf_write(&w, nobody, MAC_LEN);
	buf_write(&w, &v4, sizeof(v4));
	return send_frame(dp, &w, err);
}
