/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A fresh network namespace and BPF file system for one test program; both vanish with it. Tests
 * need root: without, env_enter() prints a TAP skip and ends the program with 4.
 */
#ifndef SELFTESTS_BPF_ENV_H
#define SELFTESTS_BPF_ENV_H

#include "../../relay/dp.h"

#define ENV_PIN_DIR_LEN 128

/* What most tests load: v6 pools 2001:db8:5::/64 (20 bits) and 2001:db8:6:0:a::/80 (14 bits),
 * v4 pools 192.0.2.0/28 and 198.51.100.64/26, 64 slots. */
#define ENV_SLOTS 64

void env_enter(void);
/* A folder on the BPF file system that does not exist yet. */
const char *env_pin_dir(char out[static ENV_PIN_DIR_LEN]);
/* Fills conf as said above; answers NDP; ports 51820 and 51821; pin_dir is a new one. */
void env_conf(struct dp_conf *ret_conf, char pin_dir[static ENV_PIN_DIR_LEN]);
/* Does this kernel have tcx links (since 6.6)? Without, filters stand in for them. */
bool env_has_tcx(void);
/* What runs by a pin of that name: the id of its link (ENV_FILTER: it is a filter, there is none),
 * 0 = nothing. A filter's program must be the one that is pinned. */
#define ENV_FILTER UINT32_MAX
uint32_t env_attached(const char *dir, const char *name, uint32_t *ret_prog);
/* Runs a shell command, which must succeed. */
void env_run(const char *fmt, ...) PRINTF(1, 2);
/* The clock by which the programs pace and limit. */
#define SECOND_NS 1000000000ull
uint64_t env_now_ns(void);
/* A device without native XDP, up; returns its ifindex. */
int env_ifb(const char *name);
/* Repeats the shell command until it succeeds; false after timeout_ms. */
bool env_wait(int timeout_ms, const char *command);

#endif
