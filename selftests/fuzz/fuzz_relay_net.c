/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What an api role that has been taken over may send to the net role. The input is a list of
 * messages, each a proper one of a type and a slot with bytes overwritten. Whatever comes: only
 * what may reach the kernel reaches it (kernel.c), each request has its DONE, and afterwards the
 * kernel agrees with what is wanted.
 */
// link: selftests/fuzz/kernel.c relay/net_api.c relay/net_peer.c relay/net_psk.c
// link: relay/net_rotate.c relay/net_htb.c relay/alloc.c relay/kstate.c relay/plan.c
// link: relay/steps.c relay/apply.c relay/observe.c relay/msg.c relay/net_usage.c
// link: relay/net_tally.c relay/net_proxy.c relay/net_pool.c relay/net_database.c
// link: relay/net_announce.c relay/net_shaper.c relay/pool.c relay/tally.c
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include "lib/buf.h"
#include "kernel.h"

#define MAX_MESSAGES 24

int LLVMFuzzerInitialize(int *argc, char ***argv);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static struct net net;
static uv_loop_t loop;
static const int htb_devices[HTB_DEVICES] = {KERNEL_WG0, KERNEL_WG1, 12};

int LLVMFuzzerInitialize(UNUSED int *argc, UNUSED char ***argv)
{
	struct conf *conf = &net.conf;

	if (uv_loop_init(&loop))
		abort();
	net.loop = &loop;
	net.api_fd = -1;
	net.wg_ifindex[0] = KERNEL_WG0;
	net.wg_ifindex[1] = KERNEL_WG1;
	net.wg_public_key[0][0] = 0xa0;
	net.wg_public_key[1][0] = 0xa1;
	net.gateway4 = net.gateway6 = true;
	conf->slots = KERNEL_SLOTS;
	conf->mtu = 1420;
	conf->n_pool6 = conf->n_pool4 = 1;
	conf->pool6[0].slot_bits = 20;
	parse_prefix6("2001:db8:5::/64", &conf->pool6[0].prefix);
	parse_prefix4("192.0.2.0/28", &conf->pool4[0].prefix);
	conf->has_public6 = conf->has_public4 = true;
	parse_addr6("2001:db8:5::2", &conf->public6);
	parse_addr4("192.0.2.2", &conf->public4);
	net.want = calloc(KERNEL_SLOTS, sizeof(*net.want));
	net.next = calloc(KERNEL_SLOTS, sizeof(*net.next));
	net.used = calloc(KERNEL_SLOTS, sizeof(*net.used));
	net.next_used = calloc(KERNEL_SLOTS, sizeof(*net.next_used));
	net.tally = net_tally_new(KERNEL_SLOTS);
	net.queue = calloc(NET_QUEUE, sizeof(*net.queue));
	return net_rotate_start(&net);
}

static void start(enum conf_isolation isolation)
{
	struct err err;

	net.conf.isolation = isolation;
	memset(net.want, 0, KERNEL_SLOTS * sizeof(*net.want));
	memset(net.used, 0, KERNEL_SLOTS * sizeof(*net.used));
	net.syncing = false;
	net.synced = true;
	kernel_reset(&net);
	if (net_htb_new(NULL, htb_devices, KERNEL_SLOTS / 2, 0, KERNEL_SLOTS, &net.htb, &err))
		abort();
}

static struct msg proper(uint32_t type, uint8_t slot)
{
	struct msg msg = {.type = type};

	if (type == MSG_PEER_SET) {
		struct peer *p = &msg.peer;

		*p = (struct peer){.slot = slot, .generation = 1, .account = 1, .mtu = 1420};
		p->public_key[0] = (uint8_t)(slot + 1);
		p->ceil_kbps = 1000u * slot;
		p->v6 = net.conf.pool6[0].prefix.addr;
		p->v6.b[8] = 0x5c;
		p->v6.b[15] = slot;
	} else if (type == MSG_PEER_PSK) {
		msg.psk.slot = slot;
		msg.psk.generation = 1;
		msg.psk.public_key[0] = (uint8_t)(slot + 1);
		msg.psk.psk[0] = 1;
	} else {
		msg.slot.slot = slot;
		msg.slot.generation = 1;
	}
	return msg;
}

static struct msg read_msg(struct buf_reader *r)
{
	uint8_t type = buf_read_u8(r), slot = buf_read_u8(r) % (KERNEL_SLOTS + 2);
	uint8_t patches = buf_read_u8(r) % 6;
	struct msg msg = proper(type % (MSG_TYPE_MAX + 1), slot);

	for (; patches; patches--) {
		size_t at = buf_read_u16(r) % sizeof(msg), n = 1 + buf_read_u8(r) % 8;

		buf_read(r, (uint8_t *)&msg + at, n < sizeof(msg) - at ? n : sizeof(msg) - at);
	}
	return msg;
}

/* Returns how many DONEs there were. */
static unsigned int answers(int fd)
{
	unsigned int n = 0;
	struct msg msg;

	while (!msg_recv(fd, &msg)) {
		if (msg.type == MSG_DONE && !memchr(msg.done.text, '\0', sizeof(msg.done.text)))
			abort();
		n += msg.type == MSG_DONE;
	}
	return n;
}

static void settles(void)
{
	unsigned int steps = 0;
	struct err err;

	kernel_fail(0);
	net.synced = true;
	if (net_reconcile(&net, &steps, &err) || net_reconcile(&net, &steps, &err) || steps)
		abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct buf_reader r = buf_reader_new(data, size);
	unsigned int sent = 0, done = 0;
	struct err err;
	int pair[2];

	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC | SOCK_NONBLOCK, 0, pair))
		abort();
	start(buf_read_u8(&r) & 1 ? CONF_ISOLATION_ACCOUNT : CONF_ISOLATION_PEER);
	if (net_set_api(&net, pair[0], &err))
		abort();
	kernel_fail(buf_read_u8(&r));
	while (net.api_fd >= 0 && buf_read_left(&r) && sent < MAX_MESSAGES) {
		struct msg msg = read_msg(&r);

		if (msg_send(pair[1], &msg))
			abort();
		uv_run(&loop, UV_RUN_NOWAIT);
		uv_run(&loop, UV_RUN_NOWAIT);
		done += answers(pair[1]);
		/* A type out of range ends it; all else has an answer. */
		sent += net.api_fd >= 0;
		if (net.api_fd >= 0 && done != sent)
			abort();
	}
	settles();
	uv_timer_stop(net.kept_timer);
	net_api_close(&net);
	uv_run(&loop, UV_RUN_DEFAULT);
	net_htb_free(net.htb);
	net.htb = NULL;
	close(pair[1]);
	return 0;
}
