/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Answers of netlink, through every dump there is. The input is a list of datagrams, each behind
 * its length; those for a request that has not come yet have its number put in. What libmnl would
 * read beyond an attribute is a finding.
 */
#include <errno.h>
#include <sanitizer/asan_interface.h>
#include <stdlib.h>
#include <string.h>
#include "lib/buf.h"
#include "lib/nl_addr.h"
#include "lib/nl_link.h"
#include "lib/nl_route.h"
#include "lib/nl_rule.h"
#include "lib/nl_tc.h"
#include "lib/nl_wg.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* ---- in place of libmnl's own ---- */

static struct buf_reader input;
static uint32_t asked_seq;
static int nobody;
static char *received;
static size_t received_size;

struct mnl_socket *mnl_socket_open2(UNUSED int bus, UNUSED int flags)
{
	return (struct mnl_socket *)&nobody;
}

int mnl_socket_bind(UNUSED struct mnl_socket *nl, UNUSED unsigned int groups, UNUSED pid_t pid)
{
	return 0;
}

int mnl_socket_setsockopt(UNUSED const struct mnl_socket *nl, UNUSED int type, UNUSED void *buf,
			  UNUSED socklen_t len)
{
	return 0;
}

int mnl_socket_get_fd(UNUSED const struct mnl_socket *nl)
{
	return -1;
}

int mnl_socket_close(UNUSED struct mnl_socket *nl)
{
	return 0;
}

ssize_t mnl_socket_sendto(UNUSED const struct mnl_socket *nl, const void *req, size_t len)
{
	asked_seq = ((const struct nlmsghdr *)req)->nlmsg_seq;
	return (ssize_t)len;
}

ssize_t mnl_socket_recvfrom(UNUSED const struct mnl_socket *nl, void *buf, size_t size)
{
	uint16_t len = buf_read_u16(&input);
	struct nlmsghdr *nlh = buf;
	int left;

	ASAN_UNPOISON_MEMORY_REGION(buf, size);
	received = buf;
	received_size = size;
	if (input.bad || !buf_read_left(&input)) {
		errno = ENOBUFS;
		return -1;
	}
	if (len > buf_read_left(&input))
		len = (uint16_t)buf_read_left(&input);
	buf_read(&input, buf, len);
	for (left = len; nl_ok(nlh, left); nlh = mnl_nlmsg_next(nlh, &left)) {
		if (!nlh->nlmsg_seq)
			nlh->nlmsg_seq = asked_seq;
	}
	ASAN_POISON_MEMORY_REGION((char *)buf + len, size - len);
	return len;
}

static const void *whole(const struct nlattr *attr, size_t size)
{
	if (mnl_attr_get_payload_len(attr) < size)
		abort();
	return mnl_attr_get_payload(attr);
}

uint16_t mnl_attr_get_u16(const struct nlattr *attr)
{
	return *(const uint16_t *)whole(attr, 2);
}

uint32_t mnl_attr_get_u32(const struct nlattr *attr)
{
	return *(const uint32_t *)whole(attr, 4);
}

const char *mnl_attr_get_str(const struct nlattr *attr)
{
	const char *text = whole(attr, 1);

	if (!memchr(text, '\0', mnl_attr_get_payload_len(attr)))
		abort();
	return text;
}

/* ---- */

static int on_link(const struct nl_link *link, UNUSED void *ctx)
{
	if (!memchr(link->name, '\0', sizeof(link->name)))
		abort();
	return 0;
}

static int on_addr(const struct nl_addr *addr, UNUSED void *ctx)
{
	if (addr->family != AF_INET && addr->family != AF_INET6)
		abort();
	return 0;
}

static int on_route(const struct nl_route *route, UNUSED void *ctx)
{
	if (route->type != NL_ROUTE_UNICAST && route->type != NL_ROUTE_UNREACHABLE)
		abort();
	return 0;
}

static int on_rule(UNUSED const struct nl_rule *rule, UNUSED void *ctx)
{
	return 0;
}

static int on_class(UNUSED uint16_t minor, UNUSED void *ctx)
{
	return 0;
}

static int on_peer(const struct nl_wg_peer *peer, UNUSED void *ctx)
{
	if (peer->has_endpoint && peer->endpoint.family != AF_INET &&
	    peer->endpoint.family != AF_INET6)
		abort();
	return 0;
}

static int dump(struct nl *nl, uint8_t what, struct err *err)
{
	struct nl_wg_device device;
	struct nl_nexthop nh;
	struct nl_link link;
	bool there;

	switch (what % 10) {
	case 0:
		return nl_link_dump(nl, NULL, on_link, NULL, err);
	case 1:
		return nl_link_get(nl, "wg0", &link, err);
	case 2:
		return nl_addr_dump(nl, on_addr, NULL, err);
	case 3:
		return nl_route_dump(nl, AF_INET6, 0, 0, on_route, NULL, err);
	case 4:
		return nl_nexthop_get(nl, 1, &nh, err);
	case 5:
		return nl_rule_dump(nl, AF_INET6, on_rule, NULL, err);
	case 6:
		return nl_tc_class_dump(nl, 1, on_class, NULL, err);
	case 7:
		return nl_tc_htb_root_get(nl, 1, &there, err);
	case 8:
		return nl_wg_dump(nl, 1, &device, on_peer, NULL, err);
	default:
		return nl_link_set_up(nl, 1, true, err);
	}
}

static int batch(struct nl *nl, struct err *err)
{
	struct nl_batch *b;
	int r = nl_batch_new(nl, &b);
	unsigned int failed = 0;

	if (r)
		abort();
	for (uint16_t minor = 1; minor < 4; minor++)
		nl_tc_class_put(b, 1, minor, 1000, 1000);
	r = nl_batch_run(b, &failed, err);
	nl_batch_free(b);
	if (failed >= 6)
		abort();
	return r;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct nl *nl;
	uint8_t what;

	input = buf_reader_new(data, size);
	what = buf_read_u8(&input);
	if (nl_open(NETLINK_ROUTE, &nl, NULL))
		abort();
	for (int i = 0; i < 3; i++) {
		struct err err = {};
		int r = what == 255 ? batch(nl, &err) : dump(nl, what, &err);

		if (r > 0 || (r && (!err.text[0] || !memchr(err.text, 0, sizeof(err.text)))))
			abort();
	}
	if (received)
		ASAN_UNPOISON_MEMORY_REGION(received, received_size);
	received = NULL;
	nl_close(nl);
	return 0;
}
