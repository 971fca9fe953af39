/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The uplink goes and comes back as another device (a bond or VLAN that its owner made anew):
 *
 *	up0 ---veth--- far	wg0, wg1: veth devices in the place of WireGuard's
 */
#include <errno.h>
#include <net/if.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <cmocka.h>
#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include "../../lib/nl_link.h"
#include "../../relay/net_int.h"
#include "../../relay/dp_impl.h"
#include "env.h"
#include "sidecar.skel.h"

static void add_uplink(void)
{
	env_run("ip link add up0 type veth peer name far && ip link set up0 up && "
		"ip link set far up");
}

static int set_up(void **state)
{
	struct net *net = calloc(1, sizeof(*net));
	char pin_dir[ENV_PIN_DIR_LEN];
	struct dp_conf conf;
	int devices[HTB_DEVICES];

	assert_non_null(net);
	env_run("ip link add wg0 type veth peer name wg0-b && "
		"ip link add wg1 type veth peer name wg1-b");
	add_uplink();
	env_conf(&conf, pin_dir);
	snprintf(net->conf.uplink, sizeof(net->conf.uplink), "up0");
	assert_int_equal(nl_open(NETLINK_ROUTE, &net->rtnl, NULL), 0);
	assert_int_equal(dp_open(&conf, &net->dp, NULL), 0);
	net->wg_ifindex[0] = devices[0] = (int)if_nametoindex("wg0");
	net->wg_ifindex[1] = devices[1] = (int)if_nametoindex("wg1");
	assert_int_equal(net_uplink_start(net, NULL), 0);
	devices[2] = net->uplink_ifindex;
	/* No classes: a native kernel need not have fq_codel. */
	assert_int_equal(net_htb_new(net->rtnl, devices, 0, 0, ENV_SLOTS, &net->htb, NULL), 0);
	*state = net;
	return 0;
}

static int tear_down(void **state)
{
	struct net *net = *state;

	net_htb_free(net->htb);
	dp_close(net->dp);
	nl_close(net->rtnl);
	free(net);
	env_run("ip link del wg0; ip link del wg1; ip link del up0 2>/dev/null; true");
	return 0;
}

static void expect_ours(struct net *net)
{
	uint32_t prog = 0;

	assert_int_equal(net->uplink_ifindex, if_nametoindex("up0"));
	assert_int_equal(bpf_xdp_query_id(net->uplink_ifindex, 0, &prog), 0);
	assert_int_not_equal(prog, 0);
}

static void the_same_uplink_is_left_alone(void **state)
{
	struct net *net = *state;
	int before = net->uplink_ifindex;

	assert_int_equal(net_uplink_follow(net, NULL), 0);
	assert_int_equal(net->uplink_ifindex, before);
	expect_ours(net);
}

static void an_uplink_that_was_made_anew_gets_the_programs(void **state)
{
	struct net *net = *state;

	env_run("ip link del up0");
	assert_int_equal(net_uplink_follow(net, NULL), -ENODEV);
	add_uplink();
	assert_int_equal(net_uplink_follow(net, NULL), 0);
	expect_ours(net);
}

static void answers_are_given_with_the_macs_present_value(void **state)
{
	static const uint8_t mac[6] = {2, 0, 0, 0, 0, 9};
	struct net *net = *state;
	struct sc_uplink up;
	uint32_t zero = 0;

	env_run("ip link set up0 address 02:00:00:00:00:09");
	assert_int_equal(net_uplink_follow(net, NULL), 0);
	assert_int_equal(bpf_map_lookup_elem(bpf_map__fd(net->dp->skel->maps.uplink), &zero, &up),
			 0);
	assert_memory_equal(up.mac, mac, sizeof(mac));
	expect_ours(net);
}

#define T(test) cmocka_unit_test_setup_teardown(test, set_up, tear_down)

int main(void)
{
	static const struct CMUnitTest tests[] = {
		T(the_same_uplink_is_left_alone),
		T(an_uplink_that_was_made_anew_gets_the_programs),
		T(answers_are_given_with_the_macs_present_value),
	};

	env_enter();
	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
