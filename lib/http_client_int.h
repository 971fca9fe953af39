/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Shared by http_client.c (queue of calls), http_link.c (one connection), http_dial.c (how it
 * comes up) and http_proxy.c.
 *
 *	RESOLVE -> CONNECT (each address) -> [PROXY] -> [TLS] -> READY <-> BUSY; any -> CLOSING
 *
 * A link that is CLOSING belongs to nobody and frees itself; the client may have a new one by then.
 */
#ifndef LIB_HTTP_CLIENT_INT_H
#define LIB_HTTP_CLIENT_INT_H

#include "http.h"
#include "http_parser.h"
#include "http_stream.h"
#include "mono.h"

#define HTTP_LINK_MAX_ADDRS 8 /* of one host name; further ones are not tried */
#define HTTP_HOST_LEN 256
#define HTTP_CONNECT_MS 10000	      /* connect_ms 0 */
#define HTTP_ANSWER_MS 30000	      /* answer_ms 0 */
#define HTTP_MAX_ANSWER_BYTES 1048576 /* max_body_bytes 0 */

enum http_link_state {
	HTTP_LINK_RESOLVE,
	HTTP_LINK_CONNECT,
	HTTP_LINK_PROXY,
	HTTP_LINK_TLS,
	HTTP_LINK_READY,
	HTTP_LINK_BUSY,
	HTTP_LINK_CLOSING,
};

struct http_call {
	struct http_client *client;
	struct http_call *next;
	uint64_t serial;       /* counts the client's calls */
	struct strbuf request; /* as sent */
	bool no_body;	       /* HEAD: the answer has no body */
	bool stream;
	bool retried;
	http_done *done;
	http_piece *piece;
	void *ctx;
};

struct http_proxy {
	char host[HTTP_HOST_LEN];
	uint16_t port;
	char auth[HTTP_HOST_LEN]; /* base64 of "user:password", or "" */
};

struct http_client {
	uv_loop_t *loop;
	struct http_client_conf conf; /* texts are owned */
	bool has_proxy;
	struct http_proxy proxy;
	struct err conf_err; /* what is wrong with conf: every call fails with it */
	struct http_call *first;
	uint64_t serial;	/* of the last call */
	struct http_link *link; /* NULL = none */
	uv_timer_t kick;	/* works on the queue from a fresh stack */
	bool freeing;
};

struct http_link {
	struct http_client *client; /* NULL in HTTP_LINK_CLOSING */
	enum http_link_state state;
	unsigned int pending; /* handles and requests that libuv still knows */
	bool has_stream;
	struct http_stream stream;
	uv_timer_t timer;
	uv_getaddrinfo_t dns;
	uv_connect_t connect;
	struct sockaddr_storage addrs[HTTP_LINK_MAX_ADDRS];
	size_t n_addrs;
	size_t next_addr;
	struct mono started;
	struct err err;	   /* of the last address that failed */
	uint32_t answered; /* calls on this connection so far */
	bool answer_begun;
	struct http_parser parser;
};

/* Sets c->link and begins to connect. False: out of memory. */
bool http_link_open(struct http_client *c);
/* Sends the client's first call; HTTP_LINK_READY only. */
void http_link_run(struct http_link *link);
/* Detaches from the client and closes; calls nobody back. */
void http_link_close(struct http_link *link);
/* Closes and tells the client. */
void http_link_fail(struct http_link *link, int r, const struct err *err);
void http_link_ready(struct http_link *link);
void http_link_set_deadline(struct http_link *link, uint32_t ms);
/* One of the things that link->pending counts is gone. */
void http_link_release(struct http_link *link);
extern const struct http_stream_ops http_link_ops;

void http_dial_start(struct http_link *link);
/* The next address, or the link fails. */
void http_dial_next(struct http_link *link);
/* "what" failed for the address being tried: on to the next. */
void http_dial_failed(struct http_link *link, int r, const char *what);
void http_dial_tls(struct http_link *link);
/* True: the next address is tried. */
bool http_dial_again(struct http_link *link, const struct err *err);
uint32_t http_dial_left_ms(const struct http_link *link);

/* "http://[user[:password]@]host[:port][/]" */
int http_proxy_parse(const char *url, struct http_proxy *ret_proxy, struct err *err);
/* The CONNECT request for conf's host and port. */
void http_proxy_request(const struct http_client *c, struct strbuf *out);
/* "host:port", with brackets round an IPv6 literal. */
void http_add_authority(struct strbuf *out, const char *host, uint16_t port);

/* From the link. */
void http_client_ready(struct http_client *c);
void http_client_answered(struct http_client *c, const struct http_msg *msg);
void http_client_failed(struct http_client *c, int r, const struct err *err, bool dialing,
			bool may_retry);

#endif
