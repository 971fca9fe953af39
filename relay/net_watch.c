/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Follows what others change: default routes, addresses, the uplink. Hints only: a short while
 * after the last one everything is looked up anew. Once a minute all is compared, hint or not.
 */
#include <linux/rtnetlink.h>
#include <string.h>
#include "../lib/log.h"
#include "net_int.h"

#define SETTLE_MS 200
#define REPAIR_MS 60000

static void look(struct net *net)
{
	bool changed = false;
	unsigned int steps = 0;
	struct err err = {};
	int r = net_uplink_follow(net, &err);

	/* Tunnels between neighbours do without an uplink. */
	if (r)
		log_warn("%s", err.text);
	if (net_base_filter(&err))
		log_err("%s", err.text);
	r = net_uplink_refresh(net, &changed, &err);
	if (!r)
		r = net_reconcile(net, &steps, &err);
	if (r)
		log_warn("look at the kernel: %s", err.text);
	else if (steps)
		log_info("%u steps after a change from outside", steps);
}

static void timer_cb(uv_timer_t *timer)
{
	look(timer->data);
}

/* By index or by name: one that was removed comes back with another index. */
static bool is_uplink(const struct net *net, const struct nlmsghdr *nlh)
{
	const struct ifinfomsg *ifi = nl_head(nlh, sizeof(*ifi));
	const struct nlattr *attr;

	if (!ifi)
		return false;
	if (ifi->ifi_index == net->uplink_ifindex)
		return true;
	mnl_attr_for_each (attr, nlh, sizeof(*ifi)) {
		if (mnl_attr_get_type(attr) == IFLA_IFNAME)
			return !strcmp(nl_attr_text(attr), net->conf.uplink);
	}
	return false;
}

/* Ours are many and need no look; of the others only default routes matter. */
static bool matters(const struct net *net, const struct nlmsghdr *nlh)
{
	const struct rtmsg *rtm;

	switch (nlh->nlmsg_type) {
	case RTM_NEWROUTE:
	case RTM_DELROUTE:
		rtm = nl_head(nlh, sizeof(*rtm));
		return rtm && !rtm->rtm_dst_len && rtm->rtm_table == RT_TABLE_MAIN &&
		       rtm->rtm_protocol != KSTATE_RTPROT;
	case RTM_NEWADDR:
	case RTM_DELADDR:
		return true;
	case RTM_NEWLINK:
	case RTM_DELLINK:
		return is_uplink(net, nlh);
	default:
		return false;
	}
}

static void poll_cb(uv_poll_t *poll, int status, int events)
{
	struct net *net = poll->data;
	bool due = status < 0;
	char buf[32768];

	(void)events;
	for (int i = 0; i < 64 && !status; i++) {
		ssize_t n = recv(mnl_socket_get_fd(net->watch), buf, sizeof(buf), MSG_DONTWAIT);
		const struct nlmsghdr *nlh = (const void *)buf;
		int len = (int)n;

		/* Hints were lost: look at everything. */
		if (n < 0 && errno == ENOBUFS)
			due = true;
		if (n <= 0)
			break;
		for (; nl_ok(nlh, len); nlh = mnl_nlmsg_next(nlh, &len))
			due |= matters(net, nlh);
	}
	if (due && !uv_is_active((uv_handle_t *)net->watch_timer))
		uv_timer_start(net->watch_timer, timer_cb, SETTLE_MS, 0);
}

int net_watch_start(struct net *net, struct err *err)
{
	unsigned int groups = RTMGRP_LINK | RTMGRP_IPV4_IFADDR | RTMGRP_IPV6_IFADDR |
			      RTMGRP_IPV4_ROUTE | RTMGRP_IPV6_ROUTE;
	int r;

	net->watch = mnl_socket_open2(NETLINK_ROUTE, SOCK_CLOEXEC | SOCK_NONBLOCK);
	if (!net->watch || mnl_socket_bind(net->watch, groups, MNL_SOCKET_AUTOPID))
		return err_sys(err, -errno, "netlink: watch");
	net->watch_poll = calloc(1, sizeof(*net->watch_poll));
	net->watch_timer = calloc(1, sizeof(*net->watch_timer));
	net->repair_timer = calloc(1, sizeof(*net->repair_timer));
	if (!net->watch_poll || !net->watch_timer || !net->repair_timer)
		return err_sys(err, -ENOMEM, "netlink: watch");
	r = uv_poll_init(net->loop, net->watch_poll, mnl_socket_get_fd(net->watch));
	if (r) {
		free(net->watch_poll);
		net->watch_poll = NULL;
		return err_set(err, r, "netlink: watch: %s", uv_strerror(r));
	}
	uv_timer_init(net->loop, net->watch_timer);
	uv_timer_init(net->loop, net->repair_timer);
	net->watch_poll->data = net;
	net->watch_timer->data = net;
	net->repair_timer->data = net;
	uv_poll_start(net->watch_poll, UV_READABLE, poll_cb);
	uv_timer_start(net->repair_timer, timer_cb, REPAIR_MS, REPAIR_MS);
	return 0;
}

static void free_handle(uv_handle_t *handle)
{
	free(handle);
}

static void stop_handle(void *handle)
{
	if (handle)
		uv_close(handle, free_handle);
}

void net_watch_stop(struct net *net)
{
	stop_handle(net->watch_poll);
	stop_handle(net->watch_timer);
	stop_handle(net->repair_timer);
	stop_handle(net->seen_timer);
	stop_handle(net->kept_timer);
	stop_handle(net->announce_timer);
	net->watch_poll = NULL;
	net->watch_timer = net->repair_timer = net->seen_timer = net->kept_timer = NULL;
	net->announce_timer = NULL;
	if (net->watch)
		mnl_socket_close(net->watch);
	net->watch = NULL;
}
