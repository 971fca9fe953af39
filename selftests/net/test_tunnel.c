/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The tunnel's addresses, routes and rules, on a veth device in the place of WireGuard's, which
 * this kernel need not have:
 *
 *	home (this test's own namespace)     box (the container)
 *	                                       eth0      172.17.0.2/16, default route (Docker's)
 *	                                       sidecar0  203.0.113.7/32, 2001:db8::7/128
 *
 * What the kernel would do with a packet is asked by RTM_GETROUTE.
 */
#include <arpa/inet.h>
#include <fcntl.h>
#include <linux/rtnetlink.h>
#include <sched.h>
#include <stdio.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include "selftests/unit/test.h"
#include "agent/tunnel_int.h"
#include "lib/file.h"
#include "lib/nl_addr.h"
#include "lib/nl_link.h"
#include "lib/nl_route.h"
#include "lib/nl_rule.h"
#include "veth.h"

#define TABLE_MAIN 254

struct box {
	int fd;
	struct nl *nl;
	int eth, tun;
	struct tunnel_conf conf;
};

/* One end of a pair whose other end is up as well: the device has a carrier. */
static int add_device(struct nl *nl, const char *name)
{
	char other[IFNAMSIZ];
	struct nl_link link;

	snprintf(other, sizeof(other), "far-%.10s", name);
	veth_add(nl, name, other);
	assert_int_equal(nl_link_get(nl, other, &link, NULL), 0);
	assert_int_equal(nl_link_set_up(nl, link.ifindex, true, NULL), 0);
	assert_int_equal(nl_link_get(nl, name, &link, NULL), 0);
	return link.ifindex;
}

static int ipv6_off(UNUSED void *ctx, struct err *err)
{
	return file_write_sysctl("/proc/sys/net/ipv6/conf/all/disable_ipv6", "1", err);
}

static int set_up(void **state)
{
	struct nl_addr addr = {.family = AF_INET, .prefix_len = 16, .v4 = {{172, 17, 0, 2}}};
	struct nl_route route = {.family = AF_INET,
				 .table = TABLE_MAIN,
				 .has_gateway = true,
				 .gateway4 = {{172, 17, 0, 1}}};
	struct box *b = calloc(1, sizeof(*b));
	struct nl_link lo;

	assert_non_null(b);
	assert_int_equal(unshare(CLONE_NEWNET), 0);
	b->fd = open("/proc/self/ns/net", O_RDONLY | O_CLOEXEC);
	assert_true(b->fd >= 0);
	assert_int_equal(nl_open(NETLINK_ROUTE, &b->nl, NULL), 0);
	assert_int_equal(nl_link_get(b->nl, "lo", &lo, NULL), 0);
	assert_int_equal(nl_link_set_up(b->nl, lo.ifindex, true, NULL), 0);
	b->eth = add_device(b->nl, "eth0");
	assert_int_equal(nl_link_set_up(b->nl, b->eth, true, NULL), 0);
	addr.ifindex = route.oif = b->eth;
	assert_int_equal(nl_addr_add(b->nl, &addr, NULL), 0);
	assert_int_equal(nl_route_replace(b->nl, &route, NULL), 0);
	assert_int_equal(ipv6_off(NULL, NULL), 0);
	b->tun = add_device(b->nl, TUNNEL_DEVICE);
	/* Home is another namespace from here on. */
	assert_int_equal(unshare(CLONE_NEWNET), 0);
	b->conf.egress_tunnel = 1;
	b->conf.mtu = b->conf.mtu_max = 1420;
	assert_int_equal(parse_addr4("203.0.113.7", &b->conf.v4), 0);
	assert_int_equal(parse_addr6("2001:db8::7", &b->conf.v6), 0);
	*state = b;
	return 0;
}

static int tear_down(void **state)
{
	struct box *b = *state;

	nl_close(b->nl);
	close(b->fd);
	free(b);
	return 0;
}

/* What tunnel_attach() does once the device is there. */
static bool attach(struct box *b)
{
	bool without_v6 = false;
	struct nl_link link;
	struct err err = {};

	assert_int_equal(nl_link_get(b->nl, TUNNEL_DEVICE, &link, NULL), 0);
	if (tunnel_configure(b->fd, b->nl, &link, &b->conf, &without_v6, &err))
		fail_msg("attach: %s", err.text);
	return without_v6;
}

struct found {
	int oif;
	uint32_t mtu;
	struct addr6 src;
};

static int on_metric(const struct nlattr *attr, void *ctx)
{
	if (mnl_attr_get_type(attr) == RTAX_MTU)
		((struct found *)ctx)->mtu = mnl_attr_get_u32(attr);
	return MNL_CB_OK;
}

static int on_attr(const struct nlattr *attr, void *ctx)
{
	struct found *f = ctx;

	if (mnl_attr_get_type(attr) == RTA_OIF)
		f->oif = (int)mnl_attr_get_u32(attr);
	else if (mnl_attr_get_type(attr) == RTA_PREFSRC)
		memcpy(&f->src, mnl_attr_get_payload(attr), mnl_attr_get_payload_len(attr));
	else if (mnl_attr_get_type(attr) == RTA_METRICS)
		mnl_attr_parse_nested(attr, on_metric, f);
	return MNL_CB_OK;
}

static int on_route(const struct nlmsghdr *nlh, void *ctx)
{
	return mnl_attr_parse(nlh, sizeof(struct rtmsg), on_attr, ctx) < 0 ? -EPROTO : 0;
}

/* How a packet to `to` (from `from`, or from no address yet) would leave. */
static struct found way(struct box *b, const char *to, const char *from)
{
	bool v6 = strchr(to, ':') != NULL;
	size_t len = v6 ? 16 : 4;
	struct found found = {};
	struct addr6 addr = {};
	struct nlmsghdr *nlh = nl_msg(b->nl, RTM_GETROUTE, 0);
	struct rtmsg *rtm = mnl_nlmsg_put_extra_header(nlh, sizeof(*rtm));

	rtm->rtm_family = v6 ? AF_INET6 : AF_INET;
	rtm->rtm_dst_len = (uint8_t)(len * 8);
	assert_int_equal(inet_pton(rtm->rtm_family, to, &addr), 1);
	mnl_attr_put(nlh, RTA_DST, len, &addr);
	if (from) {
		rtm->rtm_src_len = (uint8_t)(len * 8);
		assert_int_equal(inet_pton(rtm->rtm_family, from, &addr), 1);
		mnl_attr_put(nlh, RTA_SRC, len, &addr);
	}
	if (nl_dump(b->nl, nlh, on_route, &found, NULL))
		return (struct found){};
	return found;
}

/* By which device. */
static int leaves_by(struct box *b, const char *to, const char *from, struct addr6 *ret_src)
{
	struct found found = way(b, to, from);

	if (ret_src)
		*ret_src = found.src;
	return found.oif;
}

static int count_ours(const struct nl_rule *rule, void *ctx)
{
	*(int *)ctx += rule->protocol == TUNNEL_RTPROT;
	return 0;
}

static int rules(struct box *b, uint16_t family)
{
	int n = 0;

	assert_int_equal(nl_rule_dump(b->nl, family, count_ours, &n, NULL), 0);
	return n;
}

static void what_the_container_begins_leaves_by_the_tunnel(void **state)
{
	struct box *b = *state;
	struct addr6 src = {};

	attach(b);
	assert_int_equal(leaves_by(b, "198.51.100.1", NULL, &src), b->tun);
	assert_memory_equal(&src, &b->conf.v4, 4);
	assert_int_equal(leaves_by(b, "2001:db8:9::1", NULL, &src), b->tun);
	assert_memory_equal(&src, &b->conf.v6, 16);
}

static void answers_leave_the_way_the_question_came(void **state)
{
	struct box *b = *state;

	attach(b);
	assert_int_equal(leaves_by(b, "198.51.100.1", "203.0.113.7", NULL), b->tun);
	assert_int_equal(leaves_by(b, "2001:db8:9::1", "2001:db8::7", NULL), b->tun);
	assert_int_equal(leaves_by(b, "198.51.100.1", "172.17.0.2", NULL), b->eth);
}

/* 0: the device's. The probe of the path is to be larger than what is let through. */
static void the_routes_have_the_paths_mtu_and_the_echo_has_not(void **state)
{
	static const uint32_t paths[] = {1280, 1420, 1360};
	static const char v6[] = "2001:db8::7", v4[] = "203.0.113.7";
	struct box *b = *state;

	for (size_t i = 0; i < ARRAY_SIZE(paths); i++) {
		uint32_t want = paths[i] == 1420 ? 0 : paths[i];

		b->conf.mtu = paths[i];
		attach(b);
		assert_int_equal(way(b, "2001:db8:9::1", v6).mtu, want);
		assert_int_equal(way(b, "198.51.100.1", v4).mtu, want);
		assert_int_equal(way(b, "fe80::1", v6).oif, b->tun);
		assert_int_equal(way(b, "fe80::1", v6).mtu, 0);
		assert_int_equal(way(b, "169.254.0.1", v4).oif, b->tun);
		assert_int_equal(way(b, "169.254.0.1", v4).mtu, 0);
	}
}

static void dockers_networks_and_private_resolvers_stay_with_docker(void **state)
{
	struct box *b = *state;

	attach(b);
	assert_int_equal(leaves_by(b, "172.17.0.9", NULL, NULL), b->eth);
	assert_int_equal(leaves_by(b, "192.168.1.1", NULL, NULL), b->eth);
	assert_int_equal(leaves_by(b, "10.0.0.53", NULL, NULL), b->eth);
	assert_int_not_equal(leaves_by(b, "127.0.0.11", NULL, NULL), b->tun);
}

static void with_egress_bridge_only_answers_use_the_tunnel(void **state)
{
	struct box *b = *state;

	b->conf.egress_tunnel = 0;
	attach(b);
	assert_int_equal(leaves_by(b, "198.51.100.1", NULL, NULL), b->eth);
	assert_int_equal(leaves_by(b, "198.51.100.1", "203.0.113.7", NULL), b->tun);
	assert_int_equal(rules(b, AF_INET), 1);
	assert_int_equal(rules(b, AF_INET6), 1);
}

static void without_ipv4_its_default_stays_dockers(void **state)
{
	struct box *b = *state;

	b->conf.v4 = (struct addr4){};
	attach(b);
	assert_int_equal(leaves_by(b, "198.51.100.1", NULL, NULL), b->eth);
	assert_int_equal(leaves_by(b, "2001:db8:9::1", NULL, NULL), b->tun);
	assert_int_equal(rules(b, AF_INET), 0);
}

static void a_second_attach_changes_nothing(void **state)
{
	struct box *b = *state;
	int v4, v6;

	attach(b);
	v4 = rules(b, AF_INET);
	v6 = rules(b, AF_INET6);
	assert_true(v4 > 1 && v6 > 1);
	attach(b);
	assert_int_equal(rules(b, AF_INET), v4);
	assert_int_equal(rules(b, AF_INET6), v6);
	assert_int_equal(leaves_by(b, "198.51.100.1", NULL, NULL), b->tun);
}

static void new_addresses_replace_the_old_ones(void **state)
{
	struct box *b = *state;
	struct tunnel_status status = {};

	attach(b);
	assert_int_equal(parse_addr4("203.0.113.8", &b->conf.v4), 0);
	assert_int_equal(parse_addr6("2001:db8::8", &b->conf.v6), 0);
	attach(b);
	assert_int_equal(tunnel_addr_get(b->nl, b->tun, &status, NULL), 0);
	assert_true(addr4_eq(status.v4, b->conf.v4));
	assert_true(addr6_eq(&status.v6, &b->conf.v6));
	assert_int_equal(leaves_by(b, "198.51.100.1", "203.0.113.7", NULL), 0);
	assert_int_equal(leaves_by(b, "198.51.100.1", "203.0.113.8", NULL), b->tun);
}

/* With the same addresses on both, as while a key rotates. */
static void a_second_tunnel_takes_the_routes_over_and_keeps_them(void **state)
{
	struct box *b = *state;
	int second;

	attach(b);
	second = add_device(b->nl, TUNNEL_SECOND);
	assert_int_equal(nl_link_set_up(b->nl, second, true, NULL), 0);
	assert_int_equal(tunnel_ns_ipv6(b->fd, TUNNEL_SECOND, NULL), 0);
	assert_int_equal(tunnel_ns_loose(b->fd, TUNNEL_SECOND, NULL), 0);
	assert_int_equal(tunnel_addr_set(b->nl, second, &b->conf, NULL), 0);
	assert_int_equal(leaves_by(b, "198.51.100.1", "203.0.113.7", NULL), b->tun);
	assert_int_equal(tunnel_route_set(b->nl, second, &b->conf, NULL), 0);
	assert_int_equal(leaves_by(b, "198.51.100.1", "203.0.113.7", NULL), second);
	assert_int_equal(leaves_by(b, "2001:db8:ffff::1", "2001:db8::7", NULL), second);
	assert_int_equal(nl_link_del(b->nl, b->tun, NULL), 0);
	assert_int_equal(leaves_by(b, "198.51.100.1", NULL, NULL), second);
	assert_int_equal(leaves_by(b, "198.51.100.1", "203.0.113.7", NULL), second);
	assert_int_equal(leaves_by(b, "2001:db8:ffff::1", "2001:db8::7", NULL), second);
}

static void detach_leaves_no_rule_and_wants_a_wireguard_device(void **state)
{
	struct box *b = *state;
	struct err err = {};

	attach(b);
	/* The veth is not ours to remove. */
	assert_int_equal(tunnel_detach(b->fd, &err), -EEXIST);
	assert_int_equal(rules(b, AF_INET), 0);
	assert_int_equal(rules(b, AF_INET6), 0);
	assert_int_equal(leaves_by(b, "198.51.100.1", NULL, NULL), b->eth);
}

static void a_device_that_is_not_ours_is_not_touched(void **state)
{
	struct box *b = *state;
	bool without_v6 = false;
	struct err err = {};

	assert_int_equal(tunnel_attach(b->fd, &b->conf, &without_v6, &err), -EEXIST);
	assert_non_null(strstr(err.text, TUNNEL_DEVICE));
	assert_int_equal(rules(b, AF_INET), 0);
}

static void status_of_another_kind_of_device_is_absent(void **state)
{
	static const struct tunnel_which any;
	struct box *b = *state;
	struct tunnel_status status = {.present = 1};

	assert_int_equal(tunnel_status(b->fd, &any, &status, NULL), 0);
	assert_int_equal(status.present, 0);
}

/* As after ipv6.disable=1: the kernel has no such folder. Seen by this process alone. */
static int ipv6_gone(UNUSED void *ctx, UNUSED struct err *err)
{
	if (unshare(CLONE_NEWNS) || mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) ||
	    mount("none", "/proc/sys/net/ipv6", "tmpfs", 0, NULL))
		return -errno;
	return 0;
}

static int ipv6_back(UNUSED void *ctx, UNUSED struct err *err)
{
	return umount2("/proc/sys/net/ipv6", MNT_DETACH) ? -errno : 0;
}

static void a_machine_without_ipv6_attaches_ipv4(void **state)
{
	struct box *b = *state;
	struct tunnel_status status = {};
	struct nl_link link;
	bool without_v6 = false;

	assert_false(attach(b));
	assert_int_equal(tunnel_ns_do(b->fd, ipv6_gone, NULL, NULL), 0);
	assert_true(attach(b));
	assert_int_equal(tunnel_addr_get(b->nl, b->tun, &status, NULL), 0);
	assert_true(addr4_eq(status.v4, b->conf.v4));
	assert_true(addr6_is_zero(&status.v6));
	assert_int_equal(leaves_by(b, "198.51.100.1", NULL, NULL), b->tun);
	assert_int_equal(rules(b, AF_INET6), 0);
	/* Nothing is left that could be attached. */
	b->conf.v4 = (struct addr4){};
	assert_int_equal(nl_link_get(b->nl, TUNNEL_DEVICE, &link, NULL), 0);
	assert_int_equal(tunnel_configure(b->fd, b->nl, &link, &b->conf, &without_v6, NULL),
			 -EAFNOSUPPORT);
	assert_int_equal(tunnel_ns_do(b->fd, ipv6_back, NULL, NULL), 0);
}

static void the_thread_comes_home(void **state)
{
	struct box *b = *state;
	struct stat before, after, there;

	assert_int_equal(stat("/proc/thread-self/ns/net", &before), 0);
	attach(b);
	assert_int_equal(stat("/proc/thread-self/ns/net", &after), 0);
	assert_int_equal(fstat(b->fd, &there), 0);
	assert_true(before.st_ino == after.st_ino);
	assert_true(there.st_ino != after.st_ino);
}

static void sweep_leaves_other_devices_alone(void **state)
{
	struct box *b UNUSED = *state;
	AUTO_NL struct nl *home = NULL;
	struct nl_link link;
	struct err err = {};
	int r;

	assert_int_equal(nl_open(NETLINK_ROUTE, &home, NULL), 0);
	add_device(home, "wg-0123abcd");
	r = tunnel_sweep(&err);
	assert_true(!r || r == -EOPNOTSUPP); /* a kernel without WireGuard */
	assert_int_equal(nl_link_get(home, "wg-0123abcd", &link, NULL), 0);
}

#define T(f) cmocka_unit_test_setup_teardown(f, set_up, tear_down)

int main(void)
{
	static const struct CMUnitTest tests[] = {
		T(what_the_container_begins_leaves_by_the_tunnel),
		T(answers_leave_the_way_the_question_came),
		T(the_routes_have_the_paths_mtu_and_the_echo_has_not),
		T(dockers_networks_and_private_resolvers_stay_with_docker),
		T(with_egress_bridge_only_answers_use_the_tunnel),
		T(without_ipv4_its_default_stays_dockers),
		T(a_second_attach_changes_nothing),
		T(new_addresses_replace_the_old_ones),
		T(a_second_tunnel_takes_the_routes_over_and_keeps_them),
		T(detach_leaves_no_rule_and_wants_a_wireguard_device),
		T(a_device_that_is_not_ours_is_not_touched),
		T(status_of_another_kind_of_device_is_absent),
		T(a_machine_without_ipv6_attaches_ipv4),
		T(the_thread_comes_home),
		T(sweep_leaves_other_devices_alone),
	};

	return RUN_TESTS(tests);
}
