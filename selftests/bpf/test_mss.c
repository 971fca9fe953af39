/* SPDX-License-Identifier: GPL-2.0-only */
/* The maximum segment size of both SYN packets: made to fit the slot's MTU, never larger. */
#include <linux/pkt_cls.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <cmocka.h>
#include "rig.h"

#define FAR6 "2001:db8:99::9"
#define FAR4 "198.18.0.1"
#define SYN 0x02
#define SYN_ACK 0x12
#define ACK 0x10

static struct rig rig;

static const struct mss_case {
	const char *name, *options; /* hex, a multiple of four bytes */
	uint8_t flags;
	bool v6, wg1, extension, fragment;
	const char *want; /* options; NULL = unchanged */
} cases[] = {
	{"IPv4, too large", "020405b4", SYN, .want = "02040564"},
	{"IPv6, too large", "020405b4", SYN, .v6 = true, .want = "02040550"},
	{"IPv4, answer", "020405b4", SYN_ACK, .want = "02040564"},
	{"smaller MTU", "020405b4", SYN, .v6 = true, .wg1 = true, .want = "020404c4"},
	{"jumbo", "0204ffff", SYN, .v6 = true, .want = "02040550"},
	{"one too many", "02040565", SYN, .want = "02040564"},
	{"fits exactly", "02040564", .flags = SYN},
	{"smaller", "02040218", .flags = SYN},
	{"zero", "02040000", .flags = SYN},
	{"as Linux sends it", "020405b40402080a123456780000000001030307", SYN, .v6 = true,
	 .want = "020405500402080a123456780000000001030307"},
	{"behind others", "0402080a1234567800000000020405b4", SYN,
	 .want = "0402080a123456780000000002040564"},
	{"at an odd offset", "01020405b4010101", SYN, .v6 = true, .want = "0102040550010101"},
	{"at an odd offset, 36 padding bytes",
	 "01010101010101010101010101010101010101010101010101010101010101010101010204ffff01", SYN,
	 .want = "010101010101010101010101010101010101010101010101010101010101010101010102040564"
		 "01"},
	{"last of 40 bytes",
	 "010101010101010101010101010101010101010101010101010101010101010101010101020405b4", SYN,
	 .want = "010101010101010101010101010101010101010101010101010101010101010101010101"
		 "02040564"},
	{"behind an extension header", "020405b4", SYN, .v6 = true, .extension = true,
	 .want = "02040550"},
	{"first fragment", "020405b4", SYN, .fragment = true, .want = "02040564"},
	{"no options", "", .flags = SYN},
	{"only padding", "01010101", .flags = SYN},
	{"end of options before it", "00010101020405b4", .flags = SYN},
	{"length 3", "020305b4", .flags = SYN},
	{"option of length 0", "08000000020405b4", .flags = SYN},
	{"option of length 1", "08010101020405b4", .flags = SYN},
	{"option longer than the header", "08280101020405b4", .flags = SYN},
	{"cut short by the header's end", "01010102", .flags = SYN},
	{"cut short by one byte", "01020405", .flags = SYN},
	{"not a SYN", "020405b4", .flags = ACK},
};

static void make(const struct mss_case *c, bool up, const char *options, struct pkt *p)
{
	const char *slot6 = c->wg1 ? SLOT4_V6 : SLOT3_V6;
	uint8_t *tcp;

	*p = (struct pkt){};
	pkt_eth(p, RIG_MAC, RIG_PEER, c->v6 ? 0x86dd : 0x0800);
	if (c->v6)
		pkt_ip6(p, up ? slot6 : FAR6, up ? FAR6 : slot6, c->extension ? 60 : 6, 64);
	else
		pkt_ip4(p, up ? SLOT3_V4 : FAR4, up ? FAR4 : SLOT3_V4, 6, 64, 0);
	if (c->extension)
		pkt_ext6(p, 6, 16);
	if (c->fragment)
		pkt_frag4(p, 0, PKT_FRAG_MORE);
	pkt_tcp(p, 40000, 443, 0);
	pkt_hex(p, options);
	tcp = &p->b[p->upper];
	tcp[12] = (uint8_t)((p->len - p->upper) / 4 << 4);
	tcp[13] = c->flags;
	pkt_fill(p, 5, 0x33);
	pkt_done(p);
}

/* The bytes out of a tunnel: behind the Ethernet header for the VRF device. */
static void without_vrf_header(struct pkt *p)
{
	assert_true(p->len > 14);
	p->len -= 14;
	memmove(p->b, p->b + 14, p->len);
}

static void run(const struct mss_case *c, bool up)
{
	const struct __sk_buff skb = {.ifindex = c->wg1 ? rig.wg1 : rig.wg0};
	struct pkt in, want;
	struct rig_result r;

	make(c, up, c->options, &in);
	make(c, up, c->want ? c->want : c->options, &want); /* its checksum is made anew */
	rig_run(&rig, up ? RIG_WG_IN : RIG_WG_OUT, &in, &skb, &r);
	assert_int_equal(r.reason, 0);
	assert_int_equal(r.verdict, up ? TC_ACT_REDIRECT : TC_ACT_UNSPEC);
	if (up)
		without_vrf_header(&r.out);
	rig_same(c->name, &r.out, &want);
}

static void test_down(void **state UNUSED)
{
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++)
		run(&cases[i], false);
}

static void test_up(void **state UNUSED)
{
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++)
		run(&cases[i], true);
}

/* A header that ends before it should, by the IP header's own word: no rule is slipped past. */
static void test_short_headers(void **state UNUSED)
{
	static const struct {
		uint8_t proto;
		size_t len, min;
	} headers[] = {{6, 24, 20}, {17, 12, 8}, {1, 12, 8}, {132, 16, 8}, {47, 4, 0}};
	const struct __sk_buff skb = {.ifindex = rig.wg0};

	for (size_t i = 0; i < ARRAY_SIZE(headers); i++) {
		for (size_t len = 0; len <= headers[i].len; len++) {
			bool good = len >= headers[i].min;
			struct rig_result r;
			struct pkt p = {};

			pkt_eth(&p, RIG_MAC, RIG_PEER, 0x0800);
			pkt_ip4(&p, SLOT3_V4, FAR4, headers[i].proto, 64, 0);
			pkt_fill(&p, len, 0x50);
			pkt_done(&p);
			rig_run(&rig, RIG_WG_IN, &p, &skb, &r);
			assert_int_equal(r.reason, good ? 0 : SC_DROP_MALFORMED);
			assert_int_equal(r.verdict, good ? TC_ACT_REDIRECT : TC_ACT_SHOT);
		}
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
	const struct CMUnitTest tests[] = {T(test_down), T(test_up), T(test_short_headers)};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	env_enter();
	rig_devices();
	return cmocka_run_group_tests_name("mss", tests, NULL, NULL);
}
