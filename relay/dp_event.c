/* SPDX-License-Identifier: GPL-2.0-only */
/* Drop events out of the ring. The packet's first bytes are foreign: read through buf_reader. */
#include "dp_impl.h"

#include <errno.h>
#include <netinet/in.h>
#include <string.h>
#include <time.h>
#include "../lib/buf.h"
#include "sidecar.skel.h"

#define IP6_MAX_EXTENSIONS 8
#define IP4_OFFSET 0x1fff

static void parse_ports(struct buf_reader *r, struct dp_event *e)
{
	uint16_t src, dst;

	if (e->proto != IPPROTO_TCP && e->proto != IPPROTO_UDP && e->proto != IPPROTO_SCTP)
		return;
	src = buf_read_u16(r);
	dst = buf_read_u16(r);
	if (r->bad)
		return;
	e->src_port = src;
	e->dst_port = dst;
}

static void parse_ip4(struct buf_reader *r, uint8_t first, struct dp_event *e)
{
	uint16_t fragment;

	buf_read_ref(r, 5); /* type of service, length, identification */
	fragment = buf_read_u16(r);
	buf_read_u8(r);
	e->proto = buf_read_u8(r);
	buf_read_u16(r);
	buf_read(r, e->src, 4);
	buf_read(r, e->dst, 4);
	buf_read_ref(r, (size_t)(first & 15) * 4 - 20);
	if (!r->bad && !(fragment & IP4_OFFSET))
		parse_ports(r, e);
}

static void parse_ip6(struct buf_reader *r, struct dp_event *e)
{
	buf_read_ref(r, 5); /* flow label, length */
	e->proto = buf_read_u8(r);
	buf_read_u8(r);
	buf_read(r, e->src, 16);
	buf_read(r, e->dst, 16);
	for (int i = 0; i < IP6_MAX_EXTENSIONS && !r->bad; i++) {
		uint8_t proto = e->proto, next, len;
		uint16_t fragment;

		if (proto != IPPROTO_HOPOPTS && proto != IPPROTO_ROUTING &&
		    proto != IPPROTO_DSTOPTS && proto != IPPROTO_FRAGMENT)
			break;
		next = buf_read_u8(r);
		len = buf_read_u8(r);
		fragment = buf_read_u16(r);
		buf_read_ref(r, proto == IPPROTO_FRAGMENT ? 4 : (size_t)len * 8 + 4);
		if (r->bad)
			return;
		e->proto = next;
		if (proto == IPPROTO_FRAGMENT && fragment & 0xfff8)
			return;
	}
	if (!r->bad)
		parse_ports(r, e);
}

bool dp_event_parse(const void *data, size_t len, struct dp_event *ret_event)
{
	const struct sc_event *raw = data;
	struct dp_event e = {};
	struct buf_reader r;
	uint8_t first;

	if (len != sizeof(*raw) || raw->head_len > sizeof(raw->head) || !raw->reason ||
	    raw->reason >= SC_DROP_MAX)
		return false;
	e.time_ns = raw->time_ns;
	e.reason = (enum sc_drop)raw->reason;
	e.slot = raw->slot;
	e.len = raw->len;
	r = buf_reader_new(raw->head, raw->head_len);
	first = buf_read_u8(&r);
	if (first >> 4 == 4 && (first & 15) >= 5) {
		e.family = AF_INET;
		parse_ip4(&r, first, &e);
	} else if (first >> 4 == 6) {
		e.family = AF_INET6;
		parse_ip6(&r, &e);
	}
	*ret_event = e;
	return true;
}

static int on_event(void *ctx, void *data, size_t len)
{
	struct dp *dp = ctx;
	struct dp_event e;

	if (dp_event_parse(data, len, &e))
		dp->event_fn(&e, dp->event_ctx);
	/* Stops the reading, what is left stays in the ring. */
	return --dp->events_left ? 0 : -EAGAIN;
}

int dp_events_want(struct dp *dp, uint32_t ms, struct err *err)
{
	uint64_t until_ns = 0;
	struct timespec ts;

	if (clock_gettime(CLOCK_MONOTONIC, &ts))
		return err_sys(err, -errno, "clock");
	if (ms)
		until_ns = (uint64_t)ts.tv_sec * 1000000000 + (uint64_t)ts.tv_nsec +
			   (uint64_t)ms * 1000000;
	__atomic_store_n(&dp->monitor->until_ns, until_ns, __ATOMIC_RELEASE);
	return 0;
}

int dp_events_fd(struct dp *dp, struct err *err)
{
	if (!dp->ring)
		dp->ring = ring_buffer__new(bpf_map__fd(dp->skel->maps.events), on_event, dp, NULL);
	if (!dp->ring)
		return err_sys(err, -errno, "map events");
	return ring_buffer__epoll_fd(dp->ring);
}

int dp_events_read(struct dp *dp, unsigned int max, dp_event_fn *fn, void *ctx)
{
	int n;

	if (!dp->ring || !max)
		return 0;
	dp->event_fn = fn;
	dp->event_ctx = ctx;
	dp->events_left = max;
	n = ring_buffer__consume(dp->ring);
	return n == -EAGAIN || n >= 0 ? (int)(max - dp->events_left) : n;
}

void dp_events_close(struct dp *dp)
{
	ring_buffer__free(dp->ring);
	dp->ring = NULL;
}
