/* SPDX-License-Identifier: GPL-2.0-only */
#include "dp_impl.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include "../lib/file.h"
#include "../lib/parse.h"
#include "sidecar.skel.h"

/* The kernel adds meanwhile: each word is read once, whole. */
static uint64_t read_once(const __u64 *p)
{
	return __atomic_load_n(p, __ATOMIC_RELAXED);
}

void dp_counters_sum(const struct sc_counters *all, uint32_t slots, uint32_t cpus, uint32_t slot,
		     struct sc_counters *ret_sum)
{
	struct sc_counters sum = {};

	for (uint32_t cpu = 0; cpu <= cpus && slot < slots; cpu++) {
		const struct sc_counters *c = &all[(size_t)cpu * slots + slot];
		uint64_t last = read_once(&c->last_up_ns);

		sum.up_packets += read_once(&c->up_packets);
		sum.up_bytes += read_once(&c->up_bytes);
		sum.down_packets += read_once(&c->down_packets);
		sum.down_bytes += read_once(&c->down_bytes);
		sum.drop_packets += read_once(&c->drop_packets);
		sum.drop_bytes += read_once(&c->drop_bytes);
		sum.outside_packets += read_once(&c->outside_packets);
		if (last > sum.last_up_ns)
			sum.last_up_ns = last;
	}
	*ret_sum = sum;
}

void dp_counters(const struct dp *dp, uint32_t slot, struct sc_counters *ret_sum)
{
	dp_counters_sum(dp->counters, dp->conf.slots, dp->cpus, slot, ret_sum);
}

void dp_counters_reset(struct dp *dp, uint32_t slot)
{
	for (uint32_t cpu = 0; cpu <= dp->cpus && slot < dp->conf.slots; cpu++)
		memset(&dp->counters[(size_t)cpu * dp->conf.slots + slot], 0,
		       sizeof(*dp->counters));
}

/*
 * The kernel's name for this boot, and the number that the file system gave to the folder of all
 * layouts when it was made: no two folders of one boot have the same.
 */
int dp_counters_run(const struct dp *dp, uint8_t ret_run[static 16], struct err *err)
{
	AUTO_FREE char *text = NULL;
	char path[PATH_MAX + 4];
	uint8_t run[16] = {};
	unsigned int digits = 0;
	struct stat st;
	int r = file_read("/proc/sys/kernel/random/boot_id", 64, &text, NULL, err);

	if (r)
		return r;
	snprintf(path, sizeof(path), "%s/..", dp->pin_dir);
	if (stat(path, &st))
		return err_sys(err, -errno, "%s", path);
	for (const char *c = text; *c && digits < 32; c++) {
		static const char hex[] = "0123456789abcdef";
		const char *at = strchr(hex, *c);

		if (!at)
			continue;
		run[digits / 2] = (uint8_t)(run[digits / 2] << 4 | (at - hex));
		digits++;
	}
	if (digits != 32)
		return err_set(err, -EPROTO, "boot_id: 32 digits expected");
	for (unsigned int i = 0; i < sizeof(st.st_ino); i++)
		run[8 + i] ^= (uint8_t)(st.st_ino >> (8 * i));
	memcpy(ret_run, run, sizeof(run));
	return 0;
}

/* Element 0 to n - 1, of all CPUs. */
static int sum_per_cpu(const struct dp *dp, const struct bpf_map *map, uint32_t n,
		       uint64_t *ret_sums, struct err *err)
{
	AUTO_FREE uint64_t *per_cpu = calloc(dp->cpus, sizeof(*per_cpu));

	if (!per_cpu)
		return err_sys(err, -ENOMEM, "map %s", bpf_map__name(map));
	for (uint32_t i = 0; i < n; i++) {
		int r = bpf_map_lookup_elem(bpf_map__fd(map), &i, per_cpu);

		if (r)
			return err_sys(err, r, "map %s", bpf_map__name(map));
		for (uint32_t cpu = 0; cpu < dp->cpus; cpu++)
			ret_sums[i] += per_cpu[cpu];
	}
	return 0;
}

int dp_drops(struct dp *dp, uint64_t ret_drops[static SC_DROP_MAX], struct err *err)
{
	uint64_t sums[SC_DROP_MAX] = {};
	int r = sum_per_cpu(dp, dp->skel->maps.drops, SC_DROP_MAX, sums, err);

	if (!r)
		memcpy(ret_drops, sums, sizeof(sums));
	return r;
}

int dp_asked(struct dp *dp, uint64_t ret_asked[static 2 * SC_MAX_POOLS], struct err *err)
{
	uint64_t sums[2 * SC_MAX_POOLS] = {};
	int r = sum_per_cpu(dp, dp->skel->maps.asked, 2 * SC_MAX_POOLS, sums, err);

	if (!r)
		memcpy(ret_asked, sums, sizeof(sums));
	return r;
}

/* A line "memlock:\tBYTES" of /proc/self/fdinfo; exact since 6.4, an estimate before. */
static uint64_t memory_of(const struct bpf_map *map)
{
	static const char key[] = "\nmemlock:\t";
	AUTO_FREE char *text = NULL;
	uint64_t bytes = 0;
	char path[64], *at;

	snprintf(path, sizeof(path), "/proc/self/fdinfo/%d", bpf_map__fd(map));
	if (file_read(path, 4096, &text, NULL, NULL))
		return 0;
	at = strstr(text, key);
	if (!at)
		return 0;
	at += strlen(key);
	at[strcspn(at, "\n")] = '\0';
	return parse_u64(at, 0, UINT64_MAX, &bytes) ? 0 : bytes;
}

uint64_t dp_memory_bytes(const struct dp *dp)
{
	const struct bpf_map *map;
	uint64_t sum = 0;

	bpf_object__for_each_map(map, dp->skel->obj) sum += memory_of(map);
	return sum;
}
