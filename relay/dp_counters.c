/* SPDX-License-Identifier: GPL-2.0-only */
#include "dp_impl.h"

#include <errno.h>
#include <string.h>
#include "sidecar.skel.h"

/* The kernel adds meanwhile: each word is read once, whole. */
static uint64_t read_once(const __u64 *p)
{
	return __atomic_load_n(p, __ATOMIC_RELAXED);
}

void dp_counters(const struct dp *dp, uint32_t slot, struct sc_counters *ret_sum)
{
	struct sc_counters sum = {};

	/* The last stripe is ours: what an earlier layout had counted. */
	for (uint32_t cpu = 0; cpu <= dp->cpus && slot < dp->conf.slots; cpu++) {
		const struct sc_counters *c = &dp->counters[(size_t)cpu * dp->conf.slots + slot];
		uint64_t last = read_once(&c->last_up_ns);

		sum.up_packets += read_once(&c->up_packets);
		sum.up_bytes += read_once(&c->up_bytes);
		sum.down_packets += read_once(&c->down_packets);
		sum.down_bytes += read_once(&c->down_bytes);
		sum.drop_packets += read_once(&c->drop_packets);
		sum.drop_bytes += read_once(&c->drop_bytes);
		if (last > sum.last_up_ns)
			sum.last_up_ns = last;
	}
	*ret_sum = sum;
}

void dp_counters_reset(struct dp *dp, uint32_t slot)
{
	for (uint32_t cpu = 0; cpu <= dp->cpus && slot < dp->conf.slots; cpu++)
		memset(&dp->counters[(size_t)cpu * dp->conf.slots + slot], 0,
		       sizeof(*dp->counters));
}

int dp_drops(struct dp *dp, uint64_t ret_drops[static SC_DROP_MAX], struct err *err)
{
	uint64_t sums[SC_DROP_MAX] = {};
	AUTO_FREE uint64_t *per_cpu = calloc(dp->cpus, sizeof(*per_cpu));
	int r;

	if (!per_cpu)
		return err_sys(err, -ENOMEM, "drop counters");
	for (uint32_t i = 0; i < SC_DROP_MAX; i++) {
		r = bpf_map_lookup_elem(bpf_map__fd(dp->skel->maps.drops), &i, per_cpu);
		if (r)
			return err_sys(err, r, "map drops");
		for (uint32_t cpu = 0; cpu < dp->cpus; cpu++)
			sums[i] += per_cpu[cpu];
	}
	memcpy(ret_drops, sums, sizeof(sums));
	return 0;
}
