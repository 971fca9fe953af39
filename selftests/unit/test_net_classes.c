/* SPDX-License-Identifier: GPL-2.0-only */
/* Who has a class of the shaper, and that the slot is told. The kernel takes everything; apply() is
 * replaced, its plan looked at. */
#include <stdlib.h>
#include "test.h"
#include "lib/nl_tc.h"
#include "relay/net_int.h"

#define SLOTS 8
#define NO_STEP -1

struct rig {
	struct net net;
	struct peer want[SLOTS];
	bool used[SLOTS], kept[SLOTS];
};

static int written[SLOTS]; /* class in the last plan, by slot */

int apply(UNUSED struct net *net, const struct plan *plan, UNUSED const struct kstate *wanted,
	  UNUSED unsigned int *ret_failed, UNUSED struct err *err)
{
	for (int i = 0; i < SLOTS; i++)
		written[i] = NO_STEP;
	for (size_t i = 0; i < plan->n; i++) {
		const struct step *s = &plan->steps[i];

		if (s->type == STEP_SLOT_SET)
			written[s->slot.slot] = s->slot.class_minor;
	}
	return 0;
}

int nl_tc_htb_root_get(UNUSED struct nl *nl, UNUSED int ifindex, bool *ret_there,
		       UNUSED struct err *err)
{
	*ret_there = false;
	return 0;
}

int nl_tc_htb_root_add(UNUSED struct nl *nl, UNUSED int ifindex, UNUSED struct err *err)
{
	return 0;
}

int nl_tc_root_stats(UNUSED struct nl *nl, UNUSED int ifindex, UNUSED uint32_t *ret_drops,
		     UNUSED uint32_t *ret_waiting_bytes, UNUSED struct err *err)
{
	return -EOPNOTSUPP;
}

int nl_tc_all_set(UNUSED struct nl *nl, UNUSED int ifindex, UNUSED uint32_t kbps,
		  UNUSED struct err *err)
{
	return 0;
}

int nl_tc_root_del(UNUSED struct nl *nl, UNUSED int ifindex, UNUSED struct err *err)
{
	return 0;
}

int nl_tc_fq_root_set(UNUSED struct nl *nl, UNUSED int ifindex, UNUSED uint64_t horizon_ns,
		      UNUSED struct err *err)
{
	return 0;
}

int nl_tc_class_dump(UNUSED struct nl *nl, UNUSED int ifindex, UNUSED nl_tc_class_cb *cb,
		     UNUSED void *ctx, UNUSED struct err *err)
{
	return 0;
}

int nl_tc_class_change(UNUSED struct nl *nl, UNUSED int ifindex, UNUSED uint16_t minor,
		       UNUSED uint32_t rate_kbps, UNUSED uint32_t ceil_kbps, UNUSED struct err *err)
{
	return 0;
}

void nl_tc_class_put(UNUSED struct nl_batch *b, UNUSED int ifindex, UNUSED uint16_t minor,
		     UNUSED uint32_t rate_kbps, UNUSED uint32_t ceil_kbps)
{
}

static int set_up(void **state)
{
	static const int devices[HTB_DEVICES] = {1, 2, 3};
	struct rig *rig = calloc(1, sizeof(*rig));
	struct err err = {};

	assert_non_null(rig);
	rig->net.conf.slots = SLOTS;
	rig->net.conf.mtu = 1420;
	rig->net.want = rig->want;
	rig->net.used = rig->used;
	rig->net.kept = rig->kept;
	assert_int_equal(nl_open(NETLINK_ROUTE, &rig->net.rtnl, NULL), 0);
	/* One class for all. */
	if (net_htb_new(rig->net.rtnl, devices, 1, 0, SLOTS, &rig->net.htb, &err))
		fail_msg("%s", err.text);
	*state = rig;
	return 0;
}

static int tear_down(void **state)
{
	struct rig *rig = *state;

	net_htb_free(rig->net.htb);
	nl_close(rig->net.rtnl);
	free(rig);
	return 0;
}

static void peer_set(struct rig *rig, uint32_t slot, uint32_t ceil_kbps)
{
	struct peer peer = {.slot = slot,
			    .generation = 1,
			    .account = 1,
			    .public_key = {(uint8_t)slot},
			    .v6 = {{0x20, 1, 0xd, 0xb8, [15] = (uint8_t)slot}},
			    .ceil_kbps = ceil_kbps,
			    .mtu = 1420};
	struct err err = {};

	if (net_peer_set(&rig->net, &peer, &err))
		fail_msg("%s", err.text);
}

static void a_peer_set_again_is_no_step(void **state)
{
	struct rig *rig = *state;

	peer_set(rig, 1, 5000);
	assert_int_equal(written[1], 1);
	peer_set(rig, 1, 5000);
	assert_int_equal(written[1], NO_STEP);
	peer_set(rig, 1, 9000); /* the same class at another rate */
	assert_int_equal(written[1], NO_STEP);
}

static void a_peer_without_a_class_gets_the_one_that_is_free_again(void **state)
{
	struct rig *rig = *state;

	peer_set(rig, 1, 5000);
	peer_set(rig, 2, 5000);
	assert_int_equal(written[2], 0);
	peer_set(rig, 2, 5000);
	assert_int_equal(written[2], NO_STEP);
	assert_int_equal(net_peer_del(&rig->net, 1, 1, NULL), 0);
	peer_set(rig, 2, 5000);
	assert_int_equal(written[2], 1);
}

static void a_peer_that_is_no_longer_shaped_gives_its_class_back(void **state)
{
	struct rig *rig = *state;

	peer_set(rig, 1, 5000);
	peer_set(rig, 1, 0);
	assert_int_equal(written[1], 0);
	peer_set(rig, 2, 5000);
	assert_int_equal(written[2], 1);
}

#define T(f) cmocka_unit_test_setup_teardown(f, set_up, tear_down)

int main(void)
{
	static const struct CMUnitTest tests[] = {
		T(a_peer_set_again_is_no_step),
		T(a_peer_without_a_class_gets_the_one_that_is_free_again),
		T(a_peer_that_is_no_longer_shaped_gives_its_class_back),
	};

	return RUN_TESTS(tests);
}
