/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What the api role reads from the net role, whatever comes: each request is answered once, in
 * time or when the other side is lost, and no text runs beyond its end. The input is a list of
 * messages: type, seq beside the one that waits, bytes overwritten.
 */
// link: relay/api_net.c relay/msg.c
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include "lib/buf.h"
#include "relay/api_net.h"

int LLVMFuzzerInitialize(int *argc, char ***argv);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static uv_loop_t loop;
static unsigned int asked, answered, lost;

int LLVMFuzzerInitialize(UNUSED int *argc, UNUSED char ***argv)
{
	return uv_loop_init(&loop);
}

static void on_done(UNUSED int r, const char *text, const struct msg *answer, UNUSED void *ctx)
{
	answered++;
	if (strlen(text) >= ERR_TEXT_LEN)
		abort();
	if (answer && answer->type != MSG_STATS && answer->type != MSG_DROPS &&
	    answer->type != MSG_EVENTS && answer->type != MSG_USAGE)
		abort();
}

static void on_msg(UNUSED const struct msg *msg, UNUSED void *ctx)
{
}

static void on_reload(UNUSED void *ctx)
{
}

static void on_lost(UNUSED int r, UNUSED void *ctx)
{
	lost++;
}

static struct msg read_msg(struct buf_reader *r)
{
	struct msg msg = {.type = buf_read_u8(r) % (MSG_TYPE_MAX + 1)};
	uint8_t patches;

	msg.seq = 1 + answered + (uint32_t)(int8_t)buf_read_u8(r);
	for (patches = buf_read_u8(r) % 6; patches; patches--) {
		size_t at = buf_read_u16(r) % sizeof(msg), n = 1 + buf_read_u8(r) % 8;

		buf_read(r, (uint8_t *)&msg + at, n < sizeof(msg) - at ? n : sizeof(msg) - at);
	}
	return msg;
}

static void ask(struct api_net *net)
{
	static const struct msg msg = {.type = MSG_DROPS_GET};

	if (!api_net_request(net, &msg, on_done, NULL))
		asked++;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const struct api_net_events events = {
		.relay = on_msg, .seen = on_msg, .reload = on_reload, .lost = on_lost};
	struct buf_reader r = buf_reader_new(data, size);
	struct api_net *net;
	struct msg msg;
	int pair[2];

	asked = answered = lost = 0;
	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC | SOCK_NONBLOCK, 0, pair) ||
	    api_net_new(&loop, pair[0], &events, &net, NULL))
		abort();
	for (int i = 0; i < 24 && buf_read_left(&r); i++) {
		ask(net);
		uv_run(&loop, UV_RUN_NOWAIT);
		while (!msg_recv(pair[1], &msg)) {
			if (msg.type != MSG_DROPS_GET)
				abort();
		}
		msg = read_msg(&r);
		msg_send(pair[1], &msg);
		uv_run(&loop, UV_RUN_NOWAIT);
	}
	close(pair[1]);
	api_net_free(net);
	uv_run(&loop, UV_RUN_DEFAULT);
	if (answered != asked || lost > 1)
		abort();
	return 0;
}
