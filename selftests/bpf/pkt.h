/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Builds frames header by header; pkt_done() fills in lengths and checksums. Addresses are text.
 * What makes a frame wrong is done afterwards, on the bytes. One IP header per frame.
 */
#ifndef SELFTESTS_BPF_PKT_H
#define SELFTESTS_BPF_PKT_H

#include <stddef.h>
#include <stdint.h>

#define PKT_MAX 2048

struct pkt {
	uint8_t b[PKT_MAX];
	size_t len;
	/* Where pkt_done() finds what it fills in; 0 = none. */
	size_t ip, upper;
	uint8_t version, upper_proto;
};

#define PKT_FRAG_MORE 1

/* Each adds to the end. */
void pkt_eth(struct pkt *p, const char *dst, const char *src, uint16_t type);
void pkt_vlan(struct pkt *p, uint16_t vid, uint16_t type);
void pkt_arp(struct pkt *p, uint16_t op, const char *sender_mac, const char *sender,
	     const char *target_mac, const char *target);
void pkt_ip6(struct pkt *p, const char *src, const char *dst, uint8_t next, uint8_t hop_limit);
/* option_words: that many words of no-operation options. */
void pkt_ip4(struct pkt *p, const char *src, const char *dst, uint8_t proto, uint8_t ttl,
	     unsigned int option_words);
/* An IPv6 extension header of `len` bytes (multiple of 8), padded with Pad1. */
void pkt_ext6(struct pkt *p, uint8_t next, size_t len);
void pkt_auth6(struct pkt *p, uint8_t next, size_t len);
/* offset: in bytes; more: PKT_FRAG_MORE or 0. */
void pkt_frag6(struct pkt *p, uint8_t next, uint16_t offset, uint16_t more);
void pkt_frag4(struct pkt *p, uint16_t offset, uint16_t more);
void pkt_udp(struct pkt *p, uint16_t src, uint16_t dst);
void pkt_tcp(struct pkt *p, uint16_t src, uint16_t dst, unsigned int option_words);
/* Neighbour solicitation (135) or advertisement (136). */
void pkt_nd(struct pkt *p, uint8_t type, uint32_t flags, const char *target);
void pkt_nd_mac(struct pkt *p, uint8_t option, const char *mac);
void pkt_fill(struct pkt *p, size_t n, uint8_t byte);
void pkt_hex(struct pkt *p, const char *hex);
void pkt_done(struct pkt *p);
/* Writes the IPv4 header checksum anew, after the header was changed. */
void pkt_ip4_sum(struct pkt *p);

/* Internet checksum of bytes, as a host-order number. */
uint16_t pkt_sum(const void *bytes, size_t len, uint32_t start);

#endif
