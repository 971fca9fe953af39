/* SPDX-License-Identifier: GPL-2.0-only */
#include "addr.h"

#include <arpa/inet.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include "parse.h"

bool addr4_is_zero(struct addr4 a)
{
	return addr4_to_u32(a) == 0;
}

bool addr6_is_zero(const struct addr6 *a)
{
	static const struct addr6 zero;

	return addr6_eq(a, &zero);
}

bool addr4_eq(struct addr4 a, struct addr4 b)
{
	return !memcmp(&a, &b, sizeof(a));
}

bool addr6_eq(const struct addr6 *a, const struct addr6 *b)
{
	return !memcmp(a, b, sizeof(*a));
}

static bool bits_eq(const uint8_t *a, const uint8_t *b, unsigned int bits)
{
	unsigned int bytes = bits / 8, rest = bits % 8;

	if (memcmp(a, b, bytes))
		return false;
	return !rest || !((a[bytes] ^ b[bytes]) & (0xff00 >> rest) & 0xff);
}

static bool host_bits_zero(const uint8_t *a, unsigned int size, unsigned int len)
{
	for (unsigned int bit = len; bit < size * 8; bit++) {
		if (a[bit / 8] & (0x80 >> (bit % 8)))
			return false;
	}
	return true;
}

bool endpoint_eq(const struct endpoint *a, const struct endpoint *b)
{
	if (a->family != b->family || a->port != b->port)
		return false;
	return a->family == AF_INET6 ? addr6_eq(&a->v6, &b->v6)
				     : a->family != AF_INET || addr4_eq(a->v4, b->v4);
}

bool prefix4_has(const struct prefix4 *p, struct addr4 a)
{
	return bits_eq(p->addr.b, a.b, p->len);
}

bool prefix6_has(const struct prefix6 *p, const struct addr6 *a)
{
	return bits_eq(p->addr.b, a->b, p->len);
}

bool prefix4_overlap(const struct prefix4 *a, const struct prefix4 *b)
{
	return bits_eq(a->addr.b, b->addr.b, a->len < b->len ? a->len : b->len);
}

bool prefix6_overlap(const struct prefix6 *a, const struct prefix6 *b)
{
	return bits_eq(a->addr.b, b->addr.b, a->len < b->len ? a->len : b->len);
}

uint32_t addr4_to_u32(struct addr4 a)
{
	return (uint32_t)a.b[0] << 24 | (uint32_t)a.b[1] << 16 | (uint32_t)a.b[2] << 8 | a.b[3];
}

struct addr4 addr4_from_u32(uint32_t v)
{
	return (struct addr4){
		{(uint8_t)(v >> 24), (uint8_t)(v >> 16), (uint8_t)(v >> 8), (uint8_t)v}};
}

int parse_addr4(const char *text, struct addr4 *ret_addr)
{
	struct addr4 a;

	if (inet_pton(AF_INET, text, &a) != 1)
		return -EINVAL;
	*ret_addr = a;
	return 0;
}

int parse_addr6(const char *text, struct addr6 *ret_addr)
{
	struct addr6 a;

	if (inet_pton(AF_INET6, text, &a) != 1)
		return -EINVAL;
	*ret_addr = a;
	return 0;
}

/* Cuts "ADDR/LEN" in two: copies ADDR and parses LEN. */
static int split_prefix(const char *text, uint16_t max_len, char addr[static ADDR_TEXT_LEN],
			uint16_t *ret_len)
{
	const char *slash = strchr(text, '/');

	if (!slash || slash - text >= ADDR_TEXT_LEN)
		return -EINVAL;
	memcpy(addr, text, (size_t)(slash - text));
	addr[slash - text] = '\0';
	return parse_u16(slash + 1, 0, max_len, ret_len) ? -EINVAL : 0;
}

int parse_prefix4(const char *text, struct prefix4 *ret_prefix)
{
	char addr[ADDR_TEXT_LEN];
	struct prefix4 p;
	uint16_t len;

	if (split_prefix(text, 32, addr, &len) || parse_addr4(addr, &p.addr) ||
	    !host_bits_zero(p.addr.b, 4, len))
		return -EINVAL;
	p.len = (uint8_t)len;
	*ret_prefix = p;
	return 0;
}

int parse_prefix6(const char *text, struct prefix6 *ret_prefix)
{
	char addr[ADDR_TEXT_LEN];
	struct prefix6 p;
	uint16_t len;

	if (split_prefix(text, 128, addr, &len) || parse_addr6(addr, &p.addr) ||
	    !host_bits_zero(p.addr.b, 16, len))
		return -EINVAL;
	p.len = (uint8_t)len;
	*ret_prefix = p;
	return 0;
}

int parse_endpoint(const char *text, struct endpoint *ret_endpoint)
{
	bool v6 = text[0] == '[';
	const char *start = v6 ? text + 1 : text;
	const char *colon = strrchr(text, ':');
	struct endpoint e = {.family = v6 ? AF_INET6 : AF_INET};
	char host[ADDR_TEXT_LEN];
	const char *end;
	int r;

	if (!colon)
		return -EINVAL;
	end = v6 ? colon - 1 : colon;
	if (end < start || (v6 && *end != ']') || end - start >= ADDR_TEXT_LEN)
		return -EINVAL;
	memcpy(host, start, (size_t)(end - start));
	host[end - start] = '\0';
	r = v6 ? parse_addr6(host, &e.v6) : parse_addr4(host, &e.v4);
	if (r || parse_u16(colon + 1, 1, 65535, &e.port))
		return -EINVAL;
	*ret_endpoint = e;
	return 0;
}

const char *addr4_text(char out[static ADDR_TEXT_LEN], struct addr4 a)
{
	return inet_ntop(AF_INET, &a, out, ADDR_TEXT_LEN);
}

const char *addr6_text(char out[static ADDR_TEXT_LEN], const struct addr6 *a)
{
	return inet_ntop(AF_INET6, a, out, ADDR_TEXT_LEN);
}

const char *prefix4_text(char out[static PREFIX_TEXT_LEN], const struct prefix4 *p)
{
	char a[ADDR_TEXT_LEN];

	snprintf(out, PREFIX_TEXT_LEN, "%s/%u", addr4_text(a, p->addr), p->len);
	return out;
}

const char *prefix6_text(char out[static PREFIX_TEXT_LEN], const struct prefix6 *p)
{
	char a[ADDR_TEXT_LEN];

	snprintf(out, PREFIX_TEXT_LEN, "%s/%u", addr6_text(a, &p->addr), p->len);
	return out;
}

const char *endpoint_text(char out[static ENDPOINT_TEXT_LEN], const struct endpoint *e)
{
	char a[ADDR_TEXT_LEN];

	if (e->family == AF_INET6)
		snprintf(out, ENDPOINT_TEXT_LEN, "[%s]:%u", addr6_text(a, &e->v6), e->port);
	else if (e->family == AF_INET)
		snprintf(out, ENDPOINT_TEXT_LEN, "%s:%u", addr4_text(a, e->v4), e->port);
	else
		out[0] = '\0';
	return out;
}
