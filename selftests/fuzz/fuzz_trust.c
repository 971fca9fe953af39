/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What a relay says of itself (GET /v1/relay: pins, machine salt) and of a machine session, in
 * turns: status, answer. The agent asks a bounded number of times, and never believes fewer than
 * two pins.
 */
// link: agent/worker_trust.c agent/relay_api.c agent/trust.c
#include <stdlib.h>
#include <string.h>
#include "agent/worker.h"
#include "lib/buf.h"
#include "lib/file.h"

#define MAX_ANSWERS 8

int LLVMFuzzerInitialize(int *argc, char ***argv);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static struct worker w;
static struct tls_ctx *tls;
static http_done *done;
static void *done_ctx;
static int nobody;

struct http_call *http_client_send(UNUSED struct http_client *c,
				   UNUSED const struct http_request *req, http_done *d,
				   UNUSED http_piece *piece, void *ctx)
{
	if (done)
		abort(); /* one at a time */
	done = d;
	done_ctx = ctx;
	return (struct http_call *)&nobody;
}

struct http_client *http_client_new(UNUSED uv_loop_t *loop, UNUSED const struct http_client_conf *c)
{
	return (struct http_client *)&nobody;
}

struct tls_conn *http_client_tls(UNUSED struct http_client *c)
{
	return (struct tls_conn *)&nobody;
}

void http_client_free(UNUSED struct http_client *c)
{
}

int tls_conn_export(UNUSED struct tls_conn *c, UNUSED const char *label, void *out, size_t len,
		    UNUSED struct err *err)
{
	memset(out, 7, len);
	return 0;
}

struct tls_ctx *tls_ctx_new_client(UNUSED const struct tls_pin *pins, size_t n_pins,
				   UNUSED const char *groups, UNUSED struct err *err)
{
	if (n_pins < 2 || n_pins > TLS_MAX_PINS)
		abort();
	return (struct tls_ctx *)&nobody;
}

void tls_ctx_replace(UNUSED struct tls_ctx *ctx, UNUSED struct tls_ctx *with)
{
}

void tls_ctx_free(UNUSED struct tls_ctx *ctx)
{
}

int file_read(UNUSED const char *path, UNUSED size_t max, UNUSED char **ret_text,
	      UNUSED size_t *ret_len, UNUSED struct err *err)
{
	return -ENOENT;
}

int file_write_atomic(UNUSED const char *path, UNUSED mode_t mode, UNUSED const void *data,
		      UNUSED size_t len, UNUSED struct err *err)
{
	return 0;
}

void worker_note(UNUSED struct worker *worker, UNUSED const struct relay_answer *a)
{
}

void event_log(UNUSED enum event event, UNUSED const char *container, UNUSED const char *id,
	       UNUSED const char *fmt, ...)
{
}

int LLVMFuzzerInitialize(UNUSED int *argc, UNUSED char ***argv)
{
	tls = (struct tls_ctx *)&nobody;
	return 0;
}

static void start(void)
{
	w = (struct worker){.relay = {.client = (struct http_client *)&nobody, .tls = tls}};
	w.trust.n_pins = 2;
	w.trust.pins[1].sha256[0] = 1;
	w.trust.seed[0] = 1;
	w.factors.hash[0][0] = 1;
	strcpy(w.state.machine, "machine"); /* lint: our own text */
	worker_trust_init(&w);
	done = NULL;
	worker_trust_ask(&w);
}

/* Answers what was asked with the next status and the text up to a NUL. */
static void answer(struct buf_reader *r)
{
	struct http_msg msg = {.status = 100 + buf_read_u16(r) % 500, .reason = "?"};
	http_done *d = done;
	char body[4096];
	size_t n = 0;

	while (n < sizeof(body) - 1 && buf_read_left(r)) {
		body[n] = (char)buf_read_u8(r);
		if (!body[n])
			break;
		n++;
	}
	body[n] = '\0';
	msg.body = body;
	msg.body_len = n;
	done = NULL;
	d(0, &msg, NULL, done_ctx);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct buf_reader r = buf_reader_new(data, size);

	start();
	for (int i = 0; i < MAX_ANSWERS; i++) {
		if (!done)
			worker_trust_ask(&w);
		if (!done || w.trust_tries > 3)
			abort();
		answer(&r);
		if (w.trust.n_pins < 2 || w.trust.n_pins > TLS_MAX_PINS)
			abort();
	}
	/* The client goes: what waits is told so. */
	w.stopping = true;
	if (done)
		done(-ECANCELED, NULL, &(const struct err){}, done_ctx);
	return 0;
}
