/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Datagrams to the echo at the tunnel's far end (bpf/include/abi.h). Only with a source of the
 * container's and by this device do they go into the tunnel; they are not to be fragmented,
 * whatever the route says of its MTU.
 */
#include <linux/in6.h>
#include <net/if.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>
#include "../bpf/include/abi.h"
#include "../lib/nl_wg.h"
#include "tunnel_int.h"

#define UDP_HEADER 8
#define HEADERS6 (40 + UDP_HEADER)
#define HEADERS4 (20 + UDP_HEADER)
#define MAX_READ 64 /* at a time */

struct opening {
	const struct tunnel_probe *probe;
	struct nl_link link;
	int fd;
};

static int set(int fd, int level, int option, int value)
{
	return setsockopt(fd, level, option, &value, sizeof(value));
}

static int join6(const struct opening *o, int fd)
{
	struct sockaddr_in6 here = {.sin6_family = AF_INET6};
	struct sockaddr_in6 there = {.sin6_family = AF_INET6,
				     .sin6_port = htons(SC_ECHO_PORT),
				     .sin6_addr = {{SC_ECHO_V6}},
				     .sin6_scope_id = (uint32_t)o->link.ifindex};

	memcpy(&here.sin6_addr, &o->probe->v6, sizeof(here.sin6_addr));
	if (set(fd, IPPROTO_IPV6, IPV6_MTU_DISCOVER, IPV6_PMTUDISC_PROBE) ||
	    set(fd, IPPROTO_IPV6, IPV6_DONTFRAG, 1) ||
	    bind(fd, (const struct sockaddr *)&here, sizeof(here)))
		return -errno;
	return connect(fd, (const struct sockaddr *)&there, sizeof(there)) ? -errno : 0;
}

static int join4(const struct opening *o, int fd)
{
	static const uint8_t echo[4] = SC_ECHO_V4;
	struct sockaddr_in here = {.sin_family = AF_INET};
	struct sockaddr_in there = {.sin_family = AF_INET, .sin_port = htons(SC_ECHO_PORT)};

	memcpy(&here.sin_addr, &o->probe->v4, sizeof(here.sin_addr));
	memcpy(&there.sin_addr, echo, sizeof(there.sin_addr));
	if (set(fd, IPPROTO_IP, IP_MTU_DISCOVER, IP_PMTUDISC_PROBE) ||
	    bind(fd, (const struct sockaddr *)&here, sizeof(here)))
		return -errno;
	return connect(fd, (const struct sockaddr *)&there, sizeof(there)) ? -errno : 0;
}

static int open_there(void *ctx, struct err *err)
{
	struct opening *o = ctx;
	bool v6 = !addr6_is_zero(&o->probe->v6);
	AUTO_FD int fd = socket(v6 ? AF_INET6 : AF_INET, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK,
				IPPROTO_UDP);
	int r;

	if (fd < 0 || setsockopt(fd, SOL_SOCKET, SO_BINDTODEVICE, o->link.name,
				 (socklen_t)strlen(o->link.name)))
		return err_sys(err, -errno, "probe");
	r = v6 ? join6(o, fd) : join4(o, fd);
	if (r)
		return err_sys(err, r, "probe");
	o->fd = steal_fd(&fd);
	return 0;
}

int tunnel_probe_open(int netns_fd, const struct tunnel_probe *probe, int *ret_fd, struct err *err)
{
	AUTO_NL struct nl *rtnl = NULL;
	AUTO_NL struct nl *genl = NULL;
	struct opening o = {.probe = probe, .fd = -1};
	int r;

	r = tunnel_ns_open(netns_fd, NETLINK_ROUTE, &rtnl, err);
	if (!r)
		r = tunnel_ns_open(netns_fd, NETLINK_GENERIC, &genl, err);
	if (!r)
		r = tunnel_find(rtnl, genl, probe->which.public_key, &o.link, err);
	if (!r)
		r = tunnel_ns_do(netns_fd, open_there, &o, err);
	if (!r)
		*ret_fd = o.fd;
	return r;
}

/* One that cannot be sent is one that is not answered. */
static void send_all(int fd, const struct mtu_volley *volley, size_t headers)
{
	static const uint8_t zeros[MTU_MAX];

	for (uint32_t i = 0; i < volley->n; i++)
		send(fd, zeros, volley->size[i] - headers, MSG_DONTWAIT | MSG_NOSIGNAL);
}

static int read_all(int fd, struct mtu_volley *answers, size_t headers, struct err *err)
{
	uint8_t byte;

	for (int i = 0; i < MAX_READ && answers->n < MTU_VOLLEY; i++) {
		ssize_t n = recv(fd, &byte, sizeof(byte), MSG_DONTWAIT | MSG_TRUNC);

		if (n < 0 && (errno == EAGAIN || errno == EWOULDBLOCK))
			break;
		if (n < 0 && errno == EBADF)
			return err_sys(err, -errno, "probe");
		/* Other errors are the path's: what came behind them is read all the same. */
		if (n > 0 && (size_t)n + headers <= MTU_MAX)
			answers->size[answers->n++] = (uint16_t)((size_t)n + headers);
	}
	return 0;
}

int tunnel_probe(int fd, const struct tunnel_probe *probe, struct mtu_volley *ret_answers,
		 struct err *err)
{
	size_t headers = addr6_is_zero(&probe->v6) ? HEADERS4 : HEADERS6;

	*ret_answers = (struct mtu_volley){};
	if (!probe->volley.n)
		return read_all(fd, ret_answers, headers, err);
	send_all(fd, &probe->volley, headers);
	return 0;
}
