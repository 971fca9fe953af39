/* SPDX-License-Identifier: GPL-2.0-only */
/* lib/nl.c and the parsers of dumps, with a kernel that sends what the test wants. */
#include "test.h"
#include <errno.h>
#include <linux/rtnetlink.h>
#include "lib/nl.h"
#include "lib/nl_link.h"
#include "lib/nl_rule.h"

/* One datagram after each request; these stand for libmnl's own. */
static char answer[1024];
static size_t answer_len;
static uint32_t asked_seq;
static int socket_of_nobody;

struct mnl_socket *mnl_socket_open2(int bus UNUSED, int flags UNUSED)
{
	return (struct mnl_socket *)&socket_of_nobody;
}

int mnl_socket_bind(struct mnl_socket *nl UNUSED, unsigned int groups UNUSED, pid_t pid UNUSED)
{
	return 0;
}

int mnl_socket_setsockopt(const struct mnl_socket *nl UNUSED, int type UNUSED, void *buf UNUSED,
			  socklen_t len UNUSED)
{
	return 0;
}

int mnl_socket_get_fd(const struct mnl_socket *nl UNUSED)
{
	return -1;
}

int mnl_socket_close(struct mnl_socket *nl UNUSED)
{
	return 0;
}

ssize_t mnl_socket_sendto(const struct mnl_socket *nl UNUSED, const void *req, size_t len)
{
	asked_seq = ((const struct nlmsghdr *)req)->nlmsg_seq;
	return (ssize_t)len;
}

ssize_t mnl_socket_recvfrom(const struct mnl_socket *nl UNUSED, void *buf, size_t len)
{
	struct nlmsghdr *nlh = buf;
	int left = (int)answer_len;

	assert_true(answer_len && answer_len <= len);
	memcpy(buf, answer, answer_len);
	for (; mnl_nlmsg_ok(nlh, left); nlh = mnl_nlmsg_next(nlh, &left))
		nlh->nlmsg_seq = asked_seq;
	answer_len = 0;
	return (ssize_t)((char *)nlh - (char *)buf) + left;
}

static struct nl *nl;

static int set_up(void **state UNUSED)
{
	answer_len = 0;
	return nl_open(NETLINK_ROUTE, &nl, NULL);
}

static int tear_down(void **state UNUSED)
{
	nl_close(nl);
	return 0;
}

static struct nlmsghdr *add_msg(uint16_t type)
{
	struct nlmsghdr *nlh = mnl_nlmsg_put_header(answer + answer_len);

	nlh->nlmsg_type = type;
	return nlh;
}

static void end_msg(const struct nlmsghdr *nlh)
{
	answer_len += MNL_ALIGN(nlh->nlmsg_len);
}

static void add_done(int result)
{
	struct nlmsghdr *nlh = add_msg(NLMSG_DONE);

	*(int *)mnl_nlmsg_put_extra_header(nlh, sizeof(int)) = result;
	end_msg(nlh);
}

static int keep_link(const struct nl_link *link, void *ctx)
{
	*(struct nl_link *)ctx = *link;
	return 0;
}

static int keep_rule(const struct nl_rule *rule, void *ctx)
{
	*(struct nl_rule *)ctx = *rule;
	return 0;
}

static void a_dump_that_ends_well_is_whole(void **state UNUSED)
{
	struct nl_link link = {};

	add_done(0);
	assert_int_equal(nl_link_dump(nl, NULL, keep_link, &link, NULL), 0);
}

/* net/netlink/af_netlink.c, netlink_dump_done(): the dump's own error is in its last message. */
static void a_dump_that_the_kernel_gave_up_is_an_error(void **state UNUSED)
{
	struct nl_link link = {};
	struct err err = {};

	add_done(-ENODEV);
	assert_int_equal(nl_link_dump(nl, NULL, keep_link, &link, &err), -ENODEV);
	assert_string_equal(err.text, "netlink: dump: No such device");
}

static void an_error_answer_that_is_none_is_a_protocol_error(void **state UNUSED)
{
	struct nlmsghdr *nlh = add_msg(NLMSG_ERROR);

	((struct nlmsgerr *)mnl_nlmsg_put_extra_header(nlh, sizeof(struct nlmsgerr)))->error = 7;
	end_msg(nlh);
	assert_int_equal(nl_do(nl, nl_msg(nl, RTM_NEWLINK, 0), NULL), -EPROTO);
}

static void a_message_cut_in_its_header_is_a_protocol_error(void **state UNUSED)
{
	struct nl_link link = {};
	struct nlmsghdr *nlh = add_msg(RTM_NEWLINK);

	mnl_nlmsg_put_extra_header(nlh, sizeof(struct ifinfomsg) - 4);
	end_msg(nlh);
	add_done(0);
	assert_int_equal(nl_link_dump(nl, NULL, keep_link, &link, NULL), -EPROTO);
}

static void a_message_of_2_gib_ends_the_datagram(void **state UNUSED)
{
	struct nlmsghdr *nlh = add_msg(RTM_NEWLINK);

	nlh->nlmsg_len = 0x80000010;
	answer_len += sizeof(*nlh);
	assert_false(nl_ok(nlh, (int)answer_len));
}

/* Behind each short attribute stand bytes that are not its own. */
static void an_attribute_that_is_too_short_reads_as_nothing(void **state UNUSED)
{
	struct nl_link link = {};
	struct nl_rule rule = {};
	struct nlmsghdr *nlh = add_msg(RTM_NEWLINK);

	mnl_nlmsg_put_extra_header(nlh, sizeof(struct ifinfomsg));
	mnl_attr_put(nlh, IFLA_IFNAME, 4, "wg0w");
	mnl_attr_put(nlh, IFLA_MTU, 1, "\1\1\1");
	mnl_attr_put_u32(nlh, IFLA_GROUP, 5);
	end_msg(nlh);
	add_done(0);
	assert_int_equal(nl_link_dump(nl, NULL, keep_link, &link, NULL), 0);
	assert_string_equal(link.name, "");
	assert_int_equal(link.mtu, 0);
	assert_int_equal(link.group, 5);
	nlh = add_msg(RTM_NEWRULE);
	mnl_nlmsg_put_extra_header(nlh, 12);
	mnl_attr_put(nlh, 6 /* FRA_PRIORITY */, 0, "");
	end_msg(nlh);
	add_done(0);
	assert_int_equal(nl_rule_dump(nl, AF_INET, keep_rule, &rule, NULL), 0);
	assert_int_equal(rule.priority, 0);
}

#define T(test) cmocka_unit_test_setup_teardown(test, set_up, tear_down)

int main(void)
{
	static const struct CMUnitTest tests[] = {
		T(a_dump_that_ends_well_is_whole),
		T(a_dump_that_the_kernel_gave_up_is_an_error),
		T(an_error_answer_that_is_none_is_a_protocol_error),
		T(a_message_cut_in_its_header_is_a_protocol_error),
		T(a_message_of_2_gib_ends_the_datagram),
		T(an_attribute_that_is_too_short_reads_as_nothing),
	};

	return RUN_TESTS(tests);
}
