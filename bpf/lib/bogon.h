/* SPDX-License-Identifier: GPL-2.0-only */
/* Addresses that no packet on the internet comes from or goes to. */
#ifndef SIDECAR_BOGON_H
#define SIDECAR_BOGON_H

#include "base.h"

/* 0/8, 127/8, 169.254/16, 224/4, 240/4. Private ranges are left to the operator's routes and
 * rules (addr_is_private). */
STAGE bool addr_is_bogon4(__u32 a) /* host order */
{
	__u32 top = a >> 24;

	return top == 0 || top == 127 || a >> 16 == 0xa9fe || top >= 224;
}

/* ff00::/8, fe80::/10, ::, ::1, ::ffff:0:0/96. */
STAGE bool addr_is_bogon6(const word32 *a)
{
	__u32 top = bpf_ntohl(a[0]);

	if (top >> 24 == 0xff || top >> 22 == 0xfe80 >> 6)
		return true;
	if (a[0] | a[1])
		return false;
	return a[2] == bpf_htonl(0xffff) || (!a[2] && bpf_ntohl(a[3]) <= 1);
}

STAGE bool addr_is_bogon(bool v6, const void *addr)
{
	return v6 ? addr_is_bogon6(addr) : addr_is_bogon4(bpf_ntohl(*(const word32 *)addr));
}

/* 10/8, 172.16/12, 192.168/16 (RFC 1918), 100.64/10 (RFC 6598), fc00::/7 (RFC 4193). */
STAGE bool addr_is_private(bool v6, const void *addr)
{
	__u32 a = bpf_ntohl(*(const word32 *)addr);

	if (v6)
		return a >> 25 == 0xfc >> 1;
	return a >> 24 == 10 || a >> 20 == 0xac1 || a >> 16 == 0xc0a8 || a >> 22 == 0x6440 >> 6;
}

#endif
