/* SPDX-License-Identifier: GPL-2.0-only */
#include "pkt.h"

#include <arpa/inet.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define P_UDP 17
#define P_TCP 6
#define P_ICMP6 58

static void die(const char *what)
{
	printf("Bail out! pkt: %s\n", what);
	exit(1);
}

static uint8_t *add(struct pkt *p, size_t n)
{
	uint8_t *at = p->b + p->len;

	if (n > sizeof(p->b) - p->len)
		die("frame too long");
	memset(at, 0, n);
	p->len += n;
	return at;
}

static void put16(uint8_t *at, size_t v)
{
	at[0] = (uint8_t)(v >> 8);
	at[1] = (uint8_t)v;
}

static unsigned int digit(char c)
{
	static const char digits[] = "0123456789abcdef";
	const char *at = c ? strchr(digits, c) : NULL;

	if (!at)
		die("hex digits");
	return (unsigned int)(at - digits);
}

/* Six numbers of two digits each. */
static void put_mac(uint8_t *at, const char *text)
{
	if (strlen(text) != 17)
		die("MAC");
	for (int i = 0; i < 6; i++)
		at[i] = (uint8_t)(digit(text[i * 3]) << 4 | digit(text[i * 3 + 1]));
}

static void put_addr(uint8_t *at, int family, const char *text)
{
	if (inet_pton(family, text, at) != 1)
		die(text);
}

void pkt_eth(struct pkt *p, const char *dst, const char *src, uint16_t type)
{
	uint8_t *h = add(p, 14);

	put_mac(h, dst);
	put_mac(h + 6, src);
	put16(h + 12, type);
}

void pkt_vlan(struct pkt *p, uint16_t vid, uint16_t type)
{
	uint8_t *h = add(p, 4);

	put16(h - 2, 0x8100);
	put16(h, vid);
	put16(h + 2, type);
}

void pkt_arp(struct pkt *p, uint16_t op, const char *sender_mac, const char *sender,
	     const char *target_mac, const char *target)
{
	uint8_t *h = add(p, 28);

	put16(h, 1);
	put16(h + 2, 0x0800);
	h[4] = 6;
	h[5] = 4;
	put16(h + 6, op);
	put_mac(h + 8, sender_mac);
	put_addr(h + 14, AF_INET, sender);
	put_mac(h + 18, target_mac);
	put_addr(h + 24, AF_INET, target);
}

void pkt_ip6(struct pkt *p, const char *src, const char *dst, uint8_t next, uint8_t hop_limit)
{
	uint8_t *h = add(p, 40);

	p->ip = (size_t)(h - p->b);
	p->version = 6;
	h[0] = 0x60;
	h[6] = next;
	h[7] = hop_limit;
	put_addr(h + 8, AF_INET6, src);
	put_addr(h + 24, AF_INET6, dst);
}

void pkt_ip4(struct pkt *p, const char *src, const char *dst, uint8_t proto, uint8_t ttl,
	     unsigned int option_words)
{
	uint8_t *h = add(p, 20 + option_words * 4);

	p->ip = (size_t)(h - p->b);
	p->version = 4;
	h[0] = (uint8_t)(0x45 + option_words);
	h[8] = ttl;
	h[9] = proto;
	put_addr(h + 12, AF_INET, src);
	put_addr(h + 16, AF_INET, dst);
	memset(h + 20, 1, option_words * 4);
}

void pkt_ext6(struct pkt *p, uint8_t next, size_t len)
{
	uint8_t *h = add(p, len);

	h[0] = next;
	h[1] = (uint8_t)(len / 8 - 1);
}

void pkt_auth6(struct pkt *p, uint8_t next, size_t len)
{
	uint8_t *h = add(p, len);

	h[0] = next;
	h[1] = (uint8_t)(len / 4 - 2);
}

void pkt_frag6(struct pkt *p, uint8_t next, uint16_t offset, uint16_t more)
{
	uint8_t *h = add(p, 8);

	h[0] = next;
	put16(h + 2, offset | more);
	h[7] = 0x77;
}

void pkt_frag4(struct pkt *p, uint16_t offset, uint16_t more)
{
	put16(p->b + p->ip + 6, offset / 8u + (more ? 0x2000u : 0));
}

void pkt_udp(struct pkt *p, uint16_t src, uint16_t dst)
{
	uint8_t *h = add(p, 8);

	p->upper = (size_t)(h - p->b);
	p->upper_proto = P_UDP;
	put16(h, src);
	put16(h + 2, dst);
}

void pkt_tcp(struct pkt *p, uint16_t src, uint16_t dst, unsigned int option_words)
{
	uint8_t *h = add(p, 20 + option_words * 4);

	p->upper = (size_t)(h - p->b);
	p->upper_proto = P_TCP;
	put16(h, src);
	put16(h + 2, dst);
	h[12] = (uint8_t)((5 + option_words) << 4);
	h[13] = 0x10;
	memset(h + 20, 1, option_words * 4);
}

void pkt_nd(struct pkt *p, uint8_t type, uint32_t flags, const char *target)
{
	uint8_t *h = add(p, 24);

	p->upper = (size_t)(h - p->b);
	p->upper_proto = P_ICMP6;
	h[0] = type;
	put16(h + 4, flags >> 16);
	put16(h + 6, flags);
	put_addr(h + 8, AF_INET6, target);
}

void pkt_nd_mac(struct pkt *p, uint8_t option, const char *mac)
{
	uint8_t *h = add(p, 8);

	h[0] = option;
	h[1] = 1;
	put_mac(h + 2, mac);
}

void pkt_fill(struct pkt *p, size_t n, uint8_t byte)
{
	memset(add(p, n), byte, n);
}

void pkt_hex(struct pkt *p, const char *hex)
{
	while (*hex) {
		*add(p, 1) = (uint8_t)(digit(hex[0]) << 4 | digit(hex[1]));
		hex += 2 + (hex[2] == ' ');
	}
}

uint16_t pkt_sum(const void *bytes, size_t len, uint32_t start)
{
	const uint8_t *b = bytes;
	uint32_t sum = start;

	for (size_t i = 0; i < len; i++)
		sum += i % 2 ? b[i] : (uint32_t)b[i] << 8;
	while (sum >> 16)
		sum = (sum >> 16) + (sum & 0xffff);
	return (uint16_t)sum;
}

static void upper_sum(struct pkt *p)
{
	uint8_t *h = p->b + p->upper, *ip = p->b + p->ip;
	size_t len = p->len - p->upper, at;
	uint32_t pseudo = (uint32_t)len + p->upper_proto;
	uint16_t sum;

	at = p->upper_proto == P_UDP ? 6 : p->upper_proto == P_TCP ? 16 : 2;
	put16(h + at, 0);
	pseudo += p->version == 6 ? pkt_sum(ip + 8, 32, 0) : pkt_sum(ip + 12, 8, 0);
	sum = (uint16_t)~pkt_sum(h, len, pseudo);
	put16(h + at, !sum && p->upper_proto == P_UDP ? 0xffff : sum);
}

void pkt_ip4_sum(struct pkt *p)
{
	uint8_t *h = p->b + p->ip;

	put16(h + 10, 0);
	put16(h + 10, (uint16_t)~pkt_sum(h, (h[0] & 15u) * 4, 0));
}

void pkt_done(struct pkt *p)
{
	uint8_t *h = p->b + p->ip;

	if (!p->ip)
		return;
	if (p->version == 6) {
		put16(h + 4, p->len - p->ip - 40);
	} else {
		put16(h + 2, p->len - p->ip);
		pkt_ip4_sum(p);
	}
	if (p->upper_proto == P_UDP)
		put16(p->b + p->upper + 4, p->len - p->upper);
	if (p->upper)
		upper_sum(p);
}
