/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * From the layout before this one, under traffic: new maps are filled from its pins, each link gets
 * the new program in one atomic step (dp_attach.c), and at last what the old programs counted until
 * then goes into the counters' own stripe. Slots do not change meanwhile: nobody is told of them.
 */
#include "dp_impl.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include "sidecar.skel.h"

#define FORMER_ABI 1
#define FORMER_DIR "v1"

/* As ABI 1 had them; frozen in selftests/abi. */
struct former_slot {
	__u32 flags;
	__u32 generation;
	__u8 v6[16];
	__be32 v4;
	__u32 account;
	__u32 wg_ifindex;
	__u32 vrf_ifindex;
	__u32 class_minor;
	__u32 mtu;
	__u32 pad[4];
};

struct former_counters {
	__u64 up_packets;
	__u64 up_bytes;
	__u64 down_packets;
	__u64 down_bytes;
	__u64 drop_packets;
	__u64 drop_bytes;
	__u64 last_up_ns;
	__u64 pad;
};

struct former_meta {
	__u32 abi;
	__u32 slots;
	__u32 cpus;
	__u32 pad;
};

bool dp_former_path(char out[static PATH_MAX], const struct dp *dp, const char *name)
{
	if (!dp->former_dir[0])
		return false;
	snprintf(out, PATH_MAX, "%s/%.*s", dp->former_dir, NAME_MAX - 1, name);
	return true;
}

/* A pinned array of that shape. What is read from a pin is foreign input. */
static int open_array(const struct dp *dp, const char *name, uint32_t entries, uint32_t value_size,
		      struct err *err)
{
	struct bpf_map_info info = {};
	uint32_t len = sizeof(info);
	char path[PATH_MAX];
	int fd;

	dp_former_path(path, dp, name);
	fd = bpf_obj_get(path);
	if (fd < 0)
		return err_sys(err, fd, "%s", path);
	if (bpf_map_get_info_by_fd(fd, &info, &len) || info.type != BPF_MAP_TYPE_ARRAY ||
	    info.key_size != sizeof(uint32_t) || info.value_size != value_size ||
	    info.max_entries != entries) {
		close(fd);
		return err_set(err, -EPROTO,
			       "%s is not as layout %d has it: remove it with relayd --flush", path,
			       FORMER_ABI);
	}
	return fd;
}

static int check_former(const struct dp *dp, struct err *err)
{
	struct former_meta meta;
	uint32_t zero = 0;
	AUTO_FD int fd = open_array(dp, "meta", 1, sizeof(meta), err);
	int r = fd < 0 ? fd : bpf_map_lookup_elem(fd, &zero, &meta);

	if (fd < 0)
		return fd;
	if (r)
		return err_sys(err, r, "%s: meta", dp->former_dir);
	if (meta.abi != FORMER_ABI || meta.slots != dp->conf.slots || meta.cpus != dp->cpus)
		return err_set(err, -EPROTO,
			       "%s has layout %u with %u slots on %u CPUs, wanted %d with %u on "
			       "%u: remove it with relayd --flush",
			       dp->former_dir, meta.abi, meta.slots, meta.cpus, FORMER_ABI,
			       dp->conf.slots, dp->cpus);
	return 0;
}

/* A slot that does not fit the configured pools any more stays closed. */
static int take_slots(struct dp *dp, struct err *err)
{
	AUTO_FD int fd = open_array(dp, "slots", dp->conf.slots, sizeof(struct former_slot), err);
	struct former_slot old;

	if (fd < 0)
		return fd;
	for (uint32_t nr = 0; nr < dp->conf.slots; nr++) {
		struct sc_slot s = {.flags = SC_SLOT_LIVE};
		int r = bpf_map_lookup_elem(fd, &nr, &old);

		if (r)
			return err_sys(err, r, "%s: slots", dp->former_dir);
		if (!(old.flags & SC_SLOT_LIVE))
			continue;
		s.generation = old.generation;
		memcpy(s.v6, old.v6, sizeof(s.v6));
		s.v4 = old.v4;
		s.account = old.account;
		s.wg_ifindex = old.wg_ifindex;
		s.vrf_ifindex = old.vrf_ifindex;
		s.class_minor = old.class_minor;
		s.mtu = old.mtu;
		/* Until the control plane says what the tier allows: as it was. */
		s.flags |= SC_SLOT_SMTP;
		r = dp_slot_set(dp, nr, &s, err);
		if (r && r != -EINVAL)
			return r;
	}
	return 0;
}

int dp_former_open(struct dp *dp, struct err *err)
{
	const char *slash = strrchr(dp->pin_dir, '/');
	char path[PATH_MAX];
	int r;

	if (!slash)
		return 0;
	snprintf(dp->former_dir, sizeof(dp->former_dir), "%.*s/" FORMER_DIR,
		 (int)(slash - dp->pin_dir), dp->pin_dir);
	dp_former_path(path, dp, "meta");
	if (!strcmp(dp->former_dir, dp->pin_dir) || access(path, F_OK)) {
		dp->former_dir[0] = '\0';
		return 0;
	}
	r = check_former(dp, err);
	if (r)
		return r;
	dp->former_counters = open_array(dp, "counters", dp->conf.slots * dp->cpus,
					 sizeof(struct former_counters), err);
	if (dp->former_counters < 0)
		return dp->former_counters;
	return take_slots(dp, err);
}

void dp_former_close(struct dp *dp)
{
	if (dp->former_counters >= 0)
		close(dp->former_counters);
	dp->former_counters = -1;
}

static int take_counters(struct dp *dp, struct err *err)
{
	struct sc_counters *own = &dp->counters[(size_t)dp->cpus * dp->conf.slots];
	struct former_counters c;

	memset(own, 0, dp->conf.slots * sizeof(*own));
	for (uint32_t i = 0; i < dp->cpus * dp->conf.slots; i++) {
		struct sc_counters *to = &own[i % dp->conf.slots];
		int r = bpf_map_lookup_elem(dp->former_counters, &i, &c);

		if (r)
			return err_sys(err, r, "%s: counters", dp->former_dir);
		to->up_packets += c.up_packets;
		to->up_bytes += c.up_bytes;
		to->down_packets += c.down_packets;
		to->down_bytes += c.down_bytes;
		to->drop_packets += c.drop_packets;
		to->drop_bytes += c.drop_bytes;
		if (c.last_up_ns > to->last_up_ns)
			to->last_up_ns = c.last_up_ns;
	}
	return 0;
}

int dp_settle(struct dp *dp, struct err *err)
{
	int r;

	if (!dp->former_dir[0])
		return 0;
	r = take_counters(dp, err);
	if (!r)
		r = dp_unpin(dp->former_dir, err);
	if (r)
		return r;
	dp_former_close(dp);
	dp->former_dir[0] = '\0';
	return 0;
}
