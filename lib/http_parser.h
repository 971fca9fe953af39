/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * One HTTP/1.1 message at a time out of a stream of bytes, either direction, by llhttp in its
 * strict form. All limits of http.h are kept here; what strangers use to smuggle requests (RFC
 * 9112 section 11.2) is refused here. No I/O: used by the server, the client and the fuzzers.
 *
 *	IDLE --first byte--> HEAD --empty line--> BODY --last byte--> DONE --next--> IDLE
 *	any but DONE --mistake--> BAD
 */
#ifndef LIB_HTTP_PARSER_H
#define LIB_HTTP_PARSER_H

#include <llhttp.h>
#include "buf.h"
#include "http.h"

enum http_parser_state {
	HTTP_PARSER_IDLE,
	HTTP_PARSER_HEAD,
	HTTP_PARSER_BODY,
	HTTP_PARSER_DONE, /* msg is complete; feed takes nothing more */
	HTTP_PARSER_BAD,  /* status and detail are set; feed takes nothing more */
};

/* A streamed body: called with len 0 once the head is complete, then for each piece. Not 0: stop
 * here, the state becomes HTTP_PARSER_BAD. */
typedef int http_parser_piece(void *ctx, const char *data, size_t len);

/* Names and values with their NULs never need more than they took on the wire. */
#define HTTP_PARSER_TEXT_LEN (HTTP_MAX_HEAD_BYTES + HTTP_MAX_TARGET_BYTES + 64)

struct http_parser {
	llhttp_t ll;
	enum http_parser_state state;
	bool request;
	bool no_body;	      /* response to HEAD or CONNECT */
	bool expect_continue; /* request: wants "100 Continue" before its body */
	bool keep_alive;      /* HTTP_PARSER_DONE: the connection can be used again */
	bool body_seen;
	int status;	    /* HTTP_PARSER_BAD: what to answer */
	const char *detail; /* HTTP_PARSER_BAD: static text */
	size_t max_body;
	size_t head_left; /* bytes the head, then chunk extensions and trailers may still have */
	http_parser_piece *piece;
	void *ctx;
	struct http_msg msg;
	struct strbuf body;
	size_t text_len;
	size_t part; /* where the name or value being read begins */
	char text[HTTP_PARSER_TEXT_LEN];
};

void http_parser_init_request(struct http_parser *p, size_t max_body);
/* piece NULL: the body is collected up to max_body bytes. */
void http_parser_init_response(struct http_parser *p, bool no_body, size_t max_body,
			       http_parser_piece *piece, void *ctx);
/* Takes bytes up to the end of the message at most, returns how many. */
size_t http_parser_feed(struct http_parser *p, const char *data, size_t len);
/* End of the stream: completes a response that lasts until then. True if it is DONE now. */
bool http_parser_eof(struct http_parser *p);
/* Forgets a request that is DONE and expects the next one. */
void http_parser_next(struct http_parser *p);
void http_parser_free(struct http_parser *p);

#endif
