/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * From the pins of the layout before this one, while packets go into a tunnel: no packet is lost,
 * no count goes missing, every link stays what it was. The old programs are stand-ins: they count
 * for slot 3 as ABI 2 did.
 */
#include <arpa/inet.h>
#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <errno.h>
#include <limits.h>
#include <linux/if_packet.h>
#include <net/if.h>
#include <poll.h>
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
#include "../../lib/mono.h"
#include "../abi/v2.h"
#include "rig.h"

static struct rig rig;
static char former[ENV_PIN_DIR_LEN];
static int old_counters = -1;
static unsigned int cpus;
static bool clsact; /* the former relayd had no tcx */

static void pin(int fd, const char *name)
{
	char path[PATH_MAX];

	snprintf(path, sizeof(path), "%s/%s", former, name);
	assert_int_equal(bpf_obj_pin(fd, path), 0);
}

static int make_map(enum bpf_map_type type, const char *name, uint32_t value_size, uint32_t entries,
		    uint32_t flags)
{
	LIBBPF_OPTS(bpf_map_create_opts, opts, .map_flags = flags);
	int fd = bpf_map_create(type, name, 4, value_size, entries, &opts);

	assert_true(fd >= 0);
	pin(fd, name);
	return fd;
}

/* counters[3].down_packets += 1 (of CPU 0's stripe), whatever the packet; next program. */
static int old_program(void)
{
	const struct bpf_insn insns[] = {
		{.code = BPF_ST | BPF_MEM | BPF_W, .dst_reg = BPF_REG_10, .off = -4, .imm = 3},
		{.code = BPF_ALU64 | BPF_MOV | BPF_X, .dst_reg = BPF_REG_2, .src_reg = BPF_REG_10},
		{.code = BPF_ALU64 | BPF_ADD | BPF_K, .dst_reg = BPF_REG_2, .imm = -4},
		{.code = BPF_LD | BPF_IMM | BPF_DW,
		 .dst_reg = BPF_REG_1,
		 .src_reg = BPF_PSEUDO_MAP_FD,
		 .imm = old_counters},
		{},
		{.code = BPF_JMP | BPF_CALL, .imm = BPF_FUNC_map_lookup_elem},
		{.code = BPF_JMP | BPF_JEQ | BPF_K, .dst_reg = BPF_REG_0, .off = 2},
		{.code = BPF_ALU64 | BPF_MOV | BPF_K, .dst_reg = BPF_REG_1, .imm = 1},
		{.code = BPF_STX | BPF_ATOMIC | BPF_DW,
		 .dst_reg = BPF_REG_0,
		 .src_reg = BPF_REG_1,
		 .off = offsetof(struct v2_counters, down_packets),
		 .imm = BPF_ADD},
		{.code = BPF_ALU64 | BPF_MOV | BPF_K, .dst_reg = BPF_REG_0, .imm = TCX_NEXT},
		{.code = BPF_JMP | BPF_EXIT},
	};
	LIBBPF_OPTS(bpf_prog_load_opts, opts, .expected_attach_type = BPF_TCX_EGRESS);
	int fd = bpf_prog_load(BPF_PROG_TYPE_SCHED_CLS, "old", "GPL", insns, ARRAY_SIZE(insns),
			       &opts);

	assert_true(fd >= 0);
	return fd;
}

static int pass_program(enum bpf_prog_type type, int verdict)
{
	const struct bpf_insn insns[] = {
		{.code = BPF_ALU64 | BPF_MOV | BPF_K, .dst_reg = BPF_REG_0, .imm = verdict},
		{.code = BPF_JMP | BPF_EXIT},
	};
	/* As libbpf loads a program of section "xdp"; tcx does not look. */
	LIBBPF_OPTS(bpf_prog_load_opts, opts,
		    .expected_attach_type = type == BPF_PROG_TYPE_XDP ? BPF_XDP : 0);
	int fd = bpf_prog_load(type, "old", "GPL", insns, ARRAY_SIZE(insns), &opts);

	assert_true(fd >= 0);
	return fd;
}

static void attach_filter(const char *name, int prog, uint32_t ifindex, bool egress)
{
	LIBBPF_OPTS(bpf_tc_hook, hook, .ifindex = (int)ifindex,
		    .attach_point = egress ? BPF_TC_EGRESS : BPF_TC_INGRESS);
	LIBBPF_OPTS(bpf_tc_opts, opts, .handle = 1, .priority = 0x5c02, .prog_fd = prog);
	char filter[64];
	int r = bpf_tc_hook_create(&hook);

	assert_true(!r || r == -EEXIST);
	assert_int_equal(bpf_tc_attach(&hook, &opts), 0);
	snprintf(filter, sizeof(filter), "filter-%s-%u-%c-%u", name, ifindex, egress ? 'e' : 'i',
		 opts.priority);
	pin(prog, filter);
	close(prog);
}

static void attach(const char *name, int prog, uint32_t ifindex, enum bpf_attach_type type)
{
	LIBBPF_OPTS(bpf_link_create_opts, opts, .flags = type == BPF_XDP ? 2 /* generic */ : 0);
	struct mono start = mono_now();
	int fd;

	if (clsact && type != BPF_XDP) {
		attach_filter(name, prog, ifindex, type == BPF_TCX_EGRESS);
		return;
	}
	fd = bpf_link_create(prog, (int)ifindex, type, &opts);
	/* The test before has let go of its own a moment ago: the kernel takes its time. */
	while (fd == -EBUSY && mono_ms_since(start) < 10000)
		fd = bpf_link_create(prog, (int)ifindex, type, &opts);
	assert_true(fd >= 0);
	pin(fd, name);
	close(fd);
	close(prog);
}

static void make_former_links(void)
{
	attach("link_uplink_skb", pass_program(BPF_PROG_TYPE_XDP, XDP_PASS), rig.up, BPF_XDP);
	attach("link_uplink_in", pass_program(BPF_PROG_TYPE_SCHED_CLS, TCX_NEXT), rig.up,
	       BPF_TCX_INGRESS);
	attach("link_uplink_out", pass_program(BPF_PROG_TYPE_SCHED_CLS, TCX_NEXT), rig.up,
	       BPF_TCX_EGRESS);
	attach("link_wg0_out", old_program(), rig.wg0, BPF_TCX_EGRESS);
	attach("link_wg0_in", pass_program(BPF_PROG_TYPE_SCHED_CLS, TCX_NEXT), rig.wg0,
	       BPF_TCX_INGRESS);
	attach("link_wg1_out", pass_program(BPF_PROG_TYPE_SCHED_CLS, TCX_NEXT), rig.wg1,
	       BPF_TCX_EGRESS);
	attach("link_wg1_in", pass_program(BPF_PROG_TYPE_SCHED_CLS, TCX_NEXT), rig.wg1,
	       BPF_TCX_INGRESS);
}

static void make_former_slots(void)
{
	struct v2_slot s3 = {.flags = V2_SLOT_LIVE | V2_SLOT_FIREWALL,
			     .generation = 7,
			     .account = 9,
			     .wg_ifindex = rig.wg0,
			     .vrf_ifindex = rig.vrf,
			     .class_minor = 5,
			     .mtu = 1420,
			     .in_byte_ps = 80000,
			     .in_packet_ns = 1000,
			     .scan_ns = 20000000};
	struct v2_slot closed = {.generation = 3, .account = 4};
	struct v2_counters c = {.up_packets = 11,
				.up_bytes = 1100,
				.down_bytes = 7,
				.drop_packets = 2,
				.drop_bytes = 90,
				.last_up_ns = 12345};
	AUTO_FD int slots = make_map(BPF_MAP_TYPE_ARRAY, "slots", sizeof(struct v2_slot), ENV_SLOTS,
				     BPF_F_MMAPABLE);
	uint32_t nr = 3;

	assert_int_equal(inet_pton(AF_INET6, SLOT3_V6, s3.v6), 1);
	assert_int_equal(inet_pton(AF_INET, SLOT3_V4, &s3.v4), 1);
	assert_int_equal(bpf_map_update_elem(slots, &nr, &s3, BPF_ANY), 0);
	for (unsigned int cpu = 0; cpu <= cpus; cpu++) {
		uint32_t at = cpu * ENV_SLOTS + 3;

		assert_int_equal(bpf_map_update_elem(old_counters, &at, &c, BPF_ANY), 0);
		c.last_up_ns++;
	}
	nr = 5;
	assert_int_equal(bpf_map_update_elem(slots, &nr, &closed, BPF_ANY), 0);
}

/* Of reason 3, on each CPU another number. */
static void make_former_drops(void)
{
	AUTO_FD int fd =
		make_map(BPF_MAP_TYPE_PERCPU_ARRAY, "drops", sizeof(uint64_t), SC_DROP_MAX, 0);
	uint64_t n[1024] = {};
	uint32_t reason = 3;

	assert_in_range(cpus, 1, ARRAY_SIZE(n));
	for (unsigned int cpu = 0; cpu < cpus; cpu++)
		n[cpu] = cpu + 1;
	assert_int_equal(bpf_map_update_elem(fd, &reason, n, BPF_ANY), 0);
}

static void make_former_rules(void)
{
	struct v2_firewall fw = {
		.n = 1,
		.rule[0] = {.proto = 6, .flags = V2_RULE_IN | V2_RULE_PROTO, .port_max = 65535}};
	AUTO_FD int fd =
		make_map(BPF_MAP_TYPE_HASH, "firewall", sizeof(fw), ENV_SLOTS, BPF_F_NO_PREALLOC);
	uint32_t nr = 3;

	assert_int_equal(bpf_map_update_elem(fd, &nr, &fw, BPF_ANY), 0);
}

static void write_meta(uint32_t abi, uint32_t slots)
{
	const struct v2_meta meta = {.abi = abi, .slots = slots, .cpus = cpus};
	uint32_t zero = 0;
	AUTO_FD int fd = make_map(BPF_MAP_TYPE_ARRAY, "meta", sizeof(meta), 1, 0);

	assert_int_equal(bpf_map_update_elem(fd, &zero, &meta, BPF_ANY), 0);
}

static int setup(void **state UNUSED)
{
	char *end;

	rig_conf(&rig);
	rig.conf.xdp_mode = DP_XDP_AUTO;
	clsact = !env_has_tcx();
	rig.up = if_nametoindex("up0");
	rig.wg0 = if_nametoindex("wg0");
	rig.wg1 = if_nametoindex("wg1");
	rig.vrf = if_nametoindex("vrf0");
	cpus = (unsigned int)libbpf_num_possible_cpus();
	snprintf(former, sizeof(former), "%s", rig.pin_dir);
	end = strrchr(former, '/');
	*end = '\0';
	assert_int_equal(mkdir(former, 0700), 0);
	memcpy(end, "/v2", 4);
	assert_int_equal(mkdir(former, 0700), 0);
	old_counters = make_map(BPF_MAP_TYPE_ARRAY, "counters", sizeof(struct v2_counters),
				(cpus + 1) * ENV_SLOTS, BPF_F_MMAPABLE);
	make_former_slots();
	make_former_drops();
	make_former_rules();
	return 0;
}

static int teardown(void **state UNUSED)
{
	*strrchr(former, '/') = '\0';
	close(old_counters);
	assert_int_equal(dp_unpin(former, NULL), 0);
	/* Links die some time after their last pin: the next test wants the device. */
	assert_true(env_wait(10000, "! ip link show dev up0 | grep -q xdp"));
	return 0;
}

static void send_down(int fd, const struct pkt *p)
{
	const struct sockaddr_ll to = {.sll_family = AF_PACKET, .sll_ifindex = (int)rig.wg0};

	assert_int_equal(sendto(fd, p->b, p->len, 0, (const void *)&to, sizeof(to)), p->len);
}

static void test_takes_over_under_traffic(void **state UNUSED)
{
	static const char *const links[] = {"link_uplink_skb", "link_uplink_in", "link_uplink_out",
					    "link_wg0_out",    "link_wg0_in",	 "link_wg1_out",
					    "link_wg1_in"};
	uint32_t id[ARRAY_SIZE(links)], prog[ARRAY_SIZE(links)], now;
	AUTO_FD int raw = socket(AF_PACKET, SOCK_RAW | SOCK_CLOEXEC, htons(0x86dd));
	uint64_t drops[SC_DROP_MAX];
	struct sc_firewall fw;
	struct sc_counters n;
	struct sc_slot s;
	struct err err = {};
	struct stat st;
	struct pkt p = {};

	assert_true(raw >= 0);
	write_meta(2, ENV_SLOTS);
	make_former_links();
	for (size_t i = 0; i < ARRAY_SIZE(links); i++)
		assert_true(id[i] = env_attached(former, links[i], &prog[i]));
	pkt_eth(&p, RIG_MAC, RIG_PEER, 0x86dd);
	pkt_ip6(&p, "2001:db8:99::9", SLOT3_V6, 59, 60);
	pkt_done(&p);
	for (int i = 0; i < 500; i++) {
		if (i == 100)
			assert_int_equal(dp_open(&rig.conf, &rig.dp, &err), 0);
		if (i == 200)
			assert_int_equal(dp_attach_wg(rig.dp, (int)rig.wg0, 0, &err), 0);
		if (i == 250)
			assert_int_equal(dp_attach_wg(rig.dp, (int)rig.wg1, 1, &err), 0);
		if (i == 300)
			assert_int_equal(dp_attach_uplink(rig.dp, (int)rig.up, &err), 0);
		if (i == 400)
			assert_int_equal(dp_settle(rig.dp, &err), 0);
		send_down(raw, &p);
	}
	dp_counters(rig.dp, 3, &n);
	assert_int_equal(n.down_packets, 500);
	assert_int_equal(n.down_bytes, 7 * (cpus + 1) + 300 * 40);
	assert_int_equal(n.up_packets, 11 * (cpus + 1));
	assert_int_equal(n.up_bytes, 1100 * (cpus + 1));
	assert_int_equal(n.drop_packets, 2 * (cpus + 1));
	assert_int_equal(n.drop_bytes, 90 * (cpus + 1));
	assert_int_equal(n.last_up_ns, 12345 + cpus);
	assert_int_equal(dp_drops(rig.dp, drops, &err), 0);
	for (int i = 0; i < SC_DROP_MAX; i++)
		assert_int_equal(drops[i], i == 3 ? cpus * (cpus + 1) / 2 : 0);
	for (size_t i = 0; i < ARRAY_SIZE(links); i++) {
		assert_int_equal(env_attached(rig.pin_dir, links[i], &now), id[i]);
		assert_int_not_equal(now, prog[i]);
	}
	assert_string_equal(dp_xdp_mode_text(rig.dp), "generic"); /* what ran, runs on */
	assert_int_equal(stat(former, &st), -1);
	assert_int_equal(errno, ENOENT);
	assert_int_equal(dp_slot_get(rig.dp, 3, &s), 0);
	assert_int_equal(s.flags, SC_SLOT_LIVE | SC_SLOT_FIREWALL);
	assert_int_equal(s.generation, 7);
	assert_int_equal(s.class_minor, 5);
	assert_int_equal(s.in_byte_ps, 80000);
	assert_int_equal(s.in_packet_ns, 1000);
	assert_int_equal(s.scan_ns, 20000000);
	assert_int_equal(s.pace_byte_ps, 0);
	assert_true(dp_firewall_get(rig.dp, 3, &fw));
	assert_int_equal(fw.n, 1);
	assert_int_equal(fw.rule[0].proto, 6);
	assert_int_equal(dp_slot_get(rig.dp, 5, &s), 0);
	assert_int_equal(s.flags & SC_SLOT_LIVE, 0);
	assert_int_equal(s.generation, 3);
	assert_int_equal(dp_settle(rig.dp, &err), 0);
	dp_close(rig.dp);
	/* And once more as any other adoption: nothing is counted twice. */
	assert_int_equal(dp_open(&rig.conf, &rig.dp, &err), 0);
	dp_counters(rig.dp, 3, &n);
	assert_int_equal(n.down_packets, 500);
	dp_close(rig.dp);
}

static void test_takes_over_filters_under_traffic(void **state)
{
	clsact = rig.conf.no_tcx = true;
	test_takes_over_under_traffic(state);
}

/* relayd died between its steps: the next one begins again with what is still there. */
static void test_resumes(void **state UNUSED)
{
	struct sc_counters n;
	struct err err = {};
	uint32_t prog;

	write_meta(2, ENV_SLOTS);
	make_former_links();
	assert_int_equal(dp_open(&rig.conf, &rig.dp, &err), 0);
	assert_int_equal(dp_attach_wg(rig.dp, (int)rig.wg0, 0, &err), 0);
	dp_close(rig.dp);
	assert_int_equal(env_attached(former, "link_wg0_out", &prog), 0);
	assert_int_not_equal(env_attached(former, "link_wg1_out", &prog), 0);
	assert_int_equal(dp_open(&rig.conf, &rig.dp, &err), 0);
	assert_int_equal(dp_attach_wg(rig.dp, (int)rig.wg0, 0, &err), 0);
	assert_int_equal(dp_attach_wg(rig.dp, (int)rig.wg1, 1, &err), 0);
	assert_int_equal(dp_attach_uplink(rig.dp, (int)rig.up, &err), 0);
	assert_int_equal(dp_settle(rig.dp, &err), 0);
	dp_counters(rig.dp, 3, &n);
	assert_int_equal(n.up_packets, 11 * (cpus + 1));
	dp_close(rig.dp);
}

static void test_resumes_filters(void **state)
{
	clsact = rig.conf.no_tcx = true;
	test_resumes(state);
}

static void test_takes_over_into_more_slots(void **state UNUSED)
{
	struct sc_counters n;
	struct sc_firewall fw;
	struct err err = {};
	struct sc_slot s;

	write_meta(2, ENV_SLOTS);
	make_former_links();
	rig.conf.slots = 2 * ENV_SLOTS;
	assert_int_equal(dp_open(&rig.conf, &rig.dp, &err), 0);
	assert_int_equal(dp_attach_wg(rig.dp, (int)rig.wg0, 0, &err), 0);
	assert_int_equal(dp_attach_wg(rig.dp, (int)rig.wg1, 1, &err), 0);
	assert_int_equal(dp_attach_uplink(rig.dp, (int)rig.up, &err), 0);
	assert_int_equal(dp_settle(rig.dp, &err), 0);
	assert_int_equal(dp_slot_get(rig.dp, 3, &s), 0);
	assert_int_equal(s.generation, 7);
	assert_true(dp_firewall_get(rig.dp, 3, &fw));
	assert_int_equal(fw.rule[0].proto, 6);
	dp_counters(rig.dp, 3, &n);
	assert_int_equal(n.up_packets, 11 * (cpus + 1));
	dp_close(rig.dp);
}

static void refuse(const char *text)
{
	struct err err = {};
	struct dp *dp = NULL;

	assert_int_equal(dp_open(&rig.conf, &dp, &err), -EPROTO);
	assert_null(dp);
	if (!strstr(err.text, text) || !strstr(err.text, "relayd --flush"))
		print_error("\"%s\" lacks \"%s\"\n", err.text, text);
	assert_non_null(strstr(err.text, text));
	assert_non_null(strstr(err.text, "relayd --flush"));
}

static void test_refuses_unknown(void **state UNUSED)
{
	write_meta(77, ENV_SLOTS);
	refuse("has layout 77");
}

/* Its maps are not as its meta says. */
static void test_refuses_other_size(void **state UNUSED)
{
	write_meta(2, ENV_SLOTS / 2);
	refuse("has another layout (64 entries of 64 bytes, wanted 32 of 64)");
}

/* A map that is not as its meta says. */
static void test_refuses_foreign_map(void **state UNUSED)
{
	char path[PATH_MAX];

	write_meta(2, ENV_SLOTS);
	snprintf(path, sizeof(path), "%s/slots", former);
	assert_int_equal(unlink(path), 0);
	close(make_map(BPF_MAP_TYPE_ARRAY, "slots", 256, ENV_SLOTS, BPF_F_MMAPABLE));
	refuse("slots has another layout");
}

/* Two layouts back, or one that is yet to come: its programs would run beside ours. */
static void test_refuses_others(void **state UNUSED)
{
	static const char *const dirs[] = {"/v1", "/v4"};

	for (size_t i = 0; i < ARRAY_SIZE(dirs); i++) {
		char dir[ENV_PIN_DIR_LEN];

		snprintf(dir, sizeof(dir), "%.*s%s", (int)(strrchr(former, '/') - former), former,
			 dirs[i]);
		assert_int_equal(mkdir(dir, 0700), 0);
		refuse("only 2 can be taken over");
		assert_int_equal(rmdir(dir), 0);
	}
}

/* A map that both layouts have, of another size. */
static void test_refuses_other_shared_map(void **state UNUSED)
{
	write_meta(2, ENV_SLOTS);
	close(make_map(BPF_MAP_TYPE_ARRAY, "own", 4, 1, 0));
	refuse("own has another layout");
}

#define T(f) cmocka_unit_test_setup_teardown(f, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		T(test_takes_over_under_traffic),
		T(test_resumes),
		T(test_takes_over_filters_under_traffic),
		T(test_resumes_filters),
		T(test_takes_over_into_more_slots),
		T(test_refuses_unknown),
		T(test_refuses_other_size),
		T(test_refuses_foreign_map),
		T(test_refuses_others),
		T(test_refuses_other_shared_map),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	env_enter();
	/* No packet but ours: the stand-in counts them all. */
	env_run("echo 1 >/proc/sys/net/ipv6/conf/default/disable_ipv6");
	rig_devices();
	return cmocka_run_group_tests_name("former", tests, NULL, NULL);
}
