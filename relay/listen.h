/* SPDX-License-Identifier: GPL-2.0-only */
/* The sockets that the supervisor opens and the api role serves: they stay open while it restarts.
 */
#ifndef RELAY_LISTEN_H
#define RELAY_LISTEN_H

#include "conf.h"

/* [::] takes both families. */
int listen_tls(const struct endpoint *where, int *ret_fd, struct err *err);
/* run_dir/relayctl.sock, mode 0600; replaces one that a dead relayd left behind. */
int listen_ctl(const struct conf *conf, int *ret_fd, struct err *err);

#endif
