/* SPDX-License-Identifier: GPL-2.0-only */
/* One child process of the supervisor: relayd itself, re-executed with "--role api". */
#ifndef RELAY_ROLE_H
#define RELAY_ROLE_H

#include <uv.h>
#include "../lib/mono.h"
#include "conf.h"
#include "msg.h"

/* Beside the descriptors of msg.h: the api role writes one byte when it serves. */
#define ROLE_FD_READY 7

struct role {
	uv_process_t process; /* first member */
	bool alive;
	void (*gone)(struct role *role, void *ctx);
	void *ctx;
};

struct role_conf {
	int net_fd; /* the api role's end of the socket pair */
	int tls_fd, ctl_fd;
	int conf_fd;
	int ready_fd;
	struct mono started; /* of relayd */
	bool verbose;
};

/* Borrows the descriptors: the caller closes its own. `gone` comes once, from the loop, even when
 * this fails; then the struct may be used again. */
int role_spawn(uv_loop_t *loop, struct role *role, const struct role_conf *rc, struct err *err);

void role_kill(struct role *role, int signal); /* does nothing to one that is not alive */

/* A sealed memfd with the configuration in its canonical form. */
int role_conf_fd(const struct conf *conf, int *ret_fd, struct err *err);

#endif
