/* SPDX-License-Identifier: GPL-2.0-only */
/* IP addresses, prefixes and endpoints. Address bytes are in network order throughout. */
#ifndef LIB_ADDR_H
#define LIB_ADDR_H

#include <netinet/in.h>
#include <stdbool.h>
#include <stdint.h>

#define ADDR_TEXT_LEN 46     /* INET6_ADDRSTRLEN */
#define PREFIX_TEXT_LEN 50   /* address, '/', length */
#define ENDPOINT_TEXT_LEN 56 /* '[', address, ']:', port */

struct addr4 {
	uint8_t b[4];
};

struct addr6 {
	uint8_t b[16];
};

struct prefix4 {
	struct addr4 addr; /* host bits are zero */
	uint8_t len;
};

struct prefix6 {
	struct addr6 addr; /* host bits are zero */
	uint8_t len;
};

/* Where UDP goes: a v4 or v6 address and a port in host order. family is AF_INET or AF_INET6, 0 =
 * none. */
struct endpoint {
	uint16_t family;
	uint16_t port;
	union {
		struct addr4 v4;
		struct addr6 v6;
	};
};

bool addr4_is_zero(struct addr4 a);
bool addr6_is_zero(const struct addr6 *a);
bool addr4_eq(struct addr4 a, struct addr4 b);
bool addr6_eq(const struct addr6 *a, const struct addr6 *b);
bool endpoint_eq(const struct endpoint *a, const struct endpoint *b);
bool prefix4_has(const struct prefix4 *p, struct addr4 a);
bool prefix6_has(const struct prefix6 *p, const struct addr6 *a);
bool prefix4_overlap(const struct prefix4 *a, const struct prefix4 *b);
bool prefix6_overlap(const struct prefix6 *a, const struct prefix6 *b);

/* IPv4 as a number in host order, for index = address - base. */
uint32_t addr4_to_u32(struct addr4 a);
struct addr4 addr4_from_u32(uint32_t v);

/* The whole text or -EINVAL. A prefix with host bits set is -EINVAL as well. */
int parse_addr4(const char *text, struct addr4 *ret_addr);
int parse_addr6(const char *text, struct addr6 *ret_addr);
int parse_prefix4(const char *text, struct prefix4 *ret_prefix);
int parse_prefix6(const char *text, struct prefix6 *ret_prefix);
int parse_endpoint(const char *text, struct endpoint *ret_endpoint); /* 1.2.3.4:5, [::1]:5 */

/* Each returns its buffer. */
const char *addr4_text(char out[static ADDR_TEXT_LEN], struct addr4 a);
const char *addr6_text(char out[static ADDR_TEXT_LEN], const struct addr6 *a);
const char *prefix4_text(char out[static PREFIX_TEXT_LEN], const struct prefix4 *p);
const char *prefix6_text(char out[static PREFIX_TEXT_LEN], const struct prefix6 *p);
const char *endpoint_text(char out[static ENDPOINT_TEXT_LEN], const struct endpoint *e);

#endif
