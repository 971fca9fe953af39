/* SPDX-License-Identifier: GPL-2.0-only */
/* The relay's nftables table, in a namespace of its own. */
#include <sched.h>
#include "selftests/unit/test.h"
#include "lib/log.h"
#include "relay/net_int.h"

static bool is_there(void)
{
	return !net_base_nft("list chain inet sidecar forward\n", NULL);
}

static int set_up(UNUSED void **state)
{
	return unshare(CLONE_NEWNET);
}

static void the_kernel_takes_the_rules(UNUSED void **state)
{
	assert_false(is_there());
	assert_int_equal(net_base_nft(net_base_rules, NULL), 0);
	assert_true(is_there());
	assert_int_equal(net_base_nft(net_base_rules, NULL), 0);
}

static void flushed_rules_come_back(UNUSED void **state)
{
	assert_int_equal(net_base_nft(net_base_rules, NULL), 0);
	assert_int_equal(net_base_nft("flush ruleset\n", NULL), 0);
	assert_false(is_there());
	assert_int_equal(net_base_filter(NULL), 0);
	assert_true(is_there());
}

/* Its counters are evidence. */
static void rules_that_are_there_are_left_alone(UNUSED void **state)
{
	assert_int_equal(net_base_nft(net_base_rules, NULL), 0);
	assert_int_equal(net_base_nft("add chain inet sidecar evidence\n", NULL), 0);
	assert_int_equal(net_base_filter(NULL), 0);
	assert_int_equal(net_base_nft("list chain inet sidecar evidence\n", NULL), 0);
}

static void flush_removes_the_table_whether_it_is_there_or_not(UNUSED void **state)
{
	assert_int_equal(net_base_nft(net_base_no_rules, NULL), 0);
	assert_int_equal(net_base_nft(net_base_rules, NULL), 0);
	assert_int_equal(net_base_nft(net_base_no_rules, NULL), 0);
	assert_false(is_there());
}

#define T(test) cmocka_unit_test_setup(test, set_up)

int main(void)
{
	static const struct CMUnitTest tests[] = {
		T(the_kernel_takes_the_rules),
		T(flushed_rules_come_back),
		T(rules_that_are_there_are_left_alone),
		T(flush_removes_the_table_whether_it_is_there_or_not),
	};

	log_init("test", LOG_LVL_ERR);
	return RUN_TESTS(tests);
}
