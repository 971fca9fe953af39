/* SPDX-License-Identifier: GPL-2.0-only */
/* One child process of the supervisor: relayd itself, re-executed with "--role api" or "replica".
 */
#ifndef RELAY_ROLE_H
#define RELAY_ROLE_H

#include <uv.h>
#include "../lib/mono.h"
#include "conf.h"
#include "msg.h"

/* Beside the descriptors of msg.h: a role writes one byte when it serves. */
#define ROLE_FD_READY 7

struct role {
	uv_process_t process; /* first member */
	const char *name;     /* "api", "replica" */
	bool alive;
	bool failed; /* it ended otherwise than by exit code 0 */
	void (*gone)(struct role *role, void *ctx);
	void *ctx;
};

struct role_conf {
	int net_fd; /* the api role's end of the socket pair; -1: not for this role */
	int tls_fd, ctl_fd;
	int conf_fd;
	const char *const *env; /* beginnings of variables that it gets; NULL = none */
	int ready_fd;
	struct mono started; /* of relayd */
	bool verbose;
	bool again; /* replica: the api role serves already */
};

/* Borrows the descriptors: the caller closes its own. `gone` comes once, from the loop, even when
 * this fails; then the struct may be used again. */
int role_spawn(uv_loop_t *loop, struct role *role, const struct role_conf *rc, struct err *err);

void role_kill(struct role *role, int signal); /* does nothing to one that is not alive */

/* A sealed memfd with the configuration in its canonical form. */
int role_conf_fd(const struct conf *conf, int *ret_fd, struct err *err);
/* In the child: reads it and closes the descriptor. */
int role_read_conf(struct conf *ret_conf, struct err *err);

#endif
