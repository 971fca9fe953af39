/* SPDX-License-Identifier: GPL-2.0-only */
/* The loader: makes, pins, adopts, replaces, refuses. */
#include <arpa/inet.h>
#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <errno.h>
#include <limits.h>
#include <net/if.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/utsname.h>
#include <sys/stat.h>
#include <cmocka.h>
#include "env.h"

static struct dp_conf conf;
static char pin_dir[ENV_PIN_DIR_LEN];
static struct err err;

#define OK(call)                                                                                   \
	do {                                                                                       \
		err.text[0] = '\0';                                                                \
		int r_ = (call);                                                                   \
		if (r_)                                                                            \
			print_error("%s: %d: %s\n", #call, r_, err.text);                          \
		assert_int_equal(r_, 0);                                                           \
	} while (0)

static int setup(void **state UNUSED)
{
	env_conf(&conf, pin_dir);
	return 0;
}

static int teardown(void **state UNUSED)
{
	return dp_unpin(pin_dir, &err);
}

static struct dp *must_open(void)
{
	struct dp *dp = NULL;

	OK(dp_open(&conf, &dp, &err));
	return dp;
}

static int pinned(const char *name)
{
	char path[PATH_MAX];

	snprintf(path, sizeof(path), "%s/%s", pin_dir, name);
	return bpf_obj_get(path);
}

static uint32_t prog_of(const char *name)
{
	uint32_t prog = 0;

	assert_int_not_equal(env_attached(pin_dir, name, &prog), 0);
	return prog;
}

static uint32_t id_of(const char *name)
{
	uint32_t prog;

	return env_attached(pin_dir, name, &prog);
}

static struct sc_slot slot3(void)
{
	struct sc_slot s = {.flags = SC_SLOT_LIVE,
			    .generation = 7,
			    .account = 9,
			    .wg_ifindex = 5,
			    .vrf_ifindex = 6,
			    .mtu = 1420};

	inet_pton(AF_INET6, "2001:db8:5:0:abcd:ef01:2340:3", s.v6);
	inet_pton(AF_INET, "198.51.100.66", &s.v4);
	return s;
}

static void test_adopts_maps(void **state UNUSED)
{
	struct sc_slot want = slot3(), have = {};
	struct dp *dp = must_open();

	OK(dp_slot_set(dp, 3, &want, &err));
	dp_close(dp);
	dp = must_open();
	OK(dp_slot_get(dp, 3, &have));
	assert_memory_equal(&have, &want, sizeof(want));
	dp_close(dp);
}

/* The relayd before did not know it. */
static void test_makes_an_added_map(void **state UNUSED)
{
	static const uint8_t router[4] = {198, 51, 100, 65};
	struct sc_slot want = slot3(), have = {};
	struct dp *dp = must_open();
	char path[ENV_PIN_DIR_LEN + 16];

	OK(dp_slot_set(dp, 3, &want, &err));
	dp_close(dp);
	snprintf(path, sizeof(path), "%s/gateway", pin_dir);
	assert_int_equal(unlink(path), 0);
	dp = must_open();
	OK(dp_gateway_set(dp, AF_INET, AF_INET, router, &err));
	assert_int_equal(access(path, F_OK), 0);
	OK(dp_slot_get(dp, 3, &have));
	assert_memory_equal(&have, &want, sizeof(want));
	dp_close(dp);
}

/* A run is known again by whoever adopts the counters, and told from one that began anew. */
static void test_run_of_counters(void **state UNUSED)
{
	uint8_t first[16], again[16], other[16];
	char all_layouts[ENV_PIN_DIR_LEN];
	struct dp *dp = must_open();

	OK(dp_counters_run(dp, first, &err));
	dp_close(dp);
	dp = must_open();
	OK(dp_counters_run(dp, again, &err));
	assert_memory_equal(again, first, sizeof(first));
	dp_close(dp);
	snprintf(all_layouts, sizeof(all_layouts), "%s", pin_dir);
	*strrchr(all_layouts, '/') = '\0';
	OK(dp_unpin(all_layouts, &err));
	dp = must_open();
	OK(dp_counters_run(dp, other, &err));
	assert_memory_not_equal(other, first, sizeof(first));
	dp_close(dp);
}

/* Linux before 6.4 tells of a hash what it takes when it is full. */
static bool hash_is_told_full(void)
{
	unsigned int major = 0, minor = 0;
	struct utsname u;

	assert_int_equal(uname(&u), 0);
	assert_int_equal(sscanf(u.release, "%u.%u", &major, &minor), 2); /* lint: our own text */
	return major < 6 || (major == 6 && minor < 4);
}

/* 128 Ki slots: the last one works, the memory is what the tables take and not much more. */
static void test_most_slots(void **state UNUSED)
{
	const uint32_t last = SC_SLOTS_MAX - 1;
	struct sc_slot s = slot3(), have = {};
	uint64_t tables, bytes;
	struct dp *dp;

	memset(&conf.pools.v6[1], 0, sizeof(conf.pools.v6[1]));
	conf.slots = SC_SLOTS_MAX;
	dp = must_open();
	s.v6[13] = (uint8_t)(s.v6[13] & 0xf0) | (uint8_t)(last >> 16);
	s.v6[14] = (uint8_t)(last >> 8);
	s.v6[15] = (uint8_t)last;
	OK(dp_slot_set(dp, last, &s, &err));
	OK(dp_slot_get(dp, last, &have));
	assert_memory_equal(&have, &s, sizeof(s));
	assert_int_equal(dp_slot_set(dp, SC_SLOTS_MAX, &s, &err), -ERANGE);
	tables = (sizeof(struct sc_slot) + sizeof(uint64_t) + sizeof(struct sc_scan) +
		  (uint64_t)(libbpf_num_possible_cpus() + 1) * sizeof(struct sc_counters)) *
		 SC_SLOTS_MAX;
	bytes = dp_memory_bytes(dp);
	print_message("# %d slots: %.1f MiB, %.0f bytes a slot\n", SC_SLOTS_MAX,
		      (double)bytes / (1 << 20), (double)bytes / SC_SLOTS_MAX);
	assert_in_range(bytes, tables, (hash_is_told_full() ? 3 : 2) * tables);
	dp_close(dp);
}

static void refuse(int code, const char *text)
{
	struct dp *dp = NULL;

	assert_int_equal(dp_open(&conf, &dp, &err), code);
	assert_null(dp);
	if (!strstr(err.text, text))
		print_error("\"%s\" lacks \"%s\"\n", err.text, text);
	assert_non_null(strstr(err.text, text));
}

static void test_refuses_other_abi(void **state UNUSED)
{
	struct sc_meta meta = {};
	uint32_t zero = 0;
	AUTO_FD int fd = -1;

	dp_close(must_open());
	fd = pinned("meta");
	assert_int_equal(bpf_map_lookup_elem(fd, &zero, &meta), 0);
	assert_int_equal(meta.abi, SC_ABI);
	assert_int_equal(meta.slots, ENV_SLOTS);
	meta.abi++;
	assert_int_equal(bpf_map_update_elem(fd, &zero, &meta, 0), 0);
	refuse(-EPROTO, "layout 4 with 64 slots");
	refuse(-EPROTO, "relayd --flush");
}

/* What is read from a pin is foreign input: a map with other values, a link in a map's place. */
static void test_refuses_foreign_pins(void **state UNUSED)
{
	LIBBPF_OPTS(bpf_map_create_opts, opts, .map_flags = BPF_F_MMAPABLE);
	char path[PATH_MAX];
	AUTO_FD int fd = bpf_map_create(BPF_MAP_TYPE_ARRAY, "slots", 4, 128, ENV_SLOTS, &opts);

	assert_true(fd >= 0);
	dp_close(must_open());
	snprintf(path, sizeof(path), "%s/slots", pin_dir);
	assert_int_equal(unlink(path), 0);
	assert_int_equal(bpf_obj_pin(fd, path), 0);
	refuse(-EPROTO, "slots has another layout (64 entries of 128 bytes, wanted 64 of 64)");
}

static void test_refuses_bad_conf(void **state UNUSED)
{
	conf.slots = 0;
	refuse(-EINVAL, "slots: 0");
	conf.slots = SC_SLOTS_MAX + 1;
	refuse(-EINVAL, "slots: 131073");
	env_conf(&conf, pin_dir);
	conf.pools.v6[0].slot_bits = 13;
	refuse(-EINVAL, "13 slot bits");
	env_conf(&conf, pin_dir);
	conf.pools.v6[1].len = 115;
	refuse(-EINVAL, "/115 with 14");
	env_conf(&conf, pin_dir);
	conf.pools.v4[1].first = 15;
	refuse(-EINVAL, "first index 15");
	conf.pin_dir = "/tmp";
	conf.pools.v4[1].first = 16;
	refuse(-ENODEV, "not on a BPF file system");
}

/* relayd died between making the maps and writing meta. */
static void test_finishes_half_made(void **state UNUSED)
{
	struct sc_meta meta = {};
	uint32_t zero = 0;
	AUTO_FD int fd = -1;

	dp_close(must_open());
	fd = pinned("meta");
	assert_int_equal(bpf_map_update_elem(fd, &zero, &meta, 0), 0);
	dp_close(must_open());
	assert_int_equal(bpf_map_lookup_elem(fd, &zero, &meta), 0);
	assert_int_equal(meta.abi, SC_ABI);
}

static const char *const uplink_links[] = {"link_uplink_in", "link_uplink_out"};
static const char *const wg_links[] = {"link_wg0_in", "link_wg0_out", "link_wg1_in",
				       "link_wg1_out"};

static void test_replaces_in_place(void **state UNUSED)
{
	int up = (int)if_nametoindex("up0"), wg0 = (int)if_nametoindex("wg0"),
	    wg1 = (int)if_nametoindex("wg1");
	uint32_t link[7], prog[7], n = 0;
	struct dp *dp;

	for (int round = 0; round < 2; round++) {
		dp = must_open();
		OK(dp_attach_uplink(dp, up, &err));
		OK(dp_attach_wg(dp, wg0, 0, &err));
		OK(dp_attach_wg(dp, wg1, 1, &err));
		assert_string_equal(dp_xdp_mode_text(dp), "native");
		dp_close(dp);
		n = 0;
		for (size_t i = 0; i < 7; i++) {
			const char *name = i < 2   ? uplink_links[i]
					   : i < 6 ? wg_links[i - 2]
						   : "link_uplink_xdp";

			if (round) {
				assert_int_equal(id_of(name), link[i]);
				assert_int_not_equal(prog_of(name), prog[i]);
			}
			link[n] = id_of(name);
			prog[n++] = prog_of(name);
		}
	}
	assert_int_equal(dp_attach_wg(dp = must_open(), wg0, 2, &err), -EINVAL);
	dp_close(dp);
}

/* The uplink was made anew (another ifindex): the old link is dead, a new one is made. */
static void test_follows_device(void **state UNUSED)
{
	struct dp *dp = must_open();
	uint32_t old;

	env_run("ip link add gone0 type veth peer name gone1");
	OK(dp_attach_uplink(dp, (int)if_nametoindex("gone0"), &err));
	old = id_of("link_uplink_xdp");
	dp_close(dp);
	env_run("ip link del gone0");
	dp = must_open();
	OK(dp_attach_uplink(dp, (int)if_nametoindex("up0"), &err));
	assert_int_not_equal(id_of("link_uplink_xdp"), old);
	dp_close(dp);
}

static void test_xdp_modes(void **state UNUSED)
{
	/* An ifb device has no native XDP. */
	static const struct {
		const char *device;
		enum dp_xdp_mode mode;
		const char *text; /* NULL = refused */
	} cases[] = {
		{"up0", DP_XDP_AUTO, "native"},	       {"up0", DP_XDP_GENERIC, "generic"},
		{"up0", DP_XDP_AUTO, "generic"},       {"up0", DP_XDP_TC, "tc"},
		{"up0", DP_XDP_NATIVE, "native"},      {"plain0", DP_XDP_AUTO, "generic"},
		{"plain0", DP_XDP_NATIVE, NULL},       {"plain0", DP_XDP_TC, "tc"},
		{"plain0", DP_XDP_GENERIC, "generic"},
	};

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		struct dp *dp;
		int r;

		conf.xdp_mode = cases[i].mode;
		dp = must_open();
		r = dp_attach_uplink(dp, (int)if_nametoindex(cases[i].device), &err);
		if (!cases[i].text) {
			assert_true(r < 0);
			assert_non_null(strstr(err.text, "attaching XDP (native)"));
			dp_close(dp);
			continue;
		}
		assert_int_equal(r, 0);
		assert_string_equal(dp_xdp_mode_text(dp), cases[i].text);
		assert_int_equal(!!id_of("link_uplink_xdp"), !strcmp(cases[i].text, "native"));
		assert_int_equal(!!id_of("link_uplink_skb"), !strcmp(cases[i].text, "generic"));
		assert_int_equal(!!id_of("link_uplink_tc"), !strcmp(cases[i].text, "tc"));
		dp_close(dp);
	}
}

static void test_unpin_detaches(void **state UNUSED)
{
	struct dp *dp = must_open();
	struct stat st;

	OK(dp_attach_uplink(dp, (int)if_nametoindex("up0"), &err));
	dp_close(dp);
	env_run("ip link show dev up0 | grep -q xdp");
	OK(dp_unpin(pin_dir, &err));
	assert_int_equal(stat(pin_dir, &st), -1);
	assert_int_equal(errno, ENOENT);
	assert_true(env_wait(2000, "! ip link show dev up0 | grep -q xdp"));
	OK(dp_unpin(pin_dir, &err)); /* twice is fine */
	assert_int_equal(dp_unpin("/tmp", &err), -EINVAL);
}

static void no_filters(const char *device)
{
	env_run("! tc filter show dev %s ingress | grep -q sc_ && "
		"! tc filter show dev %s egress | grep -q sc_",
		device, device);
}

/* Without tcx: one filter a hook, replaced in place, gone with the pins and with the device. */
static void test_clsact(void **state UNUSED)
{
	int up = (int)if_nametoindex("up0"), plain = (int)if_nametoindex("plain0");
	struct dp *dp;

	conf.no_tcx = true;
	conf.xdp_mode = DP_XDP_TC;
	for (int round = 0; round < 2; round++) {
		dp = must_open();
		OK(dp_attach_uplink(dp, up, &err));
		dp_close(dp);
		env_run("test \"$(tc filter show dev up0 ingress | "
			"sed -n 's/.* name \\([a-z_]*\\) .*/\\1/p' | "
			"tr '\\n' ' ')\" = 'sc_uplink_tc sc_uplink_in '");
		env_run("test \"$(tc filter show dev up0 egress | grep -c sc_uplink_out)\" = 1");
		assert_int_equal(id_of("link_uplink_in"), ENV_FILTER);
	}
	/* Another mode takes the guard away, another device all of it. */
	conf.xdp_mode = DP_XDP_AUTO;
	dp = must_open();
	OK(dp_attach_uplink(dp, up, &err));
	assert_string_equal(dp_xdp_mode_text(dp), "tc"); /* what ran */
	dp_close(dp);
	conf.xdp_mode = DP_XDP_GENERIC;
	dp = must_open();
	OK(dp_attach_uplink(dp, up, &err));
	env_run("! tc filter show dev up0 ingress | grep -q sc_uplink_tc");
	OK(dp_attach_uplink(dp, plain, &err));
	no_filters("up0");
	dp_close(dp);
	OK(dp_unpin(pin_dir, &err));
	no_filters("plain0");
}

/* What an operator pays for a slot: no surprise, and nothing that grows with traffic. */
static void test_memory(void **state UNUSED)
{
	struct dp *dp;
	uint64_t small, large;

	dp = must_open();
	small = dp_memory_bytes(dp);
	dp_close(dp);
	OK(dp_unpin(pin_dir, &err));
	conf.slots = SC_SLOTS_MAX;
	dp = must_open();
	large = dp_memory_bytes(dp);
	dp_close(dp);
	printf("# %.1f MiB without slots, %.0f bytes a slot\n", (double)small / (1 << 20),
	       (double)(large - small) / SC_SLOTS_MAX);
	assert_in_range(small, 1 << 20, 64 << 20);
	/* slot, ceiling, pace, scan, counters of each CPU and their own stripe */
	assert_in_range((large - small) / SC_SLOTS_MAX, 64 + 8 + 16 + 72 + 2 * 64,
			64 + 8 + 16 + 72 + 64 + 64 * 1024);
}

static uint32_t slot4_at(uint32_t index)
{
	AUTO_FD int fd = pinned("slot4");
	uint32_t value = 0;

	assert_int_equal(bpf_map_lookup_elem(fd, &index, &value), 0);
	return value;
}

static void test_slot_set(void **state UNUSED)
{
	struct sc_slot s = slot3(), bad, t;
	struct dp *dp = must_open();

	assert_int_equal(dp_slot_set(dp, ENV_SLOTS, &s, &err), -ERANGE);
	assert_int_equal(dp_slot_get(dp, ENV_SLOTS, &t), -ERANGE);
	assert_int_equal(dp_slot_set(dp, 4, &s, &err), -EINVAL); /* v6 says 3 */
	bad = s;
	bad.v6[0] ^= 1;
	assert_int_equal(dp_slot_set(dp, 3, &bad, &err), -EINVAL);
	bad = s;
	bad.v4 = htonl(0xc0000210); /* one behind 192.0.2.0/28 */
	assert_int_equal(dp_slot_set(dp, 3, &bad, &err), -EINVAL);
	bad = s;
	bad.wg_ifindex = 0;
	assert_int_equal(dp_slot_set(dp, 3, &bad, &err), -EINVAL);

	OK(dp_slot_set(dp, 3, &s, &err));
	assert_int_equal(slot4_at(16 + 2), 4);
	s.v4 = htonl(0xc000020f); /* another address of its own */
	OK(dp_slot_set(dp, 3, &s, &err));
	assert_int_equal(slot4_at(16 + 2), 0);
	assert_int_equal(slot4_at(15), 4);
	/* The address went on to slot 5 before slot 3 is closed: the entry stays 5's. */
	t = s;
	t.v6[15] = 5;
	OK(dp_slot_set(dp, 5, &t, &err));
	s.flags = 0;
	OK(dp_slot_set(dp, 3, &s, &err));
	assert_int_equal(slot4_at(15), 6);
	dp_close(dp);
}

static size_t own_count(void)
{
	AUTO_FD int fd = pinned("own");
	struct sc_own_key key;
	size_t n = 0;

	for (void *at = NULL; !bpf_map_get_next_key(fd, at, &key); at = &key)
		n++;
	return n;
}

static void test_own_set(void **state UNUSED)
{
	struct sc_own_key keys[SC_MAX_OWN + 1] = {};
	struct dp *dp = must_open();

	for (uint8_t i = 0; i < ARRAY_SIZE(keys); i++)
		keys[i].addr[15] = i;
	OK(dp_own_set(dp, keys, SC_MAX_OWN, &err));
	assert_int_equal(own_count(), SC_MAX_OWN);
	OK(dp_own_set(dp, keys + 1, SC_MAX_OWN, &err)); /* one leaves, one comes, at full */
	assert_int_equal(own_count(), SC_MAX_OWN);
	assert_int_equal(dp_own_set(dp, keys, SC_MAX_OWN + 1, &err), -E2BIG);
	OK(dp_own_set(dp, keys, 2, &err));
	assert_int_equal(own_count(), 2);
	dp_close(dp);
}

static bool own_in_pool(void)
{
	AUTO_FD int fd = pinned("uplink");
	struct sc_uplink up = {};
	uint32_t zero = 0;

	assert_int_equal(bpf_map_lookup_elem(fd, &zero, &up), 0);
	return up.own_in_pool;
}

/* Told before an address is there, until it has gone, whatever else becomes of the uplink. */
static void test_own_in_pool(void **state UNUSED)
{
	static const char *const outside[] = {"2001:db8:5:1::1", "::ffff:192.0.2.16",
					      "::192.0.2.1"};
	static const char *const inside[] = {
		"2001:db8:5::1", "2001:db8:6:0:a::", "::ffff:192.0.2.0", "::ffff:198.51.100.127"};
	struct dp *dp = must_open();
	struct sc_own_key keys[4] = {};

	for (size_t i = 0; i < ARRAY_SIZE(outside); i++)
		assert_int_equal(inet_pton(AF_INET6, outside[i], keys[i].addr), 1);
	OK(dp_own_set(dp, keys, ARRAY_SIZE(outside), &err));
	assert_false(own_in_pool());
	for (size_t i = 0; i < ARRAY_SIZE(inside); i++) {
		assert_int_equal(inet_pton(AF_INET6, inside[i], keys[3].addr), 1);
		OK(dp_own_set(dp, keys, 4, &err));
		assert_true(own_in_pool());
		OK(dp_attach_uplink(dp, (int)if_nametoindex("up0"), &err));
		assert_true(own_in_pool());
		dp_close(dp);
		dp = must_open();
		assert_true(own_in_pool());
		OK(dp_own_set(dp, keys, 3, &err));
		assert_false(own_in_pool());
	}
	/* A pool that comes to one. */
	dp_close(dp);
	conf.pools.v6[2] = conf.pools.v6[0];
	assert_int_equal(inet_pton(AF_INET6, "2001:db8:5:1::", conf.pools.v6[2].addr), 1);
	dp = must_open();
	assert_true(own_in_pool());
	dp_close(dp);
}

#define T(f) cmocka_unit_test_setup_teardown(f, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		T(test_adopts_maps),
		T(test_makes_an_added_map),
		T(test_run_of_counters),
		T(test_most_slots),
		T(test_refuses_other_abi),
		T(test_refuses_foreign_pins),
		T(test_refuses_bad_conf),
		T(test_finishes_half_made),
		T(test_replaces_in_place),
		T(test_follows_device),
		T(test_xdp_modes),
		T(test_unpin_detaches),
		T(test_slot_set),
		T(test_own_set),
		T(test_own_in_pool),
		T(test_clsact),
		T(test_memory),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	env_enter();
	env_run("ip link add up0 type veth peer name up1 && ip link set up0 up && ip link set up1 "
		"up");
	env_ifb("wg0");
	env_ifb("wg1");
	env_ifb("plain0");
	return cmocka_run_group_tests_name("dp", tests, NULL, NULL);
}
