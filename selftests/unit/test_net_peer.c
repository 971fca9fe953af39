/* SPDX-License-Identifier: GPL-2.0-only */
/* What the net role refuses of an api role that has been taken over. */
#include "test.h"
#include "lib/addr.h"
#include "relay/net_int.h"

#define SLOTS 64

struct rig {
	struct net net;
	struct peer want[SLOTS], next[SLOTS];
	bool used[SLOTS], next_used[SLOTS];
};

static int set_up(void **state)
{
	struct rig *rig = calloc(1, sizeof(*rig));
	struct conf *conf;

	assert_non_null(rig);
	conf = &rig->net.conf;
	conf->slots = SLOTS;
	conf->mtu = 1420;
	conf->n_pool6 = conf->n_pool4 = 1;
	conf->pool6[0].slot_bits = 20;
	assert_int_equal(parse_prefix6("2001:db8:5::/64", &conf->pool6[0].prefix), 0);
	assert_int_equal(parse_prefix4("192.0.2.0/28", &conf->pool4[0].prefix), 0);
	conf->has_public6 = conf->has_public4 = true;
	assert_int_equal(parse_addr6("2001:db8:5::2", &conf->public6), 0);
	assert_int_equal(parse_addr4("192.0.2.2", &conf->public4), 0);
	rig->net.want = rig->want;
	rig->net.used = rig->used;
	rig->net.next = rig->next;
	rig->net.next_used = rig->next_used;
	*state = rig;
	return 0;
}

static int tear_down(void **state)
{
	free(*state);
	return 0;
}

static struct peer peer_of(uint32_t slot, const char *v6, const char *v4)
{
	struct peer peer = {
		.slot = slot, .generation = 1, .account = 1, .public_key = {1}, .mtu = 1420};

	assert_int_equal(parse_addr6(v6, &peer.v6), 0);
	if (v4)
		assert_int_equal(parse_addr4(v4, &peer.v4), 0);
	return peer;
}

static int check(void **state, const struct peer *peer)
{
	struct rig *rig = *state;

	return net_peer_check(&rig->net, peer, NULL);
}

static void a_proper_peer_passes(void **state)
{
	struct peer peer = peer_of(3, "2001:db8:5::aaaa:a000:3", "192.0.2.5");

	assert_int_equal(check(state, &peer), 0);
}

static void a_slot_out_of_range_is_refused(void **state)
{
	struct peer peer = peer_of(SLOTS, "2001:db8:5::aaaa:a000:40", NULL);

	assert_int_equal(check(state, &peer), -EINVAL);
}

static void an_ipv6_address_of_another_slot_is_refused(void **state)
{
	struct peer peer = peer_of(3, "2001:db8:5::aaaa:a000:4", NULL);

	assert_int_equal(check(state, &peer), -EINVAL);
}

static void addresses_outside_the_pools_are_refused(void **state)
{
	struct peer six = peer_of(3, "2001:db8:6::aaaa:a000:3", NULL);
	struct peer four = peer_of(3, "2001:db8:5::aaaa:a000:3", "192.0.2.16");

	assert_int_equal(check(state, &six), -EINVAL);
	assert_int_equal(check(state, &four), -EINVAL);
}

static void the_relays_own_addresses_are_refused(void **state)
{
	struct peer six = peer_of(2, "2001:db8:5::2", NULL);
	struct peer four = peer_of(3, "2001:db8:5::aaaa:a000:3", "192.0.2.2");

	assert_int_equal(check(state, &six), -EINVAL);
	assert_int_equal(check(state, &four), -EINVAL);
}

static void the_gateways_address_is_refused(void **state)
{
	struct rig *rig = *state;
	struct peer peer = peer_of(3, "2001:db8:5::aaaa:a000:3", "192.0.2.1");

	assert_int_equal(check(state, &peer), 0);
	rig->net.router4 = peer.v4;
	assert_int_equal(check(state, &peer), -EINVAL);
}

static void the_relays_own_key_is_refused(void **state)
{
	struct rig *rig = *state;
	struct peer peer = peer_of(3, "2001:db8:5::aaaa:a000:3", NULL);

	memcpy(rig->net.wg_public_key[1], peer.public_key, KEY_LEN);
	assert_int_equal(check(state, &peer), -EINVAL);
	peer.has_other = 1;
	memcpy(peer.other_key, peer.public_key, KEY_LEN);
	peer.public_key[0]++;
	assert_int_equal(check(state, &peer), -EINVAL);
}

static void network_and_broadcast_addresses_are_refused(void **state)
{
	struct peer first = peer_of(3, "2001:db8:5::aaaa:a000:3", "192.0.2.0");
	struct peer last = peer_of(3, "2001:db8:5::aaaa:a000:3", "192.0.2.15");

	assert_int_equal(check(state, &first), -EINVAL);
	assert_int_equal(check(state, &last), -EINVAL);
}

/* KSTATE_TABLE_ACCOUNT + account: one too large would wrap to any table, the host's own too. */
static void an_account_whose_table_wraps_is_refused(void **state)
{
	struct peer peer = peer_of(3, "2001:db8:5::aaaa:a000:3", NULL);

	peer.account = UINT32_MAX - KSTATE_TABLE_ACCOUNT;
	assert_int_equal(check(state, &peer), 0);
	peer.account = (uint32_t)KSTATE_MAIN - KSTATE_TABLE_ACCOUNT;
	assert_int_equal(check(state, &peer), -EINVAL);
}

static void mtu_and_device_are_checked(void **state)
{
	struct peer peer = peer_of(3, "2001:db8:5::aaaa:a000:3", NULL);

	peer.mtu = 1421;
	assert_int_equal(check(state, &peer), -EINVAL);
	peer.mtu = 1279;
	assert_int_equal(check(state, &peer), -EINVAL);
	peer.mtu = 1280;
	peer.wg = 2;
	assert_int_equal(check(state, &peer), -EINVAL);
}

static void another_slots_key_or_ipv4_address_is_refused(void **state)
{
	struct rig *rig = *state;
	struct peer key = peer_of(3, "2001:db8:5::aaaa:a000:3", NULL);
	struct peer four = peer_of(3, "2001:db8:5::aaaa:a000:3", "192.0.2.5");

	rig->want[4] = peer_of(4, "2001:db8:5::aaaa:a000:4", "192.0.2.5");
	rig->used[4] = true;
	assert_int_equal(check(state, &key), -EEXIST);
	four.public_key[0] = 2;
	assert_int_equal(check(state, &four), -EEXIST);
}

static void next_is(struct rig *rig, uint32_t slot, uint8_t key, const char *v4)
{
	rig->next[slot] = peer_of(slot, "2001:db8:5::aaaa:a000:0", v4);
	rig->next[slot].public_key[0] = key;
	rig->next_used[slot] = true;
}

static void a_sync_keeps_the_first_of_a_key_or_ipv4_address(void **state)
{
	struct rig *rig = *state;

	next_is(rig, 2, 1, "192.0.2.5");
	next_is(rig, 3, 9, NULL);
	next_is(rig, 5, 1, "192.0.2.6");
	next_is(rig, 6, 7, "192.0.2.5");
	next_is(rig, 7, 1, NULL);
	/* Its own address is free again: the one that had it first has been left out. */
	next_is(rig, 8, 8, "192.0.2.6");
	next_is(rig, 9, 6, NULL);
	assert_int_equal(net_peer_drop_doubles(&rig->net, NULL), 0);
	assert_true(rig->next_used[2] && rig->next_used[3] && rig->next_used[8]);
	assert_true(rig->next_used[9]);
	assert_false(rig->next_used[5] || rig->next_used[6] || rig->next_used[7]);
}

static void a_sync_drops_a_peer_whose_other_key_is_anothers(void **state)
{
	struct rig *rig = *state;

	next_is(rig, 2, 1, NULL);
	next_is(rig, 3, 9, NULL);
	rig->next[3].has_other = 1;
	rig->next[3].other_key[0] = 1;
	next_is(rig, 4, 7, NULL);
	rig->next[4].has_other = 1;
	rig->next[4].other_key[0] = 8;
	next_is(rig, 5, 6, NULL);
	rig->next[5].has_other = 1;
	rig->next[5].other_key[0] = 8;
	assert_int_equal(net_peer_drop_doubles(&rig->net, NULL), 0);
	assert_true(rig->next_used[2] && rig->next_used[4]);
	assert_false(rig->next_used[3] || rig->next_used[5]);
}

#define T(test) cmocka_unit_test_setup_teardown(test, set_up, tear_down)

int main(void)
{
	static const struct CMUnitTest tests[] = {
		T(a_proper_peer_passes),
		T(a_slot_out_of_range_is_refused),
		T(an_ipv6_address_of_another_slot_is_refused),
		T(addresses_outside_the_pools_are_refused),
		T(the_relays_own_addresses_are_refused),
		T(the_gateways_address_is_refused),
		T(the_relays_own_key_is_refused),
		T(network_and_broadcast_addresses_are_refused),
		T(an_account_whose_table_wraps_is_refused),
		T(mtu_and_device_are_checked),
		T(another_slots_key_or_ipv4_address_is_refused),
		T(a_sync_keeps_the_first_of_a_key_or_ipv4_address),
		T(a_sync_drops_a_peer_whose_other_key_is_anothers),
	};

	return RUN_TESTS(tests);
}
