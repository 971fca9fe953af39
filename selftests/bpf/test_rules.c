/* SPDX-License-Identifier: GPL-2.0-only */
/* What a peer may send and be sent: port 25, new destinations, its own firewall. */
#include <arpa/inet.h>
#include <errno.h>
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
#include "sidecar.skel.h"

#define FAR6 "2001:db8:99::9"
#define FAR4 "198.18.0.1"
#define TCP 6
#define UDP 17
#define ICMP 1
#define ICMP6 58
#define SCTP 132
#define GRE 47
#define SYN 0x02
#define ACK 0x10
#define LATER 0x100 /* flags: a later fragment, a first one */
#define FIRST 0x200
#define FAR_OPTIONS 0x400 /* IPv6: behind destination options */

static struct rig rig;

/* From the container unless in; its own port is 5000, ICMP: port is the type. */
struct spec {
	bool in, v6;
	uint8_t proto;
	uint16_t port; /* of the destination */
	unsigned int flags;
	const char *far;   /* NULL = FAR6 or FAR4 */
	uint16_t src_port; /* 0 = 5000 */
};

static void upper(struct pkt *p, const struct spec *s)
{
	uint16_t src = s->src_port ? s->src_port : 5000;

	switch (s->proto) {
	case TCP:
		pkt_tcp(p, src, s->port, 0);
		p->b[p->upper + 13] = (uint8_t)s->flags;
		break;
	case UDP:
		pkt_udp(p, src, s->port);
		break;
	case SCTP:
		pkt_fill(p, 12, 0);
		p->b[p->len - 12] = (uint8_t)(src >> 8);
		p->b[p->len - 11] = (uint8_t)src;
		p->b[p->len - 10] = (uint8_t)(s->port >> 8);
		p->b[p->len - 9] = (uint8_t)s->port;
		break;
	case ICMP:
	case ICMP6:
		pkt_fill(p, 8, 0);
		p->b[p->len - 8] = (uint8_t)s->port;
		break;
	}
	pkt_fill(p, 20, 0x5e);
}

static void make(const struct spec *s, struct pkt *p)
{
	const char *far = s->far ? s->far : s->v6 ? FAR6 : FAR4;
	const char *own = s->v6 ? SLOT3_V6 : SLOT3_V4, *src = s->in ? far : own,
		   *dst = s->in ? own : far;
	bool fragment = s->flags & (LATER | FIRST);

	*p = (struct pkt){};
	pkt_eth(p, RIG_MAC, RIG_PEER, s->v6 ? 0x86dd : 0x0800);
	if (s->v6)
		pkt_ip6(p, src, dst, fragment ? 44 : s->flags & FAR_OPTIONS ? 60 : s->proto, 64);
	else
		pkt_ip4(p, src, dst, s->proto, 64, 0);
	if (s->v6 && s->flags & FAR_OPTIONS)
		pkt_ext6(p, s->proto, 24);
	if (s->v6 && fragment)
		pkt_frag6(p, s->proto, s->flags & LATER ? 1232 : 0,
			  s->flags & FIRST ? PKT_FRAG_MORE : 0);
	if (!s->v6 && fragment)
		pkt_frag4(p, s->flags & LATER ? 1232 : 0, s->flags & FIRST ? PKT_FRAG_MORE : 0);
	upper(p, s);
	pkt_done(p);
}

static int run(const struct spec *s)
{
	const struct __sk_buff skb = {.ifindex = rig.wg0};
	struct rig_result r;
	struct pkt in;

	make(s, &in);
	rig_run(&rig, s->in ? RIG_WG_OUT : RIG_WG_IN, &in, &skb, &r);
	if (r.reason)
		assert_int_equal(r.verdict, TC_ACT_SHOT);
	else
		assert_int_equal(r.verdict, s->in ? TC_ACT_UNSPEC : TC_ACT_REDIRECT);
	if (r.reason || s->in)
		rig_same("packet", &r.out, &in);
	return r.reason;
}

static void expect(const char *name, const struct spec *s, int reason)
{
	int r = run(s);

	if (r != reason)
		print_error("%s: reason %d, wanted %d\n", name, r, reason);
	assert_int_equal(r, reason);
}

static void change_slot3(uint32_t flags, uint32_t scan_ns)
{
	struct sc_slot s;
	struct err err = {};

	assert_int_equal(dp_slot_get(rig.dp, 3, &s), 0);
	s.flags = SC_SLOT_LIVE | flags;
	s.scan_ns = scan_ns;
	if (dp_slot_set(rig.dp, 3, &s, &err)) {
		print_error("%s\n", err.text);
		fail();
	}
}

static const struct smtp_case {
	const char *name;
	struct spec spec;
	int closed; /* reason without SC_SLOT_SMTP */
} smtps[] = {
	{"SYN", {.proto = TCP, .port = 25, .flags = SYN}, SC_DROP_SMTP},
	{"IPv6", {.v6 = true, .proto = TCP, .port = 25, .flags = SYN}, SC_DROP_SMTP},
	{"running", {.proto = TCP, .port = 25, .flags = ACK}, SC_DROP_SMTP},
	{"behind options",
	 {.v6 = true, .proto = TCP, .port = 25, .flags = SYN | FAR_OPTIONS},
	 SC_DROP_SMTP},
	{"first fragment", {.v6 = true, .proto = TCP, .port = 25, .flags = FIRST}, SC_DROP_SMTP},
	{"first fragment, IPv4", {.proto = TCP, .port = 25, .flags = FIRST}, SC_DROP_SMTP},
	{"later fragment", {.proto = TCP, .port = 25, .flags = LATER}, 0},
	{"later fragment, IPv6", {.v6 = true, .proto = TCP, .port = 25, .flags = LATER}, 0},
	{"submission", {.proto = TCP, .port = 587, .flags = SYN}, 0},
	{"smtps", {.proto = TCP, .port = 465, .flags = SYN}, 0},
	{"24", {.proto = TCP, .port = 24, .flags = SYN}, 0},
	{"UDP", {.proto = UDP, .port = 25}, 0},
	{"answer of its own server",
	 {.proto = TCP, .port = 40000, .flags = ACK, .src_port = 25},
	 0},
	{"to its own server", {.in = true, .proto = TCP, .port = 25, .flags = SYN}, 0},
};

static void test_smtp(void **state UNUSED)
{
	for (int open = 0; open < 2; open++) {
		change_slot3(open ? SC_SLOT_SMTP : 0, 0);
		for (size_t i = 0; i < ARRAY_SIZE(smtps); i++)
			expect(smtps[i].name, &smtps[i].spec, open ? 0 : smtps[i].closed);
	}
}

/*
 * Cut at every length, with IP lengths that say so: what has lost its ports is malformed, never
 * let through; a chain of headers that ends early is, too.
 */
static void test_cut_everywhere(void **state UNUSED)
{
	static const struct spec specs[] = {
		{.proto = TCP, .port = 25, .flags = SYN},
		{.v6 = true, .proto = TCP, .port = 25, .flags = SYN},
		{.v6 = true, .proto = TCP, .port = 25, .flags = SYN | FAR_OPTIONS},
		{.v6 = true, .proto = TCP, .port = 25, .flags = FIRST},
	};
	const struct __sk_buff skb = {.ifindex = rig.wg0};

	change_slot3(0, 0);
	for (size_t i = 0; i < ARRAY_SIZE(specs); i++) {
		struct pkt whole;

		make(&specs[i], &whole);
		for (size_t len = rig_min_len(RIG_WG_IN, &whole); len < whole.len; len++) {
			struct pkt in = whole;
			struct rig_result r;

			in.len = len;
			in.upper = 0; /* its checksum does not matter */
			in.upper_proto = 0;
			pkt_done(&in);
			rig_run(&rig, RIG_WG_IN, &in, &skb, &r);
			assert_int_equal(r.reason,
					 len < whole.upper + 20 ? SC_DROP_MALFORMED : SC_DROP_SMTP);
			rig_same("cut", &r.out, &in);
		}
	}
}

/* IPv6 headers in a row: eight are read, a ninth is malformed. */
static void test_extension_chain(void **state UNUSED)
{
	const struct __sk_buff skb = {.ifindex = rig.wg0};

	change_slot3(0, 0);
	for (int n = 1; n <= 10; n++) {
		struct rig_result r;
		struct pkt p = {};

		pkt_eth(&p, RIG_MAC, RIG_PEER, 0x86dd);
		pkt_ip6(&p, SLOT3_V6, FAR6, 60, 64);
		for (int i = 1; i < n; i++)
			pkt_ext6(&p, i % 2 ? 43 : 60, 8);
		pkt_ext6(&p, TCP, 16);
		pkt_tcp(&p, 5000, 25, 0);
		pkt_done(&p);
		rig_run(&rig, RIG_WG_IN, &p, &skb, &r);
		assert_int_equal(r.reason, n <= 8 ? SC_DROP_SMTP : SC_DROP_MALFORMED);
	}
}

static struct sc_scan scan_of(uint32_t nr)
{
	struct sc_scan s;

	assert_int_equal(bpf_map_lookup_elem(bpf_map__fd(rig.dp->skel->maps.scan), &nr, &s), 0);
	return s;
}

static void scan_clear(uint32_t nr)
{
	const struct sc_scan s = {};

	assert_int_equal(
		bpf_map_update_elem(bpf_map__fd(rig.dp->skel->maps.scan), &nr, &s, BPF_ANY), 0);
}

/* What counts as a new destination: each is sent twice, the second is known. */
static const struct scan_case {
	const char *name;
	struct spec spec;
	bool counts;
} scans[] = {
	{"SYN", {.proto = TCP, .port = 80, .flags = SYN}, true},
	{"SYN, IPv6", {.v6 = true, .proto = TCP, .port = 80, .flags = SYN}, true},
	{"SYN behind options",
	 {.v6 = true, .proto = TCP, .port = 81, .flags = SYN | FAR_OPTIONS},
	 true},
	{"other port", {.proto = TCP, .port = 443, .flags = SYN}, true},
	{"other address", {.proto = TCP, .port = 80, .flags = SYN, .far = "198.18.0.2"}, true},
	{"SYN and ACK", {.proto = TCP, .port = 82, .flags = SYN | ACK}, false},
	{"ACK", {.proto = TCP, .port = 83, .flags = ACK}, false},
	{"RST", {.proto = TCP, .port = 84, .flags = 0x04}, false},
	{"UDP", {.proto = UDP, .port = 85}, false},
	{"echo request", {.proto = ICMP, .port = 8}, true},
	{"echo request, IPv6", {.v6 = true, .proto = ICMP6, .port = 128}, true},
	{"echo reply", {.proto = ICMP, .port = 0, .far = "198.18.0.7"}, false},
	{"echo reply, IPv6",
	 {.v6 = true, .proto = ICMP6, .port = 129, .far = "2001:db8:99::7"},
	 false},
	{"GRE", {.proto = GRE, .far = "198.18.0.8"}, false},
	{"later fragment", {.proto = TCP, .port = 80, .flags = LATER, .far = "198.18.0.9"}, false},
	{"to the container", {.in = true, .proto = TCP, .port = 80, .flags = SYN}, false},
};

static void test_scan_counts(void **state UNUSED)
{
	change_slot3(0, 1000000);
	for (size_t i = 0; i < ARRAY_SIZE(scans); i++) {
		scan_clear(3);
		expect(scans[i].name, &scans[i].spec, 0);
		assert_int_equal(scan_of(3).paid_ns != 0, scans[i].counts);
		if (scans[i].counts) {
			uint64_t paid_ns = scan_of(3).paid_ns;

			expect(scans[i].name, &scans[i].spec, 0);
			assert_int_equal(scan_of(3).paid_ns, paid_ns);
		}
	}
}

static int syn_to(unsigned int n)
{
	char far[32];
	const struct spec s = {.proto = TCP, .port = 80, .flags = SYN, .far = far};

	snprintf(far, sizeof(far), "198.18.%u.%u", n >> 8, n & 255);
	return run(&s);
}

/* One new destination in four seconds, five seconds ahead at most: the third is refused. */
static void test_scan_ceiling(void **state UNUSED)
{
	const struct spec other = {.proto = UDP, .port = 53},
			  known = {.proto = TCP, .port = 80, .flags = ACK, .far = "198.18.0.9"};

	change_slot3(0, 4000000000u);
	scan_clear(3);
	assert_int_equal(syn_to(1), 0);
	assert_int_equal(syn_to(2), 0);
	for (unsigned int n = 3; n < 40; n++)
		assert_int_equal(syn_to(n), SC_DROP_SCAN);
	assert_int_equal(syn_to(2), 0); /* not new */
	expect("UDP", &other, 0);
	expect("running", &known, 0);
	change_slot3(0, 0);
	assert_int_equal(syn_to(50), 0);
}

/* A peer that goes back to a few destinations pays again for hardly any. */
static void test_scan_remembers(void **state UNUSED)
{
	uint64_t first_ns, again_ns;

	change_slot3(0, 100000000);
	scan_clear(3);
	for (unsigned int n = 0; n < 8; n++)
		assert_int_equal(syn_to(n), 0);
	first_ns = scan_of(3).paid_ns;
	for (unsigned int n = 0; n < 8; n++)
		assert_int_equal(syn_to(n), 0);
	again_ns = scan_of(3).paid_ns;
	assert_in_range(again_ns - first_ns, 0, 2 * 100000000);
}

/* Rules as text for the tables below: flags, protocol, ports, prefix. */
struct rule {
	uint8_t flags, proto;
	uint16_t min, max; /* 0, 0 = any */
	const char *addr;
	uint8_t len; /* as in addr's family */
};

#define IN SC_RULE_IN
#define OUT SC_RULE_OUT
#define BOTH (SC_RULE_IN | SC_RULE_OUT)
#define ALLOW SC_RULE_ALLOW
#define PROTO SC_RULE_PROTO

static void set_rules(const struct rule *rules, uint32_t n)
{
	struct sc_firewall fw = {.n = n};
	struct err err = {};

	for (uint32_t i = 0; i < n; i++) {
		const struct rule *r = &rules[i];
		struct sc_rule *to = &fw.rule[i];

		to->flags = r->flags;
		to->proto = r->proto;
		to->port_min = r->min;
		to->port_max = r->max ? r->max : 65535;
		if (!r->addr)
			continue;
		to->addr_len = r->len;
		if (strchr(r->addr, ':')) {
			assert_int_equal(inet_pton(AF_INET6, r->addr, to->addr), 1);
		} else {
			to->addr[10] = to->addr[11] = 0xff;
			to->addr_len = (uint8_t)(r->len + 96);
			assert_int_equal(inet_pton(AF_INET, r->addr, to->addr + 12), 1);
		}
	}
	if (dp_firewall_set(rig.dp, 3, &fw, &err)) {
		print_error("%s\n", err.text);
		fail();
	}
	change_slot3(SC_SLOT_SMTP | SC_SLOT_FIREWALL, 0);
}

static const struct rule set_web[] = {
	{IN | ALLOW | PROTO, TCP, 80, 80, NULL, 0},
	{IN | ALLOW | PROTO, TCP, 8000, 8080, "198.18.0.0", 16},
	{IN | ALLOW | PROTO, UDP, 443, 443, "2001:db8:99::", 48},
	{IN | ALLOW | PROTO, ICMP, 0, 0, NULL, 0},
	{IN, 0, 0, 0, NULL, 0},
};

static const struct rule set_block[] = {
	{IN | ALLOW, 0, 0, 0, "198.18.0.1", 32}, {IN, 0, 0, 0, "198.18.0.0", 15},
	{OUT | PROTO, TCP, 6667, 6669, NULL, 0}, {BOTH, 0, 0, 0, "2001:db8:66::", 47},
	{OUT | PROTO, GRE, 0, 0, NULL, 0},
};

#define NO SC_DROP_FIREWALL

static const struct rule_case {
	const char *name;
	const struct rule *rules;
	struct spec spec;
	int reason;
} ruled[] = {
	{"allowed", set_web, {.in = true, .proto = TCP, .port = 80, .flags = SYN}, 0},
	{"allowed, IPv6",
	 set_web,
	 {.in = true, .v6 = true, .proto = TCP, .port = 80, .flags = SYN},
	 0},
	{"other port", set_web, {.in = true, .proto = TCP, .port = 81, .flags = SYN}, NO},
	{"other port behind options",
	 set_web,
	 {.in = true, .v6 = true, .proto = TCP, .port = 81, .flags = SYN | FAR_OPTIONS},
	 NO},
	{"first of the range", set_web, {.in = true, .proto = TCP, .port = 8000, .flags = SYN}, 0},
	{"last of the range", set_web, {.in = true, .proto = TCP, .port = 8080, .flags = SYN}, 0},
	{"before the range", set_web, {.in = true, .proto = TCP, .port = 7999, .flags = SYN}, NO},
	{"behind the range", set_web, {.in = true, .proto = TCP, .port = 8081, .flags = SYN}, NO},
	{"range, other source",
	 set_web,
	 {.in = true, .proto = TCP, .port = 8000, .flags = SYN, .far = "198.19.0.1"},
	 NO},
	{"range, other family",
	 set_web,
	 {.in = true, .v6 = true, .proto = TCP, .port = 8000, .flags = SYN},
	 NO},
	{"UDP from the prefix", set_web, {.in = true, .v6 = true, .proto = UDP, .port = 443}, 0},
	{"UDP from elsewhere",
	 set_web,
	 {.in = true, .v6 = true, .proto = UDP, .port = 443, .far = "2001:db8:9a::1"},
	 NO},
	{"UDP, IPv4", set_web, {.in = true, .proto = UDP, .port = 443}, NO},
	{"running connection", set_web, {.in = true, .proto = TCP, .port = 81, .flags = ACK}, 0},
	{"answer to its SYN",
	 set_web,
	 {.in = true, .proto = TCP, .port = 81, .flags = SYN | ACK},
	 0},
	{"later fragment", set_web, {.in = true, .proto = TCP, .port = 81, .flags = LATER}, 0},
	{"first fragment", set_web, {.in = true, .proto = UDP, .port = 81, .flags = FIRST}, NO},
	{"echo request", set_web, {.in = true, .proto = ICMP, .port = 8}, 0},
	{"echo request, IPv6", set_web, {.in = true, .v6 = true, .proto = ICMP6, .port = 128}, 0},
	{"SCTP", set_web, {.in = true, .proto = SCTP, .port = 80}, NO},
	{"GRE", set_web, {.in = true, .proto = GRE}, NO},
	{"out is open", set_web, {.proto = TCP, .port = 81, .flags = SYN}, 0},
	{"out GRE", set_web, {.proto = GRE}, 0},

	{"one address of a refused prefix",
	 set_block,
	 {.in = true, .proto = TCP, .port = 22, .flags = SYN},
	 0},
	{"refused prefix",
	 set_block,
	 {.in = true, .proto = TCP, .port = 22, .flags = SYN, .far = "198.19.255.1"},
	 NO},
	{"behind the prefix",
	 set_block,
	 {.in = true, .proto = TCP, .port = 22, .flags = SYN, .far = "198.20.0.1"},
	 0},
	{"echo request refused",
	 set_block,
	 {.in = true, .proto = ICMP, .port = 8, .far = "198.18.0.2"},
	 NO},
	{"unreachable is not",
	 set_block,
	 {.in = true, .proto = ICMP, .port = 3, .far = "198.18.0.2"},
	 0},
	{"echo reply is not",
	 set_block,
	 {.in = true, .proto = ICMP, .port = 0, .far = "198.18.0.2"},
	 0},
	{"timestamp is",
	 set_block,
	 {.in = true, .proto = ICMP, .port = 13, .far = "198.18.0.2"},
	 NO},
	{"Packet Too Big is not",
	 set_block,
	 {.in = true, .v6 = true, .proto = ICMP6, .port = 2, .far = "2001:db8:66::1"},
	 0},
	{"other ICMPv6 is",
	 set_block,
	 {.in = true, .v6 = true, .proto = ICMP6, .port = 128, .far = "2001:db8:67::1"},
	 NO},
	{"out to the range", set_block, {.proto = TCP, .port = 6667, .flags = SYN}, NO},
	{"out to the range, UDP", set_block, {.proto = UDP, .port = 6667}, 0},
	{"in from the range", set_block, {.in = true, .proto = TCP, .port = 6667, .flags = SYN}, 0},
	{"out, both ways refused",
	 set_block,
	 {.v6 = true, .proto = UDP, .port = 9, .far = "2001:db8:66::1"},
	 NO},
	{"in, both ways refused",
	 set_block,
	 {.in = true, .v6 = true, .proto = UDP, .port = 9, .far = "2001:db8:67:ffff::1"},
	 NO},
	{"out GRE refused", set_block, {.proto = GRE}, NO},
	{"in GRE open", set_block, {.in = true, .proto = GRE}, 0},
};

static void test_firewall(void **state UNUSED)
{
	const struct rule *last = NULL;

	for (size_t i = 0; i < ARRAY_SIZE(ruled); i++) {
		const struct rule_case *c = &ruled[i];

		if (c->rules != last)
			set_rules(c->rules, c->rules == set_web ? ARRAY_SIZE(set_web)
								: ARRAY_SIZE(set_block));
		last = c->rules;
		expect(c->name, &c->spec, c->reason);
	}
}

/* Every prefix length cuts where it says, in both halves of the address. */
static void test_firewall_prefixes(void **state UNUSED)
{
	for (unsigned int len = 1; len <= 128; len++) {
		struct rule r = {.flags = IN, .addr = FAR6, .len = (uint8_t)len};
		char inside[INET6_ADDRSTRLEN], outside[INET6_ADDRSTRLEN];
		struct spec s = {.in = true, .v6 = true, .proto = GRE, .far = inside};
		uint8_t a[16];

		set_rules(&r, 1);
		assert_int_equal(inet_pton(AF_INET6, FAR6, a), 1);
		if (len < 128)
			a[15] ^= 1; /* behind the prefix */
		inet_ntop(AF_INET6, a, inside, sizeof(inside));
		expect(inside, &s, NO);
		assert_int_equal(inet_pton(AF_INET6, FAR6, a), 1);
		a[(len - 1) / 8] ^= (uint8_t)(0x80 >> (len - 1) % 8); /* its last bit */
		if (a[0] == 0xff || a[0] == 0xfe)
			continue;
		inet_ntop(AF_INET6, a, outside, sizeof(outside));
		s.far = outside;
		expect(outside, &s, 0);
	}
}

/* The answer to an allowed datagram, no other; not after its time, not for the next owner. */
static void test_firewall_replies(void **state UNUSED)
{
	static const struct rule closed[] = {{IN, 0, 0, 0, NULL, 0}};
	const struct spec out = {.v6 = true, .proto = UDP, .port = 53, .src_port = 40001},
			  answer = {.in = true,
				    .v6 = true,
				    .proto = UDP,
				    .port = 40001,
				    .src_port = 53};
	struct spec other = answer;
	struct sc_flow flow = {.slot = 3};
	int fd = bpf_map__fd(rig.dp->skel->maps.replies);
	uint64_t long_ago = 1;
	struct sc_slot s;

	set_rules(closed, 1);
	expect("before", &answer, NO);
	expect("question", &out, 0);
	expect("answer", &answer, 0);
	expect("answer again", &answer, 0);
	other.port = 40002;
	expect("other port of ours", &other, NO);
	other = answer;
	other.src_port = 54;
	expect("other port of theirs", &other, NO);
	other = answer;
	other.far = "2001:db8:99::a";
	expect("other host", &other, NO);
	other = answer;
	other.proto = TCP;
	other.flags = SYN;
	expect("other protocol", &other, NO);

	assert_int_equal(inet_pton(AF_INET6, FAR6, flow.remote), 1);
	flow.remote_port = htons(53);
	flow.local_port = htons(40001);
	assert_int_equal(bpf_map_update_elem(fd, &flow, &long_ago, BPF_EXIST), 0);
	expect("too late", &answer, NO);
	expect("question again", &out, 0);
	expect("answer in time", &answer, 0);
	assert_int_equal(dp_slot_get(rig.dp, 3, &s), 0);
	s.generation++;
	assert_int_equal(dp_slot_set(rig.dp, 3, &s, NULL), 0);
	expect("of the former owner", &answer, NO);
}

/* The same the other way round: a server's answers need no rule for what it sends. */
static void test_firewall_replies_out(void **state UNUSED)
{
	static const struct rule quiet[] = {{OUT, 0, 0, 0, NULL, 0}};
	const struct spec question = {.in = true, .proto = UDP, .port = 27015, .src_port = 60000},
			  answer = {.proto = UDP, .port = 60000, .src_port = 27015};

	set_rules(quiet, 1);
	expect("before", &answer, NO);
	expect("question", &question, 0);
	expect("answer", &answer, 0);
}

/* Sixteen rules, each of them reached; the slot without its rules is closed, not open. */
static void test_firewall_bounds(void **state UNUSED)
{
	struct rule rules[SC_MAX_RULES] = {};
	struct sc_firewall fw = {.n = SC_MAX_RULES + 1};
	uint32_t nr = 3;
	struct spec s = {.in = true, .proto = TCP, .flags = SYN};

	for (uint16_t i = 0; i < SC_MAX_RULES; i++)
		rules[i] = (struct rule){IN | PROTO,	      TCP,  (uint16_t)(100 + i),
					 (uint16_t)(100 + i), NULL, 0};
	set_rules(rules, SC_MAX_RULES);
	for (s.port = 99; s.port <= 116; s.port++)
		expect("rule", &s, s.port >= 100 && s.port < 116 ? NO : 0);
	assert_int_equal(dp_firewall_set(rig.dp, 3, &fw, NULL), -E2BIG);
	fw.n = 1;
	assert_int_equal(dp_firewall_set(rig.dp, 3, &fw, NULL), -EINVAL); /* no direction */
	fw.rule[0].flags = IN;
	fw.rule[0].addr_len = 129;
	assert_int_equal(dp_firewall_set(rig.dp, 3, &fw, NULL), -EINVAL);
	fw.rule[0].addr_len = 0;
	fw.rule[0].port_min = 1;
	assert_int_equal(dp_firewall_set(rig.dp, 3, &fw, NULL), -EINVAL);
	assert_int_equal(dp_firewall_set(rig.dp, ENV_SLOTS, &fw, NULL), -ERANGE);

	s.port = 4000;
	expect("still the old rules", &s, 0);
	assert_int_equal(bpf_map_delete_elem(bpf_map__fd(rig.dp->skel->maps.firewall), &nr), 0);
	expect("rules lost", &s, NO);
}

/* Rules go with the flag and with the owner; a flag without rules is refused. */
static void test_firewall_life(void **state UNUSED)
{
	static const struct rule closed[] = {{IN, 0, 0, 0, NULL, 0}};
	struct sc_firewall fw;
	struct sc_slot s;

	set_rules(closed, 1);
	assert_true(dp_firewall_get(rig.dp, 3, &fw));
	assert_int_equal(fw.n, 1);
	change_slot3(0, 0);
	assert_false(dp_firewall_get(rig.dp, 3, &fw));
	assert_int_equal(dp_slot_get(rig.dp, 3, &s), 0);
	s.flags |= SC_SLOT_FIREWALL;
	assert_int_equal(dp_slot_set(rig.dp, 3, &s, NULL), -EINVAL);
	set_rules(closed, 1);
	s.flags = 0;
	assert_int_equal(dp_slot_set(rig.dp, 3, &s, NULL), 0);
	assert_false(dp_firewall_get(rig.dp, 3, &fw));
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
		T(test_smtp),
		T(test_cut_everywhere),
		T(test_extension_chain),
		T(test_scan_counts),
		T(test_scan_ceiling),
		T(test_scan_remembers),
		T(test_firewall),
		T(test_firewall_prefixes),
		T(test_firewall_replies),
		T(test_firewall_replies_out),
		T(test_firewall_bounds),
		T(test_firewall_life),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	env_enter();
	rig_devices();
	return cmocka_run_group_tests_name("rules", tests, NULL, NULL);
}
