/* SPDX-License-Identifier: GPL-2.0-only */
/* What the relay says of a device that has the name of one of its tunnels. */
#include <errno.h>
#include "selftests/unit/test.h"
#include "uplink.h"
#include "veth.h"

/* A kernel without WireGuard cannot tell whose device of that kind it is. */
static void a_device_called_wg0_of_another_kind_is_refused(void **state)
{
	struct net *net = *state;
	struct err err = {};

	assert_int_equal(net_wg_check(net, &err), 0);
	veth_add(net->rtnl, "wg0", "wg0-far");
	assert_int_equal(net_wg_check(net, &err), -EEXIST);
	assert_non_null(strstr(err.text, "wg0 exists"));
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		UPLINK_TEST(a_device_called_wg0_of_another_kind_is_refused),
	};

	return RUN_TESTS(tests);
}
