/* SPDX-License-Identifier: GPL-2.0-only */
/* Inside of struct dp, for dp_*.c alone. */
#ifndef RELAY_DP_IMPL_H
#define RELAY_DP_IMPL_H

#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <limits.h>
#include "dp.h"

struct sidecar; /* the skeleton */

struct dp {
	struct dp_conf conf; /* pin_dir points to the member below */
	char pin_dir[PATH_MAX - NAME_MAX];
	uint32_t cpus;
	enum dp_xdp_mode mode; /* in use; DP_XDP_AUTO before dp_attach_uplink() */
	struct sidecar *skel;
	struct sc_slot *slots;	      /* mmap */
	struct sc_counters *counters; /* mmap, cpus * slots */
};

/* dp_pin.c: the folder of pins. */
int dp_pin_dir_make(const char *dir, struct err *err);
void dp_pin_path(char out[static PATH_MAX], const struct dp *dp, const char *name);
/* -EPROTO when a pin of this map exists with another layout. */
int dp_pin_check(const struct dp *dp, const struct bpf_map *map, struct err *err);

/* dp_log.c: libbpf says why something failed to a callback only. */
void dp_log_start(void);
const char *dp_log_text(void); /* its words since dp_log_start(), or "" */

#endif
