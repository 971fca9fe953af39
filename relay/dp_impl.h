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
	bool clsact;	       /* no tcx */
	enum dp_xdp_mode mode; /* in use; DP_XDP_AUTO before dp_attach_uplink() */
	struct sidecar *skel;
	struct sc_slot *slots;	      /* mmap */
	struct sc_counters *counters; /* mmap, (cpus + 1) * slots */
	struct sc_monitor *monitor;   /* mmap */

	/* dp_former.c: what ran before in another layout or with another number of slots, until
	 * dp_settle(). "" = there is nothing. */
	char former_dir[PATH_MAX - NAME_MAX];
	uint32_t former_slots;
	bool set_aside; /* by this dp_open() */

	/* dp_event.c */
	struct ring_buffer *ring;
	dp_event_fn *event_fn;
	void *event_ctx;
	unsigned int events_left;
};

/* dp_pin.c: the folder of pins. */
int dp_pin_dir_make(const char *dir, struct err *err);
void dp_pin_path(char out[static PATH_MAX], const struct dp *dp, const char *name);
/* The map that is pinned there, or -ENOENT. -EPROTO: it has not this one's layout with so many
 * entries. */
int dp_pin_open(const char *path, const struct bpf_map *map, uint32_t entries, struct err *err);

/* How large a map is with so many slots. */
uint32_t dp_map_entries(const struct dp *dp, const struct bpf_map *map, uint32_t slots);

/* dp_former.c: before the maps are made, and once they are. */
int dp_former_share(struct dp *dp, struct err *err);
int dp_former_fill(struct dp *dp, struct err *err);
/* Refuses fewer slots than are in use. */
int dp_former_check_fit(struct dp *dp, struct err *err);
/* When dp_open() fails: what it set aside is in its place again. */
void dp_former_undo(struct dp *dp);
/* What the old programs have counted up to now. */
int dp_former_count(struct dp *dp, struct err *err);
/* Where the former folder has a pin of that name; false: there is none. */
bool dp_former_path(char out[static PATH_MAX], const struct dp *dp, const char *name);

/* dp_counters.c: all CPUs' stripes of a slot and the last one, which is ours: what had been counted
 * in another form. */
void dp_counters_sum(const struct sc_counters *all, uint32_t slots, uint32_t cpus, uint32_t slot,
		     struct sc_counters *ret_sum);

/* dp_clsact.c: where there is no tcx. name: without dashes. */
bool dp_clsact_needed(int prog_fd);
int dp_clsact_attach(struct dp *dp, const char *name, struct bpf_program *prog, int ifindex,
		     bool first, struct err *err);
bool dp_clsact_exists(const struct dp *dp, const char *name);
void dp_clsact_remove(const struct dp *dp, const char *name);
/* The filter that a pin's name tells of; other names: nothing. */
void dp_clsact_forget(const char *pin);

/* dp_slot.c: tells the programs whether one of these keys, or of those in map "own", lies in a
 * pool.
 */
int dp_own_mark(struct dp *dp, const struct sc_own_key *keys, size_t n, struct err *err);

/* dp_event.c */
void dp_events_close(struct dp *dp);

/* dp_log.c: libbpf says why something failed to a callback only. */
void dp_log_start(void);
const char *dp_log_text(void); /* its words since dp_log_start(), or "" */

#endif
