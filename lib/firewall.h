/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A peer's firewall as text, the same in the label sidecar.firewall, in the API and in listings:
 *
 *	rules = rule { ";" rule }
 *	rule  = ( "allow" | "deny" ) [ "in" | "out" ] [ proto ] [ ports ] [ ( "from" | "to" ) prefix
 *] proto = "any" | "tcp" | "udp" | "sctp" | "icmp" | "proto" NUMBER ports = port [ "-" port ] { ","
 *port [ "-" port ] }	of the destination; tcp, udp, sctp
 *
 * "in" (to the container, the default) goes with "from", "out" with "to". icmp is that of both
 * families. The first rule that matches decides; what none matches is allowed. "none" or the empty
 * text: no rules. What is judged of a connection: bpf/include/abi.h, map "firewall".
 */
#ifndef LIB_FIREWALL_H
#define LIB_FIREWALL_H

#include "../bpf/include/abi.h"
#include "err.h"

#define FIREWALL_TEXT_LEN 2048 /* longer: refused */

/* -EINVAL: err names the rule and the word. -E2BIG: more than SC_MAX_RULES, lists written out. */
int firewall_parse(const char *text, struct sc_firewall *ret_rules, struct err *err);
/* Canonical text, which parses again to the same rules; "none" for no rules. */
const char *firewall_text(char out[static FIREWALL_TEXT_LEN], const struct sc_firewall *rules);

#endif
