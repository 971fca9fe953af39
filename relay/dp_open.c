/* SPDX-License-Identifier: GPL-2.0-only */
/* Loading: maps adopted from their pins or made, programs always new, with conf as constants. */
#include "dp_impl.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include "sidecar.skel.h"

static int conf_check(const struct dp_conf *conf, struct err *err)
{
	uint32_t n4 = 0;

	if (!conf->slots || conf->slots > SC_SLOTS_MAX)
		return err_set(err, -EINVAL, "slots: %u, must be 1 to %u", conf->slots,
			       SC_SLOTS_MAX);
	for (int i = 0; i < SC_MAX_POOLS; i++) {
		const struct sc_pool6 *p6 = &conf->pools.v6[i];
		const struct sc_pool4 *p4 = &conf->pools.v4[i];

		if (p6->len &&
		    (p6->slot_bits < 14 || p6->slot_bits > 32 || p6->len + p6->slot_bits > 128))
			return err_set(err, -EINVAL, "IPv6 pool %d: /%u with %u slot bits", i,
				       p6->len, p6->slot_bits);
		if (!p4->len)
			continue;
		if (p4->len < 16 || p4->len > 32 || p4->first != n4)
			return err_set(err, -EINVAL, "IPv4 pool %d: /%u, first index %u", i,
				       p4->len, p4->first);
		n4 += 1u << (32 - p4->len);
	}
	if (n4 > SC_POOL4_MAX_ADDRS)
		return err_set(err, -EINVAL, "IPv4 pools: %u addresses, at most %u", n4,
			       SC_POOL4_MAX_ADDRS);
	return 0;
}

static void set_constants(struct dp *dp)
{
	const struct dp_conf *conf = &dp->conf;

	dp->skel->rodata->sc_slots = conf->slots;
	dp->skel->rodata->sc_wg_port[0] = conf->wg_port[0];
	dp->skel->rodata->sc_wg_port[1] = conf->wg_port[1];
	dp->skel->rodata->sc_answer_ndp = conf->answer_ndp;
	dp->skel->rodata->sc_kernel_answers = conf->xdp_mode == DP_XDP_PROXY;
	dp->skel->rodata->sc_hairpin_deny = conf->hairpin_deny;
	dp->skel->rodata->sc_isolation_account = conf->isolation_account;
	dp->skel->rodata->sc_pace = conf->pace;
	dp->skel->rodata->sc_wg_l2_len = conf->wg_l2_len;
	if (conf->handshakes_per_s)
		dp->skel->rodata->sc_handshake_ns = 1000000000u / conf->handshakes_per_s;
}

uint32_t dp_map_entries(const struct dp *dp, const struct bpf_map *map, uint32_t slots)
{
	const struct bpf_map *const by_slot[] = {
		dp->skel->maps.slots, dp->skel->maps.ceiling,  dp->skel->maps.pace,
		dp->skel->maps.scan,  dp->skel->maps.firewall,
	};

	if (map == dp->skel->maps.counters)
		return slots * (dp->cpus + 1);
	for (size_t i = 0; i < ARRAY_SIZE(by_slot); i++) {
		if (map == by_slot[i])
			return slots;
	}
	return bpf_map__max_entries(map);
}

static void set_sizes(struct dp *dp)
{
	struct bpf_map *map;

	bpf_object__for_each_map(map, dp->skel->obj)
		bpf_map__set_max_entries(map, dp_map_entries(dp, map, dp->conf.slots));
}

static int pin_check(const char *path, const struct bpf_map *map, struct err *err)
{
	AUTO_FD int fd = dp_pin_open(path, map, bpf_map__max_entries(map), err);

	return fd < 0 && fd != -ENOENT ? fd : 0;
}

/* Maps with an entry in abi.h live longer than we do; the constants' map does not. */
static int set_pins(struct dp *dp, struct err *err)
{
	char path[PATH_MAX];
	struct bpf_map *map;
	int r;

	bpf_object__for_each_map(map, dp->skel->obj)
	{
		if (bpf_map__is_internal(map))
			continue;
		dp_pin_path(path, dp, bpf_map__name(map));
		r = pin_check(path, map, err);
		if (r)
			return r;
		r = bpf_map__set_pin_path(map, path);
		if (r)
			return err_sys(err, r, "%s", path);
	}
	return 0;
}

/* All zero: new, or relayd died between making and this. With it the maps are filled. */
static int check_meta(struct dp *dp, struct err *err)
{
	const struct sc_meta want = {.abi = SC_ABI, .slots = dp->conf.slots, .cpus = dp->cpus};
	const struct sc_meta none = {};
	struct sc_meta have = {};
	uint32_t zero = 0;
	int fd = bpf_map__fd(dp->skel->maps.meta), r;

	r = bpf_map_lookup_elem(fd, &zero, &have);
	if (r)
		return err_sys(err, r, "map meta");
	if (!memcmp(&have, &none, sizeof(have))) {
		r = dp_former_fill(dp, err);
		if (r)
			return r;
		r = bpf_map_update_elem(fd, &zero, &want, BPF_ANY);
		return r ? err_sys(err, r, "map meta") : 0;
	}
	if (memcmp(&have, &want, sizeof(have)))
		return err_set(
			err, -EPROTO,
			"%s has layout %u with %u slots on %u CPUs, wanted %u with %u on %u: "
			"remove it with relayd --flush",
			dp->pin_dir, have.abi, have.slots, have.cpus, want.abi, want.slots,
			want.cpus);
	return 0;
}

static int map_memory(struct bpf_map *map, size_t len, void **ret_mem, struct err *err)
{
	void *mem = mmap(NULL, len, PROT_READ | PROT_WRITE, MAP_SHARED, bpf_map__fd(map), 0);

	if (mem == MAP_FAILED)
		return err_sys(err, -errno, "map %s", bpf_map__name(map));
	*ret_mem = mem;
	return 0;
}

static size_t slots_bytes(const struct dp *dp)
{
	return dp->conf.slots * sizeof(struct sc_slot);
}

static size_t counters_bytes(const struct dp *dp)
{
	return (size_t)dp->conf.slots * (dp->cpus + 1) * sizeof(struct sc_counters);
}

static int map_tables(struct dp *dp, struct err *err)
{
	void *mem = NULL;
	int r = map_memory(dp->skel->maps.slots, slots_bytes(dp), &mem, err);

	if (r)
		return r;
	dp->slots = mem;
	r = map_memory(dp->skel->maps.counters, counters_bytes(dp), &mem, err);
	if (r)
		return r;
	dp->counters = mem;
	r = map_memory(dp->skel->maps.monitor, sizeof(*dp->monitor), &mem, err);
	if (r)
		return r;
	dp->monitor = mem;
	return 0;
}

/* The checks of layouts come before anything pinned is written; dp_former_undo() puts back what was
 * set aside before them. */
static int load(struct dp *dp, struct err *err)
{
	uint32_t zero = 0;
	int r;

	dp_log_start();
	dp->skel = sidecar__open();
	if (!dp->skel)
		return err_sys(err, -errno, "BPF object");
	set_constants(dp);
	set_sizes(dp);
	r = dp_former_share(dp, err);
	if (!r)
		r = set_pins(dp, err);
	if (r)
		return r;
	r = sidecar__load(dp->skel);
	if (r)
		return err_sys(err, r, "loading the BPF programs: %s", dp_log_text());
	r = map_tables(dp, err);
	if (!r)
		r = check_meta(dp, err);
	if (r)
		return r;
	dp->clsact =
		dp->conf.no_tcx || dp_clsact_needed(bpf_program__fd(dp->skel->progs.sc_uplink_in));
	r = dp_own_mark(dp, NULL, 0, err);
	if (r)
		return r;
	r = bpf_map_update_elem(bpf_map__fd(dp->skel->maps.pools), &zero, &dp->conf.pools, BPF_ANY);
	if (r)
		return err_sys(err, r, "map pools");
	return 0;
}

int dp_open(const struct dp_conf *conf, struct dp **ret_dp, struct err *err)
{
	const char *dir = conf->pin_dir ? conf->pin_dir : SC_PIN_DIR_ABI;
	int cpus = libbpf_num_possible_cpus();
	struct dp *dp;
	int r;

	if (cpus < 0)
		return err_sys(err, cpus, "number of CPUs");
	r = conf_check(conf, err);
	if (r)
		return r;
	r = dp_pin_dir_make(dir, err);
	if (r)
		return r;
	dp = calloc(1, sizeof(*dp));
	if (!dp)
		return err_sys(err, -ENOMEM, "data plane");
	dp->conf = *conf;
	dp->cpus = (uint32_t)cpus;
	snprintf(dp->pin_dir, sizeof(dp->pin_dir), "%s", dir);
	dp->conf.pin_dir = dp->pin_dir;
	r = load(dp, err);
	if (r) {
		dp_former_undo(dp);
		dp_close(dp);
		return r;
	}
	*ret_dp = dp;
	return 0;
}

void dp_close(struct dp *dp)
{
	if (!dp)
		return;
	dp_events_close(dp);
	if (dp->monitor)
		munmap(dp->monitor, sizeof(*dp->monitor));
	if (dp->slots)
		munmap(dp->slots, slots_bytes(dp));
	if (dp->counters)
		munmap(dp->counters, counters_bytes(dp));
	sidecar__destroy(dp->skel);
	free(dp);
}
