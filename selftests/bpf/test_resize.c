/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Another number of slots in place, while packets go into a tunnel: the real programs on both
 * sides. No packet is lost, no count goes missing or backwards, every link stays what it was.
 */
#include <arpa/inet.h>
#include <bpf/bpf.h>
#include <errno.h>
#include <linux/if_packet.h>
#include <net/if.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>
#include <cmocka.h>
#include "rig.h"

#define PACKETS 500
#define PACKET_LEN 40

static struct rig rig;
static struct err err;
static struct pkt packet;
static int raw = -1;
static uint64_t sent, counted;
static char aside[ENV_PIN_DIR_LEN + 8]; /* the folder of what ran until now, meanwhile */

static const char *const links[] = {"link_uplink_skb", "link_uplink_in", "link_uplink_out",
				    "link_wg0_out",    "link_wg0_in",	 "link_wg1_out",
				    "link_wg1_in"};

static const struct sc_firewall rules = {
	.n = 1, .rule[0] = {.proto = 6, .flags = SC_RULE_IN | SC_RULE_PROTO, .port_max = 65535}};

#define OK(call) assert_int_equal(call, 0)

static void attach_all(void)
{
	OK(dp_attach_wg(rig.dp, (int)rig.wg0, 0, &err));
	OK(dp_attach_wg(rig.dp, (int)rig.wg1, 1, &err));
	OK(dp_attach_uplink(rig.dp, (int)rig.up, &err));
}

/* What ran until now. Slot 3 has rules. */
static int setup_as(bool no_tcx)
{
	struct sc_slot s;

	rig_conf(&rig);
	rig.conf.xdp_mode = DP_XDP_GENERIC;
	rig.conf.no_tcx = no_tcx;
	rig_open(&rig);
	attach_all();
	OK(dp_firewall_set(rig.dp, 3, &rules, &err));
	OK(dp_slot_get(rig.dp, 3, &s));
	s.flags |= SC_SLOT_FIREWALL;
	OK(dp_slot_set(rig.dp, 3, &s, &err));
	sent = counted = 0;
	snprintf(aside, sizeof(aside), "%s_aside", rig.pin_dir);
	return 0;
}

static int setup(void **state UNUSED)
{
	return setup_as(!env_has_tcx());
}

static int setup_filters(void **state UNUSED)
{
	return setup_as(true);
}

static int teardown(void **state UNUSED)
{
	rig_close(&rig);
	/* Links die some time after their last pin: the next test wants the device. */
	assert_true(env_wait(10000, "! ip link show dev up0 | grep -q xdp"));
	return 0;
}

static void send_down(unsigned int n)
{
	const struct sockaddr_ll to = {.sll_family = AF_PACKET, .sll_ifindex = (int)rig.wg0};

	for (unsigned int i = 0; i < n; i++)
		assert_int_equal(
			sendto(raw, packet.b, packet.len, 0, (const void *)&to, sizeof(to)),
			packet.len);
	sent += n;
}

static void count_is_not_less(void)
{
	struct sc_counters n;

	dp_counters(rig.dp, 3, &n);
	assert_true(n.down_packets >= counted);
	counted = n.down_packets;
}

static void count_is_whole(void)
{
	struct sc_counters n;

	dp_counters(rig.dp, 3, &n);
	assert_int_equal(n.down_packets, sent);
	assert_int_equal(n.down_bytes, sent * PACKET_LEN);
	assert_int_equal(n.drop_packets, 0);
}

static void reopen(uint32_t slots)
{
	dp_close(rig.dp);
	rig.dp = NULL;
	rig.conf.slots = slots;
	OK(dp_open(&rig.conf, &rig.dp, &err));
}

static void resize_under_traffic(uint32_t slots)
{
	uint32_t id[ARRAY_SIZE(links)], prog[ARRAY_SIZE(links)], now;
	struct sc_firewall fw;
	struct sc_slot s;
	struct stat st;

	for (size_t i = 0; i < ARRAY_SIZE(links); i++)
		assert_true(id[i] = env_attached(rig.pin_dir, links[i], &prog[i]));
	send_down(PACKETS);
	count_is_whole();
	reopen(slots);
	count_is_not_less();
	send_down(PACKETS);
	OK(dp_attach_wg(rig.dp, (int)rig.wg0, 0, &err));
	send_down(PACKETS);
	count_is_not_less();
	OK(dp_attach_wg(rig.dp, (int)rig.wg1, 1, &err));
	OK(dp_attach_uplink(rig.dp, (int)rig.up, &err));
	send_down(PACKETS);
	count_is_not_less();
	OK(dp_settle(rig.dp, &err));
	send_down(PACKETS);
	count_is_whole();
	for (size_t i = 0; i < ARRAY_SIZE(links); i++) {
		assert_int_equal(env_attached(rig.pin_dir, links[i], &now), id[i]);
		assert_int_not_equal(now, prog[i]);
	}
	assert_int_equal(stat(aside, &st), -1);
	OK(dp_slot_get(rig.dp, 3, &s));
	assert_int_equal(s.flags, SC_SLOT_LIVE | SC_SLOT_FIREWALL);
	assert_true(dp_firewall_get(rig.dp, 3, &fw));
	assert_memory_equal(&fw, &rules, sizeof(fw));
	OK(dp_slot_get(rig.dp, slots - 1, &s));
	assert_int_equal(dp_slot_get(rig.dp, slots, &s), -ERANGE);
	/* And once more as any other adoption: nothing is counted twice. */
	reopen(slots);
	count_is_whole();
}

static void test_more_under_traffic(void **state UNUSED)
{
	resize_under_traffic(2 * ENV_SLOTS);
}

static void test_fewer_under_traffic(void **state UNUSED)
{
	resize_under_traffic(ENV_SLOTS / 4);
}

/* relayd died between its steps: the next one goes on with what is still there. */
static void test_resumes(void **state UNUSED)
{
	send_down(PACKETS);
	reopen(2 * ENV_SLOTS);
	OK(dp_attach_wg(rig.dp, (int)rig.wg0, 0, &err));
	send_down(PACKETS);
	reopen(2 * ENV_SLOTS);
	send_down(PACKETS);
	attach_all();
	OK(dp_settle(rig.dp, &err));
	send_down(PACKETS);
	count_is_whole();
}

static void settle_whole(uint32_t slots)
{
	struct sc_slot s;
	struct stat st;

	attach_all();
	OK(dp_settle(rig.dp, &err));
	send_down(PACKETS);
	count_is_whole();
	OK(dp_slot_get(rig.dp, slots - 1, &s));
	assert_int_equal(stat(aside, &st), -1);
}

/* It died when the folder had been set aside and nothing made yet. */
static void test_resumes_unmade(void **state UNUSED)
{
	send_down(PACKETS);
	dp_close(rig.dp);
	OK(rename(rig.pin_dir, aside));
	rig.conf.slots = ENV_SLOTS;
	OK(dp_open(&rig.conf, &rig.dp, &err));
	settle_whole(ENV_SLOTS);
}

/* It died when maps were made, by which no program ran yet: any number will do. */
static void test_resumes_unfilled(void **state UNUSED)
{
	static const uint32_t numbers[] = {4 * ENV_SLOTS, ENV_SLOTS};
	const struct sc_meta none = {};

	for (size_t i = 0; i < ARRAY_SIZE(numbers); i++) {
		AUTO_FD int fd = -1;
		uint32_t zero = 0;
		char path[ENV_PIN_DIR_LEN + 8];

		reopen(2 * ENV_SLOTS);
		snprintf(path, sizeof(path), "%s/meta", rig.pin_dir);
		fd = bpf_obj_get(path);
		assert_true(fd >= 0);
		OK(bpf_map_update_elem(fd, &zero, &none, BPF_ANY));
		reopen(numbers[i]);
		settle_whole(numbers[i]);
	}
}

/* ... also when they are filled. */
static void test_goes_back_before_programs_run(void **state UNUSED)
{
	send_down(PACKETS);
	reopen(2 * ENV_SLOTS);
	send_down(PACKETS);
	reopen(ENV_SLOTS);
	settle_whole(ENV_SLOTS);
}

/* It died when a link was ours by its name, and had the old program still. */
static void test_resumes_after_a_link_was_taken_over(void **state UNUSED)
{
	char from[ENV_PIN_DIR_LEN + 32], to[ENV_PIN_DIR_LEN + 32];

	if (!env_has_tcx())
		skip();
	reopen(2 * ENV_SLOTS);
	snprintf(from, sizeof(from), "%s/link_wg0_out", aside);
	snprintf(to, sizeof(to), "%s/link_wg0_out", rig.pin_dir);
	OK(rename(from, to));
	send_down(PACKETS);
	reopen(2 * ENV_SLOTS);
	settle_whole(2 * ENV_SLOTS);
}

/* It died while dp_settle() removed the rest: that is no former folder any more. */
static void test_removes_what_settling_left(void **state UNUSED)
{
	char path[ENV_PIN_DIR_LEN + 32];
	AUTO_FD int fd = bpf_map_create(BPF_MAP_TYPE_ARRAY, "rest", 4, 8, 1, NULL);

	reopen(2 * ENV_SLOTS);
	settle_whole(2 * ENV_SLOTS);
	OK(mkdir(aside, 0700));
	snprintf(path, sizeof(path), "%s/drops", aside);
	OK(bpf_obj_pin(fd, path));
	reopen(2 * ENV_SLOTS);
	settle_whole(2 * ENV_SLOTS);
	reopen(4 * ENV_SLOTS);
	settle_whole(4 * ENV_SLOTS);
}

static void refuse(uint32_t slots, const char *text)
{
	struct dp *dp = NULL;

	dp_close(rig.dp);
	rig.dp = NULL;
	rig.conf.slots = slots;
	assert_int_equal(dp_open(&rig.conf, &dp, &err), -EPROTO);
	assert_null(dp);
	if (!strstr(err.text, text))
		print_error("\"%s\" lacks \"%s\"\n", err.text, text);
	assert_non_null(strstr(err.text, text));
}

/* Refused, it changes nothing: what runs runs on, and is where it was. */
static void test_refuses_to_leave_a_peer_out(void **state UNUSED)
{
	struct stat st;

	refuse(5, "slots: 5, but slot 5 has a peer: at least 6 (64 until now)");
	assert_int_equal(stat(aside, &st), -1);
	send_down(PACKETS);
	reopen(ENV_SLOTS);
	count_is_whole();
	reopen(6);
	settle_whole(6);
}

/* A third number in the middle of a change: which links are whose would be anybody's guess. */
static void test_refuses_another_change_in_the_middle(void **state UNUSED)
{
	reopen(2 * ENV_SLOTS);
	OK(dp_attach_wg(rig.dp, (int)rig.wg0, 0, &err));
	send_down(PACKETS);
	refuse(ENV_SLOTS, "a change to 128 was cut off: start relayd once with 128");
	send_down(PACKETS);
	reopen(2 * ENV_SLOTS);
	settle_whole(2 * ENV_SLOTS);
}

/* One of a later layout that was cut off: its programs run somewhere. */
static void test_refuses_what_another_layout_set_aside(void **state UNUSED)
{
	char dir[ENV_PIN_DIR_LEN + 16];

	snprintf(dir, sizeof(dir), "%.*s/v4_aside", (int)(strrchr(rig.pin_dir, '/') - rig.pin_dir),
		 rig.pin_dir);
	OK(mkdir(dir, 0700));
	refuse(ENV_SLOTS, "has layout 4, only 2 can be taken over");
	OK(rmdir(dir));
	reopen(ENV_SLOTS);
}

#define T(f, begin) cmocka_unit_test_setup_teardown(f, begin, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		T(test_more_under_traffic, setup),
		T(test_fewer_under_traffic, setup),
		{"test_more_under_traffic_by_filters", test_more_under_traffic, setup_filters,
		 teardown, NULL},
		T(test_resumes, setup),
		{"test_resumes_by_filters", test_resumes, setup_filters, teardown, NULL},
		T(test_resumes_unmade, setup),
		T(test_resumes_unfilled, setup),
		T(test_goes_back_before_programs_run, setup),
		T(test_resumes_after_a_link_was_taken_over, setup),
		T(test_removes_what_settling_left, setup),
		T(test_refuses_to_leave_a_peer_out, setup),
		T(test_refuses_another_change_in_the_middle, setup),
		T(test_refuses_what_another_layout_set_aside, setup),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	env_enter();
	/* No packet but ours. */
	env_run("echo 1 >/proc/sys/net/ipv6/conf/default/disable_ipv6");
	rig_devices();
	raw = socket(AF_PACKET, SOCK_RAW | SOCK_CLOEXEC, htons(0x86dd));
	assert_true(raw >= 0);
	pkt_eth(&packet, RIG_MAC, RIG_PEER, 0x86dd);
	pkt_ip6(&packet, "2001:db8:99::9", SLOT3_V6, 59, 60);
	pkt_done(&packet);
	return cmocka_run_group_tests_name("resize", tests, NULL, NULL);
}
