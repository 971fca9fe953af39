/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Why a packet was dropped. One list: a stage's (negative) return value, the index of the counter,
 * the name in API, relayctl and metrics. Numbers are never reused or changed; new ones go to the
 * end, before MAX. SC_DROP_MAX leaves room so that the map's size stays.
 */
#ifndef SIDECAR_DROP_H
#define SIDECAR_DROP_H

#define SC_DROP_LIST(X)                                                                            \
	X(1, MALFORMED, "malformed", "headers cut short or lengths that contradict each other")    \
	X(2, NO_SLOT, "no_slot", "to an address of a pool that no peer has")                       \
	X(3, WG_SHAPE, "wg_shape", "to a WireGuard port, but not of a WireGuard message's form")   \
	X(4, BAD_SOURCE, "bad_source", "from a tunnel with a source that is not the peer's")       \
	X(5, TO_RELAY, "to_relay", "from a tunnel to one of the relay's own addresses")            \
	X(6, BAD_DESTINATION, "bad_destination", "from a tunnel to a local-only or bogon address") \
	X(7, HAIRPIN, "hairpin", "from a tunnel to another customer's address, by hairpin: deny")  \
	X(8, NOT_OURS, "not_ours", "into a tunnel, but not to a live peer of that tunnel")         \
	X(9, NOT_IP, "not_ip", "from a tunnel, neither IPv4 nor IPv6")                             \
	X(10, REDIRECT, "redirect", "the kernel helper for a redirect or a header push failed")    \
	X(11, BOGON_SOURCE, "bogon_source", "to a peer from an address that no packet comes from") \
	X(12, OWN_SOURCE, "own_source", "from outside with a source out of the relay's own pools") \
	X(13, HANDSHAKE_RATE, "handshake_rate", "too many WireGuard handshakes from one network")  \
	X(14, CEILING, "ceiling", "to a peer, beyond the abuse ceiling of its tier")               \
	X(15, SMTP, "smtp", "from a tunnel to port 25, which the peer's tier keeps closed")        \
	X(16, SCAN, "scan", "from a tunnel, too many new destinations in a short time")            \
	X(17, FIREWALL, "firewall", "refused by the peer's own firewall rules")                    \
	X(18, SHAPER, "shaper", "beyond what the peer's tier lets wait, with shaper: edt")         \
	X(19, WG_PMTU, "wg_pmtu", "ICMP that says WireGuard's packets are too big: agents probe")

enum sc_drop {
	SC_DROP_NONE = 0,
#define X(number, NAME, name, text) SC_DROP_##NAME = number,
	SC_DROP_LIST(X)
#undef X
		SC_DROP_MAX = 32,
};

#endif
