/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Requests as they come from strangers: whole, byte by byte and in pieces must come to the same
 * end. Every request of a pipeline is looked at. Of two mistakes in one request, either may be the
 * one that is answered.
 */
#include <stdlib.h>
#include <string.h>
#include "lib/http_parser.h"

#define MAX_BODY 256

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

struct outcome {
	enum http_parser_state state;
	size_t n_messages;
	uint64_t sum; /* of all that was understood */
};

static uint64_t mix(uint64_t sum, const char *text)
{
	/* FNV-1a */
	for (; *text; text++)
		sum = (sum ^ (unsigned char)*text) * 0x100000001b3;
	return (sum ^ 0x100) * 0x100000001b3;
}

static uint64_t look(const struct http_msg *msg, uint64_t sum)
{
	sum = mix(mix(mix(mix(sum, msg->method), msg->target), msg->path), msg->query);
	for (size_t i = 0; i < msg->n_headers; i++)
		sum = mix(mix(sum, msg->headers[i].name), msg->headers[i].value);
	if (msg->body[msg->body_len] || msg->body_len > MAX_BODY)
		abort();
	for (size_t i = 0; i < msg->body_len; i++)
		sum = (sum ^ (unsigned char)msg->body[i]) * 0x100000001b3;
	return sum;
}

static struct outcome run(const uint8_t *data, size_t size, size_t step)
{
	static struct http_parser p;
	struct outcome o = {};
	size_t pos = 0;

	http_parser_init_request(&p, MAX_BODY);
	while (pos < size && p.state != HTTP_PARSER_BAD) {
		size_t n = step < size - pos ? step : size - pos;
		char *piece = malloc(n); /* its bounds are watched */
		size_t used;

		memcpy(piece, data + pos, n);
		used = http_parser_feed(&p, piece, n);
		free(piece);
		if (used > n || (used < n && p.state < HTTP_PARSER_DONE))
			abort();
		pos += used;
		if (p.state == HTTP_PARSER_DONE) {
			o.sum = look(&p.msg, o.sum);
			o.n_messages++;
			if (!p.keep_alive)
				break;
			http_parser_next(&p);
		}
	}
	o.state = p.state;
	if (p.state == HTTP_PARSER_BAD && (p.status < 400 || p.status > 505 || !p.detail))
		abort();
	http_parser_free(&p);
	return o;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct outcome whole = run(data, size, SIZE_MAX);
	struct outcome bytes = run(data, size, 1);
	struct outcome pieces = run(data, size, size ? data[0] % 31 + 2 : 2);

	if (whole.state != bytes.state || whole.n_messages != bytes.n_messages ||
	    whole.sum != bytes.sum || whole.state != pieces.state ||
	    whole.n_messages != pieces.n_messages || whole.sum != pieces.sum)
		abort();
	return 0;
}
