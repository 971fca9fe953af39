/* SPDX-License-Identifier: GPL-2.0-only */
#include "firewall.h"

#include <errno.h>
#include <netinet/in.h>
#include <stdio.h>
#include <string.h>
#include "addr.h"
#include "buf.h"
#include "log.h"
#include "parse.h"

#define SHOWN_LEN 64
#define MAPPED_LEN 96 /* ::ffff:0:0/96 */

/* The words of one rule, taken one by one. */
struct words {
	char *next; /* NULL = no more */
	const char *word;
	unsigned int nr; /* of the rule, from 1 */
	struct err *err;
};

static void take(struct words *w)
{
	w->word = w->next ? strtok_r(w->next, " \t\n", &w->next) : NULL;
}

static int refuse(const struct words *w, const char *expected)
{
	char shown[SHOWN_LEN];

	if (!w->word)
		return err_set(w->err, -EINVAL, "rule %u: %s expected at its end", w->nr, expected);
	log_esc(shown, sizeof(shown), w->word, strlen(w->word));
	return err_set(w->err, -EINVAL, "rule %u: \"%s\": %s expected", w->nr, shown, expected);
}

static bool has_ports(const struct sc_rule *rule)
{
	return rule->flags & SC_RULE_PROTO &&
	       (rule->proto == IPPROTO_TCP || rule->proto == IPPROTO_UDP ||
		rule->proto == IPPROTO_SCTP);
}

static const char *const proto_names[] = {"tcp", "udp", "sctp", "icmp", NULL};
static const uint8_t proto_nrs[] = {IPPROTO_TCP, IPPROTO_UDP, IPPROTO_SCTP, IPPROTO_ICMP};

static int take_proto(struct words *w, struct sc_rule *rule)
{
	uint16_t nr;
	int i;

	if (!w->word)
		return 0;
	if (!strcmp(w->word, "any")) {
		take(w);
		return 0;
	}
	if (!parse_name(w->word, proto_names, &i)) {
		rule->proto = proto_nrs[i];
	} else if (!strcmp(w->word, "proto")) {
		take(w);
		if (!w->word || parse_u16(w->word, 0, 255, &nr))
			return refuse(w, "a protocol's number");
		/* The data plane knows one ICMP. */
		rule->proto = nr == IPPROTO_ICMPV6 ? IPPROTO_ICMP : (uint8_t)nr;
	} else {
		return 0;
	}
	rule->flags |= SC_RULE_PROTO;
	take(w);
	return 0;
}

static int take_prefix(struct words *w, struct sc_rule *rule)
{
	const char *side = rule->flags & SC_RULE_IN ? "from" : "to";
	static const struct addr6 mapped = {.b = {[10] = 0xff, [11] = 0xff}};
	struct prefix6 p6 = {.len = 128};
	struct prefix4 p4 = {.len = 32};

	if (!w->word)
		return 0;
	if (strcmp(w->word, side))
		return refuse(w, side);
	take(w);
	if (!w->word)
		return refuse(w, "an address or a prefix");
	if (!parse_prefix6(w->word, &p6) || !parse_addr6(w->word, &p6.addr)) {
		/* IPv4 lies in there for the data plane: ::/0 would mean both families. */
		if (prefix6_has(&p6, &mapped))
			return refuse(w, "a prefix without ::ffff:0:0/96");
		memcpy(rule->addr, &p6.addr, sizeof(rule->addr));
		rule->addr_len = (uint8_t)p6.len;
	} else if (!parse_prefix4(w->word, &p4) || !parse_addr4(w->word, &p4.addr)) {
		rule->addr[10] = rule->addr[11] = 0xff;
		memcpy(rule->addr + 12, &p4.addr, 4);
		rule->addr_len = (uint8_t)(MAPPED_LEN + p4.len);
	} else {
		return refuse(w, "an address or a prefix without host bits");
	}
	take(w);
	return w->word ? refuse(w, "\";\"") : 0;
}

static int add(struct sc_firewall *rules, const struct sc_rule *rule, struct err *err)
{
	if (rules->n == SC_MAX_RULES)
		return err_set(err, -E2BIG, "more than %d rules (each port of a list is one)",
			       SC_MAX_RULES);
	rules->rule[rules->n++] = *rule;
	return 0;
}

static int parse_ports(char *text, struct sc_rule *rule)
{
	char *dash = strchr(text, '-');

	if (dash)
		*dash = '\0';
	if (parse_u16(text, 0, 65535, &rule->port_min) ||
	    parse_u16(dash ? dash + 1 : text, 0, 65535, &rule->port_max))
		return -EINVAL;
	return rule->port_min > rule->port_max ? -EINVAL : 0;
}

/* Each item of the list becomes a rule. */
static int add_ports(struct words *w, char *list, struct sc_rule *rule, struct sc_firewall *rules)
{
	int r = 0;

	while (list && !r) {
		char *item = list;

		list = strchr(item, ',');
		if (list)
			*list++ = '\0';
		w->word = item;
		r = parse_ports(item, rule) ? refuse(w, "a port or a range of ports")
					    : add(rules, rule, w->err);
	}
	w->word = NULL;
	return r;
}

static int parse_rule(struct words *w, struct sc_firewall *rules)
{
	static const char *const actions[] = {"deny", "allow", NULL};
	struct sc_rule rule = {.flags = SC_RULE_IN, .port_max = 65535};
	char list[FIREWALL_TEXT_LEN];
	bool ports;
	int action, r;

	if (parse_name(w->word, actions, &action))
		return refuse(w, "allow or deny");
	take(w);
	if (w->word && (!strcmp(w->word, "in") || !strcmp(w->word, "out"))) {
		rule.flags = w->word[0] == 'i' ? SC_RULE_IN : SC_RULE_OUT;
		take(w);
	}
	rule.flags |= action ? SC_RULE_ALLOW : 0;
	r = take_proto(w, &rule);
	if (r)
		return r;
	ports = has_ports(&rule) && w->word && w->word[0] >= '0' && w->word[0] <= '9';
	if (ports) {
		snprintf(list, sizeof(list), "%s", w->word);
		take(w);
	}
	r = take_prefix(w, &rule);
	if (r)
		return r;
	return ports ? add_ports(w, list, &rule, rules) : add(rules, &rule, w->err);
}

int firewall_parse(const char *text, struct sc_firewall *ret_rules, struct err *err)
{
	struct sc_firewall rules = {};
	struct words w = {.err = err};
	char copy[FIREWALL_TEXT_LEN];
	char *rule, *rest = copy;
	int r = 0;

	if (strlen(text) >= sizeof(copy))
		return err_set(err, -E2BIG, "longer than %zu characters", sizeof(copy) - 1);
	memcpy(copy, text, strlen(text) + 1);
	if (!strcmp(text, "none"))
		copy[0] = '\0';
	while (!r && (rule = strsep(&rest, ";"))) {
		w.nr++;
		w.next = rule;
		take(&w);
		/* Empty: the text as a whole, or what follows a last ";". */
		if (!w.word && !rest)
			break;
		r = w.word ? parse_rule(&w, &rules) : refuse(&w, "a rule");
	}
	if (!r)
		*ret_rules = rules;
	return r;
}

static void rule_text(struct strbuf *b, const struct sc_rule *rule)
{
	char addr[PREFIX_TEXT_LEN];

	strbuf_printf(b, "%s %s", rule->flags & SC_RULE_ALLOW ? "allow" : "deny",
		      rule->flags & SC_RULE_IN ? "in" : "out");
	for (size_t i = 0; rule->flags & SC_RULE_PROTO; i++) {
		if (!proto_names[i]) {
			strbuf_printf(b, " proto %u", rule->proto);
			break;
		}
		if (proto_nrs[i] == rule->proto) {
			strbuf_printf(b, " %s", proto_names[i]);
			break;
		}
	}
	if (has_ports(rule) && (rule->port_min || rule->port_max != 65535)) {
		strbuf_printf(b, " %u", rule->port_min);
		if (rule->port_max != rule->port_min)
			strbuf_printf(b, "-%u", rule->port_max);
	}
	if (!rule->addr_len)
		return;
	if (rule->addr_len >= MAPPED_LEN && rule->addr[10] == 0xff && rule->addr[11] == 0xff) {
		struct prefix4 p4 = {.len = (uint8_t)(rule->addr_len - MAPPED_LEN)};

		memcpy(&p4.addr, rule->addr + 12, 4);
		prefix4_text(addr, &p4);
	} else {
		struct prefix6 p6 = {.len = rule->addr_len};

		memcpy(&p6.addr, rule->addr, 16);
		prefix6_text(addr, &p6);
	}
	strbuf_printf(b, " %s %s", rule->flags & SC_RULE_IN ? "from" : "to", addr);
}

const char *firewall_text(char out[static FIREWALL_TEXT_LEN], const struct sc_firewall *rules)
{
	AUTO_STRBUF struct strbuf b = STRBUF_NEW(FIREWALL_TEXT_LEN - 1);

	for (uint32_t i = 0; i < rules->n && i < SC_MAX_RULES; i++) {
		if (i)
			strbuf_puts(&b, "; ");
		rule_text(&b, &rules->rule[i]);
	}
	snprintf(out, FIREWALL_TEXT_LEN, "%s", rules->n ? strbuf_text(&b) : "none");
	return out;
}
