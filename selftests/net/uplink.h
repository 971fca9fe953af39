/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * An uplink on a veth pair, for each test in a namespace of its own:
 *
 *	up0 (the uplink) 192.0.2.2/24 ---- far (its switch)
 *	default routes, where a test adds them, by 192.0.2.1 and fe80::1
 */
#ifndef SELFTESTS_NET_UPLINK_H
#define SELFTESTS_NET_UPLINK_H

#include "relay/net_int.h"

/* *state is a struct net. */
int uplink_set_up(void **state);
int uplink_tear_down(void **state);
#define UPLINK_TEST(f) cmocka_unit_test_setup_teardown(f, uplink_set_up, uplink_tear_down)

void uplink_device(struct net *net, const char *name, bool up);
void uplink_default4(struct net *net);
void uplink_default6(struct net *net);
/* 2001:db8:5::/64 and 203.0.113.128/26 */
void uplink_pools(struct net *net, enum conf_pool_mode mode);

#endif
