/* SPDX-License-Identifier: GPL-2.0-only */
/* A packet in a few words, for tables of cases. */
#ifndef SELFTESTS_BPF_SPEC_H
#define SELFTESTS_BPF_SPEC_H

#include "rig.h"

#define FAR6 "2001:db8:99::9"
#define FAR4 "198.18.0.1"

/* What a case may want of a packet; upper header: GRE (47) unless tcp or udp. */
struct spec {
	const char *eth_dst, *src, *dst; /* NULL: the uplink's MAC, FAR6 or FAR4 */
	uint8_t ttl;			 /* 0 = 64 */
	unsigned int options; /* IPv4: words; IPv6: 1 = hop-by-hop, 2 = destination options */
	enum { GRE, TCP, UDP } upper;
	size_t len; /* of the payload behind a TCP, UDP header; of all of GRE */
	uint32_t gso_size, gso_segs;
};

void spec_make(const struct spec *s, struct pkt *p);
void spec_run(struct rig *rig, enum rig_prog prog, const struct spec *s, uint32_t ifindex,
	      struct pkt *ret_in, struct rig_result *ret_result);
/* Cut at every length that the kernel's test run takes: always dropped as malformed, as it came. */
void spec_cut(struct rig *rig, enum rig_prog prog, const struct spec *s, uint32_t ifindex);
/* Slot 3's address of dst's family. */
const char *spec_slot3(const char *dst);
/* What wg_in makes of a packet: the Ethernet header for its way out in front of it, as it came. */
void spec_out(const struct pkt *in, struct pkt *out);

#endif
