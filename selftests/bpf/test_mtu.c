/* SPDX-License-Identifier: GPL-2.0-only */
/* What the programs do for the probe of a path: the echo, "don't fragment", forged ICMP. */
#include <linux/pkt_cls.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <cmocka.h>
#include "rig.h"

#define ECHO6 "fe80::1"
#define ECHO4 "169.254.0.1"
#define FAR6 "2001:db8:99::9"
#define FAR4 "198.18.0.1"
#define OWN4 "203.0.113.10"
#define MARK_ECHO 0x5e000000u

static struct rig rig;

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

static void verdict(const char *name, const struct rig_result *r, int want, int reason)
{
	if (r->verdict != want || r->reason != reason)
		print_error("%s: verdict %d, reason %d\n", name, r->verdict, r->reason);
	assert_int_equal(r->verdict, want);
	assert_int_equal(r->reason, reason);
}

/* ---- the echo ---- */

static void datagram(struct pkt *p, const char *src, const char *dst, uint16_t sport,
		     uint16_t dport, size_t len)
{
	bool v6 = strchr(dst, ':');

	*p = (struct pkt){};
	pkt_eth(p, RIG_MAC, RIG_PEER, v6 ? 0x86dd : 0x0800);
	if (v6)
		pkt_ip6(p, src, dst, 17, 64);
	else
		pkt_ip4(p, src, dst, 17, 64, 0);
	pkt_udp(p, sport, dport);
	pkt_fill(p, len, 0xd7);
	pkt_done(p);
}

/* What goes to the echo of slot 3, and is its answer. */
static void question(struct pkt *p, bool v6, size_t len)
{
	datagram(p, v6 ? SLOT3_V6 : SLOT3_V4, v6 ? ECHO6 : ECHO4, 40000, 7, len);
}

static void answer(struct pkt *p, bool v6, size_t len)
{
	datagram(p, v6 ? ECHO6 : ECHO4, v6 ? SLOT3_V6 : SLOT3_V4, 7, 40000, len);
}

static void test_echo_sends_back_every_length(void **state UNUSED)
{
	const struct __sk_buff skb = {.ifindex = rig.wg0};

	for (int v6 = 0; v6 < 2; v6++) {
		for (size_t len = 0; len <= 1392; len = len < 40 ? len + 1 : len + 169) {
			struct sc_counters before, after;
			struct pkt in, want;
			struct rig_result r;

			question(&in, v6, len);
			answer(&want, v6, len);
			dp_counters(rig.dp, 3, &before);
			rig_run(&rig, RIG_WG_IN, &in, &skb, &r);
			dp_counters(rig.dp, 3, &after);
			verdict("echo", &r, TC_ACT_REDIRECT, 0);
			rig_same("echo", &r.out, &want);
			assert_int_equal(r.skb.mark, MARK_ECHO);
			assert_int_equal(after.up_packets, before.up_packets + 1);
			assert_int_equal(after.up_bytes, before.up_bytes + in.len - 14);
		}
	}
}

/* Its own rules, which refuse all datagrams, are not asked; they are for anything else. */
static void test_echo_passes_the_peers_rules(void **state UNUSED)
{
	struct sc_firewall rules = {.n = 1, .rule = {{.proto = 17, .port_max = 65535}}};
	struct sc_slot slot = {};

	rules.rule[0].flags = SC_RULE_IN | SC_RULE_OUT | SC_RULE_PROTO;
	assert_int_equal(dp_slot_get(rig.dp, 3, &slot), 0);
	assert_int_equal(dp_firewall_set(rig.dp, 3, &rules, NULL), 0);
	slot.flags |= SC_SLOT_FIREWALL;
	assert_int_equal(dp_slot_set(rig.dp, 3, &slot, NULL), 0);
	for (int v6 = 0; v6 < 2; v6++) {
		struct __sk_buff skb = {.ifindex = rig.wg0};
		struct rig_result r;
		struct pkt in;

		question(&in, v6, 100);
		rig_run(&rig, RIG_WG_IN, &in, &skb, &r);
		verdict("question", &r, TC_ACT_REDIRECT, 0);
		answer(&in, v6, 100);
		skb.mark = MARK_ECHO;
		rig_run(&rig, RIG_WG_OUT, &in, &skb, &r);
		verdict("answer", &r, TC_ACT_UNSPEC, 0);
		rig_same("answer", &r.out, &in);
		assert_int_equal(r.skb.priority, 0x10007);
		skb.mark = 0;
		rig_run(&rig, RIG_WG_OUT, &in, &skb, &r);
		verdict("one that is no answer", &r, TC_ACT_SHOT, SC_DROP_FIREWALL);
	}
}

/* Anything else to these addresses is what it was without the echo. */
static void test_what_is_not_for_the_echo(void **state UNUSED)
{
	static const struct {
		const char *name, *src, *dst;
		uint16_t port;
		int change; /* 1: TCP's number, 2: a first fragment, 3: merged */
		int reason; /* 0: goes into the VRF */
	} cases[] = {
		{"another port", SLOT3_V6, ECHO6, 8, 0, SC_DROP_BAD_DESTINATION},
		{"another port, IPv4", SLOT3_V4, ECHO4, 8, 0, SC_DROP_BAD_DESTINATION},
		{"another address", SLOT3_V6, "fe80::2", 7, 0, SC_DROP_BAD_DESTINATION},
		{"another address, IPv4", SLOT3_V4, "169.254.0.2", 7, 0, SC_DROP_BAD_DESTINATION},
		{"another source", FAR6, ECHO6, 7, 0, SC_DROP_BAD_SOURCE},
		{"another tunnel's peer", SLOT4_V6, ECHO6, 7, 0, SC_DROP_BAD_SOURCE},
		{"the echo itself", ECHO6, ECHO6, 7, 0, SC_DROP_BAD_SOURCE},
		{"UDP-Lite", SLOT3_V6, ECHO6, 7, 1, SC_DROP_BAD_DESTINATION},
		{"a fragment", SLOT3_V4, ECHO4, 7, 2, SC_DROP_BAD_DESTINATION},
		{"merged", SLOT3_V6, ECHO6, 7, 3, SC_DROP_BAD_DESTINATION},
		{"an echo elsewhere", SLOT3_V6, FAR6, 7, 0, 0},
		{"an echo elsewhere, IPv4", SLOT3_V4, FAR4, 7, 0, 0},
	};

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		struct __sk_buff skb = {.ifindex = rig.wg0};
		struct rig_result r;
		struct pkt in;

		datagram(&in, cases[i].src, cases[i].dst, 40000, cases[i].port, 200);
		if (cases[i].change == 1)
			in.b[in.ip + 6] = 136;
		if (cases[i].change == 2) {
			pkt_frag4(&in, 0, PKT_FRAG_MORE);
			pkt_ip4_sum(&in);
		}
		if (cases[i].change == 3)
			skb.gso_size = 100, skb.gso_segs = 2;
		rig_run(&rig, RIG_WG_IN, &in, &skb, &r);
		verdict(cases[i].name, &r, cases[i].reason ? TC_ACT_SHOT : TC_ACT_REDIRECT,
			cases[i].reason);
		if (cases[i].reason)
			rig_same(cases[i].name, &r.out, &in);
		assert_int_equal(r.skb.mark & 0xff000000, cases[i].reason ? 0 : 0x5c000000);
	}
}

static void test_echo_cut_short(void **state UNUSED)
{
	const struct __sk_buff skb = {.ifindex = rig.wg0};

	for (int v6 = 0; v6 < 2; v6++) {
		struct rig_result r;
		struct pkt whole;

		question(&whole, v6, 20);
		for (size_t len = rig_min_len(RIG_WG_IN, &whole); len < whole.len; len++) {
			struct pkt in = whole;

			in.len = len;
			rig_run(&rig, RIG_WG_IN, &in, &skb, &r);
			verdict("cut", &r, TC_ACT_SHOT, SC_DROP_MALFORMED);
			rig_same("cut", &r.out, &in);
		}
	}
}

/* ---- "don't fragment" ---- */

/* A packet of total_len bytes from a WireGuard port of ours. */
static void outer(struct pkt *p, uint16_t sport, size_t total_len, uint16_t id)
{
	datagram(p, OWN4, FAR4, sport, 40000, total_len - 28);
	p->b[p->ip + 4] = (uint8_t)(id >> 8);
	p->b[p->ip + 5] = (uint8_t)id;
	pkt_ip4_sum(p);
}

static void dont_fragment(const char *name, const struct pkt *in, uint32_t mark, bool wanted)
{
	const struct __sk_buff skb = {.ifindex = rig.up, .mark = mark};
	struct pkt want = *in;
	struct rig_result r;

	rig_run(&rig, RIG_UPLINK_OUT, in, &skb, &r);
	verdict(name, &r, TC_ACT_UNSPEC, 0);
	if (wanted) {
		want.b[want.ip + 6] |= 0x40;
		pkt_ip4_sum(&want);
	}
	rig_same(name, &r.out, &want);
}

static void test_large_packets_are_not_to_be_fragmented(void **state UNUSED)
{
	struct pkt p;

	outer(&p, 51820, 1341, 0);
	dont_fragment("above the floor", &p, 0, true);
	outer(&p, 51821, 1480, 0);
	dont_fragment("the other tunnel", &p, 0, true);
	outer(&p, 51820, 1340, 0);
	dont_fragment("the floor", &p, 0, false);
	outer(&p, 51822, 1480, 0);
	dont_fragment("another port", &p, 0, false);
	outer(&p, 51820, 1480, 0);
	dont_fragment("a customer's own WireGuard", &p, 0x5c000007, false);
	p.b[p.ip + 9] = 136;
	pkt_ip4_sum(&p);
	dont_fragment("not UDP", &p, 0, false);
	outer(&p, 51820, 1480, 0);
	pkt_frag4(&p, 0, PKT_FRAG_MORE);
	pkt_ip4_sum(&p);
	dont_fragment("a fragment", &p, 0, false);
	datagram(&p, "2001:db8:aa::1", FAR6, 51820, 40000, 1440);
	dont_fragment("IPv6", &p, 0, false);
}

/* Cut at every length: what is long enough to need the flag has the headers that tell. */
static void test_dont_fragment_cut_short(void **state UNUSED)
{
	struct pkt whole;

	outer(&whole, 51820, 1480, 0);
	for (size_t len = rig_min_len(RIG_UPLINK_OUT, &whole); len < whole.len; len++) {
		struct pkt in = whole;

		in.len = len;
		dont_fragment("cut", &in, 0, len > 14 + 1340);
		dont_fragment("cut, a customer's", &in, 0x5c000007, false);
	}
}

/* The incremental checksum is the same as one made anew. */
static void test_dont_fragment_checksum(void **state UNUSED)
{
	for (unsigned int id = 0; id < 65536; id += id < 65000 ? 509 : 1) {
		struct pkt p;

		outer(&p, 51820, 1480, (uint16_t)id);
		dont_fragment("checksum", &p, 0, true);
	}
}

/* ---- ICMP that nobody believes ---- */

struct quote {
	const char *name, *dst;
	uint8_t type, code, proto;
	uint16_t sport;
	bool fragment;
	size_t cut; /* bytes less */
	bool drop;
};

static void icmp(const struct quote *q, struct pkt *p)
{
	struct pkt inner = {};
	size_t at;

	datagram(&inner, OWN4, FAR4, q->sport, 40000, 0);
	inner.b[inner.ip + 9] = q->proto;
	*p = (struct pkt){};
	pkt_eth(p, RIG_MAC, RIG_PEER, 0x0800);
	pkt_ip4(p, FAR4, q->dst, 1, 64, 0);
	at = p->len;
	pkt_fill(p, 8, 0);
	p->b[at] = q->type;
	p->b[at + 1] = q->code;
	p->b[at + 6] = 5; /* MTU 1340 */
	p->b[at + 7] = 60;
	memcpy(p->b + p->len, inner.b + 14, inner.len - 14);
	p->len += inner.len - 14 - q->cut;
	if (q->fragment)
		pkt_frag4(p, 0, PKT_FRAG_MORE);
	pkt_done(p);
}

static void test_frag_needed_for_wireguard(void **state UNUSED)
{
	static const struct quote quotes[] = {
		{"wg0", OWN4, 3, 4, 17, 51820, .drop = true},
		{"wg1", OWN4, 3, 4, 17, 51821, .drop = true},
		{"an own address in a pool", "192.0.2.14", 3, 4, 17, 51820, .drop = true},
		{"another port", OWN4, 3, 4, 17, 8443, .cut = 0},
		{"TCP", OWN4, 3, 4, 6, 51820, .cut = 0},
		{"port unreachable", OWN4, 3, 3, 17, 51820, .cut = 0},
		{"time exceeded", OWN4, 11, 4, 17, 51820, .cut = 0},
		{"to another host", "203.0.113.11", 3, 4, 17, 51820, .cut = 0},
		{"a fragment", OWN4, 3, 4, 17, 51820, .fragment = true},
		{"quoted too short", OWN4, 3, 4, 17, 51820, .cut = 1},
	};

	for (size_t i = 0; i < ARRAY_SIZE(quotes); i++) {
		const struct quote *q = &quotes[i];

		for (enum rig_prog prog = RIG_UPLINK_XDP; prog <= RIG_UPLINK_TC; prog++) {
			const struct __sk_buff skb = {.ifindex = rig.up};
			bool tc = prog == RIG_UPLINK_TC;
			struct rig_result r;
			struct pkt in;

			icmp(q, &in);
			rig_run(&rig, prog, &in, tc ? &skb : NULL, &r);
			verdict(q->name, &r,
				tc ? (q->drop ? TC_ACT_SHOT : TC_ACT_UNSPEC)
				   : (q->drop ? XDP_DROP : XDP_PASS),
				q->drop ? SC_DROP_WG_PMTU : 0);
			rig_same(q->name, &r.out, &in);
		}
	}
}

#define T(f) cmocka_unit_test_setup_teardown(f, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		T(test_echo_sends_back_every_length),
		T(test_echo_passes_the_peers_rules),
		T(test_what_is_not_for_the_echo),
		T(test_echo_cut_short),
		T(test_large_packets_are_not_to_be_fragmented),
		T(test_dont_fragment_checksum),
		T(test_dont_fragment_cut_short),
		T(test_frag_needed_for_wireguard),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	env_enter();
	rig_devices();
	return cmocka_run_group_tests_name("mtu", tests, NULL, NULL);
}
