/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Another number of slots: what the maps that are sized by it hold goes into new ones, while the
 * old programs count on. Slots and their rules do not change meanwhile: nobody is told of them.
 * What the kernel alone writes is forgotten: how much of its ceilings a peer has used up, its pace,
 * which destinations it has seen.
 */
#include "dp_impl.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include "sidecar.skel.h"

/* A map of the former folder in memory, to be read. */
struct table {
	void *mem;
	size_t len;
};

static int table_open(const struct dp *dp, const struct bpf_map *map, struct table *ret,
		      struct err *err)
{
	uint32_t entries = dp_map_entries(dp, map, dp->former_slots);
	size_t len = (size_t)entries * bpf_map__value_size(map);
	char path[PATH_MAX];
	AUTO_FD int fd = -1;
	void *mem;

	dp_former_path(path, dp, bpf_map__name(map));
	fd = dp_pin_open(path, map, entries, err);
	if (fd < 0)
		return fd == -ENOENT ? err_sys(err, fd, "%s", path) : fd;
	mem = mmap(NULL, len, PROT_READ, MAP_SHARED, fd, 0);
	if (mem == MAP_FAILED)
		return err_sys(err, -errno, "%s", path);
	*ret = (struct table){.mem = mem, .len = len};
	return 0;
}

static void table_close(const struct table *t)
{
	munmap(t->mem, t->len);
}

static bool resized(const struct dp *dp)
{
	return dp->former_dir[0] && dp->former_slots != dp->conf.slots;
}

int dp_former_check_fit(struct dp *dp, struct err *err)
{
	const struct sc_slot *slots;
	struct table t;
	int r = 0;

	if (dp->former_slots <= dp->conf.slots)
		return 0;
	r = table_open(dp, dp->skel->maps.slots, &t, err);
	if (r)
		return r;
	slots = t.mem;
	for (uint32_t nr = dp->former_slots; nr-- > dp->conf.slots && !r;) {
		if (slots[nr].flags & SC_SLOT_LIVE)
			r = err_set(err, -EPROTO,
				    "slots: %u, but slot %u has a peer: at least %u (%u until now)",
				    dp->conf.slots, nr, nr + 1, dp->former_slots);
	}
	table_close(&t);
	return r;
}

static int fill_slots(struct dp *dp, struct err *err)
{
	uint32_t n = dp->former_slots < dp->conf.slots ? dp->former_slots : dp->conf.slots;
	struct table t;
	int r = table_open(dp, dp->skel->maps.slots, &t, err);

	if (r)
		return r;
	memcpy(dp->slots, t.mem, n * sizeof(*dp->slots));
	table_close(&t);
	return 0;
}

static int fill_firewall(struct dp *dp, struct err *err)
{
	const struct bpf_map *map = dp->skel->maps.firewall;
	int to = bpf_map__fd(map), r = 0;
	struct sc_firewall rules;
	uint32_t nr, *at = NULL;
	char path[PATH_MAX];
	AUTO_FD int from = -1;

	dp_former_path(path, dp, bpf_map__name(map));
	from = dp_pin_open(path, map, dp->former_slots, err);
	if (from < 0)
		return from == -ENOENT ? err_sys(err, from, "%s", path) : from;
	for (uint32_t n = 0; n < dp->former_slots && !bpf_map_get_next_key(from, at, &nr); n++) {
		at = &nr;
		if (nr >= dp->conf.slots || bpf_map_lookup_elem(from, &nr, &rules))
			continue;
		r = bpf_map_update_elem(to, &nr, &rules, BPF_ANY);
		if (r)
			return err_sys(err, r, "map %s", bpf_map__name(map));
	}
	return 0;
}

/* The last stripe is ours. Written anew, not added to: it may be done twice. */
int dp_former_count(struct dp *dp, struct err *err)
{
	struct table t;
	int r;

	if (!resized(dp))
		return 0;
	r = table_open(dp, dp->skel->maps.counters, &t, err);
	if (r)
		return r;
	for (uint32_t nr = 0; nr < dp->conf.slots && nr < dp->former_slots; nr++) {
		struct sc_counters *own = &dp->counters[(size_t)dp->cpus * dp->conf.slots + nr];

		dp_counters_sum(t.mem, dp->former_slots, dp->cpus, nr, own);
	}
	table_close(&t);
	return 0;
}

int dp_former_fill(struct dp *dp, struct err *err)
{
	int r;

	if (!resized(dp))
		return 0;
	r = fill_slots(dp, err);
	if (!r)
		r = fill_firewall(dp, err);
	if (!r)
		r = dp_former_count(dp, err);
	return r;
}
