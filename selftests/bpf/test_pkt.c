/* SPDX-License-Identifier: GPL-2.0-only */
/* The packet builder against frames that a Linux 6.18 kernel sent over a veth pair. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <cmocka.h>
#include "../../lib/cleanup.h"
#include "pkt.h"

#define A "02:00:00:00:00:0a"

static void same(const struct pkt *p, const char *hex)
{
	struct pkt want = {};

	pkt_hex(&want, hex);
	assert_int_equal(p->len, want.len);
	assert_memory_equal(p->b, want.b, want.len);
}

static void test_solicitation(void **state UNUSED)
{
	struct pkt p = {};

	pkt_eth(&p, "33:33:ff:00:00:0b", A, 0x86dd);
	pkt_ip6(&p, "2001:db8:9::a", "ff02::1:ff00:b", 58, 255);
	pkt_nd(&p, 135, 0, "2001:db8:9::b");
	pkt_nd_mac(&p, 1, A);
	pkt_done(&p);
	same(&p, "3333ff00000b02000000000a86dd 6000000000203aff"
		 "20010db800090000000000000000000a ff0200000000000000000001ff00000b"
		 "87001bf100000000 20010db800090000000000000000000b 010102000000000a");
}

static void test_solicitation_dad(void **state UNUSED)
{
	struct pkt p = {};

	pkt_eth(&p, "33:33:ff:00:00:0a", A, 0x86dd);
	pkt_ip6(&p, "::", "ff02::1:ff00:a", 58, 255);
	pkt_nd(&p, 135, 0, "fe80::ff:fe00:a");
	pkt_hex(&p, "0e0145a5e23b04fe"); /* nonce, RFC 7527 */
	pkt_done(&p);
	same(&p, "3333ff00000a02000000000a86dd 6000000000203aff"
		 "00000000000000000000000000000000 ff0200000000000000000001ff00000a"
		 "8700422b00000000 fe80000000000000000000fffe00000a 0e0145a5e23b04fe");
}

static void test_arp(void **state UNUSED)
{
	struct pkt p = {};

	pkt_eth(&p, "ff:ff:ff:ff:ff:ff", A, 0x0806);
	pkt_arp(&p, 1, A, "203.0.113.1", "00:00:00:00:00:00", "203.0.113.9");
	pkt_done(&p);
	same(&p, "ffffffffffff02000000000a0806 0001080006040001"
		 "02000000000acb007101 000000000000cb007109");
}

static void test_ip4_header(void **state UNUSED)
{
	struct pkt p = {};

	pkt_eth(&p, "02:00:00:00:00:0b", A, 0x0800);
	pkt_ip4(&p, "203.0.113.1", "203.0.113.2", 17, 64, 0);
	pkt_udp(&p, 4660, 7);
	pkt_hex(&p, "68656c6c6f");
	pkt_done(&p);
	memcpy(p.b + 18, "\x59\x0f\x40", 3); /* the kernel's identification and "don't fragment" */
	pkt_ip4_sum(&p);
	p.len = 34;
	same(&p, "02000000000b02000000000a0800 45000021590f4000401169b8 cb007101cb007102");
}

/* RFC 1071's way to check: the sum over pseudo header and all is 0xffff. */
static void test_upper_sums(void **state UNUSED)
{
	for (unsigned int i = 0; i < 8; i++) {
		uint32_t pseudo;
		struct pkt p = {};

		pkt_eth(&p, A, A, i & 1 ? 0x86dd : 0x0800);
		if (i & 1)
			pkt_ip6(&p, "2001:db8::1", "2001:db8:f:e:d:c:b:a", 0, 64);
		else
			pkt_ip4(&p, "192.0.2.200", "198.51.100.7", 0, 64, i & 2 ? 3 : 0);
		if (i & 2)
			pkt_tcp(&p, 1, 65535, 3);
		else
			pkt_udp(&p, 0x8000, 0x7fff);
		pkt_fill(&p, i & 4 ? 101 : 0, 0xa7);
		pkt_done(&p);
		pseudo = (uint32_t)(p.len - p.upper) + (i & 2 ? 6 : 17);
		pseudo += pkt_sum(p.b + p.ip + (i & 1 ? 8 : 12), i & 1 ? 32 : 8, 0);
		assert_int_equal(pkt_sum(p.b + p.upper, p.len - p.upper, pseudo), 0xffff);
		if (!(i & 1))
			assert_int_equal(pkt_sum(p.b + 14, p.upper - 14, 0), 0xffff);
	}
}

static void test_extensions(void **state UNUSED)
{
	struct pkt p = {};

	pkt_eth(&p, A, A, 0x86dd);
	pkt_vlan(&p, 5, 0x86dd);
	pkt_ip6(&p, "::1", "::2", 0, 1);
	pkt_ext6(&p, 51, 16);
	pkt_auth6(&p, 44, 16);
	pkt_frag6(&p, 59, 1480, PKT_FRAG_MORE);
	pkt_done(&p);
	same(&p, "02000000000a02000000000a 81000005 86dd 6000000000280001"
		 "00000000000000000000000000000001 00000000000000000000000000000002"
		 "33010000000000000000000000000000 2c020000000000000000000000000000"
		 "3b0005c900000077");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_solicitation), cmocka_unit_test(test_solicitation_dad),
		cmocka_unit_test(test_arp),	     cmocka_unit_test(test_ip4_header),
		cmocka_unit_test(test_upper_sums),   cmocka_unit_test(test_extensions),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests_name("pkt", tests, NULL, NULL);
}
