/* SPDX-License-Identifier: GPL-2.0-only */
/* The tc programs of the forwarding path: uplink in, tunnel out, tunnel in, uplink out. */
#include <arpa/inet.h>
#include <linux/pkt_cls.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <cmocka.h>
#include "rig.h"
#include "spec.h"

#define CLASS(minor) (0x10000u | (minor))

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
	assert_int_equal(r->dropped, reason ? 1 : 0);
}

/* Uplink in. */
enum steer { LEFT, STACK, TUNNEL, SHOT };

static const struct steer_case {
	const char *name;
	struct spec spec;
	enum steer want;
	int reason;
	uint32_t minor; /* of the mark */
} steers[] = {
	{"IPv6", {.dst = SLOT3_V6, .len = 100}, .want = TUNNEL, .minor = 7},
	{"IPv6 empty", {.dst = SLOT3_V6}, .want = TUNNEL, .minor = 7},
	{"IPv6 hop limit 2", {.dst = SLOT3_V6, .ttl = 2}, .want = TUNNEL, .minor = 7},
	{"IPv6 hop limit 255", {.dst = SLOT3_V6, .ttl = 255}, .want = TUNNEL, .minor = 7},
	{"IPv6 of MTU", {.dst = SLOT3_V6, .len = 1380}, .want = TUNNEL, .minor = 7},
	{"IPv6 destination options",
	 {.dst = SLOT3_V6, .options = 2, .len = 9},
	 .want = TUNNEL,
	 .minor = 7},
	{"IPv4", {.dst = SLOT3_V4, .len = 100}, .want = TUNNEL, .minor = 7},
	{"IPv4 TTL 2", {.dst = SLOT3_V4, .ttl = 2, .len = 5}, .want = TUNNEL, .minor = 7},
	{"IPv4 of MTU", {.dst = SLOT3_V4, .len = 1400}, .want = TUNNEL, .minor = 7},
	{"other tunnel", {.dst = SLOT4_V6, .len = 1240}, .want = TUNNEL},
	{"merged TCP",
	 {.dst = SLOT3_V6, .upper = TCP, .len = 1800, .gso_size = 1348, .gso_segs = 2},
	 .want = TUNNEL,
	 .minor = 7},
	{"merged TCP, IPv4",
	 {.dst = SLOT3_V4, .upper = TCP, .len = 1800, .gso_size = 1368, .gso_segs = 2},
	 .want = TUNNEL,
	 .minor = 7},
	{"merged UDP",
	 {.dst = SLOT3_V6, .upper = UDP, .len = 1800, .gso_size = 1372, .gso_segs = 2},
	 .want = TUNNEL,
	 .minor = 7},

	{"IPv6 hop limit 1", {.dst = SLOT3_V6, .ttl = 1}, .want = STACK, .minor = 7},
	{"IPv6 over MTU", {.dst = SLOT3_V6, .len = 1381}, .want = STACK, .minor = 7},
	{"IPv6 hop-by-hop", {.dst = SLOT3_V6, .options = 1}, .want = STACK, .minor = 7},
	{"IPv4 TTL 1", {.dst = SLOT5_V4, .ttl = 1}, .want = STACK, .minor = 8},
	{"IPv4 over MTU", {.dst = SLOT3_V4, .len = 1401}, .want = STACK, .minor = 7},
	{"IPv4 options", {.dst = SLOT3_V4, .options = 1}, .want = STACK, .minor = 7},
	{"over a smaller MTU, no class", {.dst = SLOT4_V6, .len = 1241}, .want = STACK},
	{"merged TCP over MTU",
	 {.dst = SLOT3_V6, .upper = TCP, .len = 1800, .gso_size = 1349, .gso_segs = 2},
	 .want = STACK,
	 .minor = 7},
	{"merged UDP over MTU",
	 {.dst = SLOT3_V4, .upper = UDP, .len = 1800, .gso_size = 1393, .gso_segs = 2},
	 .want = STACK,
	 .minor = 7},
	{"merged unknown",
	 {.dst = SLOT3_V6, .len = 1800, .gso_size = 900, .gso_segs = 2},
	 .want = STACK,
	 .minor = 7},

	{"no slot", {.dst = "2001:db8:5::2"}, .want = SHOT, .reason = SC_DROP_NO_SLOT},
	{"closed slot", {.dst = SLOT6_V6}, .want = SHOT, .reason = SC_DROP_NO_SLOT},
	{"closed slot, IPv4", {.dst = SLOT6_V4}, .want = SHOT, .reason = SC_DROP_NO_SLOT},
	{"other address of slot 3",
	 {.dst = "2001:db8:5::3"},
	 .want = SHOT,
	 .reason = SC_DROP_NO_SLOT},
	{"IPv4 pool, no slot", {.dst = "192.0.2.15"}, .want = SHOT, .reason = SC_DROP_NO_SLOT},

	{"own", {.dst = "2001:db8:5::1"}, .want = LEFT},
	{"own, IPv4", {.dst = "192.0.2.14"}, .want = LEFT},
	{"elsewhere", {.dst = "2001:db8:77::1"}, .want = LEFT},
	{"elsewhere, IPv4", {.dst = "192.0.2.16"}, .want = LEFT},
	{"to another MAC", {.eth_dst = "02:00:00:00:00:77", .dst = SLOT3_V6}, .want = LEFT},
	{"no slot, to another MAC",
	 {.eth_dst = "02:00:00:00:00:77", .dst = "2001:db8:5::2"},
	 .want = LEFT},
	{"broadcast", {.eth_dst = "ff:ff:ff:ff:ff:ff", .dst = SLOT3_V4}, .want = LEFT},
};

static void test_uplink_in(void **state UNUSED)
{
	for (size_t i = 0; i < ARRAY_SIZE(steers); i++) {
		static const int acts[] = {TC_ACT_UNSPEC, TC_ACT_UNSPEC, TC_ACT_REDIRECT,
					   TC_ACT_SHOT};
		const struct steer_case *c = &steers[i];
		struct rig_result r;
		struct pkt in;

		spec_run(&rig, RIG_UPLINK_IN, &c->spec, rig.up, &in, &r);
		verdict(c->name, &r, acts[c->want], c->reason);
		assert_int_equal(r.skb.mark,
				 c->want == STACK || c->want == TUNNEL ? 0x5d000000 | c->minor : 0);
		if (c->want == TUNNEL) { /* one hop less, nothing else */
			in.b[in.ip + (in.version == 6 ? 7 : 8)]--;
			if (in.version == 4)
				pkt_ip4_sum(&in);
		}
		rig_same(c->name, &r.out, &in);
	}
}

/* The incremental checksum is the same as one made anew, for every TTL and both its edges. */
static void test_hop_checksum(void **state UNUSED)
{
	struct rig_result r;

	for (unsigned int id = 0; id < 65536; id += id < 65000 ? 509 : 1) {
		const struct __sk_buff skb = {.ifindex = rig.up};
		const struct spec s = {.dst = SLOT3_V4, .ttl = (uint8_t)(2 + id % 254)};
		struct pkt in = {};

		spec_make(&s, &in);
		in.b[in.ip + 4] = (uint8_t)(id >> 8);
		in.b[in.ip + 5] = (uint8_t)id;
		pkt_ip4_sum(&in);
		rig_run(&rig, RIG_UPLINK_IN, &in, &skb, &r);
		in.b[in.ip + 8]--;
		pkt_ip4_sum(&in);
		rig_same("checksum", &r.out, &in);
	}
}

static void test_uplink_in_truncated(void **state UNUSED)
{
	static const struct spec specs[] = {{.dst = SLOT3_V6, .upper = TCP, .len = 20},
					    {.dst = SLOT3_V4, .upper = TCP, .len = 20}};
	const struct __sk_buff skb = {.ifindex = rig.up};

	for (size_t i = 0; i < ARRAY_SIZE(specs); i++) {
		struct rig_result r;
		struct pkt whole = {};

		spec_make(&specs[i], &whole);
		for (size_t len = rig_min_len(RIG_UPLINK_IN, &whole); len < whole.len; len++) {
			struct pkt in = whole;

			in.len = len;
			rig_run(&rig, RIG_UPLINK_IN, &in, &skb, &r);
			verdict("cut", &r, TC_ACT_SHOT, SC_DROP_MALFORMED);
		}
		pkt_fill(&whole, 6, 0); /* Ethernet padding */
		rig_run(&rig, RIG_UPLINK_IN, &whole, &skb, &r);
		verdict("padded", &r, TC_ACT_REDIRECT, 0);
	}
}

static void test_uplink_in_vlan(void **state UNUSED)
{
	const struct __sk_buff skb = {.ifindex = rig.up};
	struct rig_result r;
	struct pkt in = {};

	pkt_eth(&in, RIG_MAC, RIG_PEER, 0x86dd);
	pkt_vlan(&in, 5, 0x86dd);
	pkt_ip6(&in, FAR6, "2001:db8:5::2", 59, 64);
	pkt_done(&in);
	rig_run(&rig, RIG_UPLINK_IN, &in, &skb, &r);
	verdict("VLAN", &r, TC_ACT_UNSPEC, 0);
	rig_same("VLAN", &r.out, &in);
}

/* Counters of a slot: what a step added. */
static struct sc_counters counted(uint32_t slot, const struct sc_counters *before)
{
	struct sc_counters now;

	dp_counters(rig.dp, slot, &now);
	now.up_packets -= before->up_packets;
	now.up_bytes -= before->up_bytes;
	now.down_packets -= before->down_packets;
	now.down_bytes -= before->down_bytes;
	now.drop_packets -= before->drop_packets;
	now.drop_bytes -= before->drop_bytes;
	now.outside_packets -= before->outside_packets;
	return now;
}

static void expect(const char *name, const struct sc_counters *have, struct sc_counters want)
{
	want.last_up_ns = have->last_up_ns;
	if (memcmp(have, &want, sizeof(want)))
		print_error("%s: up %llu/%llu down %llu/%llu drop %llu/%llu outside %llu\n", name,
			    have->up_packets, have->up_bytes, have->down_packets, have->down_bytes,
			    have->drop_packets, have->drop_bytes, have->outside_packets);
	assert_memory_equal(have, &want, sizeof(want));
}

/* Tunnel out. */
static const struct down_case {
	const char *name;
	struct spec spec;
	bool wg1;
	int reason;
	uint32_t slot; /* whose counters move */
	uint64_t packets, bytes;
	uint32_t priority;
} downs[] = {
	{"IPv6",
	 {.dst = SLOT3_V6, .len = 100},
	 .slot = 3,
	 .packets = 1,
	 .bytes = 140,
	 .priority = CLASS(7)},
	{"IPv4",
	 {.dst = SLOT5_V4, .len = 100},
	 .slot = 5,
	 .packets = 1,
	 .bytes = 120,
	 .priority = CLASS(8)},
	{"unshaped",
	 {.dst = SLOT4_V6, .len = 1},
	 .wg1 = true,
	 .slot = 4,
	 .packets = 1,
	 .bytes = 41,
	 .priority = 0},
	{"hop limit 1",
	 {.dst = SLOT3_V6, .ttl = 1},
	 .slot = 3,
	 .packets = 1,
	 .bytes = 40,
	 .priority = CLASS(7)},
	{"from the relay",
	 {.src = "2001:db8:aa::1", .dst = SLOT3_V6, .len = 8},
	 .slot = 3,
	 .packets = 1,
	 .bytes = 48,
	 .priority = CLASS(7)},
	{"merged TCP",
	 {.dst = SLOT3_V6, .upper = TCP, .len = 1800, .gso_size = 600, .gso_segs = 3},
	 .slot = 3,
	 .packets = 3,
	 .bytes = 1800 + 3 * 72,
	 .priority = CLASS(7)},
	{"merged TCP, last one short",
	 {.dst = SLOT3_V4, .upper = TCP, .len = 1801, .gso_size = 600, .gso_segs = 4},
	 .slot = 3,
	 .packets = 4,
	 .bytes = 1801 + 4 * 52,
	 .priority = CLASS(7)},
	{"merged TCP, not counted by its driver",
	 {.dst = SLOT3_V6, .upper = TCP, .len = 1801, .gso_size = 600},
	 .slot = 3,
	 .packets = 4,
	 .bytes = 1801 + 4 * 72,
	 .priority = CLASS(7)},
	{"merged UDP",
	 {.dst = SLOT3_V6, .upper = UDP, .len = 1800, .gso_size = 600, .gso_segs = 3},
	 .slot = 3,
	 .packets = 3,
	 .bytes = 1800 + 3 * 48,
	 .priority = CLASS(7)},
	{"merged unknown",
	 {.dst = SLOT3_V6, .len = 1800, .gso_size = 600, .gso_segs = 3},
	 .slot = 3,
	 .packets = 3,
	 .bytes = 1800 + 3 * 40,
	 .priority = CLASS(7)},

	{"other tunnel's peer",
	 {.dst = SLOT3_V6},
	 .wg1 = true,
	 .reason = SC_DROP_NOT_OURS,
	 .slot = 3},
	{"no slot", {.dst = "2001:db8:5::2"}, .reason = SC_DROP_NOT_OURS},
	{"closed slot", {.dst = SLOT6_V6}, .reason = SC_DROP_NOT_OURS},
	{"closed slot, IPv4", {.dst = SLOT6_V4}, .reason = SC_DROP_NOT_OURS},
	{"elsewhere", {.dst = "2001:db8:77::1"}, .reason = SC_DROP_NOT_OURS},
	{"multicast", {.dst = "ff02::fb"}, .reason = SC_DROP_NOT_OURS},
	{"elsewhere, IPv4", {.dst = "203.0.113.10"}, .reason = SC_DROP_NOT_OURS},
};

static void test_wg_out(void **state UNUSED)
{
	for (size_t i = 0; i < ARRAY_SIZE(downs); i++) {
		const struct down_case *c = &downs[i];
		struct sc_counters before, now, want = {};
		struct rig_result r;
		struct pkt in;

		dp_counters(rig.dp, c->slot, &before);
		spec_run(&rig, RIG_WG_OUT, &c->spec, c->wg1 ? rig.wg1 : rig.wg0, &in, &r);
		verdict(c->name, &r, c->reason ? TC_ACT_SHOT : TC_ACT_UNSPEC, c->reason);
		rig_same(c->name, &r.out, &in);
		now = counted(c->slot, &before);
		if (c->reason && c->slot) {
			want.drop_packets = 1;
			want.drop_bytes = in.len - 14;
		} else {
			want.down_packets = c->packets;
			want.down_bytes = c->bytes;
		}
		expect(c->name, &now, want);
		assert_int_equal(r.skb.priority, c->priority);
	}
}

/* Carried are all; from outside is what the uplink brought: neither an answer of the echo, nor
 * another container's packet, nor the relay's own. */
static void test_from_outside(void **state UNUSED)
{
	static const struct {
		const char *name;
		uint32_t mark;
		struct spec spec;
		uint64_t packets, outside;
	} cases[] = {
		{"from the uplink", SC_MARK_DOWN | 7, {.dst = SLOT3_V6}, 1, 1},
		{"from the uplink, IPv4", SC_MARK_DOWN, {.dst = SLOT3_V4}, 1, 1},
		{"merged",
		 SC_MARK_DOWN,
		 {.dst = SLOT3_V6, .upper = TCP, .len = 1800, .gso_size = 600, .gso_segs = 3},
		 3,
		 3},
		{"echo", SC_MARK_ECHO, {.src = "fe80::1", .dst = SLOT3_V6, .upper = UDP}, 1, 0},
		{"from slot 5", SC_MARK_UP | 7, {.src = SLOT5_V6, .dst = SLOT3_V6}, 1, 0},
		{"from the relay", 0, {.src = "2001:db8:aa::1", .dst = SLOT3_V6}, 1, 0},
	};

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		const struct __sk_buff skb = {.ifindex = rig.wg0,
					      .mark = cases[i].mark,
					      .gso_size = cases[i].spec.gso_size,
					      .gso_segs = cases[i].spec.gso_segs};
		struct sc_counters before, now;
		struct rig_result r;
		struct pkt in = {};

		dp_counters(rig.dp, 3, &before);
		spec_make(&cases[i].spec, &in);
		rig_run(&rig, RIG_WG_OUT, &in, &skb, &r);
		verdict(cases[i].name, &r, TC_ACT_UNSPEC, 0);
		rig_same(cases[i].name, &r.out, &in);
		now = counted(3, &before);
		assert_int_equal(now.down_packets, cases[i].packets);
		assert_int_equal(now.outside_packets, cases[i].outside);
	}
}

/* Tunnel in. */
static const struct up_case {
	const char *name;
	struct spec spec; /* src: NULL = slot 3's */
	bool wg1;
	int reason;
	uint32_t slot;
	uint64_t packets, bytes;
} ups[] = {
	{"IPv6", {.dst = FAR6, .len = 100}, .slot = 3, .packets = 1, .bytes = 140},
	{"IPv4", {.dst = FAR4, .len = 100}, .slot = 3, .packets = 1, .bytes = 120},
	{"second pool",
	 {.src = SLOT5_V6, .dst = FAR6, .len = 1},
	 .slot = 5,
	 .packets = 1,
	 .bytes = 41},
	{"second tunnel",
	 {.src = SLOT4_V6, .dst = FAR6, .len = 1},
	 .wg1 = true,
	 .slot = 4,
	 .packets = 1,
	 .bytes = 41},
	{"merged TCP",
	 {.dst = FAR6, .upper = TCP, .len = 1800, .gso_size = 600, .gso_segs = 3},
	 .slot = 3,
	 .packets = 3,
	 .bytes = 1800 + 3 * 72},
	{"hop limit 1", {.dst = FAR6, .ttl = 1}, .slot = 3, .packets = 1, .bytes = 40},
	{"private network", {.dst = "10.1.2.3"}, .slot = 3, .packets = 1, .bytes = 20},
	{"unique local", {.dst = "fd00::1"}, .slot = 3, .packets = 1, .bytes = 40},
	{"223.255.255.255", {.dst = "223.255.255.255"}, .slot = 3, .packets = 1, .bytes = 20},
	{"neighbour of another account", {.dst = SLOT5_V6}, .slot = 3, .packets = 1, .bytes = 40},
	{"neighbour of the same account", {.dst = SLOT4_V6}, .slot = 3, .packets = 1, .bytes = 40},

#define BAD(why) .reason = SC_DROP_##why
	{"no slot", {.src = "2001:db8:5::2", .dst = FAR6}, BAD(BAD_SOURCE)},
	{"closed slot", {.src = SLOT6_V6, .dst = FAR6}, BAD(BAD_SOURCE)},
	{"closed slot, IPv4", {.src = SLOT6_V4, .dst = FAR4}, BAD(BAD_SOURCE)},
	{"other address of slot 3", {.src = "2001:db8:5::3", .dst = FAR6}, BAD(BAD_SOURCE)},
	{"other tunnel's peer", {.src = SLOT4_V6, .dst = FAR6}, BAD(BAD_SOURCE)},
	{"in no pool", {.src = "10.0.0.1", .dst = FAR4}, BAD(BAD_SOURCE)},
	{"link-local", {.src = "fe80::1", .dst = "ff02::2"}, BAD(BAD_SOURCE)},
	{"relay's own source", {.src = "2001:db8:aa::1", .dst = FAR6}, BAD(BAD_SOURCE)},

#undef BAD
#define BAD(why) .slot = 3, .reason = SC_DROP_##why
	{"to the relay", {.dst = "2001:db8:aa::1"}, BAD(TO_RELAY)},
	{"to the relay, in a pool", {.dst = "2001:db8:5::1"}, BAD(TO_RELAY)},
	{"to the relay, IPv4", {.dst = "203.0.113.10"}, BAD(TO_RELAY)},
	{"to the relay, IPv4 in a pool", {.dst = "192.0.2.14"}, BAD(TO_RELAY)},
	{"to ::", {.dst = "::"}, BAD(BAD_DESTINATION)},
	{"to ::1", {.dst = "::1"}, BAD(BAD_DESTINATION)},
	{"to fe80::1", {.dst = "fe80::1"}, BAD(BAD_DESTINATION)},
	{"to febf::1", {.dst = "febf::1"}, BAD(BAD_DESTINATION)},
	{"to ff02::1", {.dst = "ff02::1"}, BAD(BAD_DESTINATION)},
	{"to ff0e::1", {.dst = "ff0e::1"}, BAD(BAD_DESTINATION)},
	{"to a mapped address", {.dst = "::ffff:203.0.113.9"}, BAD(BAD_DESTINATION)},
	{"to 0.1.2.3", {.dst = "0.1.2.3"}, BAD(BAD_DESTINATION)},
	{"to 127.0.0.1", {.dst = "127.0.0.1"}, BAD(BAD_DESTINATION)},
	{"to 169.254.169.254", {.dst = "169.254.169.254"}, BAD(BAD_DESTINATION)},
	{"to 224.0.0.1", {.dst = "224.0.0.1"}, BAD(BAD_DESTINATION)},
	{"to 240.0.0.1", {.dst = "240.0.0.1"}, BAD(BAD_DESTINATION)},
	{"to all", {.dst = "255.255.255.255"}, BAD(BAD_DESTINATION)},
#undef BAD
};

static uint32_t minor_of(uint32_t slot)
{
	return slot == 3 ? 7 : slot == 5 ? 8 : 0;
}

static void test_wg_in(void **state UNUSED)
{
	for (size_t i = 0; i < ARRAY_SIZE(ups); i++) {
		const struct up_case *c = &ups[i];
		struct sc_counters before, now, want = {};
		struct spec s = c->spec;
		struct rig_result r;
		struct pkt in, out = {};

		s.src = s.src ? s.src : spec_slot3(s.dst);
		dp_counters(rig.dp, c->slot, &before);
		spec_run(&rig, RIG_WG_IN, &s, c->wg1 ? rig.wg1 : rig.wg0, &in, &r);
		verdict(c->name, &r, c->reason ? TC_ACT_SHOT : TC_ACT_REDIRECT, c->reason);
		now = counted(c->slot, &before);
		if (c->reason) {
			rig_same(c->name, &r.out, &in);
			want.drop_packets = c->slot ? 1 : 0;
			want.drop_bytes = c->slot ? in.len - 14 : 0;
			assert_int_equal(r.skb.mark, 0);
		} else {
			spec_out(&in, &out);
			rig_same(c->name, &r.out, &out);
			want.up_packets = c->packets;
			want.up_bytes = c->bytes;
			assert_int_equal(r.skb.mark, 0x5c000000 | minor_of(c->slot));
		}
		expect(c->name, &now, want);
	}
}

static void test_wg_truncated(void **state UNUSED)
{
	static const struct spec specs[] = {
		{.src = SLOT3_V6, .dst = FAR6, .upper = TCP, .len = 9},
		{.src = SLOT3_V4, .dst = FAR4, .upper = TCP, .len = 9},
		{.src = FAR6, .dst = SLOT3_V6, .upper = TCP, .len = 9},
		{.src = FAR4, .dst = SLOT3_V4, .upper = TCP, .len = 9},
	};

	for (size_t i = 0; i < ARRAY_SIZE(specs); i++)
		spec_cut(&rig, i < 2 ? RIG_WG_IN : RIG_WG_OUT, &specs[i], rig.wg0);
}

static void test_wg_not_ip(void **state UNUSED)
{
	const struct __sk_buff skb = {.ifindex = rig.wg0};
	struct rig_result r;
	struct pkt in = {};

	pkt_eth(&in, RIG_MAC, RIG_PEER, 0x0806);
	pkt_fill(&in, 40, 0x45);
	for (enum rig_prog prog = RIG_WG_IN; prog <= RIG_WG_OUT; prog++) {
		rig_run(&rig, prog, &in, &skb, &r);
		verdict("ARP in a tunnel", &r, TC_ACT_SHOT, SC_DROP_NOT_IP);
		rig_same("ARP in a tunnel", &r.out, &in);
	}
	/* It says of no peer that it came from there. */
	for (uint32_t nr = 0; nr < ENV_SLOTS; nr++) {
		struct sc_counters n;

		dp_counters(rig.dp, nr, &n);
		assert_memory_equal(&n, &(struct sc_counters){}, sizeof(n));
	}
}

static void test_last_seen(void **state UNUSED)
{
	const struct spec good = {.src = SLOT3_V6, .dst = FAR6},
			  bad = {.src = SLOT3_V6, .dst = "ff02::1"};
	struct sc_counters first, second;
	struct timespec ts;
	struct rig_result r;
	struct pkt in;

	spec_run(&rig, RIG_WG_IN, &good, rig.wg0, &in, &r);
	dp_counters(rig.dp, 3, &first);
	clock_gettime(CLOCK_MONOTONIC, &ts);
	assert_in_range(first.last_up_ns, 1,
			(uint64_t)ts.tv_sec * 1000000000 + (uint64_t)ts.tv_nsec);
	spec_run(&rig, RIG_WG_IN, &bad, rig.wg0, &in, &r);
	dp_counters(rig.dp, 3, &second);
	assert_int_equal(first.last_up_ns, second.last_up_ns);
	spec_run(&rig, RIG_WG_IN, &good, rig.wg0, &in, &r);
	dp_counters(rig.dp, 3, &second);
	assert_true(second.last_up_ns > first.last_up_ns);
	dp_counters_reset(rig.dp, 3);
	dp_counters(rig.dp, 3, &second);
	expect("reset", &second, (struct sc_counters){});
	assert_int_equal(second.last_up_ns, 0);
}

/* As many own addresses as there can be: each is refused to tunnels, and none once it is gone. */
static void test_every_own_address(void **state UNUSED)
{
	struct sc_own_key keys[SC_MAX_OWN];
	char dst[64];
	const struct spec s = {.src = SLOT3_V6, .dst = dst}, s4 = {.src = SLOT3_V4, .dst = dst};

	for (unsigned int i = 0; i < SC_MAX_OWN; i++) {
		snprintf(dst, sizeof(dst), i % 2 ? "2001:db8:aa:%x::%x" : "::ffff:203.0.%u.%u",
			 i * 7 % 256, i * 13 % 256);
		assert_int_equal(inet_pton(AF_INET6, dst, keys[i].addr), 1);
	}
	for (int set = 1; set >= 0; set--) {
		assert_int_equal(dp_own_set(rig.dp, keys, set ? SC_MAX_OWN : 0, NULL), 0);
		for (unsigned int i = 0; i < SC_MAX_OWN; i++) {
			struct rig_result r;
			struct pkt in;

			snprintf(dst, sizeof(dst), i % 2 ? "2001:db8:aa:%x::%x" : "203.0.%u.%u",
				 i * 7 % 256, i * 13 % 256);
			spec_run(&rig, RIG_WG_IN, i % 2 ? &s : &s4, rig.wg0, &in, &r);
			verdict(dst, &r, set ? TC_ACT_SHOT : TC_ACT_REDIRECT,
				set ? SC_DROP_TO_RELAY : 0);
		}
	}
}

/* hairpin: deny and isolation: account, all four ways. */
static void test_hairpin(void **state UNUSED)
{
	static const struct {
		bool deny, account;
		const char *src, *dst;
		int reason;
		uint32_t to; /* slot of dst, 0 = none */
	} cases[] = {
		{false, false, SLOT3_V6, SLOT5_V6, 0, 5},
		{false, true, SLOT3_V6, SLOT5_V6, 0, 5},
		{true, false, SLOT3_V6, SLOT5_V6, SC_DROP_HAIRPIN, 5},
		{true, false, SLOT3_V6, SLOT4_V6, SC_DROP_HAIRPIN, 4}, /* same account */
		{true, true, SLOT3_V6, SLOT5_V6, SC_DROP_HAIRPIN, 5},
		{true, true, SLOT3_V6, SLOT4_V6, 0, 4},
		{true, true, SLOT3_V6, SLOT6_V6, SC_DROP_HAIRPIN, 6}, /* closed */
		{true, true, SLOT3_V4, SLOT5_V4, SC_DROP_HAIRPIN, 5},
		{true, true, SLOT3_V6, "2001:db8:5::1", SC_DROP_TO_RELAY, 0},
		{true, true, SLOT3_V6, FAR6, 0, 0},
	};

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		const struct spec s = {.src = cases[i].src, .dst = cases[i].dst, .len = 60};
		struct sc_counters now, want = {};
		struct rig_result r;
		struct pkt in, out = {};

		rig_close(&rig);
		rig_conf(&rig);
		rig.conf.hairpin_deny = cases[i].deny;
		rig.conf.isolation_account = cases[i].account;
		rig_open(&rig);
		spec_run(&rig, RIG_WG_IN, &s, rig.wg0, &in, &r);
		verdict(s.dst, &r, cases[i].reason ? TC_ACT_SHOT : TC_ACT_REDIRECT,
			cases[i].reason);
		if (cases[i].reason) {
			out = in;
			want.drop_packets = 1;
			want.drop_bytes = in.len - 14;
		} else {
			spec_out(&in, &out);
			want.up_packets = 1;
			want.up_bytes = in.len - 14;
		}
		rig_same(s.dst, &r.out, &out);
		dp_counters(rig.dp, 3, &now);
		expect(s.dst, &now, want);
		/* Who it is for is counted when it comes there. */
		dp_counters(rig.dp, cases[i].to, &now);
		expect("its destination", &now, (struct sc_counters){});
	}
}

/* A slot that moves to the other tunnel: only wg_ifindex changes, at once, both ways. */
static void test_slot_moves(void **state UNUSED)
{
	const struct spec up = {.src = SLOT3_V6, .dst = FAR6}, down = {.dst = SLOT3_V6};
	struct sc_slot s;
	struct rig_result r;
	struct pkt in;

	assert_int_equal(dp_slot_get(rig.dp, 3, &s), 0);
	s.wg_ifindex = rig.wg1;
	assert_int_equal(dp_slot_set(rig.dp, 3, &s, NULL), 0);
	spec_run(&rig, RIG_WG_IN, &up, rig.wg0, &in, &r);
	verdict("old tunnel in", &r, TC_ACT_SHOT, SC_DROP_BAD_SOURCE);
	spec_run(&rig, RIG_WG_IN, &up, rig.wg1, &in, &r);
	verdict("new tunnel in", &r, TC_ACT_REDIRECT, 0);
	spec_run(&rig, RIG_WG_OUT, &down, rig.wg0, &in, &r);
	verdict("old tunnel out", &r, TC_ACT_SHOT, SC_DROP_NOT_OURS);
	spec_run(&rig, RIG_WG_OUT, &down, rig.wg1, &in, &r);
	verdict("new tunnel out", &r, TC_ACT_UNSPEC, 0);
}

/* While a key rotates both tunnels are the slot's; before and after only one. */
static void test_slot_rotates(void **state UNUSED)
{
	const struct spec up = {.src = SLOT3_V6, .dst = FAR6}, down = {.dst = SLOT3_V6};
	const struct spec other = {.src = SLOT4_V6, .dst = FAR6};
	struct sc_slot s;
	struct rig_result r;
	struct pkt in;

	assert_int_equal(dp_slot_get(rig.dp, 3, &s), 0);
	spec_run(&rig, RIG_WG_IN, &up, rig.wg1, &in, &r);
	verdict("the next key before", &r, TC_ACT_SHOT, SC_DROP_BAD_SOURCE);
	for (int turned = 0; turned < 2; turned++) {
		s.flags |= SC_SLOT_BOTH;
		s.wg_ifindex = turned ? rig.wg1 : rig.wg0;
		assert_int_equal(dp_slot_set(rig.dp, 3, &s, NULL), 0);
		spec_run(&rig, RIG_WG_IN, &up, rig.wg0, &in, &r);
		verdict("first tunnel in", &r, TC_ACT_REDIRECT, 0);
		spec_run(&rig, RIG_WG_IN, &up, rig.wg1, &in, &r);
		verdict("second tunnel in", &r, TC_ACT_REDIRECT, 0);
		spec_run(&rig, RIG_WG_OUT, &down, rig.wg0, &in, &r);
		verdict("first tunnel out", &r, TC_ACT_UNSPEC, 0);
		spec_run(&rig, RIG_WG_OUT, &down, rig.wg1, &in, &r);
		verdict("second tunnel out", &r, TC_ACT_UNSPEC, 0);
	}
	spec_run(&rig, RIG_WG_IN, &other, rig.wg0, &in, &r);
	verdict("another slot", &r, TC_ACT_SHOT, SC_DROP_BAD_SOURCE);
	s.flags &= ~SC_SLOT_BOTH;
	assert_int_equal(dp_slot_set(rig.dp, 3, &s, NULL), 0);
	spec_run(&rig, RIG_WG_IN, &up, rig.wg0, &in, &r);
	verdict("the former key after", &r, TC_ACT_SHOT, SC_DROP_BAD_SOURCE);
	spec_run(&rig, RIG_WG_IN, &up, rig.wg1, &in, &r);
	verdict("the new key after", &r, TC_ACT_REDIRECT, 0);
}

/* Uplink out: marks become classes. */
static void test_uplink_out(void **state UNUSED)
{
	static const struct {
		uint32_t mark, before, priority;
	} cases[] = {
		{0x5c000007, 0, CLASS(7)},
		{0x5c000007, 5, CLASS(7)},
		{0x5c00ffff, 0, 0x1ffff},
		{0x5c000000, 6, 6}, /* unshaped */
		{0x5d000007, 6, 6},
		{0, 6, 6},
		{7, 6, 6},
		{0x5c7f0007, 0, CLASS(7)},
	};
	const struct spec s = {.dst = FAR6};

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		const struct __sk_buff skb = {
			.ifindex = rig.up, .mark = cases[i].mark, .priority = cases[i].before};
		struct rig_result r;
		struct pkt in = {};

		spec_make(&s, &in);
		rig_run(&rig, RIG_UPLINK_OUT, &in, &skb, &r);
		verdict("mark", &r, TC_ACT_UNSPEC, 0);
		rig_same("mark", &r.out, &in);
		assert_int_equal(r.skb.priority, cases[i].priority);
		assert_int_equal(r.skb.mark, cases[i].mark);
	}
}

/* Nothing of the packet is needed to know whose it is. */
static void test_uplink_out_truncated(void **state UNUSED)
{
	static const struct spec specs[] = {{.dst = FAR6, .upper = TCP, .len = 9},
					    {.dst = FAR4, .upper = UDP, .len = 9}};
	static const uint32_t marks[] = {0, 0x5c000007};

	for (size_t i = 0; i < ARRAY_SIZE(specs) * ARRAY_SIZE(marks); i++) {
		const struct __sk_buff skb = {
			.ifindex = rig.up, .mark = marks[i / 2], .priority = 6};
		struct rig_result r;
		struct pkt whole = {};

		spec_make(&specs[i % 2], &whole);
		for (size_t len = rig_min_len(RIG_UPLINK_OUT, &whole); len < whole.len; len++) {
			struct pkt in = whole;

			in.len = len;
			rig_run(&rig, RIG_UPLINK_OUT, &in, &skb, &r);
			verdict("cut", &r, TC_ACT_UNSPEC, 0);
			rig_same("cut", &r.out, &in);
			assert_int_equal(r.skb.priority, marks[i / 2] ? CLASS(7) : 6);
		}
	}
}

#define T(f) cmocka_unit_test_setup_teardown(f, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		T(test_uplink_in),
		T(test_hop_checksum),
		T(test_uplink_in_truncated),
		T(test_uplink_in_vlan),
		T(test_wg_out),
		T(test_from_outside),
		T(test_wg_in),
		T(test_wg_truncated),
		T(test_wg_not_ip),
		T(test_last_seen),
		T(test_hairpin),
		T(test_slot_moves),
		T(test_slot_rotates),
		T(test_uplink_out),
		T(test_uplink_out_truncated),
		T(test_every_own_address),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	env_enter();
	rig_devices();
	return cmocka_run_group_tests_name("tunnel", tests, NULL, NULL);
}
