/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Answers as a client reads them: collected and streamed must be the same. The first byte says
 * whether it was HEAD and how the bytes are cut.
 */
#include <stdlib.h>
#include <string.h>
#include "lib/http_parser.h"

#define MAX_BODY 256

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static struct strbuf streamed = STRBUF_NEW(1u << 20);

static int on_piece(void *ctx, const char *data, size_t len)
{
	struct http_parser *p = ctx;

	if (p->msg.status < 200)
		abort();
	strbuf_add(&streamed, data, len);
	return 0;
}

static void run(struct http_parser *p, const uint8_t *data, size_t size, size_t step)
{
	size_t pos = 0;

	while (pos < size && p->state < HTTP_PARSER_DONE) {
		size_t n = step < size - pos ? step : size - pos;
		char *piece = malloc(n);

		memcpy(piece, data + pos, n);
		pos += http_parser_feed(p, piece, n);
		free(piece);
	}
	if (p->state < HTTP_PARSER_DONE)
		http_parser_eof(p);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct http_parser whole, pieces;
	bool head;
	size_t step;

	if (!size)
		return 0;
	head = data[0] & 1;
	step = (data[0] >> 1) % 40 + 1;
	strbuf_clear(&streamed);
	http_parser_init_response(&whole, head, MAX_BODY, NULL, NULL);
	http_parser_init_response(&pieces, head, MAX_BODY, on_piece, &pieces);
	run(&whole, data + 1, size - 1, SIZE_MAX);
	run(&pieces, data + 1, size - 1, step);
	if (whole.state == HTTP_PARSER_DONE &&
	    (pieces.state != HTTP_PARSER_DONE || whole.msg.status != pieces.msg.status ||
	     whole.msg.n_headers != pieces.msg.n_headers || whole.msg.body_len != streamed.len ||
	     strcmp(whole.msg.reason, pieces.msg.reason) ||
	     memcmp(whole.msg.body, strbuf_text(&streamed), streamed.len)))
		abort();
	http_parser_free(&whole);
	http_parser_free(&pieces);
	return 0;
}
