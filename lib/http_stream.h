/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A connected socket on a libuv loop, TCP or Unix, with or without TLS: plain bytes in and out,
 * back pressure, close. Used by the server and the client.
 *
 * Life: init (handles exist) -> open or connect -> start (reads) -> close -> closed(). Embedded in
 * its owner's struct, which must live until closed().
 */
#ifndef LIB_HTTP_STREAM_H
#define LIB_HTTP_STREAM_H

#include <uv.h>
#include "err.h"
#include "tls.h"

#define HTTP_STREAM_IN_BYTES 8192
#define HTTP_STREAM_WIRE_BYTES 8192

struct http_stream_ops {
	/* The TLS handshake is complete (plain: at once). */
	void (*ready)(void *owner);
	/* Bytes came; returns how many were taken. Less than len only after http_stream_pause(). */
	size_t (*data)(void *owner, const char *data, size_t len);
	/* r = 0: the other side has finished; r < 0: the connection has failed. The owner closes;
	 * after a TLS error (tls_dead) it may finish first and gets a second call then. */
	void (*end)(void *owner, int r, const struct err *err);
	/* All that was written is with the kernel. Only after http_stream_busy() was true. */
	void (*drained)(void *owner);
	/* Nothing refers to the stream any more. */
	void (*closed)(void *owner);
};

struct http_stream {
	union {
		uv_handle_t handle;
		uv_stream_t stream;
		uv_tcp_t tcp;
		uv_pipe_t pipe;
	} u;
	uv_idle_t kick; /* delivers what was kept while paused, from a fresh stack */
	uv_shutdown_t shutdown;
	struct tls_conn *tls; /* owned, NULL = plain */
	const struct http_stream_ops *ops;
	void *owner;
	unsigned int handles; /* not closed yet */
	unsigned int writes;  /* in flight */
	bool started, paused, delivering, ended, closing, finishing, tls_dead;
	size_t in_pos, in_len;
	char in[HTTP_STREAM_IN_BYTES];	   /* plain text, not taken yet */
	char wire[HTTP_STREAM_WIRE_BYTES]; /* ciphertext just read */
};

/* A process that writes to sockets must not die of it: SIGPIPE becomes ignored, if nobody asked
 * for it. Called by http_server_new() and http_client_new(). */
void http_stream_ignore_sigpipe(void);

int http_stream_init(struct http_stream *s, uv_loop_t *loop, bool unix_socket,
		     const struct http_stream_ops *ops, void *owner);
/* Takes a connected socket. */
int http_stream_open(struct http_stream *s, int fd, bool unix_socket);
/* Begins to read; tls is taken over, NULL = plain. */
int http_stream_start(struct http_stream *s, struct tls_conn *tls, struct err *err);
/* From plain to TLS, behind a proxy's answer. */
int http_stream_start_tls(struct http_stream *s, struct tls_conn *tls, struct err *err);
void http_stream_pause(struct http_stream *s);
void http_stream_resume(struct http_stream *s);
/* Copies what the kernel does not take at once. */
int http_stream_write(struct http_stream *s, const void *data, size_t len, struct err *err);
bool http_stream_busy(const struct http_stream *s);
/* Says good-bye (TLS close_notify, end of stream) behind what is being written. */
void http_stream_finish(struct http_stream *s);
void http_stream_close(struct http_stream *s);

#endif
