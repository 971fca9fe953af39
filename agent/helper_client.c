/* SPDX-License-Identifier: GPL-2.0-only */
#include "helper_client.h"

#include <fcntl.h>
#include <string.h>

struct helper_request {
	struct helper_request *next;
	struct helper_msg msg;
	helper_client_cb *cb;
	void *ctx;
};

static void on_poll(uv_poll_t *poll, int status, int events);

static void want(struct helper_client *hc)
{
	int events = UV_READABLE | UV_DISCONNECT | (hc->unsent ? UV_WRITABLE : 0);

	uv_poll_start(&hc->poll, events, on_poll);
}

static void request_free(struct helper_request *req)
{
	explicit_bzero(req, sizeof(*req));
	free(req);
}

static void fail_all(struct helper_client *hc)
{
	struct helper_request *req;

	hc->unsent = NULL;
	while ((req = hc->first)) {
		hc->first = req->next;
		req->cb(NULL, req->ctx);
		request_free(req);
	}
}

static void lose(struct helper_client *hc)
{
	if (hc->closing)
		return;
	uv_poll_stop(&hc->poll);
	hc->lost(hc->ctx);
	fail_all(hc);
}

static int send_all(struct helper_client *hc)
{
	int r;

	for (; hc->unsent; hc->unsent = hc->unsent->next) {
		r = helper_msg_send(hc->fd, &hc->unsent->msg);
		if (r == -EAGAIN)
			return 0;
		if (r)
			return r;
	}
	return 0;
}

static int receive_one(struct helper_client *hc)
{
	struct helper_request *req = hc->first;
	struct helper_msg msg;
	int r;

	r = helper_msg_recv(hc->fd, &msg);
	if (r)
		return r;
	if (!req || req == hc->unsent || msg.type != HELPER_ANSWER || msg.seq != req->msg.seq)
		return -EPROTO;
	if (msg.result < 0)
		msg.text[sizeof(msg.text) - 1] = '\0';
	hc->first = req->next;
	req->cb(&msg, req->ctx);
	request_free(req);
	return 0;
}

static void on_poll(uv_poll_t *poll, int status, UNUSED int events)
{
	struct helper_client *hc = poll->data;
	int r = status;

	if (!r)
		r = send_all(hc);
	while (!r && !hc->closing)
		r = receive_one(hc);
	if (hc->closing)
		return;
	if (r != -EAGAIN)
		lose(hc);
	else
		want(hc);
}

int helper_client_init(struct helper_client *hc, uv_loop_t *loop, int fd, helper_client_lost *lost,
		       void *ctx, struct err *err)
{
	int r;

	*hc = (struct helper_client){.fd = fd, .lost = lost, .ctx = ctx};
	if (fcntl(fd, F_SETFL, fcntl(fd, F_GETFL) | O_NONBLOCK))
		return err_sys(err, -errno, "helper's socket");
	r = uv_poll_init(loop, &hc->poll, fd);
	if (r)
		return err_sys(err, r, "helper's socket");
	hc->poll.data = hc;
	want(hc);
	return 0;
}

int helper_client_call(struct helper_client *hc, const struct helper_msg *msg, helper_client_cb *cb,
		       void *ctx)
{
	struct helper_request *req = calloc(1, sizeof(*req));
	struct helper_request **end = &hc->first;

	if (!req)
		return -ENOMEM;
	if (hc->closing) {
		free(req);
		return -EPIPE;
	}
	req->msg = *msg;
	req->msg.seq = ++hc->seq;
	req->cb = cb;
	req->ctx = ctx;
	while (*end)
		end = &(*end)->next;
	*end = req;
	if (!hc->unsent)
		hc->unsent = req;
	want(hc);
	return 0;
}

void helper_client_close(struct helper_client *hc)
{
	if (hc->closing || !hc->lost)
		return;
	hc->closing = true;
	uv_close((uv_handle_t *)&hc->poll, NULL);
	fail_all(hc);
}
