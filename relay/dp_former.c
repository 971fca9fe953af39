/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * From the layout before this one, under traffic: its maps are pinned here too and used by the old
 * programs and the new ones, so nothing that they hold or count is lost; then each link gets the
 * new program in one atomic step (dp_attach.c). What is new in this layout, a word of a slot and
 * one of the counters that were zero and map "pace", does not disturb the old programs. A map that
 * has to change is to be made anew and filled from the old one; such a one is refused here.
 */
#include "dp_impl.h"

#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include "../lib/parse.h"
#include "sidecar.skel.h"

#define FORMER_ABI 2
#define FORMER_DIR "v2"

/* As ABI 2 had it; frozen in selftests/abi. */
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

/* What is read from a pin is foreign input. */
static int check_former(const struct dp *dp, struct err *err)
{
	struct former_meta meta;
	uint32_t zero = 0;
	char path[PATH_MAX];
	AUTO_FD int fd = -1;
	int r;

	dp_former_path(path, dp, "meta");
	fd = dp_pin_open(path, dp->skel->maps.meta, err);
	if (fd < 0)
		return fd;
	r = bpf_map_lookup_elem(fd, &zero, &meta);
	if (r)
		return err_sys(err, r, "%s", path);
	if (meta.abi != FORMER_ABI || meta.cpus != dp->cpus)
		return err_set(err, -EPROTO,
			       "%s has layout %u on %u CPUs, wanted %d on %u: remove it with "
			       "relayd --flush",
			       dp->former_dir, meta.abi, meta.cpus, FORMER_ABI, dp->cpus);
	return dp_pin_slots(dp->former_dir, meta.slots, dp->conf.slots, err);
}

/* Beside ours there is the former layout's folder or none: programs of another one would see each
 * packet too. */
static int check_others(const char *parent, const char *own, struct err *err)
{
	DIR *dir = opendir(parent);
	const struct dirent *e;
	int r = 0;

	if (!dir)
		return err_sys(err, -errno, "%s", parent);
	while (!r && (e = readdir(dir))) {
		uint64_t abi;

		if (e->d_name[0] != 'v' || parse_u64(e->d_name + 1, 0, UINT32_MAX, &abi) ||
		    abi == FORMER_ABI || !strcmp(e->d_name, own))
			continue;
		r = err_set(err, -EPROTO,
			    "%s/%s has layout %llu, only %d can be taken over: start a relayd "
			    "between the two, or remove it with relayd --flush",
			    parent, e->d_name, (unsigned long long)abi, FORMER_ABI);
	}
	closedir(dir);
	return r;
}

static int find_former(struct dp *dp, struct err *err)
{
	const char *slash = strrchr(dp->pin_dir, '/');
	char parent[PATH_MAX - NAME_MAX], path[PATH_MAX];
	int r;

	if (!slash)
		return 0;
	snprintf(parent, sizeof(parent), "%.*s", (int)(slash - dp->pin_dir), dp->pin_dir);
	r = check_others(parent, slash + 1, err);
	if (r)
		return r;
	snprintf(dp->former_dir, sizeof(dp->former_dir), "%.*s/" FORMER_DIR,
		 (int)(slash - dp->pin_dir), dp->pin_dir);
	dp_former_path(path, dp, "meta");
	if (strcmp(dp->former_dir, dp->pin_dir) && !access(path, F_OK))
		return check_former(dp, err);
	dp->former_dir[0] = '\0';
	return 0;
}

/* One that the former layout did not have is made as any new one. */
static int share(const struct dp *dp, const struct bpf_map *map, struct err *err)
{
	const char *name = bpf_map__name(map);
	char from[PATH_MAX], to[PATH_MAX];
	AUTO_FD int fd = -1;
	int r;

	if (bpf_map__is_internal(map) || !strcmp(name, "meta"))
		return 0;
	dp_pin_path(to, dp, name);
	dp_former_path(from, dp, name);
	if (!access(to, F_OK))
		return 0;
	fd = dp_pin_open(from, map, err);
	if (fd < 0)
		return fd == -ENOENT ? 0 : fd;
	r = bpf_obj_pin(fd, to);
	return r ? err_sys(err, r, "%s", to) : 0;
}

int dp_former_share(struct dp *dp, struct err *err)
{
	const struct bpf_map *map;
	int r = find_former(dp, err);

	if (r || !dp->former_dir[0])
		return r;
	bpf_object__for_each_map(map, dp->skel->obj)
	{
		r = share(dp, map, err);
		if (r)
			return r;
	}
	return 0;
}

int dp_settle(struct dp *dp, struct err *err)
{
	int r;

	if (!dp->former_dir[0])
		return 0;
	r = dp_unpin(dp->former_dir, err);
	if (!r)
		dp->former_dir[0] = '\0';
	return r;
}
