/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The agent's control socket: requests after HTTP's own parser. Each is answered once, now or by
 * the rotation that it began; the answer is JSON.
 */
// link: agent/control.c agent/container.c agent/backoff.c agent/plan.c agent/label.c
#include <stdlib.h>
#include <string.h>
#include "agent/control.h"
#include "agent/worker.h"
#include "lib/http_parser.h"

int LLVMFuzzerInitialize(int *argc, char ***argv);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static http_handler *handler;
static void *handler_ctx;
static struct http_parser parser;
static struct worker worker;
static struct state_entry entries[2];
static unsigned int replies, rotations;

struct http_server *http_server_new(UNUSED uv_loop_t *loop, UNUSED const struct http_limits *limits,
				    http_handler *h, UNUSED http_error_body *error_body, void *ctx)
{
	handler = h;
	handler_ctx = ctx;
	return (struct http_server *)&worker;
}

int http_server_listen(UNUSED struct http_server *s, UNUSED int fd, UNUSED struct tls_ctx *tls,
		       UNUSED struct err *err)
{
	return 0;
}

void http_server_free(UNUSED struct http_server *s)
{
}

const struct http_msg *http_exchange_msg(UNUSED const struct http_exchange *x)
{
	return &parser.msg;
}

void http_reply(UNUSED struct http_exchange *x, int status, const struct http_header *headers,
		size_t n_headers, const void *body, size_t body_len)
{
	json_t *json = json_loadb(body, body_len, 0, NULL);

	if (!json || n_headers != 1 || strcmp(headers[0].value, "application/json") ||
	    status < 200 || status > 503)
		abort();
	json_decref(json);
	replies++;
}

int worker_rotate_begin(struct container *c, struct http_exchange *asked, struct err *err)
{
	if (rotations++)
		return err_set(err, -EBUSY, "another one");
	c->rotation.asked = asked;
	return 0;
}

const char *rotate_state_name(UNUSED enum rotate_state state)
{
	return "idle";
}

static void fill(size_t i, const char *name)
{
	struct container *c = &worker.table[i];

	c->used = true;
	c->entry = &entries[i];
	memset(c->id, i ? 'b' : 'a', DOCKER_ID_LEN - 1);
	strcpy(c->now.name, name);     /* lint: our own text */
	strcpy(entries[i].name, name); /* lint: our own text */
	entries[i].has_config = i;
	entries[i].config.v6.b[0] = 0x20;
	c->handshake_s = i ? 1700000000 : 0;
}

int LLVMFuzzerInitialize(UNUSED int *argc, UNUSED char ***argv)
{
	worker.table = calloc(CONTAINER_MAX, sizeof(*worker.table));
	fill(0, "web");
	fill(1, "db");
	worker.conf.control_fd = 0;
	return control_start(&worker, NULL);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	http_parser_init_request(&parser, 16384);
	replies = rotations = 0;
	worker.table[0].rotation.asked = worker.table[1].rotation.asked = NULL;
	http_parser_feed(&parser, (const char *)data, size);
	if (parser.state == HTTP_PARSER_DONE) {
		handler((struct http_exchange *)&parser, handler_ctx);
		for (size_t i = 0; i < 2; i++) {
			struct container *c = &worker.table[i];

			if (c->rotation.asked)
				control_rotated(c->rotation.asked, c, i ? "it failed" : NULL);
		}
		if (replies != 1)
			abort();
	}
	http_parser_free(&parser);
	return 0;
}
