/* SPDX-License-Identifier: GPL-2.0-only */
#include "rig.h"

#include <arpa/inet.h>
#include <bpf/bpf.h>
#include <net/if.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <cmocka.h>
#include "../../relay/dp_impl.h"
#include "sidecar.skel.h"

void rig_devices(void)
{
	static const char *const names[] = {"up0", "wg0", "wg1", "vrf0"};

	/* Test frames have an Ethernet header, which must be to the device: one MAC for all. */
	for (size_t i = 0; i < ARRAY_SIZE(names); i++)
		env_run("ip link add %s address " RIG_MAC " type veth peer name %s-b && "
			"ip link set %s up && ip link set %s-b up",
			names[i], names[i], names[i], names[i]);
}

void rig_conf(struct rig *rig)
{
	*rig = (struct rig){};
	env_conf(&rig->conf, rig->pin_dir);
}

void rig_slot(struct rig *rig, uint32_t nr, const char *v6, const char *v4, struct sc_slot slot)
{
	struct err err = {};

	assert_int_equal(inet_pton(AF_INET6, v6, slot.v6), 1);
	if (v4)
		assert_int_equal(inet_pton(AF_INET, v4, &slot.v4), 1);
	slot.vrf_ifindex = rig->vrf;
	if (dp_slot_set(rig->dp, nr, &slot, &err)) {
		print_error("%s\n", err.text);
		fail();
	}
}

static void fill_slots(struct rig *rig)
{
	const struct sc_slot s3 = {.flags = SC_SLOT_LIVE,
				   .account = 9,
				   .wg_ifindex = rig->wg0,
				   .class_minor = 7,
				   .mtu = 1420};
	const struct sc_slot s4 = {
		.flags = SC_SLOT_LIVE, .account = 9, .wg_ifindex = rig->wg1, .mtu = 1280};
	const struct sc_slot s5 = {.flags = SC_SLOT_LIVE,
				   .account = 10,
				   .wg_ifindex = rig->wg0,
				   .class_minor = 8,
				   .mtu = 1420};
	struct sc_slot s6 = {.flags = SC_SLOT_LIVE,
			     .account = 11,
			     .wg_ifindex = rig->wg0,
			     .class_minor = 9,
			     .mtu = 1420};

	rig_slot(rig, 3, SLOT3_V6, SLOT3_V4, s3);
	rig_slot(rig, 4, SLOT4_V6, NULL, s4);
	rig_slot(rig, 5, SLOT5_V6, SLOT5_V4, s5);
	rig_slot(rig, 6, SLOT6_V6, SLOT6_V4, s6);
	s6.flags = 0;
	rig_slot(rig, 6, SLOT6_V6, SLOT6_V4, s6);
}

void rig_open(struct rig *rig)
{
	static const char *const own[] = {"2001:db8:5::1", "::ffff:192.0.2.14", "2001:db8:aa::1",
					  "::ffff:203.0.113.10"};
	struct sc_own_key keys[ARRAY_SIZE(own)];
	struct err err = {};

	rig->up = if_nametoindex("up0");
	rig->wg0 = if_nametoindex("wg0");
	rig->wg1 = if_nametoindex("wg1");
	rig->vrf = if_nametoindex("vrf0");
	for (size_t i = 0; i < ARRAY_SIZE(own); i++)
		assert_int_equal(inet_pton(AF_INET6, own[i], keys[i].addr), 1);
	if (dp_open(&rig->conf, &rig->dp, &err) ||
	    dp_own_set(rig->dp, keys, ARRAY_SIZE(own), &err) ||
	    dp_attach_uplink(rig->dp, (int)rig->up, &err)) {
		print_error("%s\n", err.text);
		fail();
	}
	fill_slots(rig);
}

void rig_close(struct rig *rig)
{
	dp_close(rig->dp);
	assert_int_equal(dp_unpin(rig->pin_dir, NULL), 0);
}

static int prog_fd(const struct rig *rig, enum rig_prog prog)
{
	const struct sidecar *skel = rig->dp->skel;
	const struct bpf_program *const progs[] = {
		[RIG_UPLINK_XDP] = skel->progs.sc_uplink_xdp,
		[RIG_UPLINK_SKB] = skel->progs.sc_uplink_skb,
		[RIG_UPLINK_TC] = skel->progs.sc_uplink_tc,
		[RIG_UPLINK_IN] = skel->progs.sc_uplink_in,
		[RIG_UPLINK_OUT] = skel->progs.sc_uplink_out,
		[RIG_WG_IN] = skel->progs.sc_wg_in,
		[RIG_WG_OUT] = skel->progs.sc_wg_out,
	};

	return bpf_program__fd(progs[prog]);
}

void rig_run(struct rig *rig, enum rig_prog prog, const struct pkt *in, const struct __sk_buff *skb,
	     struct rig_result *ret_result)
{
	struct __sk_buff in_skb = skb ? *skb : (struct __sk_buff){};
	uint64_t before[SC_DROP_MAX], after[SC_DROP_MAX];
	LIBBPF_OPTS(bpf_test_run_opts, opts, .data_in = in->b, .data_size_in = (uint32_t)in->len,
		    .data_out = ret_result->out.b, .data_size_out = PKT_MAX, .repeat = 1);
	int r;

	*ret_result = (struct rig_result){};
	if (prog > RIG_UPLINK_SKB) {
		opts.ctx_in = &in_skb;
		opts.ctx_size_in = sizeof(in_skb);
		opts.ctx_out = &ret_result->skb;
		opts.ctx_size_out = sizeof(ret_result->skb);
	}
	assert_int_equal(dp_drops(rig->dp, before, NULL), 0);
	r = bpf_prog_test_run_opts(prog_fd(rig, prog), &opts);
	if (r)
		print_error("test run: %s (frame of %zu)\n", strerror(-r), in->len);
	assert_int_equal(r, 0);
	assert_int_equal(dp_drops(rig->dp, after, NULL), 0);
	ret_result->verdict = (int)opts.retval;
	ret_result->out.len = opts.data_size_out;
	for (int i = 0; i < SC_DROP_MAX; i++) {
		if (after[i] == before[i])
			continue;
		assert_int_equal(ret_result->reason, 0); /* one exit, one reason */
		ret_result->reason = i;
		ret_result->dropped = after[i] - before[i];
	}
}

size_t rig_min_len(enum rig_prog prog, const struct pkt *whole)
{
	if (prog <= RIG_UPLINK_SKB || !whole->ip)
		return 14;
	return 14 + (whole->version == 6 ? 40 : 20);
}

static void dump(const char *title, const struct pkt *p)
{
	char line[3 * 16 + 1] = "";

	for (size_t i = 0; i < p->len; i++) {
		snprintf(line + i % 16 * 3, 4, "%02x ", p->b[i]);
		if (i % 16 == 15 || i + 1 == p->len)
			print_error("%s %3zu: %s\n", title, i / 16 * 16, line);
	}
}

void rig_same(const char *name, const struct pkt *have, const struct pkt *want)
{
	if (have->len == want->len && !memcmp(have->b, want->b, want->len))
		return;
	print_error("%s: other bytes\n", name);
	dump("have", have);
	dump("want", want);
	fail();
}
