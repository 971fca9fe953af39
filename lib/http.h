/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * HTTP/1.1 (RFC 9110, 9112) over libuv streams, parsed by llhttp: one message type for the
 * relay's server, the TLS client, the Docker socket. Connections may be plain, Unix or TLS.
 */
#ifndef LIB_HTTP_H
#define LIB_HTTP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <uv.h>
#include "addr.h"
#include "err.h"
#include "tls.h"

#define HTTP_MAX_HEADERS 48	   /* more: 431 */
#define HTTP_MAX_HEAD_BYTES 8192   /* request line + headers; more: 431 */
#define HTTP_MAX_TARGET_BYTES 2048 /* more: 414 */

struct http_header {
	const char *name; /* lower case */
	const char *value;
};

/* A received message. All pointers live until the exchange or response callback ends. */
struct http_msg {
	const char *method; /* request: "GET" */
	const char *target; /* request: as received */
	const char *path;   /* request: target before '?', percent-encoding left as it is */
	const char *query;  /* request: target behind '?', or "" */
	int status;	    /* response */
	const char *reason; /* response */
	struct http_header headers[HTTP_MAX_HEADERS];
	size_t n_headers;
	const char *body; /* NUL behind the last byte; "" if none */
	size_t body_len;
};

/* Value of a header by its lower-case name, or NULL. Repeated headers: the first one; a repeated
 * authorization, host, content-length or content-type never gets this far (400). */
const char *http_msg_header(const struct http_msg *msg, const char *name);

/* ---- server ---- */

struct http_server;
struct http_exchange; /* one request and its answer */

/* Everything a stranger can fill. A full table answers 503 (or closes before TLS). */
struct http_limits {
	uint32_t max_connections;
	uint32_t max_connections_per_addr; /* per IPv4 address or IPv6 /64 */
	uint32_t max_strangers_per_addr;   /* of them not known yet; 0 = no limit of their own */
	uint32_t max_body_bytes;	   /* more: 413 */
	uint32_t handshake_ms;		   /* accept to end of TLS handshake: connection closed */
	uint32_t request_ms;		   /* first byte to last byte of a request: 408 */
	uint32_t idle_ms;		   /* keep-alive without a request: connection closed */
	uint32_t answer_ms;		   /* peer does not read the answer: connection closed */
};

extern const struct http_limits http_limits_default;

/*
 * Called once per complete request. Must lead to exactly one http_reply() for the exchange, now or
 * later on the same loop; the exchange stays valid until then even if the client has gone.
 */
typedef void http_handler(struct http_exchange *x, void *ctx);

/* Answer for requests that never reach the handler (400, 408, 413, 414, 431, 503...): the handler
 * for errors may set a body; `detail` says what was wrong in words. */
typedef void http_error_body(int status, const char *detail, char *body, size_t body_len,
			     const char **ret_content_type, void *ctx);

/* SIGPIPE becomes ignored unless it has a handler. limits and error_body may be NULL. */
struct http_server *http_server_new(uv_loop_t *loop, const struct http_limits *limits,
				    http_handler *handler, http_error_body *error_body, void *ctx);
/* Takes a listening socket (ownership too). tls NULL = plain. May be called several times. */
int http_server_listen(struct http_server *s, int fd, struct tls_ctx *tls, struct err *err);
void http_server_stop_listening(struct http_server *s); /* drain: answer what runs, then close */
uint32_t http_server_connections(const struct http_server *s);
void http_server_free(struct http_server *s); /* closes all; run the loop until it is empty */

const struct http_msg *http_exchange_msg(const struct http_exchange *x);
/* Remote address; family 0 for Unix sockets, whose peer's uid is given instead. */
struct endpoint http_exchange_remote(const struct http_exchange *x);
bool http_exchange_unix_uid(const struct http_exchange *x, uint32_t *ret_uid);
/* Whoever asks has shown who he is: his connection is no stranger's any more. */
void http_exchange_known(struct http_exchange *x);
/* The TLS connection, NULL if plain: for the exporter and the negotiated group. */
struct tls_conn *http_exchange_tls(const struct http_exchange *x);
/* What the handler wants to remember of the connection: zero at its start. */
struct http_mark {
	int64_t id;
	uint64_t serial;
};
struct http_mark *http_exchange_mark(const struct http_exchange *x);

/* headers: name/value pairs, may be NULL. Date, Content-Length, Connection are added; body is
 * copied. HEAD requests get the headers only. More than 16 MiB in all is answered with 500. */
void http_reply(struct http_exchange *x, int status, const struct http_header *headers,
		size_t n_headers, const void *body, size_t body_len);

/* ---- client ---- */

struct http_client;
struct http_call;

struct http_client_conf {
	const char *unix_path; /* connect there, or: */
	const char *host;      /* name or address literal (no brackets) */
	uint16_t port;
	struct tls_ctx *tls;	 /* NULL = plain */
	const char *server_name; /* SNI; NULL = none */
	const char *proxy;	 /* "http://[user:password@]host[:port]" for CONNECT, or NULL */
	uint32_t connect_ms;	 /* connect + TLS; 0 = 10 s */
	uint32_t answer_ms; /* request sent to answer complete; streaming: to the headers; 0 = 30 s
			     */
	uint32_t max_body_bytes; /* of an answer that is not streamed; 0 = 1 MiB */
};

struct http_request {
	const char *method;
	const char *target;
	const struct http_header *headers;
	size_t n_headers;
	const void *body;
	size_t body_len;
	bool stream; /* hand over body pieces as they come instead of collecting them */
};

/* Ends a call: r = 0 and msg set, or r < 0, msg NULL and err says why. Called exactly once, never
 * from inside http_client_send(). A streamed call ends when the stream ends. */
typedef void http_done(int r, const struct http_msg *msg, const struct err *err, void *ctx);
/* Streaming: first call has the headers (len 0), then each piece. msg->body is not set. */
typedef void http_piece(const struct http_msg *msg, const char *data, size_t len, void *ctx);

/* Copies conf (the TLS context must outlive the client). One connection, kept alive and reopened
 * as needed; calls are sent in order. A kept-alive connection that the server closes before any
 * byte of an answer: the call is sent once more. SIGPIPE becomes ignored unless it has a handler.
 */
struct http_client *http_client_new(uv_loop_t *loop, const struct http_client_conf *conf);
struct http_call *http_client_send(struct http_client *c, const struct http_request *req,
				   http_done *done, http_piece *piece, void *ctx);
/* done() is called with -ECANCELED before this returns. Not from inside the same call's done(). */
void http_call_cancel(struct http_call *call);
struct tls_conn *http_client_tls(struct http_client *c); /* live connection or NULL */
void http_client_free(struct http_client *c);		 /* cancels all; run the loop on */

/* ---- blocking helper for command-line tools: runs its own loop ---- */
struct http_answer {
	int status;
	char *body; /* owned, NUL-terminated */
	size_t body_len;
	char content_type[64];
};
int http_call_blocking(const struct http_client_conf *conf, const struct http_request *req,
		       struct http_answer *ret_answer, struct err *err);
void http_answer_free(struct http_answer *a);

#endif
