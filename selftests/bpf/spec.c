/* SPDX-License-Identifier: GPL-2.0-only */
#include "spec.h"

#include <linux/pkt_cls.h>
#include <setjmp.h>
#include <stdarg.h>
#include <string.h>
#include <cmocka.h>

static const char *pick(const char *a, const char *b)
{
	return a ? a : b;
}

void spec_make(const struct spec *s, struct pkt *p)
{
	uint8_t proto = s->upper == TCP ? 6 : s->upper == UDP ? 17 : 47;
	uint8_t ttl = s->ttl ? s->ttl : 64;
	bool v6 = strchr(s->dst, ':');

	pkt_eth(p, pick(s->eth_dst, RIG_MAC), RIG_PEER, v6 ? 0x86dd : 0x0800);
	if (v6)
		pkt_ip6(p, pick(s->src, FAR6), s->dst, proto, ttl);
	else
		pkt_ip4(p, pick(s->src, FAR4), s->dst, proto, ttl, s->options);
	if (v6 && s->options) {
		p->b[p->ip + 6] = s->options == 1 ? 0 : 60;
		pkt_ext6(p, proto, 8);
	}
	if (s->upper == TCP)
		pkt_tcp(p, 1234, 80, 3);
	if (s->upper == UDP)
		pkt_udp(p, 1234, 53);
	pkt_fill(p, s->len, 0xd7);
	pkt_done(p);
}

void spec_run(struct rig *rig, enum rig_prog prog, const struct spec *s, uint32_t ifindex,
	      struct pkt *ret_in, struct rig_result *ret_result)
{
	struct __sk_buff skb = {
		.ifindex = ifindex, .gso_size = s->gso_size, .gso_segs = s->gso_segs};

	*ret_in = (struct pkt){};
	spec_make(s, ret_in);
	rig_run(rig, prog, ret_in, &skb, ret_result);
}

void spec_cut(struct rig *rig, enum rig_prog prog, const struct spec *s, uint32_t ifindex)
{
	const struct __sk_buff skb = {.ifindex = ifindex};
	struct rig_result r;
	struct pkt whole = {};

	spec_make(s, &whole);
	for (size_t len = rig_min_len(prog, &whole); len < whole.len; len++) {
		struct pkt in = whole;

		in.len = len;
		rig_run(rig, prog, &in, &skb, &r);
		assert_int_equal(r.verdict, TC_ACT_SHOT);
		assert_int_equal(r.reason, SC_DROP_MALFORMED);
		assert_int_equal(r.dropped, 1);
		rig_same("cut", &r.out, &in);
	}
}

const char *spec_slot3(const char *dst)
{
	return strchr(dst, ':') ? SLOT3_V6 : SLOT3_V4;
}

void spec_out(const struct pkt *in, struct pkt *out)
{
	pkt_eth(out, "02:53:43:00:00:01", "02:53:43:00:00:01", in->version == 6 ? 0x86dd : 0x0800);
	memcpy(out->b + 14, in->b, in->len);
	out->len += in->len;
}
