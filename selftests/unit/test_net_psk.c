/* SPDX-License-Identifier: GPL-2.0-only */
/* Which pre-shared key a wanted peer gets; setting it in a kernel is the test machines' affair. */
#include "test.h"
#include "relay/net_int.h"

static const uint8_t none[KEY_LEN];

static void a_new_peer_gets_a_random_key(void **state UNUSED)
{
	struct peer a = {.slot = 1}, b = {.slot = 2};

	assert_int_equal(net_psk_fill(&a, NULL, NULL), 0);
	assert_int_equal(net_psk_fill(&b, NULL, NULL), 0);
	assert_memory_not_equal(a.psk, none, KEY_LEN);
	assert_memory_not_equal(a.psk, b.psk, KEY_LEN);
}

static void a_peer_that_is_set_again_keeps_its_key(void **state UNUSED)
{
	struct peer old = {.slot = 1, .public_key = {5}, .psk = {7}}, now = {.public_key = {5}};

	assert_int_equal(net_psk_fill(&now, &old, NULL), 0);
	assert_memory_equal(now.psk, old.psk, KEY_LEN);
}

static void another_public_key_inherits_nothing(void **state UNUSED)
{
	struct peer old = {.slot = 1, .public_key = {5}, .psk = {7}}, now = {.public_key = {6}};

	assert_int_equal(net_psk_fill(&now, &old, NULL), 0);
	assert_memory_not_equal(now.psk, old.psk, KEY_LEN);
	assert_memory_not_equal(now.psk, none, KEY_LEN);
}

static void keys_that_rotate_keep_theirs_when_they_change_places(void **state UNUSED)
{
	struct peer old = {.public_key = {5}, .psk = {7}, .has_other = 1, .other_key = {6}};
	struct peer now = {.public_key = {6}, .has_other = 1, .other_key = {5}};

	assert_int_equal(net_psk_fill(&old, NULL, NULL), 0);
	assert_memory_not_equal(old.other_psk, none, KEY_LEN);
	assert_memory_not_equal(old.other_psk, old.psk, KEY_LEN);
	assert_int_equal(net_psk_fill(&now, &old, NULL), 0);
	assert_memory_equal(now.psk, old.other_psk, KEY_LEN);
	assert_memory_equal(now.other_psk, old.psk, KEY_LEN);
}

static void a_key_that_is_named_stays(void **state UNUSED)
{
	struct peer old = {.public_key = {5}, .psk = {7}}, now = {.public_key = {5}, .psk = {8}};

	assert_int_equal(net_psk_fill(&now, &old, NULL), 0);
	assert_int_equal(now.psk[0], 8);
}

static void requests_about_others_are_refused(void **state UNUSED)
{
	struct peer want[2] = {{.generation = 3, .public_key = {5}, .psk = {7}}};
	bool used[2] = {true};
	struct net net = {.conf.slots = 2, .want = want, .used = used};
	struct msg msg = {.type = MSG_PEER_PSK};
	struct err err;

	msg.psk.slot = 2;
	assert_int_equal(net_psk_set(&net, &msg, &err), -EINVAL);
	msg.psk.slot = 1;
	assert_int_equal(net_psk_set(&net, &msg, &err), -ENOENT);
	msg.psk.slot = 0;
	msg.psk.generation = 2;
	msg.psk.public_key[0] = 5;
	assert_int_equal(net_psk_set(&net, &msg, &err), -ENOENT);
	msg.psk.generation = 3;
	msg.psk.public_key[0] = 6;
	assert_int_equal(net_psk_set(&net, &msg, &err), -ENOENT);
	msg.psk.public_key[0] = 5;
	/* The key of all zeros is none: nobody may open a peer with it. */
	assert_int_equal(net_psk_set(&net, &msg, &err), -EINVAL);
	assert_int_equal(want[0].psk[0], 7);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_new_peer_gets_a_random_key),
		cmocka_unit_test(a_peer_that_is_set_again_keeps_its_key),
		cmocka_unit_test(another_public_key_inherits_nothing),
		cmocka_unit_test(keys_that_rotate_keep_theirs_when_they_change_places),
		cmocka_unit_test(a_key_that_is_named_stays),
		cmocka_unit_test(requests_about_others_are_refused),
	};

	return RUN_TESTS(tests);
}
