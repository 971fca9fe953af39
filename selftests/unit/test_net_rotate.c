/* SPDX-License-Identifier: GPL-2.0-only */
/* Which keys of the kernel a relayd that starts anew lets go on beside those of the database. */
#include "test.h"
#include <string.h>
#include "relay/net_int.h"

static struct peer want[3];
static bool used[3], kept[3];
static struct net net;

static int set_up(UNUSED void **state)
{
	memset(want, 0, sizeof(want));
	memset(kept, 0, sizeof(kept));
	used[0] = used[1] = true;
	used[2] = false;
	want[0] = (struct peer){.slot = 0, .public_key = {5}, .psk = {50}};
	want[1] = (struct peer){.slot = 1, .public_key = {6}, .psk = {60}};
	net = (struct net){.conf.slots = 3, .want = want, .used = used, .kept = kept};
	return 0;
}

static struct nl_wg_peer found(uint8_t key)
{
	return (struct nl_wg_peer){.public_key = {key}, .has_psk = true, .psk = {70}};
}

static void a_key_under_rotation_goes_on(UNUSED void **state)
{
	struct nl_wg_peer p = found(7);

	net_rotate_keep(&net, 0, &p);
	assert_true(kept[0]);
	assert_int_equal(want[0].has_other, 1);
	assert_memory_equal(want[0].other_key, p.public_key, KEY_LEN);
	assert_memory_equal(want[0].other_psk, p.psk, KEY_LEN);
	assert_int_equal(want[0].public_key[0], 5);
}

static void the_key_that_the_api_role_named_comes_first(UNUSED void **state)
{
	struct nl_wg_peer p = found(7);

	want[0].has_other = 1;
	want[0].other_key[0] = 8;
	net_rotate_keep(&net, 0, &p);
	assert_false(kept[0]);
	assert_int_equal(want[0].other_key[0], 8);
}

static void another_peers_key_is_left_to_it(UNUSED void **state)
{
	struct nl_wg_peer p = found(6);

	net_rotate_keep(&net, 0, &p);
	assert_false(kept[0]);
	assert_int_equal(want[0].has_other, 0);
	/* Nor do two slots get one key. */
	p = found(7);
	net_rotate_keep(&net, 1, &p);
	net_rotate_keep(&net, 0, &p);
	assert_true(kept[1]);
	assert_false(kept[0]);
}

static void a_peer_without_a_psk_is_not_kept(UNUSED void **state)
{
	struct nl_wg_peer p = {.public_key = {7}};

	net_rotate_keep(&net, 0, &p);
	assert_false(kept[0]);
	assert_int_equal(want[0].has_other, 0);
}

#define TEST(name) cmocka_unit_test_setup(name, set_up)

int main(void)
{
	static const struct CMUnitTest tests[] = {
		TEST(a_key_under_rotation_goes_on),
		TEST(the_key_that_the_api_role_named_comes_first),
		TEST(another_peers_key_is_left_to_it),
		TEST(a_peer_without_a_psk_is_not_kept),
	};

	return RUN_TESTS(tests);
}
