/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Real packets through the attached programs; test_live_*.c say which:
 *
 *	namespace "world"		  this namespace
 *	up1 2001:db8:99::9/64 ---veth---- up0 2001:db8:5::1/64, 198.51.100.126/26
 *	    198.51.100.65/26		  wg0 a tun device: as without link layer as WireGuard's;
 *					      the test program is its peer
 *					  vrf0 stands in for the VRF device
 */
#ifndef SELFTESTS_BPF_LIVE_H
#define SELFTESTS_BPF_LIVE_H

#include "rig.h"

#define LIVE_WORLD6 "2001:db8:99::9"
#define LIVE_WORLD4 "198.51.100.65"
#define LIVE_WAIT_MS 3000

extern struct live {
	struct rig rig;
	int home, world; /* the two namespaces */
	int tun;	 /* wg0's far side */
	int udp6, udp4;	 /* sockets in world */
	bool no_tcx;	 /* for the next live_open(), until live_close() */
} live;

/* TAP output, both namespaces and their devices: once per test program. */
void live_enter(void);
/* Loads and attaches; text: what the mode must call itself. */
void live_open(enum dp_xdp_mode mode, const char *text);
/* Every test's teardown. */
int live_close(void **state);
#define LIVE_TEST(f) cmocka_unit_test_teardown(f, live_close)

/* In world: command is a shell's, without single quotes. */
void live_world_run(const char *command);
/* Does what `ip SHOW` prints there match pattern, within LIVE_WAIT_MS? */
bool live_world_shows(const char *show, const char *pattern);
/* In this thread's namespace; port 7000. */
int live_udp_open(int family, const char *addr);
/* Something to read within LIVE_WAIT_MS? */
bool live_readable(int fd);
/* len bytes of 0x44 to port 9. */
void live_world_sends(int fd, const char *dst, size_t len);
/* hop_limit 0 = any */
void live_world_gets(int fd, const char *payload, int hop_limit);

void live_tunnel_sends(const struct pkt *p);
/* What the tunnel's device sends must be exactly these bytes, behind the Ethernet header. any_id:
 * IPv4's identification and flags are the sender's, want gets them. */
void live_tunnel_gets(struct pkt *want, bool any_id);
/* up: "pong" from port 9 to 7000; else what live_world_sends() sends, 100 bytes. */
void live_udp(struct pkt *p, const char *src, const char *dst, uint8_t ttl, bool up);
uint64_t live_drops(enum sc_drop reason);

#endif
