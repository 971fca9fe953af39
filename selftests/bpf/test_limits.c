/* SPDX-License-Identifier: GPL-2.0-only */
/* Sources that cannot be true, ceilings, handshakes: through all three forms of the guard. */
#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <linux/pkt_cls.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <cmocka.h>
#include "../../relay/dp_impl.h"
#include "rig.h"
#include "spec.h"
#include "sidecar.skel.h"

static struct rig rig;

static void packet(struct pkt *p, const char *src, const char *dst, size_t len)
{
	const struct spec s = {.src = src, .dst = dst, .len = len};

	*p = (struct pkt){};
	spec_make(&s, p);
}

static void expect_in(enum rig_prog prog, const char *name, const struct pkt *in, int reason)
{
	const struct __sk_buff skb = {.ifindex = rig.up};
	bool is_xdp = prog != RIG_UPLINK_TC;
	int want = is_xdp ? (reason ? XDP_DROP : XDP_PASS) : (reason ? TC_ACT_SHOT : TC_ACT_UNSPEC);
	struct rig_result r;

	rig_run(&rig, prog, in, is_xdp ? NULL : &skb, &r);
	if (r.verdict != want || r.reason != reason)
		print_error("%s (form %d): verdict %d, reason %d\n", name, prog, r.verdict,
			    r.reason);
	assert_int_equal(r.verdict, want);
	assert_int_equal(r.reason, reason);
	rig_same(name, &r.out, in);
}

static void expect_all(const char *name, const struct pkt *in, int reason)
{
	for (enum rig_prog prog = RIG_UPLINK_XDP; prog <= RIG_UPLINK_TC; prog++)
		expect_in(prog, name, in, reason);
}

/* What else the data plane was loaded with: pools on-link or routed, hairpin. */
enum how { ONLINK = 1, ROUTED = 2, DENY = 4, ANY = 3 };

static const struct source_case {
	const char *src, *dst;
	unsigned int how; /* where the reason holds; elsewhere it passes */
	int reason;
} sources[] = {
	{FAR6, SLOT3_V6, 0, 0},
	{FAR4, SLOT3_V4, 0, 0},
	{"10.1.2.3", SLOT3_V4, 0, 0},
	{"192.168.1.1", SLOT3_V4, 0, 0},
	{"fd00::1", SLOT3_V6, 0, 0},
	{"1.0.0.1", SLOT3_V4, 0, 0},
	{"223.255.255.254", SLOT3_V4, 0, 0},
	{"126.255.255.255", SLOT3_V4, 0, 0},
	{"169.253.255.255", SLOT3_V4, 0, 0},
	{"::2", SLOT3_V6, 0, 0},
	{"fec0::1", SLOT3_V6, 0, 0},
	{"0.0.0.0", SLOT3_V4, ANY, SC_DROP_BOGON_SOURCE},
	{"127.0.0.1", SLOT3_V4, ANY, SC_DROP_BOGON_SOURCE},
	{"169.254.1.1", SLOT3_V4, ANY, SC_DROP_BOGON_SOURCE},
	{"224.0.0.1", SLOT3_V4, ANY, SC_DROP_BOGON_SOURCE},
	{"240.1.1.1", SLOT3_V4, ANY, SC_DROP_BOGON_SOURCE},
	{"255.255.255.255", SLOT3_V4, ANY, SC_DROP_BOGON_SOURCE},
	{"::", SLOT3_V6, ANY, SC_DROP_BOGON_SOURCE},
	{"::1", SLOT3_V6, ANY, SC_DROP_BOGON_SOURCE},
	{"fe80::1", SLOT3_V6, ANY, SC_DROP_BOGON_SOURCE},
	{"febf::1", SLOT3_V6, ANY, SC_DROP_BOGON_SOURCE},
	{"ff02::1", SLOT3_V6, ANY, SC_DROP_BOGON_SOURCE},
	{"::ffff:198.18.0.1", SLOT3_V6, ANY, SC_DROP_BOGON_SOURCE},
	/* Its own address; the relay's own in a pool; another peer's; nobody's in a pool. */
	{SLOT3_V6, SLOT3_V6, ANY, SC_DROP_OWN_SOURCE},
	{SLOT3_V4, SLOT3_V4, ANY, SC_DROP_OWN_SOURCE},
	{"2001:db8:5::1", SLOT3_V6, ANY, SC_DROP_OWN_SOURCE},
	{"192.0.2.14", SLOT3_V4, ANY, SC_DROP_OWN_SOURCE},
	{SLOT5_V6, SLOT3_V6, DENY, SC_DROP_OWN_SOURCE},
	{SLOT5_V4, SLOT3_V4, DENY, SC_DROP_OWN_SOURCE},
	{SLOT6_V6, SLOT3_V6, ROUTED, SC_DROP_OWN_SOURCE}, /* closed */
	{"2001:db8:5::2", SLOT3_V6, ROUTED, SC_DROP_OWN_SOURCE},
	{"198.51.100.65", SLOT3_V4, ROUTED, SC_DROP_OWN_SOURCE},
	/* To the relay itself the kernel is the judge: neighbour discovery comes from fe80::. */
	{"fe80::1", "2001:db8:5::1", 0, 0},
	{"::", "2001:db8:aa::1", 0, 0},
	{"2001:db8:5::2", "2001:db8:aa::1", 0, 0},
};

/* The three forms drop it as the destination's, or count nothing: that is for the tunnel to do. */
static void sources_counted(const struct source_case *c, const struct pkt *in, int reason)
{
	static const struct sc_counters none;
	struct sc_counters n;

	for (uint32_t nr = 0; nr < ENV_SLOTS; nr++)
		dp_counters_reset(rig.dp, nr);
	expect_all(c->src, in, reason);
	for (uint32_t nr = 0; nr < ENV_SLOTS; nr++) {
		struct sc_counters want = none;

		if (nr == 3 && reason) {
			want.drop_packets = 3;
			want.drop_bytes = 3 * (in->len - 14);
		}
		dp_counters(rig.dp, nr, &n);
		if (memcmp(&n, &want, sizeof(n)))
			print_error("%s: slot %u: drop %llu/%llu\n", c->src, nr, n.drop_packets,
				    n.drop_bytes);
		assert_memory_equal(&n, &want, sizeof(n));
	}
}

static void test_sources(void **state UNUSED)
{
	static const unsigned int hows[] = {ONLINK, ROUTED, ONLINK | DENY, ROUTED | DENY};

	for (size_t h = 0; h < ARRAY_SIZE(hows); h++) {
		rig_close(&rig);
		rig_conf(&rig);
		rig.conf.answer_ndp = hows[h] & ONLINK;
		rig.conf.hairpin_deny = hows[h] & DENY;
		rig_open(&rig);
		for (size_t i = 0; i < ARRAY_SIZE(sources); i++) {
			const struct source_case *c = &sources[i];
			struct pkt in;

			packet(&in, c->src, c->dst, 33);
			sources_counted(c, &in, c->how & hows[h] ? c->reason : 0);
		}
	}
}

static void set_ceiling(uint32_t nr, uint32_t byte_ps, uint32_t packet_ns)
{
	struct sc_slot s;

	assert_int_equal(dp_slot_get(rig.dp, nr, &s), 0);
	s.in_byte_ps = byte_ps;
	s.in_packet_ns = packet_ns;
	assert_int_equal(dp_slot_set(rig.dp, nr, &s, NULL), 0);
}

static void set_paid(uint32_t nr, uint64_t paid_ns)
{
	int fd = bpf_map__fd(rig.dp->skel->maps.ceiling);

	assert_int_equal(bpf_map_update_elem(fd, &nr, &paid_ns, BPF_ANY), 0);
}

static uint64_t get_paid(uint32_t nr)
{
	int fd = bpf_map__fd(rig.dp->skel->maps.ceiling);
	uint64_t paid_ns;

	assert_int_equal(bpf_map_lookup_elem(fd, &nr, &paid_ns), 0);
	return paid_ns;
}

/* A packet costs the larger of its share in bytes and in packets, to the nanosecond. */
static void test_ceiling_costs(void **state UNUSED)
{
	static const struct {
		uint32_t byte_ps, packet_ns;
		size_t len; /* of the payload, behind 40 bytes of header */
		uint64_t cost_ns;
	} cases[] = {
		{0, 0, 60, 0},
		{8000, 0, 60, 800},
		{8000, 700, 60, 800},
		{8000, 900, 60, 900},
		{0, 12345, 1000, 12345},
		{80000, 1, 1360, 112000},
		{4000000000u, 0, 0, 160000000},
		{15, 0, 0, 0},
	};

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		uint64_t ahead = env_now_ns() + SC_CEILING_BURST_NS / 2;
		struct pkt in;

		set_ceiling(3, cases[i].byte_ps, cases[i].packet_ns);
		packet(&in, FAR6, SLOT3_V6, cases[i].len);
		for (enum rig_prog prog = RIG_UPLINK_XDP; prog <= RIG_UPLINK_TC; prog++) {
			set_paid(3, ahead);
			expect_in(prog, "cost", &in, 0);
			assert_int_equal(get_paid(3) - ahead, cases[i].cost_ns);
		}
	}
}

/* Datagrams merged by the driver cost as many packets. */
static void test_ceiling_merged(void **state UNUSED)
{
	const struct __sk_buff skb = {.ifindex = rig.up, .gso_size = 100, .gso_segs = 7};
	uint64_t ahead = env_now_ns() + SC_CEILING_BURST_NS / 2;
	struct rig_result r;
	struct pkt in;

	set_ceiling(3, 0, 1000);
	set_paid(3, ahead);
	packet(&in, FAR6, SLOT3_V6, 700);
	rig_run(&rig, RIG_UPLINK_TC, &in, &skb, &r);
	assert_int_equal(r.verdict, TC_ACT_UNSPEC);
	assert_int_equal(get_paid(3) - ahead, 7000);
}

static void test_ceiling_drops(void **state UNUSED)
{
	struct sc_counters before, after;
	struct pkt in3, in3v4, in5;

	set_ceiling(3, 8000, 1000);
	set_ceiling(5, 8000, 1000);
	set_paid(5, 0);
	packet(&in3, FAR6, SLOT3_V6, 60);
	packet(&in3v4, FAR4, SLOT3_V4, 60);
	packet(&in5, FAR6, SLOT5_V6, 60);
	/* An hour ahead: too much, whatever the family; a neighbour is unharmed. */
	set_paid(3, env_now_ns() + 3600 * SECOND_NS);
	dp_counters(rig.dp, 3, &before);
	expect_all("beyond", &in3, SC_DROP_CEILING);
	expect_all("beyond", &in3v4, SC_DROP_CEILING);
	expect_all("neighbour", &in5, 0);
	dp_counters(rig.dp, 3, &after);
	assert_int_equal(after.drop_packets - before.drop_packets, 6);
	/* A refused packet costs nothing. */
	assert_true(get_paid(3) > env_now_ns() + 3590 * SECOND_NS);
	/* Paid long ago: the credit is the burst, not the time since. */
	set_paid(3, 1);
	expect_in(RIG_UPLINK_XDP, "after a pause", &in3, 0);
	assert_in_range(get_paid(3), env_now_ns() - 10 * SECOND_NS, env_now_ns() + SECOND_NS);
}

/* The first packets go through up to the burst, the next does not. */
static void test_ceiling_burst(void **state UNUSED)
{
	struct pkt in;

	set_ceiling(3, 0, 4000000000u);
	set_paid(3, 0);
	packet(&in, FAR6, SLOT3_V6, 60);
	expect_in(RIG_UPLINK_XDP, "first", &in, 0);
	expect_in(RIG_UPLINK_XDP, "second", &in, SC_DROP_CEILING);
	expect_in(RIG_UPLINK_TC, "second", &in, SC_DROP_CEILING);
}

/* A slot's next owner: nothing that the former one sent, owes or had seen is its. */
static void test_next_owner_starts_anew(void **state UNUSED)
{
	static const struct sc_scan none;
	int scan_fd = bpf_map__fd(rig.dp->skel->maps.scan);
	struct sc_scan scan = {.paid_ns = env_now_ns() + 3600 * SECOND_NS, .tag = {[5] = 77}};
	struct sc_counters n;
	struct sc_slot s;
	uint32_t nr = 3;
	struct pkt in;

	set_ceiling(3, 8000, 1000);
	set_paid(3, env_now_ns() + 3600 * SECOND_NS);
	assert_int_equal(bpf_map_update_elem(scan_fd, &nr, &scan, BPF_ANY), 0);
	packet(&in, FAR6, SLOT3_V6, 60);
	expect_in(RIG_UPLINK_XDP, "beyond", &in, SC_DROP_CEILING);
	rig.dp->counters[3].up_bytes = 4711;
	rig.dp->counters[rig.dp->cpus * ENV_SLOTS + 3].down_packets = 12;

	/* The same owner, closed and open again: everything stays. */
	assert_int_equal(dp_slot_get(rig.dp, 3, &s), 0);
	s.flags = 0;
	assert_int_equal(dp_slot_set(rig.dp, 3, &s, NULL), 0);
	s.flags = SC_SLOT_LIVE;
	assert_int_equal(dp_slot_set(rig.dp, 3, &s, NULL), 0);
	dp_counters(rig.dp, 3, &n);
	assert_int_equal(n.up_bytes, 4711);
	assert_int_equal(n.down_packets, 12);
	assert_int_equal(n.drop_packets, 1);
	expect_in(RIG_UPLINK_XDP, "beyond still", &in, SC_DROP_CEILING);

	s.generation++;
	assert_int_equal(dp_slot_set(rig.dp, 3, &s, NULL), 0);
	dp_counters(rig.dp, 3, &n);
	assert_int_equal(n.up_bytes | n.down_packets | n.drop_packets | n.drop_bytes, 0);
	assert_int_equal(bpf_map_lookup_elem(scan_fd, &nr, &scan), 0);
	assert_memory_equal(&scan, &none, sizeof(none));
	expect_in(RIG_UPLINK_XDP, "the next owner's first", &in, 0);

	/* Another account's with the same number: a database that was lost counts from one again.
	 */
	rig.dp->counters[3].up_bytes = 4711;
	s.account++;
	assert_int_equal(dp_slot_set(rig.dp, 3, &s, NULL), 0);
	dp_counters(rig.dp, 3, &n);
	assert_int_equal(n.up_bytes, 0);
}

static void initiation(struct pkt *p, const char *src, uint8_t type, size_t len, bool ext)
{
	bool v6 = strchr(src, ':');

	*p = (struct pkt){};
	pkt_eth(p, RIG_MAC, RIG_PEER, v6 ? 0x86dd : 0x0800);
	if (v6)
		pkt_ip6(p, src, "2001:db8:aa::1", ext ? 60 : 17, 60);
	else
		pkt_ip4(p, src, "203.0.113.10", 17, 60, 0);
	if (ext)
		pkt_ext6(p, 17, 8);
	pkt_udp(p, 40000, 51820);
	pkt_fill(p, len, 0);
	p->b[p->upper + 8] = type;
	pkt_done(p);
}

static void open_with_handshakes(uint32_t per_s)
{
	rig_close(&rig);
	rig_conf(&rig);
	rig.conf.handshakes_per_s = per_s;
	rig_open(&rig);
}

/* One every second and four seconds' worth at once: five pass, the sixth does not. */
static void test_handshakes(void **state UNUSED)
{
	static const struct {
		const char *first, *same, *other; /* networks */
	} cases[] = {
		{"2001:db8:99:7::1", "2001:db8:99:7:ffff::2", "2001:db8:99:8::1"},
		{"198.18.5.1", "198.18.5.255", "198.18.6.1"},
		{"0.0.255.1", "0.0.255.2", "::ffff:0:1"},
	};

	open_with_handshakes(1);
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		struct pkt in;

		for (int n = 0; n < 5; n++) {
			initiation(&in, n % 2 ? cases[i].same : cases[i].first, 1, 148, false);
			expect_in((enum rig_prog)(n % 3), cases[i].first, &in, 0);
		}
		initiation(&in, cases[i].same, 1, 148, false);
		expect_all(cases[i].same, &in, SC_DROP_HANDSHAKE_RATE);
		if (strchr(cases[i].first, ':')) {
			initiation(&in, cases[i].same, 1, 148, true);
			expect_all("behind an extension header", &in, SC_DROP_HANDSHAKE_RATE);
		}
		/* Other messages of that network, and other networks. */
		initiation(&in, cases[i].same, 4, 32, false);
		expect_all("data", &in, 0);
		initiation(&in, cases[i].same, 2, 92, false);
		expect_all("response", &in, 0);
		initiation(&in, cases[i].same, 3, 64, false);
		expect_all("cookie", &in, 0);
		initiation(&in, cases[i].other, 1, 148, false);
		expect_all("other network", &in, 0);
		initiation(&in, cases[i].same, 1, 147, false);
		expect_all("not an initiation", &in, SC_DROP_WG_SHAPE);
	}
}

static void test_handshakes_unlimited(void **state UNUSED)
{
	struct pkt in;

	open_with_handshakes(0);
	initiation(&in, FAR4, 1, 148, false);
	for (int n = 0; n < 50; n++)
		expect_in(RIG_UPLINK_XDP, "no limit", &in, 0);
}

/* More networks than the map holds: the oldest is forgotten, nothing fails. */
static void test_handshake_sources_full(void **state UNUSED)
{
	struct rig_result r;
	struct pkt in;

	open_with_handshakes(1);
	initiation(&in, FAR4, 1, 148, false);
	for (uint32_t n = 0; n < SC_MAX_HANDSHAKE_SOURCES + 4096; n++) {
		in.b[in.ip + 13] = (uint8_t)(n >> 8);
		in.b[in.ip + 14] = (uint8_t)n;
		rig_run(&rig, RIG_UPLINK_XDP, &in, NULL, &r);
		assert_int_equal(r.verdict, XDP_PASS);
	}
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
		T(test_sources),       T(test_ceiling_costs),	     T(test_ceiling_merged),
		T(test_ceiling_drops), T(test_ceiling_burst),	     T(test_next_owner_starts_anew),
		T(test_handshakes),    T(test_handshakes_unlimited), T(test_handshake_sources_full),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	env_enter();
	rig_devices();
	return cmocka_run_group_tests_name("limits", tests, NULL, NULL);
}
