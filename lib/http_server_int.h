/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Shared by http_server.c (listeners, table of connections) and http_conn.c (one connection).
 *
 *	FREE --accept--> HANDSHAKE --> IDLE --first byte--> REQUEST --complete--> EXCHANGE
 *	EXCHANGE --http_reply--> ANSWER --sent--> IDLE or LINGER --> CLOSING --> FREE
 *
 * REQUEST goes to ANSWER directly when the request is refused. A connection that breaks during
 * EXCHANGE is closed, but its place is FREE only after http_reply().
 */
#ifndef LIB_HTTP_SERVER_INT_H
#define LIB_HTTP_SERVER_INT_H

#include "http.h"
#include "http_parser.h"
#include "http_stream.h"

#define HTTP_MAX_LISTENERS 4

enum http_conn_state {
	HTTP_CONN_FREE,
	HTTP_CONN_HANDSHAKE,
	HTTP_CONN_IDLE,
	HTTP_CONN_REQUEST,
	HTTP_CONN_EXCHANGE,
	HTTP_CONN_ANSWER,
	HTTP_CONN_LINGER, /* said good-bye, waiting for the other side's */
	HTTP_CONN_CLOSING,
};

/* Whom a connection is counted for: an IPv4 address or an IPv6 /64. family 0 = not counted. */
struct http_addr_key {
	uint8_t family;
	uint8_t b[8];
};

struct http_conn;

struct http_exchange {
	struct http_conn *conn;
	bool waiting; /* the handler owes http_reply() */
};

struct http_conn {
	struct http_server *server;
	enum http_conn_state state;
	struct http_exchange exchange;
	struct http_stream stream;
	uv_timer_t timer;
	unsigned int handles; /* stream and timer, not closed yet */
	bool keep_alive;      /* after the answer being sent */
	size_t lingered;      /* bytes thrown away in HTTP_CONN_LINGER */
	struct endpoint remote;
	bool known; /* http_exchange_known() */
	bool has_uid;
	uint32_t uid;
	struct http_mark mark;
	struct http_parser parser;
};

struct http_listener {
	struct http_server *server;
	uv_poll_t poll;
	int fd; /* -1 = none */
	bool unix_socket;
	struct tls_ctx *tls;
};

struct http_server {
	uv_loop_t *loop;
	struct http_limits limits;
	http_handler *handler;
	http_error_body *error_body;
	void *ctx;
	struct http_listener listeners[HTTP_MAX_LISTENERS];
	uv_timer_t retry;     /* after accept() found no descriptor or memory */
	unsigned int handles; /* listeners and retry, not closed yet */
	bool draining, freeing;
	uint32_t n_conns;
	uint32_t *places;	    /* indexes of conns: those from n_conns on are free */
	struct http_conn *conns;    /* limits.max_connections */
	struct http_addr_key *keys; /* of each connection, packed for counting */
};

/* Begins with a fresh socket in a free place; takes fd in any case. On failure the place becomes
 * free again, at once or when the loop has closed it. */
void http_conn_open(struct http_conn *conn, int fd, const struct http_listener *l);
void http_conn_close(struct http_conn *conn);
/* Draining: what has no request yet is closed. */
void http_conn_drain(struct http_conn *conn);

/* A connection's place is free again. */
void http_server_released(struct http_server *s, struct http_conn *conn);

/* The head and body of an answer. body NULL for HEAD: body_len is announced all the same. */
void http_answer_format(struct strbuf *out, int status, bool keep_alive,
			const struct http_header *headers, size_t n_headers, const void *body,
			size_t body_len);

#endif
