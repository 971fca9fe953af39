/* SPDX-License-Identifier: GPL-2.0-only */
/* A loop with a small HTTP server on loopback, for the tests of both ends. */
#ifndef HTTP_HELP_H
#define HTTP_HELP_H

#include <uv.h>
#include "lib/http.h"

#define HELP_DEADLINE_MS 10000

/*
 * Paths: /echo answers "METHOD PATH BODY", /later waits for help.later to be answered by the test,
 * /big answers help.big_len bytes, /uid the peer's uid, /bad-header a header with a line end,
 * /empty 204; all else 404.
 */
struct http_help {
	uv_loop_t loop;
	struct http_server *server;
	struct http_limits limits;
	uint16_t port, tls_port;
	unsigned int n_requests;
	struct endpoint remote; /* of the last request */
	struct http_exchange *later;
	size_t big_len;
};

extern struct http_help help;

/* help.limits may be changed before. tls NULL: no TLS port. */
void help_start(struct tls_ctx *tls);
void help_stop(void);
/* Turns the loop until *cond, or fails the test after HELP_DEADLINE_MS. */
void help_run_until(const bool *cond);
void help_run_ms(unsigned int ms);
/* A listening socket on loopback and its port. */
int help_listen(uint16_t *ret_port);
int help_connect(uint16_t port);
/* Turns the loop while reading from fd until `until` was read, or the other side closed (until
 * NULL). Returns what came, which is also kept over calls until help_forget(). */
const char *help_read(int fd, const char *until);
void help_send(int fd, const char *text);
/* One connection: sends, reads to its end, closes. */
const char *help_talk(const char *text);

#endif
