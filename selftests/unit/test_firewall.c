/* SPDX-License-Identifier: GPL-2.0-only */
/* The firewall's text: to rules, to canonical text, and back. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <cmocka.h>
#include "lib/cleanup.h"
#include "lib/firewall.h"

static const struct {
	const char *text, *canonical; /* NULL = the same */
} good[] = {
	{"", "none"},
	{"none", NULL},
	{" \t ", "none"},
	{"deny", "deny in"},
	{"deny in", NULL},
	{"deny in;", "deny in"},
	{"allow out", NULL},
	{"allow any", "allow in"},
	{"allow in tcp 22", NULL},
	{"allow tcp 0-65535", "allow in tcp"},
	{"allow in tcp 80,443,8000-8080; deny in",
	 "allow in tcp 80; allow in tcp 443; allow in tcp 8000-8080; deny in"},
	{"deny out tcp 6667 to 198.51.100.0/24", NULL},
	{"allow in udp 27015 from 2001:db8::/32", NULL},
	{"allow in udp 27015 from 2001:db8::1", "allow in udp 27015 from 2001:db8::1/128"},
	{"allow in udp 1,2 from 192.0.2.1",
	 "allow in udp 1 from 192.0.2.1/32; allow in udp 2 from 192.0.2.1/32"},
	{"deny in from 0.0.0.0/0", NULL},
	{"allow in icmp", NULL},
	{"allow in proto 47", NULL},
	{"allow in proto 6 22", "allow in tcp 22"},
	{"allow in proto 58", "allow in icmp"},
	{"allow in proto 0", NULL},
	{"allow   in\ttcp  22 ;deny  in", "allow in tcp 22; deny in"},
	{"allow in sctp 5060 from 203.0.113.0/25", NULL},
};

static void text_becomes_rules_and_text_again(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(good); i++) {
		const char *want = good[i].canonical ? good[i].canonical : good[i].text;
		struct sc_firewall rules, again;
		char text[FIREWALL_TEXT_LEN];
		struct err err = {};

		if (firewall_parse(good[i].text, &rules, &err))
			print_error("\"%s\": %s\n", good[i].text, err.text);
		assert_int_equal(err.code, 0);
		assert_string_equal(firewall_text(text, &rules), want);
		assert_int_equal(firewall_parse(text, &again, &err), 0);
		assert_memory_equal(&again, &rules, sizeof(rules));
	}
}

static const struct {
	const char *text, *error;
} bad[] = {
	{"permit in", "rule 1: \"permit\": allow or deny expected"},
	{"allow in; drop", "rule 2: \"drop\": allow or deny expected"},
	{";allow", "rule 1: a rule expected at its end"},
	{"allow;;deny", "rule 2: a rule expected at its end"},
	{"allow in tcp 70000", "rule 1: \"70000\": a port or a range of ports expected"},
	{"allow in tcp 20-10", "rule 1: \"20\": a port or a range of ports expected"},
	{"allow in tcp 1,,2", "rule 1: \"\": a port or a range of ports expected"},
	{"allow in tcp 1,", "rule 1: \"\": a port or a range of ports expected"},
	{"allow in tcp 1-", "rule 1: \"1\": a port or a range of ports expected"},
	{"allow in icmp 8", "rule 1: \"8\": from expected"},
	{"allow in 22", "rule 1: \"22\": from expected"},
	{"allow in to 192.0.2.1", "rule 1: \"to\": from expected"},
	{"allow out from 192.0.2.1", "rule 1: \"from\": to expected"},
	{"allow in from", "rule 1: an address or a prefix expected at its end"},
	{"allow in from 192.0.2.1/24",
	 "rule 1: \"192.0.2.1/24\": an address or a prefix without host bits expected"},
	{"deny in from ::/0", "rule 1: \"::/0\": a prefix without ::ffff:0:0/96 expected"},
	{"allow in from example.net",
	 "rule 1: \"example.net\": an address or a prefix without host bits expected"},
	{"allow in from 192.0.2.1 tcp", "rule 1: \"tcp\": \";\" expected"},
	{"allow in proto", "rule 1: a protocol's number expected at its end"},
	{"allow in proto 256", "rule 1: \"256\": a protocol's number expected"},
	{"allow in tcp 22 \x1b[2J", "rule 1: \"\\x1b[2J\": from expected"},
};

static void a_mistake_is_named(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(bad); i++) {
		struct sc_firewall rules = {.n = 77};
		struct err err = {};

		assert_int_equal(firewall_parse(bad[i].text, &rules, &err), -EINVAL);
		assert_string_equal(err.text, bad[i].error);
		assert_int_equal(rules.n, 77);
	}
}

static void sixteen_rules_fit_and_not_one_more(void **state)
{
	struct sc_firewall rules;
	struct err err = {};

	(void)state;
	assert_int_equal(
		firewall_parse("allow tcp 1,2,3,4,5,6,7,8,9,10,11,12,13,14,15; deny", &rules, &err),
		0);
	assert_int_equal(rules.n, SC_MAX_RULES);
	assert_int_equal(firewall_parse("allow tcp 1,2,3,4,5,6,7,8,9,10,11,12,13,14,15,16; deny",
					&rules, &err),
			 -E2BIG);
}

static void the_longest_rules_have_room_as_text(void **state)
{
	struct sc_firewall rules = {.n = SC_MAX_RULES}, again;
	char text[FIREWALL_TEXT_LEN];
	struct err err = {};

	(void)state;
	for (uint32_t i = 0; i < SC_MAX_RULES; i++) {
		struct sc_rule *r = &rules.rule[i];

		r->flags = SC_RULE_IN | SC_RULE_ALLOW | SC_RULE_PROTO;
		r->proto = 132;
		r->port_min = 10000;
		r->port_max = 65534;
		memset(r->addr, 0xef, sizeof(r->addr));
		r->addr_len = 128;
	}
	firewall_text(text, &rules);
	assert_int_equal(firewall_parse(text, &again, &err), 0);
	assert_memory_equal(&again, &rules, sizeof(rules));
}

static void too_long_a_text_is_refused(void **state)
{
	char text[FIREWALL_TEXT_LEN + 1];
	struct sc_firewall rules;

	(void)state;
	memset(text, ' ', sizeof(text));
	text[FIREWALL_TEXT_LEN] = '\0';
	assert_int_equal(firewall_parse(text, &rules, NULL), -E2BIG);
	text[FIREWALL_TEXT_LEN - 1] = '\0';
	assert_int_equal(firewall_parse(text, &rules, NULL), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(text_becomes_rules_and_text_again),
		cmocka_unit_test(a_mistake_is_named),
		cmocka_unit_test(sixteen_rules_fit_and_not_one_more),
		cmocka_unit_test(the_longest_rules_have_room_as_text),
		cmocka_unit_test(too_long_a_text_is_refused),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests_name("firewall", tests, NULL, NULL);
}
