/* SPDX-License-Identifier: GPL-2.0-only */
#include "http_parser.h"

#include <string.h>
#include <strings.h>
#include "http_request.h"

static int fail(struct http_parser *p, int status, const char *detail)
{
	if (p->state != HTTP_PARSER_BAD) {
		p->state = HTTP_PARSER_BAD;
		p->status = status;
		p->detail = detail;
	}
	return HPE_USER;
}

static int text_add(struct http_parser *p, const char *data, size_t len)
{
	/* One byte is kept for part_end(). */
	if (len >= sizeof(p->text) - p->text_len)
		return fail(p, 431, "request head too large");
	memcpy(p->text + p->text_len, data, len);
	p->text_len += len;
	return 0;
}

static const char *part_end(struct http_parser *p)
{
	const char *text = p->text + p->part;

	/* HTTP_PARSER_TEXT_LEN has room for the NULs: text_add() leaves one byte each time, and a
	 * name or value of no bytes had its colon or line end on the wire. */
	if (p->text_len == sizeof(p->text))
		p->text_len--;
	p->text[p->text_len++] = '\0';
	p->part = p->text_len;
	return text;
}

static int on_method_complete(llhttp_t *ll)
{
	struct http_parser *p = ll->data;

	p->msg.method = llhttp_method_name(llhttp_get_method(ll));
	return 0;
}

static int on_url(llhttp_t *ll, const char *at, size_t len)
{
	struct http_parser *p = ll->data;

	if (p->text_len - p->part + len > HTTP_MAX_TARGET_BYTES)
		return fail(p, 414, "request target too long");
	return text_add(p, at, len);
}

static int on_url_complete(llhttp_t *ll)
{
	struct http_parser *p = ll->data;

	p->msg.target = part_end(p);
	return 0;
}

static int on_status(llhttp_t *ll, const char *at, size_t len)
{
	return text_add(ll->data, at, len);
}

static int on_status_complete(llhttp_t *ll)
{
	struct http_parser *p = ll->data;

	p->msg.reason = part_end(p);
	return 0;
}

/* Chunk extensions (RFC 9112 section 7.1.1) and trailers are ignored, but not without limit. */
static int ignore(struct http_parser *p, size_t len)
{
	if (len > p->head_left)
		return fail(p, 431, "chunk extensions or trailers too large");
	p->head_left -= len;
	return 0;
}

static int on_header_field(llhttp_t *ll, const char *at, size_t len)
{
	struct http_parser *p = ll->data;
	size_t from = p->text_len;
	int r;

	if (p->state != HTTP_PARSER_HEAD)
		return ignore(p, len);
	if (p->msg.n_headers == HTTP_MAX_HEADERS)
		return fail(p, 431, "too many header fields");
	r = text_add(p, at, len);
	for (; from < p->text_len; from++) {
		if (p->text[from] >= 'A' && p->text[from] <= 'Z')
			p->text[from] += 'a' - 'A';
	}
	return r;
}

static int on_header_field_complete(llhttp_t *ll)
{
	struct http_parser *p = ll->data;

	if (p->state == HTTP_PARSER_HEAD)
		p->msg.headers[p->msg.n_headers].name = part_end(p);
	return 0;
}

static int on_header_value(llhttp_t *ll, const char *at, size_t len)
{
	struct http_parser *p = ll->data;

	return p->state == HTTP_PARSER_HEAD ? text_add(p, at, len) : ignore(p, len);
}

/* Of these a second one means that somebody on the way may have read another one than we do. */
static bool is_single(const char *name)
{
	static const char *const single[] = {"authorization", "content-length", "content-type",
					     "host", "transfer-encoding"};

	for (size_t i = 0; i < ARRAY_SIZE(single); i++) {
		if (!strcmp(name, single[i]))
			return true;
	}
	return false;
}

static int on_header_value_complete(llhttp_t *ll)
{
	struct http_parser *p = ll->data;
	struct http_header *h = &p->msg.headers[p->msg.n_headers];

	if (p->state != HTTP_PARSER_HEAD)
		return 0;
	while (p->text_len > p->part &&
	       (p->text[p->text_len - 1] == ' ' || p->text[p->text_len - 1] == '\t'))
		p->text_len--;
	h->value = part_end(p);
	if (is_single(h->name) && http_msg_header(&p->msg, h->name))
		return fail(p, 400, "a header field that must be single is repeated");
	p->msg.n_headers++;
	return 0;
}

/* Returns 1 when no body follows, by llhttp's convention. */
static int response_head(struct http_parser *p)
{
	p->msg.status = llhttp_get_status_code(&p->ll);
	if (p->msg.status == 101)
		return fail(p, 502, "answer switches protocols");
	/* 100 and 103 are not the answer yet. */
	if (p->msg.status < 200)
		return 0;
	if (p->no_body)
		return 1;
	if (!p->piece && p->ll.flags & F_CONTENT_LENGTH && p->ll.content_length > p->max_body)
		return fail(p, 413, "answer too large");
	if (p->piece && p->piece(p->ctx, NULL, 0))
		return fail(p, 502, "stopped");
	return 0;
}

static int on_headers_complete(llhttp_t *ll)
{
	struct http_parser *p = ll->data;
	const char *detail = NULL;
	int status;

	/* The connection never becomes another protocol: RFC 9110 section 7.8 lets us ignore it. */
	ll->upgrade = 0;
	p->state = HTTP_PARSER_BODY;
	p->head_left = HTTP_MAX_HEAD_BYTES;
	if (!p->request)
		return response_head(p);
	status = http_request_check(p, &detail);
	return status ? fail(p, status, detail) : 0;
}

static int on_body(llhttp_t *ll, const char *at, size_t len)
{
	struct http_parser *p = ll->data;

	p->body_seen = true;
	if (!p->request && p->msg.status < 200)
		return 0;
	if (p->piece)
		return p->piece(p->ctx, at, len) ? fail(p, 502, "stopped") : 0;
	strbuf_add(&p->body, at, len);
	if (p->body.error == -ENOMEM)
		return fail(p, 503, "out of memory");
	if (p->body.error)
		return fail(p, 413, "body too large");
	return 0;
}

static int on_chunk_extension(llhttp_t *ll, const char *at UNUSED, size_t len)
{
	return ignore(ll->data, len);
}

static int on_message_complete(llhttp_t *ll)
{
	struct http_parser *p = ll->data;

	p->state = HTTP_PARSER_DONE;
	p->keep_alive = llhttp_should_keep_alive(ll);
	p->msg.body = strbuf_text(&p->body);
	p->msg.body_len = p->body.len;
	return HPE_PAUSED;
}

static const llhttp_settings_t settings = {
	.on_method_complete = on_method_complete,
	.on_url = on_url,
	.on_url_complete = on_url_complete,
	.on_status = on_status,
	.on_status_complete = on_status_complete,
	.on_header_field = on_header_field,
	.on_header_field_complete = on_header_field_complete,
	.on_header_value = on_header_value,
	.on_header_value_complete = on_header_value_complete,
	.on_headers_complete = on_headers_complete,
	.on_chunk_extension_name = on_chunk_extension,
	.on_chunk_extension_value = on_chunk_extension,
	.on_body = on_body,
	.on_message_complete = on_message_complete,
};

void http_parser_next(struct http_parser *p)
{
	llhttp_init(&p->ll, p->request ? HTTP_REQUEST : HTTP_RESPONSE, &settings);
	p->ll.data = p;
	p->state = HTTP_PARSER_IDLE;
	p->expect_continue = false;
	p->keep_alive = false;
	p->body_seen = false;
	p->status = 0;
	p->detail = NULL;
	p->head_left = HTTP_MAX_HEAD_BYTES;
	p->msg = (struct http_msg){
		.method = "", .target = "", .path = "", .query = "", .reason = "", .body = ""};
	p->text_len = 0;
	p->part = 0;
	/* A body may hold a secret, and idle connections should cost little. */
	strbuf_free(&p->body);
}

void http_parser_init_request(struct http_parser *p, size_t max_body)
{
	p->request = true;
	p->no_body = false;
	p->max_body = max_body;
	p->piece = NULL;
	p->body = STRBUF_NEW(max_body);
	http_parser_next(p);
}

void http_parser_init_response(struct http_parser *p, bool no_body, size_t max_body,
			       http_parser_piece *piece, void *ctx)
{
	p->request = false;
	p->no_body = no_body;
	p->max_body = max_body;
	p->piece = piece;
	p->ctx = ctx;
	p->body = STRBUF_NEW(max_body);
	http_parser_next(p);
}

static void fail_by_llhttp(struct http_parser *p, llhttp_errno_t e)
{
	const char *reason = llhttp_get_error_reason(&p->ll);
	bool known = p->ll.http_major == 1 && p->ll.http_minor <= 1;
	bool version = (e == HPE_INVALID_VERSION && !known) || e == HPE_PAUSED_H2_UPGRADE;

	fail(p, version ? 505 : 400, reason && reason[0] ? reason : "malformed message");
}

size_t http_parser_feed(struct http_parser *p, const char *data, size_t len)
{
	size_t used = 0;

	while (used < len && p->state < HTTP_PARSER_DONE) {
		bool head = p->state <= HTTP_PARSER_HEAD;
		size_t n = len - used;
		llhttp_errno_t e;

		if (head && !p->head_left) {
			fail(p, 431, "request head too large");
			break;
		}
		if (head && n > p->head_left)
			n = p->head_left;
		if (p->state == HTTP_PARSER_IDLE)
			p->state = HTTP_PARSER_HEAD;
		e = llhttp_execute(&p->ll, data + used, n);
		if (e == HPE_PAUSED) {
			used = (size_t)(llhttp_get_error_pos(&p->ll) - data);
			if (!p->request && p->msg.status < 200)
				http_parser_next(p);
		} else if (e != HPE_OK) {
			fail_by_llhttp(p, e);
		} else {
			used += n;
			if (p->state == HTTP_PARSER_HEAD)
				p->head_left -= n;
		}
	}
	return used;
}

bool http_parser_eof(struct http_parser *p)
{
	if (p->state == HTTP_PARSER_BODY && llhttp_finish(&p->ll) != HPE_PAUSED)
		fail(p, 502, "connection closed inside the message");
	return p->state == HTTP_PARSER_DONE;
}

void http_parser_free(struct http_parser *p)
{
	strbuf_free(&p->body);
}
