/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The uplink goes and comes back as another device (a bond or VLAN that its owner made anew), or
 *has another MAC (a bond that fails over):
 *
 *	up0 ---veth--- far (what neighbours are told)	wg0, wg1: veth devices in the place of
 *WireGuard's
 */
#include <arpa/inet.h>
#include <errno.h>
#include <linux/ethtool.h>
#include <linux/if_packet.h>
#include <linux/sockios.h>
#include <net/if.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <cmocka.h>
#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include "../../lib/mono.h"
#include "../../lib/nl_link.h"
#include "../../relay/net_int.h"
#include "../../relay/dp_impl.h"
#include "env.h"
#include "rig.h"
#include "sidecar.skel.h"

#define OLD_MAC "02:00:00:00:00:08"
#define NEW_MAC "02:00:00:00:00:09"
#define WAIT_MS 5000

static uv_loop_t loop;
static int wire = -1;

static void add_uplink(void)
{
	struct sockaddr_ll at = {.sll_family = AF_PACKET, .sll_protocol = htons(0x0003)};

	env_run("ip link add up0 address " OLD_MAC " type veth peer name far && "
		"ip link set up0 up && ip link set far up");
	close(wire);
	wire = socket(AF_PACKET, SOCK_RAW | SOCK_CLOEXEC | SOCK_NONBLOCK, htons(0x0003));
	assert_true(wire >= 0);
	at.sll_ifindex = (int)if_nametoindex("far");
	assert_int_equal(bind(wire, (struct sockaddr *)&at, sizeof(at)), 0);
}

/* IPv6: of 2001:db8:5::/64 are on-link, the others not. IPv4: of 198.51.100.64/26. */
static void set_pools(struct net *net, const struct dp_conf *conf)
{
	static const enum pool_why why6[] = {POOL_CONF_ONLINK, POOL_CONF_ROUTED};
	static const enum pool_why why4[] = {POOL_UNSEEN, POOL_ADDRESS};

	for (size_t i = 0; i < 2; i++) {
		memcpy(&net->conf.pool6[i].prefix.addr, conf->pools.v6[i].addr, 16);
		net->conf.pool6[i].prefix.len = (uint8_t)conf->pools.v6[i].len;
		memcpy(&net->conf.pool4[i].prefix.addr, &conf->pools.v4[i].addr, 4);
		net->conf.pool4[i].prefix.len = (uint8_t)conf->pools.v4[i].len;
		net->pool6_why[i] = (uint8_t)why6[i];
		net->pool4_why[i] = (uint8_t)why4[i];
	}
	net->conf.n_pool6 = net->conf.n_pool4 = 2;
	net->conf.slots = conf->slots;
}

static int set_up(void **state)
{
	struct net *net = calloc(1, sizeof(*net));
	char pin_dir[ENV_PIN_DIR_LEN];
	struct dp_conf conf;
	int devices[HTB_DEVICES];

	assert_non_null(net);
	assert_int_equal(uv_loop_init(&loop), 0);
	net->loop = &loop;
	assert_int_equal(net_announce_start(net, NULL), 0);
	env_run("ip link add wg0 type veth peer name wg0-b && "
		"ip link add wg1 type veth peer name wg1-b");
	add_uplink();
	env_conf(&conf, pin_dir);
	set_pools(net, &conf);
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

	net_watch_stop(net);
	uv_run(&loop, UV_RUN_DEFAULT);
	assert_int_equal(uv_loop_close(&loop), 0);
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

	env_run("ip link set up0 address " NEW_MAC);
	assert_int_equal(net_uplink_follow(net, NULL), 0);
	assert_int_equal(bpf_map_lookup_elem(bpf_map__fd(net->dp->skel->maps.uplink), &zero, &up),
			 0);
	assert_memory_equal(up.mac, mac, sizeof(mac));
	expect_ours(net);
}

static void has_router(struct net *net, uint32_t key, uint32_t family, const char *router)
{
	struct bpf_redir_neigh have, want = {.nh_family = family};

	if (family)
		assert_int_equal(inet_pton((int)family, router, want.ipv6_nh), 1);
	assert_int_equal(bpf_map_lookup_elem(bpf_map__fd(net->dp->skel->maps.gateway), &key, &have),
			 0);
	assert_memory_equal(&have, &want, sizeof(want));
}

static void the_programs_are_told_the_router(void **state)
{
	struct net *net = *state;
	bool changed;

	assert_int_equal(net_uplink_refresh(net, &changed, NULL), 0);
	has_router(net, 0, 0, NULL);
	has_router(net, 1, 0, NULL);
	env_run("ip addr add 198.51.100.126/26 dev up0 && "
		"ip route add default via 198.51.100.65 dev up0");
	assert_int_equal(net_uplink_refresh(net, &changed, NULL), 0);
	has_router(net, 0, AF_INET, "198.51.100.65");
	/* Another one, of the other family. */
	env_run("echo 0 >/proc/sys/net/ipv6/conf/up0/disable_ipv6 && "
		"ip -4 route replace default via inet6 fe80::1 dev up0 && "
		"ip -6 route add default via fe80::1 dev up0");
	assert_int_equal(net_uplink_refresh(net, &changed, NULL), 0);
	has_router(net, 0, AF_INET6, "fe80::1");
	has_router(net, 1, AF_INET6, "fe80::1");
	/* Without a default route the last one stays. */
	env_run("ip route del default; ip -6 route del default");
	assert_int_equal(net_uplink_refresh(net, &changed, NULL), 0);
	has_router(net, 0, AF_INET6, "fe80::1");
	/* Everybody is reached without one. */
	env_run("ip route add default dev up0");
	assert_int_equal(net_uplink_refresh(net, &changed, NULL), 0);
	has_router(net, 0, 0, NULL);
	assert_int_equal(nl_nexthop_del(net->rtnl, KSTATE_NH4, NULL), 0);
	assert_int_equal(nl_nexthop_del(net->rtnl, KSTATE_NH6, NULL), 0);
}

/* For what is still to come. */
static size_t run_until(struct net *net, size_t frames, struct pkt *ret_frames)
{
	struct mono began = mono_now();
	size_t n = 0;

	for (;;) {
		struct pkt p = {};
		ssize_t len = recv(wire, p.b, sizeof(p.b), 0);
		bool active = uv_is_active((uv_handle_t *)net->announce_timer);

		if (len > 0) {
			p.len = (size_t)len;
			assert_true(n < frames);
			ret_frames[n++] = p;
			continue;
		}
		if (!active)
			return n;
		assert_in_range(mono_ms_since(began), 0, WAIT_MS);
		uv_run(&loop, UV_RUN_ONCE);
	}
}

static void is_nd(const struct pkt *have, const char *v6, const char *mac)
{
	struct pkt want = {};

	pkt_eth(&want, "33:33:00:00:00:01", mac, 0x86dd);
	pkt_ip6(&want, v6, "ff02::1", 58, 255);
	pkt_nd(&want, 136, 0xa0000000, v6);
	pkt_nd_mac(&want, 2, mac);
	pkt_done(&want);
	rig_same(v6, have, &want);
}

static void is_arp(const struct pkt *have, const char *v4, const char *mac)
{
	struct pkt want = {};

	pkt_eth(&want, "ff:ff:ff:ff:ff:ff", mac, 0x0806);
	pkt_arp(&want, 1, mac, v4, "00:00:00:00:00:00", v4);
	rig_same(v4, have, &want);
}

static void set_slot(struct net *net, uint32_t nr, const char *v6, const char *v4, bool live)
{
	struct sc_slot s = {.flags = live ? SC_SLOT_LIVE : 0,
			    .account = 9,
			    .wg_ifindex = (uint32_t)net->wg_ifindex[0],
			    .vrf_ifindex = (uint32_t)net->wg_ifindex[1],
			    .mtu = 1420};

	assert_int_equal(inet_pton(AF_INET6, v6, s.v6), 1);
	if (v4)
		assert_int_equal(inet_pton(AF_INET, v4, &s.v4), 1);
	assert_int_equal(dp_slot_set(net->dp, nr, &s, NULL), 0);
}

/* Those of routed pools and of closed slots are nobody's to know. */
static void set_slots(struct net *net)
{
	set_slot(net, 3, SLOT3_V6, SLOT3_V4, true);
	set_slot(net, 5, SLOT5_V6, SLOT5_V4, true);
	set_slot(net, 6, SLOT6_V6, SLOT6_V4, true);
	set_slot(net, 6, SLOT6_V6, SLOT6_V4, false);
}

static void a_new_uplink_has_no_router_until_one_is_found(void **state)
{
	struct net *net = *state;
	bool changed;

	env_run("ip addr add 198.51.100.126/26 dev up0 && "
		"ip route add default via 198.51.100.65 dev up0");
	assert_int_equal(net_uplink_refresh(net, &changed, NULL), 0);
	has_router(net, 0, AF_INET, "198.51.100.65");
	env_run("ip link del up0");
	add_uplink();
	assert_int_equal(net_uplink_follow(net, NULL), 0);
	has_router(net, 0, 0, NULL);
	assert_int_equal(net_uplink_refresh(net, &changed, NULL), 0);
	has_router(net, 0, 0, NULL);
	/* A next hop of another device is none. */
	env_run("ip link add other type veth peer name other-b && ip link set other up && "
		"ip link set other-b up && ip addr add 198.51.100.126/26 dev other && "
		"ip nexthop add id %d via 198.51.100.65 dev other",
		KSTATE_NH4);
	assert_int_equal(net_uplink_refresh(net, &changed, NULL), 0);
	has_router(net, 0, 0, NULL);
	env_run("ip link del other");
}

/* Routers tell it, and the kernel's forwarding heeds it. */
static void a_link_with_a_small_ipv6_mtu_is_left_to_the_kernel(void **state)
{
	struct net *net = *state;
	bool changed;

	net->conf.mtu = 1420;
	env_run("echo 0 >/proc/sys/net/ipv6/conf/up0/disable_ipv6 && "
		"ip -6 route add default via fe80::1 dev up0");
	assert_int_equal(net_uplink_refresh(net, &changed, NULL), 0);
	has_router(net, 1, AF_INET6, "fe80::1");
	env_run("echo 1419 >/proc/sys/net/ipv6/conf/up0/mtu");
	assert_int_equal(net_uplink_refresh(net, &changed, NULL), 0);
	has_router(net, 1, 0, NULL);
	env_run("echo 1420 >/proc/sys/net/ipv6/conf/up0/mtu");
	assert_int_equal(net_uplink_refresh(net, &changed, NULL), 0);
	has_router(net, 1, AF_INET6, "fe80::1");
	assert_int_equal(nl_nexthop_del(net->rtnl, KSTATE_NH6, NULL), 0);
}

static void neighbours_are_told_of_another_mac(void **state)
{
	struct net *net = *state;
	struct pkt frames[2];

	set_slots(net);
	env_run("ip link set up0 address " NEW_MAC);
	assert_int_equal(net_uplink_follow(net, NULL), 0);
	assert_int_equal(run_until(net, 2, frames), 2);
	is_nd(&frames[0], SLOT3_V6, NEW_MAC);
	is_arp(&frames[1], SLOT3_V4, NEW_MAC);
	/* Once. */
	assert_int_equal(net_uplink_follow(net, NULL), 0);
	assert_int_equal(run_until(net, 0, frames), 0);
}

static void neighbours_are_told_of_another_device(void **state)
{
	struct net *net = *state;
	struct pkt frames[2];

	set_slots(net);
	env_run("ip link del up0");
	assert_int_equal(net_uplink_follow(net, NULL), -ENODEV);
	add_uplink();
	assert_int_equal(net_uplink_follow(net, NULL), 0);
	assert_int_equal(run_until(net, 2, frames), 2);
	is_nd(&frames[0], SLOT3_V6, OLD_MAC);
	is_arp(&frames[1], SLOT3_V4, OLD_MAC);
}

/* As a device that was made anew, whose addresses come later. */
static void neighbours_are_told_of_a_pool_that_turns_onlink(void **state)
{
	struct net *net = *state;
	struct pkt frame;
	bool changed = false;

	set_slots(net);
	net->conf.pool6[0].mode = net->conf.pool6[1].mode = CONF_POOL_ROUTED;
	net->conf.pool4[0].mode = CONF_POOL_ROUTED;
	net->conf.pool4[1].mode = CONF_POOL_AUTO;
	assert_int_equal(net_pool_look(net, &changed, NULL), 0);
	assert_int_equal(run_until(net, 0, NULL), 0);
	env_run("ip addr add 198.51.100.126/26 dev up0");
	assert_int_equal(net_pool_look(net, &changed, NULL), 0);
	assert_int_equal(run_until(net, 1, &frame), 1);
	is_arp(&frame, SLOT3_V4, OLD_MAC);
	/* As at a start or a reload: nobody has looked before. */
	memset(net->pool4_why, POOL_UNKNOWN, sizeof(net->pool4_why));
	assert_int_equal(net_pool_look(net, &changed, NULL), 0);
	assert_int_equal(run_until(net, 0, NULL), 0);
}

static void all_are_told_a_few_at_a_time(void **state)
{
	struct pkt frames[ENV_SLOTS];
	struct net *net = *state;
	char v6[64];
	size_t n;

	for (uint32_t i = 0; i < ENV_SLOTS; i++) {
		snprintf(v6, sizeof(v6), "2001:db8:5:0:abcd:ef01:2340:%x", i);
		set_slot(net, i, v6, NULL, true);
	}
	env_run("ip link set up0 address " NEW_MAC);
	assert_int_equal(net_uplink_follow(net, NULL), 0);
	assert_int_equal(recv(wire, frames[0].b, sizeof(frames[0].b), 0), -1);
	uv_run(&loop, UV_RUN_ONCE);
	for (n = 0; recv(wire, frames[0].b, sizeof(frames[0].b), 0) > 0;)
		n++;
	assert_int_equal(n, NET_ANNOUNCE_BATCH);
	n = run_until(net, ENV_SLOTS, frames);
	assert_int_equal(n, ENV_SLOTS - NET_ANNOUNCE_BATCH);
	is_nd(&frames[n - 1], v6, NEW_MAC);
}

static void run_plan(struct net *net, const struct kslot *k)
{
	struct kstate wanted = {}, observed = {};
	struct plan plan = {};

	assert_int_equal(kstate_add_slot(&wanted, k), 0);
	assert_int_equal(plan_make(&wanted, &observed, &plan), 0);
	assert_int_equal(plan.n, 1);
	assert_int_equal(apply(net, &plan, &wanted, NULL, NULL), 0);
	plan_clear(&plan);
	kstate_clear(&wanted);
}

/* When it is assigned an address, not when something else of it changes. */
static void neighbours_are_told_of_a_new_peer(void **state)
{
	struct net *net = *state;
	struct kslot k = {.slot = 3, .account = 9, .mtu = 1420, .table = KSTATE_TABLE_PEER + 3};
	struct pkt frames[2];

	assert_int_equal(inet_pton(AF_INET6, SLOT3_V6, &k.v6), 1);
	assert_int_equal(inet_pton(AF_INET, SLOT3_V4, &k.v4), 1);
	env_run("ip link add sc-3 type veth peer name sc-3-b");
	run_plan(net, &k);
	assert_int_equal(run_until(net, 2, frames), 2);
	is_nd(&frames[0], SLOT3_V6, OLD_MAC);
	is_arp(&frames[1], SLOT3_V4, OLD_MAC);
	k.mtu = 1360;
	run_plan(net, &k);
	assert_int_equal(run_until(net, 0, frames), 0);
	/* Another IPv4 address of its own. */
	assert_int_equal(inet_pton(AF_INET, "198.51.100.70", &k.v4), 1);
	run_plan(net, &k);
	assert_int_equal(run_until(net, 1, frames), 1);
	is_arp(&frames[0], "198.51.100.70", OLD_MAC);
	env_run("ip link del sc-3");
}

static bool takes_tags_off(void)
{
	AUTO_FD int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	struct ethtool_value value = {.cmd = ETHTOOL_GFLAGS};
	struct ifreq req = {.ifr_name = "up0", .ifr_data = (char *)&value};

	assert_int_equal(ioctl(fd, SIOCETHTOOL, &req), 0);
	return value.data & ETH_FLAG_RXVLAN;
}

/* A veth device is born with the setting on. */
static void vlan_tags_are_left_on_for_xdp(void **state)
{
	struct net *net = *state;
	char pin_dir[ENV_PIN_DIR_LEN];
	struct dp_conf conf;

	assert_string_equal(dp_xdp_mode_text(net->dp), "native");
	assert_false(takes_tags_off());
	env_run("ip link del up0");
	add_uplink();
	assert_true(takes_tags_off());
	assert_int_equal(net_uplink_follow(net, NULL), 0);
	assert_false(takes_tags_off());
	/* tc is told of tags. */
	env_run("ip link del up0");
	add_uplink();
	dp_close(net->dp);
	env_conf(&conf, pin_dir);
	conf.xdp_mode = DP_XDP_TC;
	assert_int_equal(dp_open(&conf, &net->dp, NULL), 0);
	assert_int_equal(net_uplink_follow(net, NULL), 0);
	assert_string_equal(dp_xdp_mode_text(net->dp), "tc");
	assert_true(takes_tags_off());
}

#define T(test) cmocka_unit_test_setup_teardown(test, set_up, tear_down)

int main(void)
{
	static const struct CMUnitTest tests[] = {
		T(the_same_uplink_is_left_alone),
		T(an_uplink_that_was_made_anew_gets_the_programs),
		T(answers_are_given_with_the_macs_present_value),
		T(the_programs_are_told_the_router),
		T(a_new_uplink_has_no_router_until_one_is_found),
		T(a_link_with_a_small_ipv6_mtu_is_left_to_the_kernel),
		T(neighbours_are_told_of_another_mac),
		T(neighbours_are_told_of_another_device),
		T(neighbours_are_told_of_a_pool_that_turns_onlink),
		T(all_are_told_a_few_at_a_time),
		T(neighbours_are_told_of_a_new_peer),
		T(vlan_tags_are_left_on_for_xdp),
	};

	env_enter();
	env_run("echo 1 >/proc/sys/net/ipv6/conf/default/disable_ipv6"); /* no frame but ours */
	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
