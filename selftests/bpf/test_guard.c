/* SPDX-License-Identifier: GPL-2.0-only */
/* What the uplink lets in: every case runs through all three forms of the guard. */
#include <linux/pkt_cls.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <cmocka.h>
#include "rig.h"

static struct rig rig;

enum want { PASS, DROP, ANSWER };

static void check(const char *name, const struct pkt *in, enum want want, int reason,
		  const struct pkt *answer)
{
	static const int xdp[] = {XDP_PASS, XDP_DROP, XDP_TX};
	static const int tc[] = {TC_ACT_UNSPEC, TC_ACT_SHOT, TC_ACT_REDIRECT};
	struct __sk_buff skb = {.ifindex = rig.up};

	for (enum rig_prog prog = RIG_UPLINK_XDP; prog <= RIG_UPLINK_TC; prog++) {
		bool is_xdp = prog != RIG_UPLINK_TC;
		struct rig_result r;

		if (in->len < rig_min_len(prog, in))
			continue;
		rig_run(&rig, prog, in, is_xdp ? NULL : &skb, &r);
		if (r.verdict != (is_xdp ? xdp : tc)[want] || r.reason != reason)
			print_error("%s (%s): verdict %d, reason %d\n", name, is_xdp ? "XDP" : "tc",
				    r.verdict, r.reason);
		assert_int_equal(r.verdict, (is_xdp ? xdp : tc)[want]);
		assert_int_equal(r.reason, reason);
		assert_int_equal(r.dropped, want == DROP);
		rig_same(name, &r.out, want == ANSWER ? answer : in);
	}
}

/* Neighbour solicitations. What is 0 or NULL is as in a correct one for slot 3. */
struct solicit {
	const char *name;
	const char *eth_dst, *src, *dst, *target;
	const char *options; /* hex; NULL = source address option, "" = none */
	uint8_t hop_limit, code, type;
	bool bad_sum, vlan;
	enum want want;
	int reason;
	const char *answer_mac, *answer_dst; /* NULL = the asker's */
	uint32_t flags;			     /* of the answer; 0 = router, solicited, override */
};

#define SLOT3_NODE "ff02::1:ff40:3"
#define ROUTER "fe80::1"
#define OTHER "02:00:00:00:00:77"
#define SLLA "01010200000000aa" /* not the Ethernet source */

static const struct solicit solicits[] = {
	{"multicast", .want = ANSWER},
	{"unicast", .eth_dst = RIG_MAC, .dst = SLOT3_V6, .want = ANSWER},
	{"unicast without option", .eth_dst = RIG_MAC, .dst = SLOT3_V6, .options = "",
	 .want = ANSWER},
	{"from a global address", .src = "2001:db8:77::1", .want = ANSWER},
	{"option names another MAC", .options = SLLA, .answer_mac = "02:00:00:00:00:aa",
	 .want = ANSWER},
	{"unknown option before", .options = "0e01111111111111" SLLA,
	 .answer_mac = "02:00:00:00:00:aa", .want = ANSWER},
	{"long unknown option", .options = "0e020000000000000000000000000000", .want = ANSWER},
	{"source option of two units", .options = "01020200000000aa0000000000000000",
	 .want = ANSWER},
	{"DAD", .src = "::", .options = "", .answer_mac = "33:33:00:00:00:01",
	 .answer_dst = "ff02::1", .flags = 0xa0000000, .want = ANSWER},
	{"DAD with nonce", .src = "::", .options = "0e0145a5e23b04fe",
	 .answer_mac = "33:33:00:00:00:01", .answer_dst = "ff02::1", .flags = 0xa0000000,
	 .want = ANSWER},
	{"second pool", .dst = "ff02::1:ffcc:c005", .target = SLOT5_V6, .want = ANSWER},

	{"no such slot", .target = "2001:db8:5::ffff", .want = DROP, .reason = SC_DROP_NO_SLOT},
	{"slot beyond the last", .target = "2001:db8:5::40", .want = DROP,
	 .reason = SC_DROP_NO_SLOT},
	{"closed slot", .target = SLOT6_V6, .want = DROP, .reason = SC_DROP_NO_SLOT},
	{"right slot, other address", .target = "2001:db8:5:0:abcd:ef02:2340:3", .want = DROP,
	 .reason = SC_DROP_NO_SLOT},
	{"DAD for no slot", .src = "::", .options = "", .target = "2001:db8:5::ffff", .want = DROP,
	 .reason = SC_DROP_NO_SLOT},
	{"the relay's own, in a pool", .target = "2001:db8:5::1", .want = PASS},
	{"in no pool", .target = "2001:db8:7::3", .want = PASS},
	{"target multicast", .target = "ff02::1:ff40:3", .want = PASS},
	{"advertisement", .type = 136, .want = PASS},
	{"to another MAC", .eth_dst = OTHER, .want = PASS},
	{"VLAN", .vlan = true, .want = PASS},

	{"hop limit 254", .hop_limit = 254, .want = DROP, .reason = SC_DROP_MALFORMED},
	{"hop limit 64", .hop_limit = 64, .want = DROP, .reason = SC_DROP_MALFORMED},
	{"code 1", .code = 1, .want = DROP, .reason = SC_DROP_MALFORMED},
	{"checksum", .bad_sum = true, .want = DROP, .reason = SC_DROP_MALFORMED},
	{"other solicited node", .dst = "ff02::1:ff40:4", .want = DROP,
	 .reason = SC_DROP_MALFORMED},
	{"to all nodes", .dst = "ff02::1", .want = DROP, .reason = SC_DROP_MALFORMED},
	{"from multicast", .src = "ff02::1", .want = DROP, .reason = SC_DROP_MALFORMED},
	{"DAD unicast", .src = "::", .options = "", .dst = SLOT3_V6, .want = DROP,
	 .reason = SC_DROP_MALFORMED},
	{"DAD with source option", .src = "::", .want = DROP, .reason = SC_DROP_MALFORMED},
	{"option of length 0", .options = "0100020000000000", .want = DROP,
	 .reason = SC_DROP_MALFORMED},
	{"option longer than the packet", .options = "0102020000000000", .want = DROP,
	 .reason = SC_DROP_MALFORMED},
	{"half an option", .options = "01010200", .want = DROP, .reason = SC_DROP_MALFORMED},
	{"source option with a group address", .options = "0101330000000001", .want = DROP,
	 .reason = SC_DROP_MALFORMED},
};

static const char *pick(const char *a, const char *b)
{
	return a ? a : b;
}

static void solicit_make(const struct solicit *s, struct pkt *p)
{
	pkt_eth(p, pick(s->eth_dst, "33:33:ff:40:00:03"), RIG_PEER, 0x86dd);
	if (s->vlan)
		pkt_vlan(p, 5, 0x86dd);
	pkt_ip6(p, pick(s->src, ROUTER), pick(s->dst, SLOT3_NODE), 58,
		s->hop_limit ? s->hop_limit : 255);
	pkt_nd(p, s->type ? s->type : 135, 0, pick(s->target, SLOT3_V6));
	p->b[p->upper + 1] = s->code;
	if (s->options)
		pkt_hex(p, s->options);
	else
		pkt_nd_mac(p, 1, RIG_PEER);
	pkt_done(p);
	p->b[p->upper + 3] ^= s->bad_sum;
}

static void solicit_answer(const struct solicit *s, struct pkt *p)
{
	pkt_eth(p, pick(s->answer_mac, RIG_PEER), RIG_MAC, 0x86dd);
	pkt_ip6(p, pick(s->target, SLOT3_V6), pick(s->answer_dst, pick(s->src, ROUTER)), 58, 255);
	pkt_nd(p, 136, s->flags ? s->flags : 0xe0000000, pick(s->target, SLOT3_V6));
	pkt_nd_mac(p, 2, RIG_MAC);
	pkt_done(p);
}

static void test_solicitations(void **state UNUSED)
{
	for (size_t i = 0; i < ARRAY_SIZE(solicits); i++) {
		const struct solicit *s = &solicits[i];
		struct pkt in = {}, answer = {};

		solicit_make(s, &in);
		solicit_answer(s, &answer);
		check(s->name, &in, s->want, s->reason, &answer);
	}
}

/* Options up to the limit are walked, one more is refused. */
static void test_solicitation_options_limit(void **state UNUSED)
{
	const struct solicit plain = {};

	for (unsigned int n = 63; n <= 65; n++) {
		struct pkt in = {}, answer = {};

		pkt_eth(&in, "33:33:ff:40:00:03", RIG_PEER, 0x86dd);
		pkt_ip6(&in, ROUTER, SLOT3_NODE, 58, 255);
		pkt_nd(&in, 135, 0, SLOT3_V6);
		for (unsigned int i = 0; i < n; i++)
			pkt_hex(&in, "0e01000000000000");
		pkt_done(&in);
		solicit_answer(&plain, &answer);
		check("many options", &in, n <= 64 ? ANSWER : DROP, n <= 64 ? 0 : SC_DROP_MALFORMED,
		      &answer);
	}
}

static const struct arp_case {
	const char *name;
	const char *eth_dst, *sender_mac, *sender, *target;
	uint8_t at, value; /* one byte changed, at = offset in the ARP packet */
	enum want want;
	int reason;
} arps[] = {
	{"request", .want = ANSWER},
	{"request to us alone", .eth_dst = RIG_MAC, .want = ANSWER},
	{"probe (RFC 5227)", .sender = "0.0.0.0", .want = ANSWER},
	{"other pool", .target = SLOT5_V4, .want = ANSWER},
	{"sender is not the frame's", .sender_mac = OTHER, .want = ANSWER},
	{"no such slot", .target = "198.51.100.67", .want = DROP, .reason = SC_DROP_NO_SLOT},
	{"closed slot", .target = SLOT6_V4, .want = DROP, .reason = SC_DROP_NO_SLOT},
	{"last of the pool", .target = "198.51.100.127", .want = DROP, .reason = SC_DROP_NO_SLOT},
	{"behind the pool", .target = "198.51.100.128", .want = PASS},
	{"before the pool", .target = "198.51.100.63", .want = PASS},
	{"the relay's own, in a pool", .target = "192.0.2.14", .want = PASS},
	{"in no pool", .target = "203.0.113.10", .want = PASS},
	{"reply", .at = 7, .value = 2, .want = PASS},
	{"hardware type 6", .at = 1, .value = 6, .want = PASS},
	{"hardware length 8", .at = 4, .value = 8, .want = PASS},
	{"protocol length 16", .at = 5, .value = 16, .want = PASS},
	{"protocol IPv6", .at = 2, .value = 0x86, .want = PASS},
	{"to another MAC", .eth_dst = OTHER, .want = PASS},
	{"sender is a group", .sender_mac = "01:00:5e:00:00:01", .want = DROP,
	 .reason = SC_DROP_MALFORMED},
};

static void test_arp(void **state UNUSED)
{
	for (size_t i = 0; i < ARRAY_SIZE(arps); i++) {
		const struct arp_case *a = &arps[i];
		const char *sender = pick(a->sender, "198.51.100.65");
		const char *mac = pick(a->sender_mac, RIG_PEER);
		struct pkt in = {}, answer = {};

		pkt_eth(&in, pick(a->eth_dst, "ff:ff:ff:ff:ff:ff"), RIG_PEER, 0x0806);
		pkt_arp(&in, 1, mac, sender, "00:00:00:00:00:00", pick(a->target, SLOT3_V4));
		if (a->at)
			in.b[14 + a->at] = a->value;
		pkt_fill(&in, 18, 0x5a); /* Ethernet padding */
		pkt_eth(&answer, mac, RIG_MAC, 0x0806);
		pkt_arp(&answer, 2, RIG_MAC, pick(a->target, SLOT3_V4), mac, sender);
		pkt_fill(&answer, 18, 0x5a);
		check(a->name, &in, a->want, a->reason, &answer);
	}
}

/* Datagrams for a WireGuard port. */
enum ext { NO_EXT, DEST, ROUTE_DEST, AUTH, ALL, TOO_MANY, ATOMIC, FIRST, LATER, CUT };

static const struct wg_case {
	const char *name;
	bool v6;
	enum ext ext; /* IPv4: FIRST, LATER; others are options */
	const char *dst;
	uint16_t port;
	uint8_t type, reserved;
	size_t len; /* of the message */
	enum want want;
	int reason;
} wgs[] = {
	{"initiation", .type = 1, .len = 148},
	{"response", .type = 2, .len = 92},
	{"cookie", .type = 3, .len = 64},
	{"keepalive", .type = 4, .len = 32},
	{"data", .type = 4, .len = 1424},
	{"second port", .port = 51821, .type = 4, .len = 48},
	{"IPv6", .v6 = true, .type = 1, .len = 148},
	{"IPv6 in a pool", .v6 = true, .dst = "2001:db8:5::1", .type = 1, .len = 148},
	{"IPv4 in a pool", .dst = "192.0.2.14", .type = 1, .len = 148},
	{"IPv4 options", .ext = DEST, .type = 1, .len = 148},
	{"IPv6 destination options", .v6 = true, .ext = DEST, .type = 1, .len = 148},
	{"IPv6 two extensions", .v6 = true, .ext = ROUTE_DEST, .type = 1, .len = 148},
	{"IPv6 authentication header", .v6 = true, .ext = AUTH, .type = 1, .len = 148},
	{"IPv6 eight extensions", .v6 = true, .ext = ALL, .type = 1, .len = 148},
	{"other port", .port = 51822, .type = 9, .len = 10},
	{"other port, empty", .port = 53, .type = 0, .len = 0},
	{"other port, behind extensions", .v6 = true, .ext = DEST, .port = 53, .len = 1},
	{"not to the relay", .dst = "203.0.113.11", .type = 9, .len = 10},
	{"later fragment", .ext = LATER, .type = 9, .len = 64},
	{"IPv6 later fragment", .v6 = true, .ext = LATER, .type = 9, .len = 64},
	{"first fragment, other port", .port = 53, .ext = FIRST, .type = 9, .len = 64},
	{"data whose padding ends at an MTU of 1420", .type = 4, .len = 1452},
	{"first fragment of data", .ext = FIRST, .type = 4, .len = 148},
	{"IPv6 first fragment of data", .v6 = true, .ext = FIRST, .type = 4, .len = 148},

#define BAD .want = DROP, .reason = SC_DROP_WG_SHAPE
	{"type 0", .type = 0, .len = 148, BAD},
	{"type 5", .type = 5, .len = 148, BAD},
	{"initiation 147", .type = 1, .len = 147, BAD},
	{"initiation 149", .type = 1, .len = 149, BAD},
	{"response 93", .type = 2, .len = 93, BAD},
	{"cookie 63", .type = 3, .len = 63, BAD},
	{"data 16", .type = 4, .len = 16, BAD},
	{"data 31", .type = 4, .len = 31, BAD},
	{"empty", .type = 4, .len = 0, BAD},
	{"three bytes", .type = 4, .len = 3, BAD},
	{"reserved byte", .type = 4, .reserved = 1, .len = 32, BAD},
	{"IPv6 bad", .v6 = true, .type = 1, .len = 147, BAD},
	{"IPv6 bad behind extensions", .v6 = true, .ext = ROUTE_DEST, .type = 1, .len = 147, BAD},
	{"IPv4 bad behind options", .ext = DEST, .type = 1, .len = 147, BAD},
	{"first fragment", .ext = FIRST, .type = 1, .len = 148, BAD},
	{"IPv6 first fragment", .v6 = true, .ext = FIRST, .type = 1, .len = 148, BAD},
	{"IPv6 atomic fragment", .v6 = true, .ext = ATOMIC, .type = 1, .len = 148, BAD},
#undef BAD
#define BAD .want = DROP, .reason = SC_DROP_MALFORMED
	{"IPv6 nine extensions", .v6 = true, .ext = TOO_MANY, .type = 1, .len = 148, BAD},
	{"IPv6 extension longer than the packet", .v6 = true, .ext = CUT, .len = 0, BAD},
#undef BAD
	{"nine extensions, not to us", .v6 = true, .ext = TOO_MANY, .dst = "2001:db8:bb::1",
	 .type = 1, .len = 148},
};

static void wg_extensions(struct pkt *p, enum ext ext)
{
	uint8_t *next = &p->b[p->ip + 6];

	switch (ext) {
	case NO_EXT:
		break;
	case DEST:
		*next = 60;
		pkt_ext6(p, 17, 24);
		break;
	case ROUTE_DEST:
		*next = 43;
		pkt_ext6(p, 60, 8);
		pkt_ext6(p, 17, 16);
		break;
	case AUTH:
		*next = 51;
		pkt_auth6(p, 17, 12);
		break;
	case ALL:
	case TOO_MANY:
		*next = 0;
		for (int i = 0; i < 7 + (ext == TOO_MANY); i++)
			pkt_ext6(p, 60, 8);
		pkt_ext6(p, 17, 8);
		break;
	case CUT:
		*next = 60;
		pkt_ext6(p, 17, 8);
		p->b[p->len - 7] = 200;
		break;
	default:
		*next = 44;
		pkt_frag6(p, 17, ext == LATER ? 1480 : 0, ext == FIRST ? PKT_FRAG_MORE : 0);
	}
}

static void wg_make(const struct wg_case *w, struct pkt *p)
{
	pkt_eth(p, RIG_MAC, RIG_PEER, w->v6 ? 0x86dd : 0x0800);
	if (w->v6) {
		pkt_ip6(p, "2001:db8:99::9", pick(w->dst, "2001:db8:aa::1"), 17, 60);
		wg_extensions(p, w->ext);
	} else {
		pkt_ip4(p, "198.18.0.1", pick(w->dst, "203.0.113.10"), 17, 60,
			w->ext == DEST ? 10 : 0);
		if (w->ext == FIRST || w->ext == LATER)
			pkt_frag4(p, w->ext == LATER ? 1480 : 0, w->ext == FIRST);
	}
	if (w->ext != CUT)
		pkt_udp(p, 40000, w->port ? w->port : 51820);
	pkt_fill(p, w->len, 0);
	if (w->len)
		p->b[p->upper + 8] = w->type;
	if (w->len > 3)
		p->b[p->upper + 11] = w->reserved;
	pkt_done(p);
}

static void test_wg_shape(void **state UNUSED)
{
	for (size_t i = 0; i < ARRAY_SIZE(wgs); i++) {
		struct pkt in = {};

		wg_make(&wgs[i], &in);
		check(wgs[i].name, &in, wgs[i].want, wgs[i].reason, NULL);
	}
}

/* Lengths that contradict each other. */
static void test_wg_lengths(void **state UNUSED)
{
	const struct wg_case good = {.type = 1, .len = 148};
	struct pkt p = {};

	wg_make(&good, &p);
	p.b[p.upper + 5]--; /* UDP says one less than IP */
	check("UDP shorter than IP", &p, DROP, SC_DROP_WG_SHAPE, NULL);
	p.b[p.upper + 4] = p.b[p.upper + 5] = 0;
	check("UDP length 0", &p, DROP, SC_DROP_WG_SHAPE, NULL);
	p = (struct pkt){};
	wg_make(&good, &p);
	pkt_fill(&p, 6, 0xee); /* behind the IP packet: Ethernet padding */
	check("padding", &p, PASS, 0, NULL);
	p = (struct pkt){};
	wg_make(&good, &p);
	p.b[p.ip + 3]++;
	check("IP longer than the frame", &p, DROP, SC_DROP_MALFORMED, NULL);
	p = (struct pkt){};
	wg_make(&good, &p);
	p.b[p.ip] = 0x44;
	check("IPv4 header of 16 bytes", &p, DROP, SC_DROP_MALFORMED, NULL);
	p.b[p.ip] = 0x65;
	check("IPv4 of version 6", &p, DROP, SC_DROP_MALFORMED, NULL);
}

/* tc sees datagrams merged by the driver: each of them has to fit. */
static void test_wg_merged(void **state UNUSED)
{
	static const struct {
		uint32_t gso_size;
		int verdict;
	} cases[] = {{128, TC_ACT_UNSPEC}, {24, TC_ACT_SHOT}};
	const struct wg_case merged = {.type = 4, .len = 1000};

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		struct __sk_buff skb = {
			.ifindex = rig.up, .gso_size = cases[i].gso_size, .gso_segs = 8};
		struct rig_result r;
		struct pkt in = {};

		wg_make(&merged, &in);
		rig_run(&rig, RIG_UPLINK_TC, &in, &skb, &r);
		assert_int_equal(r.verdict, cases[i].verdict);
	}
}

static const struct dest_case {
	const char *name, *eth_dst, *dst;
	enum want want;
	int reason;
} dests[] = {
	{"slot, IPv6", .dst = SLOT3_V6},
	{"slot of the second pool", .dst = SLOT5_V6},
	{"slot, IPv4", .dst = SLOT3_V4},
	{"no slot, IPv6", .dst = "2001:db8:5::2", .want = DROP, .reason = SC_DROP_NO_SLOT},
	{"slot beyond the last", .dst = "2001:db8:5::40", .want = DROP, .reason = SC_DROP_NO_SLOT},
	{"slot number 2^20-1", .dst = "2001:db8:5::f:ffff", .want = DROP,
	 .reason = SC_DROP_NO_SLOT},
	{"closed slot", .dst = SLOT6_V6, .want = DROP, .reason = SC_DROP_NO_SLOT},
	{"closed slot, IPv4", .dst = SLOT6_V4, .want = DROP, .reason = SC_DROP_NO_SLOT},
	{"other address of slot 3", .dst = "2001:db8:5:0:abcd:ef01:2350:3", .want = DROP,
	 .reason = SC_DROP_NO_SLOT},
	{"slot 5 in the first pool", .dst = "2001:db8:5::5", .want = DROP,
	 .reason = SC_DROP_NO_SLOT},
	{"last bit of the prefix differs", .dst = "2001:db8:6:0:b:bbbb:cccc:c005"},
	{"first address of an IPv4 pool", .dst = "192.0.2.0", .want = DROP,
	 .reason = SC_DROP_NO_SLOT},
	{"last address of an IPv4 pool", .dst = "192.0.2.15", .want = DROP,
	 .reason = SC_DROP_NO_SLOT},
	{"behind an IPv4 pool", .dst = "192.0.2.16"},
	{"own, in a pool", .dst = "2001:db8:5::1"},
	{"own, in an IPv4 pool", .dst = "192.0.2.14"},
	{"elsewhere", .dst = "2001:db8:77::1"},
	{"no slot, to another MAC", .eth_dst = OTHER, .dst = "2001:db8:5::2"},
	{"no slot, broadcast", .eth_dst = "ff:ff:ff:ff:ff:ff", .dst = "2001:db8:5::2", .want = DROP,
	 .reason = SC_DROP_NO_SLOT},
};

static void test_destinations(void **state UNUSED)
{
	for (size_t i = 0; i < ARRAY_SIZE(dests); i++) {
		const struct dest_case *d = &dests[i];
		bool v6 = strchr(d->dst, ':');
		struct pkt in = {};

		pkt_eth(&in, pick(d->eth_dst, RIG_MAC), RIG_PEER, v6 ? 0x86dd : 0x0800);
		if (v6)
			pkt_ip6(&in, "2001:db8:99::9", d->dst, 47, 60);
		else
			pkt_ip4(&in, "198.18.0.1", d->dst, 47, 60, 0);
		pkt_fill(&in, 33, 0xc3);
		pkt_done(&in);
		check(d->name, &in, d->want, d->reason, NULL);
	}
}

static void test_other_frames(void **state UNUSED)
{
	static const uint16_t types[] = {0x8100, 0x88a8, 0x88cc, 0x8847, 0x0026, 0xffff};

	for (size_t i = 0; i < ARRAY_SIZE(types); i++) {
		struct pkt in = {};

		pkt_eth(&in, RIG_MAC, RIG_PEER, types[i]);
		pkt_fill(&in, 50, 0x60);
		check("not IP", &in, PASS, 0, NULL);
	}
}

/* Cut at every length: an answer or a pass for WireGuard needs the whole packet. */
static void test_truncated(void **state UNUSED)
{
	for (size_t i = 0; i < ARRAY_SIZE(wgs) + ARRAY_SIZE(solicits); i++) {
		bool wg = i < ARRAY_SIZE(wgs);
		const struct solicit *s = &solicits[wg ? 0 : i - ARRAY_SIZE(wgs)];
		struct pkt whole = {}, in;

		if (wg ? wgs[i].want != PASS : s->want != ANSWER)
			continue;
		if (wg)
			wg_make(&wgs[i], &whole);
		else
			solicit_make(s, &whole);
		for (size_t len = 14; len < whole.len; len += 1 + len / 300) {
			in = whole;
			in.len = len;
			check(wg ? wgs[i].name : s->name, &in, DROP, SC_DROP_MALFORMED, NULL);
		}
	}
}

/* Cut, but with lengths and checksums that say so. */
static void test_shortened(void **state UNUSED)
{
	const struct wg_case data = {.v6 = true, .type = 4, .len = 96};
	const struct solicit plain = {};
	struct pkt whole = {}, in, answer = {};

	wg_make(&data, &whole);
	for (size_t n = 0; n < 96; n++) {
		bool fits = n >= 32;

		in = whole;
		in.len = whole.upper + 8 + n;
		pkt_done(&in);
		check("shortened data", &in, fits ? PASS : DROP, fits ? 0 : SC_DROP_WG_SHAPE, NULL);
	}
	whole = (struct pkt){};
	solicit_make(&plain, &whole);
	solicit_answer(&plain, &answer);
	for (size_t n = 4; n < 32; n++) {
		in = whole;
		in.len = whole.upper + n;
		pkt_done(&in);
		if (n < 24)
			check("no whole target", &in, PASS, 0, NULL);
		else
			check("shortened options", &in, n % 8 ? DROP : ANSWER,
			      n % 8 ? SC_DROP_MALFORMED : 0, &answer);
	}
}

static void test_arp_truncated(void **state UNUSED)
{
	for (size_t len = 14; len < 42; len++) {
		struct pkt in = {};

		pkt_eth(&in, "ff:ff:ff:ff:ff:ff", RIG_PEER, 0x0806);
		pkt_arp(&in, 1, RIG_PEER, "198.51.100.65", "00:00:00:00:00:00", SLOT3_V4);
		in.len = len;
		check("cut ARP", &in, PASS, 0, NULL);
	}
}

/* Routed pools: the kernel's own neighbour discovery is left alone. */
static void test_no_ndp(void **state UNUSED)
{
	const struct solicit plain = {}, unknown = {.target = "2001:db8:5::ffff"};
	struct pkt in = {};

	rig_close(&rig);
	rig_conf(&rig);
	rig.conf.answer_ndp = false;
	rig_open(&rig);
	solicit_make(&plain, &in);
	check("solicitation", &in, PASS, 0, NULL);
	in = (struct pkt){};
	solicit_make(&unknown, &in);
	check("solicitation for no slot", &in, PASS, 0, NULL);
	in = (struct pkt){};
	pkt_eth(&in, "ff:ff:ff:ff:ff:ff", RIG_PEER, 0x0806);
	pkt_arp(&in, 1, RIG_PEER, "198.51.100.65", "00:00:00:00:00:00", SLOT3_V4);
	check("ARP", &in, PASS, 0, NULL);
}

static int setup(void **state UNUSED)
{
	rig_conf(&rig);
	rig_open(&rig);
	return 0;
}

static int teardown(void **state UNUSED)
{
	rig_close(&rig);
	return 0;
}

#define T(f) cmocka_unit_test_setup_teardown(f, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		T(test_solicitations), T(test_solicitation_options_limit),
		T(test_arp),	       T(test_wg_shape),
		T(test_wg_lengths),    T(test_wg_merged),
		T(test_destinations),  T(test_other_frames),
		T(test_truncated),     T(test_shortened),
		T(test_arp_truncated), T(test_no_ndp),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	env_enter();
	rig_devices();
	return cmocka_run_group_tests_name("guard", tests, NULL, NULL);
}
