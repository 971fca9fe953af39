/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The agent's own socket, HTTP/1.1 and JSON, for root and who may use Docker:
 *
 *	GET  /v1/status			the relay and each container with a tunnel
 *	POST /v1/rotate {container}	answered when its key has rotated, or has not
 *
 * The helper makes it and hands it to the worker, which serves it.
 */
#ifndef AGENT_CONTROL_H
#define AGENT_CONTROL_H

#include "../lib/err.h"

#define CONTROL_FD 4 /* the worker's */
#define CONTROL_DEFAULT "/run/sidecar/agent.sock"
#define CONTROL_EXIT_UNREACHABLE 5 /* nobody listens there */

struct worker;
struct container;
struct http_exchange;

/* control_listen.c: root's and the group's of docker_socket; replaces a former one. */
int control_listen(const char *path, const char *docker_socket, int *ret_fd, struct err *err);

/* control.c */
int control_start(struct worker *w, struct err *err); /* w->conf.control_fd, -1 = none */
void control_stop(struct worker *w);		      /* run the loop on */
/* why NULL: it has rotated. */
void control_rotated(struct http_exchange *x, const struct container *c, const char *why);

/* control_client.c: what main() does with --status and --rotate. Returns an exit code. */
int control_status(const char *path);
int control_rotate(const char *path, const char *container);

#endif
