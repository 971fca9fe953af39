/* SPDX-License-Identifier: GPL-2.0-only */
#include "tunnel_int.h"

#include <fcntl.h>
#include <sched.h>
#include <stdio.h>
#include "../lib/file.h"

int tunnel_ns_do(int netns_fd, tunnel_ns_fn *fn, void *ctx, struct err *err)
{
	AUTO_FD int home = open("/proc/thread-self/ns/net", O_RDONLY | O_CLOEXEC);
	int r;

	if (home < 0)
		return err_sys(err, -errno, "own network namespace");
	if (setns(netns_fd, CLONE_NEWNET))
		return err_sys(err, -errno, "entering the container's network namespace");
	r = fn(ctx, err);
	/* Whoever went on would change a customer's namespace instead of the host's. */
	if (setns(home, CLONE_NEWNET))
		abort();
	return r;
}

struct opening {
	int bus;
	struct nl *nl;
};

static int open_there(void *ctx, struct err *err)
{
	struct opening *o = ctx;

	return nl_open(o->bus, &o->nl, err);
}

int tunnel_ns_open(int netns_fd, int bus, struct nl **ret_nl, struct err *err)
{
	struct opening o = {.bus = bus};
	int r = tunnel_ns_do(netns_fd, open_there, &o, err);

	if (!r)
		*ret_nl = o.nl;
	return r;
}

/* /proc/sys/net is that of the thread's namespace. */
static int set_ipv6(void *ctx, struct err *err)
{
	const char *device = ctx;
	char path[96];
	int r;

	/* Packets to the container's own address pass "lo". */
	r = file_write_sysctl("/proc/sys/net/ipv6/conf/lo/disable_ipv6", "0", err);
	if (r == -ENOENT)
		return err_set(err, -EAFNOSUPPORT, "this machine has no IPv6 (ipv6.disable=1)");
	if (r)
		return r;
	snprintf(path, sizeof(path), "/proc/sys/net/ipv6/conf/%s/disable_ipv6", device);
	r = file_write_sysctl(path, "0", err);
	if (r)
		return r;
	snprintf(path, sizeof(path), "/proc/sys/net/ipv6/conf/%s/accept_ra", device);
	return file_write_sysctl(path, "0", err);
}

static int set_loose(void *ctx, struct err *err)
{
	const char *device = ctx;
	char path[96];

	/* The larger of this and "all" counts (ip-sysctl: 2 is loose). */
	snprintf(path, sizeof(path), "/proc/sys/net/ipv4/conf/%s/rp_filter", device);
	return file_write_sysctl(path, "2", err);
}

int tunnel_ns_loose(int netns_fd, const char *device, struct err *err)
{
	char name[32];

	snprintf(name, sizeof(name), "%s", device);
	return tunnel_ns_do(netns_fd, set_loose, name, err);
}

int tunnel_ns_ipv6(int netns_fd, const char *device, struct err *err)
{
	char name[32];

	snprintf(name, sizeof(name), "%s", device);
	return tunnel_ns_do(netns_fd, set_ipv6, name, err);
}
