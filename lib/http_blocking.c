/* SPDX-License-Identifier: GPL-2.0-only */
#include "http.h"

#include <stdio.h>
#include <string.h>

struct blocking {
	struct http_answer answer;
	struct err err;
	int r;
};

static void on_done(int r, const struct http_msg *msg, const struct err *err, void *ctx)
{
	struct blocking *b = ctx;
	const char *type;

	b->r = r;
	if (r) {
		b->err = *err;
		return;
	}
	type = http_msg_header(msg, "content-type");
	b->answer.status = msg->status;
	snprintf(b->answer.content_type, sizeof(b->answer.content_type), "%s", type ? type : "");
	b->answer.body = malloc(msg->body_len + 1);
	if (!b->answer.body) {
		b->r = err_sys(&b->err, -ENOMEM, "HTTP answer");
		return;
	}
	memcpy(b->answer.body, msg->body, msg->body_len + 1);
	b->answer.body_len = msg->body_len;
}

int http_call_blocking(const struct http_client_conf *conf, const struct http_request *req,
		       struct http_answer *ret_answer, struct err *err)
{
	struct blocking b = {.r = -EINPROGRESS};
	struct http_request whole = *req;
	struct http_client *client;
	uv_loop_t loop;
	int r;

	whole.stream = false;
	r = uv_loop_init(&loop);
	if (r)
		return err_sys(err, r, "event loop");
	client = http_client_new(&loop, conf);
	if (!client || !http_client_send(client, &whole, on_done, NULL, &b))
		b.r = err_sys(&b.err, -ENOMEM, "HTTP call");
	while (b.r == -EINPROGRESS)
		uv_run(&loop, UV_RUN_ONCE);
	http_client_free(client);
	uv_run(&loop, UV_RUN_DEFAULT);
	uv_loop_close(&loop);
	if (b.r) {
		http_answer_free(&b.answer);
		return err_set(err, b.r, "%s", b.err.text);
	}
	*ret_answer = b.answer;
	return 0;
}

void http_answer_free(struct http_answer *a)
{
	if (a->body)
		explicit_bzero(a->body, a->body_len);
	free(a->body);
	*a = (struct http_answer){};
}
