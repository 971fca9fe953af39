/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What a relay (or who stands in its place) answers to an agent. The first byte says what was
 * asked, the next two are the status; HTTP itself is fuzz_http_response.c. What is handed on is
 * within its bounds, errors are plain text.
 */
// link: agent/relay_api.c
#include <stdlib.h>
#include <string.h>
#include "agent/relay_api.h"
#include "lib/buf.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static http_done *done;
static void *done_ctx;
static int nobody, answered;

struct http_client *http_client_new(UNUSED uv_loop_t *loop, UNUSED const struct http_client_conf *c)
{
	return (struct http_client *)&nobody;
}

struct http_call *http_client_send(UNUSED struct http_client *c,
				   UNUSED const struct http_request *req, http_done *d,
				   UNUSED http_piece *piece, void *ctx)
{
	done = d;
	done_ctx = ctx;
	return (struct http_call *)&nobody;
}

void http_client_free(UNUSED struct http_client *c)
{
}

static void need_session(UNUSED void *ctx)
{
}

static void plain(const char *text, size_t size)
{
	if (!memchr(text, '\0', size))
		abort();
	for (; *text; text++) {
		if ((unsigned char)*text < 0x20 || (unsigned char)*text > 0x7e)
			abort();
	}
}

static void on_answer(const struct relay_answer *a, UNUSED void *ctx)
{
	answered++;
	if (a->r > 0 || (a->r && !a->err.text[0]))
		abort();
	plain(a->err.text, sizeof(a->err.text));
	plain(a->code, sizeof(a->code));
	if (!memchr(a->relay_name, '\0', sizeof(a->relay_name)) || a->psk_epoch > PSK_EPOCH_MAX)
		abort();
	if (a->list && !a->r && !json_is_array(a->list) && !json_is_object(a->list))
		abort();
}

static int ask(struct relay_api *api, uint8_t what)
{
	static const uint8_t key[KEY_LEN] = {1}, pk[XWING_PK_LEN] = {2};
	const struct relay_ask post = {
		.public_key = key, .container = "c", .container_id = "", .machine = "m"};

	switch (what % 6) {
	case 0:
		return relay_api_post(api, &post, on_answer, NULL);
	case 1:
		return relay_api_list(api, on_answer, NULL);
	case 2:
		return relay_api_delete(api, key, on_answer, NULL);
	case 3:
		return relay_api_psk_offer(api, key, 1, pk, on_answer, NULL);
	case 4:
		return relay_api_rotate(api, "PUT", key, pk, on_answer, NULL);
	default:
		return relay_api_ask(api, "GET", "/v1/relay", NULL, on_answer, NULL);
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct buf_reader r = buf_reader_new(data, size);
	struct relay_api api = {.client = (struct http_client *)&nobody,
				.need_session = need_session};
	uint8_t what = buf_read_u8(&r);
	struct http_msg msg = {.status = 100 + buf_read_u16(&r) % 500, .reason = "?"};
	char *body;

	if (r.bad)
		return 0;
	msg.body_len = buf_read_left(&r);
	body = calloc(1, msg.body_len + 1);
	buf_read(&r, body, msg.body_len);
	msg.body = body;
	answered = 0;
	if (ask(&api, what))
		abort();
	done(0, &msg, NULL, done_ctx);
	if (api.held) {
		relay_api_resume(&api);
		done(0, &msg, NULL, done_ctx);
	}
	if (answered != 1)
		abort();
	free(body);
	return 0;
}
