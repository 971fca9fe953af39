/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * From what ran before in another form, under traffic: the layout before this one, or this one with
 * another number of slots, whose folder is set aside first. Maps that are the same are pinned here
 * too and used by the old programs and the new ones; those sized by the number of slots are made
 * anew and filled (dp_former_fill.c). Then each link gets the new program in one atomic step
 * (dp_attach.c). What is new in this layout, a word of a slot and one of the counters that were
 * zero and map "pace", does not disturb the old programs.
 */
#include "dp_impl.h"

#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include "../lib/log.h"
#include "../lib/parse.h"
#include "sidecar.skel.h"

#define FORMER_ABI 2
#define FORMER_DIR "v2"
#define ASIDE "_aside" /* behind the name of this layout's folder */

/* As ABI 2 had it, too; frozen in selftests/abi. */
static int read_meta(const struct dp *dp, const char *dir, struct sc_meta *ret_meta,
		     struct err *err)
{
	uint32_t zero = 0;
	char path[PATH_MAX];
	AUTO_FD int fd = -1;
	int r;

	snprintf(path, sizeof(path), "%s/meta", dir);
	fd = dp_pin_open(path, dp->skel->maps.meta, 1, err);
	if (fd < 0)
		return fd;
	r = bpf_map_lookup_elem(fd, &zero, ret_meta);
	return r ? err_sys(err, r, "%s", path) : 0;
}

bool dp_former_path(char out[static PATH_MAX], const struct dp *dp, const char *name)
{
	if (!dp->former_dir[0])
		return false;
	snprintf(out, PATH_MAX, "%s/%.*s", dp->former_dir, NAME_MAX - 1, name);
	return true;
}

/* The number in a folder's name, vNUMBER, or of one that was set aside. */
static bool is_layout(const char *name, uint64_t *ret_abi)
{
	char digits[16];
	size_t len = strspn(name + 1, "0123456789");

	if (name[0] != 'v' || len >= sizeof(digits) ||
	    (name[1 + len] && strcmp(name + 1 + len, ASIDE)))
		return false;
	snprintf(digits, sizeof(digits), "%.*s", (int)len, name + 1);
	return !parse_u64(digits, 0, UINT32_MAX, ret_abi);
}

static bool is_own(const char *name, const char *own)
{
	size_t len = strlen(own);

	return !strncmp(name, own, len) && (!name[len] || !strcmp(name + len, ASIDE));
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

		if (!is_layout(e->d_name, &abi) || abi == FORMER_ABI || is_own(e->d_name, own))
			continue;
		r = err_set(err, -EPROTO,
			    "%s/%s has layout %llu, only %d can be taken over: start a relayd "
			    "between the two, or remove it with relayd --flush",
			    parent, e->d_name, (unsigned long long)abi, FORMER_ABI);
	}
	closedir(dir);
	return r;
}

/* What is read from a pin is foreign input. Without meta nothing of it runs: it was never ready, or
 * is left from dp_settle(). */
static int use_former(struct dp *dp, const char *dir, uint32_t abi, struct err *err)
{
	struct sc_meta meta;
	int r = read_meta(dp, dir, &meta, err);

	if (r)
		return r == -ENOENT ? dp_unpin(dir, err) : r;
	if (meta.abi != abi || meta.cpus != dp->cpus || !meta.slots || meta.slots > SC_SLOTS_MAX)
		return err_set(err, -EPROTO,
			       "%s has layout %u with %u slots on %u CPUs, wanted %u on %u: "
			       "remove it with relayd --flush",
			       dir, meta.abi, meta.slots, meta.cpus, abi, dp->cpus);
	snprintf(dp->former_dir, sizeof(dp->former_dir), "%s", dir);
	dp->former_slots = meta.slots;
	return 0;
}

static bool has_programs(const char *pin_dir)
{
	DIR *dir = opendir(pin_dir);
	const struct dirent *e;
	bool has = false;

	while (dir && !has && (e = readdir(dir)))
		has = !strncmp(e->d_name, "link_", 5) || !strncmp(e->d_name, "filter-", 7);
	if (dir)
		closedir(dir);
	return has;
}

/* Begun before, and not ended. While nothing runs by our maps, which may be of another size or half
 * filled, it begins again. */
static int resume(struct dp *dp, const struct sc_meta *own, struct err *err)
{
	int r;

	if (own->abi && own->slots == dp->conf.slots)
		return 0;
	if (has_programs(dp->pin_dir))
		return err_set(err, -EPROTO,
			       "slots: a change to %u was cut off: start relayd once with %u, then "
			       "change it",
			       own->slots, own->slots);
	r = dp_unpin(dp->pin_dir, err);
	return r ? r : dp_pin_dir_make(dp->pin_dir, err);
}

/* Another number of slots: our own folder becomes the former one. */
static int set_aside(struct dp *dp, const char *aside, uint32_t slots, struct err *err)
{
	if (rename(dp->pin_dir, aside))
		return err_sys(err, -errno, "%s", aside);
	snprintf(dp->former_dir, sizeof(dp->former_dir), "%s", aside);
	dp->former_slots = slots;
	dp->set_aside = true;
	return dp_pin_dir_make(dp->pin_dir, err);
}

void dp_former_undo(struct dp *dp)
{
	struct err err;

	if (!dp->set_aside || has_programs(dp->pin_dir))
		return;
	if (dp_unpin(dp->pin_dir, &err))
		log_err("%s", err.text);
	else if (rename(dp->former_dir, dp->pin_dir))
		log_err("%s: %s", dp->former_dir, strerror(errno));
}

static int find_former(struct dp *dp, struct err *err)
{
	const char *slash = strrchr(dp->pin_dir, '/');
	char parent[PATH_MAX - NAME_MAX], dir[PATH_MAX - NAME_MAX];
	struct sc_meta own = {};
	int r;

	if (!slash)
		return 0;
	snprintf(parent, sizeof(parent), "%.*s", (int)(slash - dp->pin_dir), dp->pin_dir);
	r = check_others(parent, slash + 1, err);
	if (!r)
		r = read_meta(dp, dp->pin_dir, &own, err);
	if (r && r != -ENOENT)
		return r;
	/* check_meta() says what is wrong with it. */
	if (own.abi && own.abi != SC_ABI)
		return 0;
	r = 0;
	snprintf(dir, sizeof(dir), "%.*s/" FORMER_DIR, (int)(slash - dp->pin_dir), dp->pin_dir);
	if (strcmp(dir, dp->pin_dir))
		r = use_former(dp, dir, FORMER_ABI, err);
	snprintf(dir, sizeof(dir), "%.*s" ASIDE, (int)strlen(dp->pin_dir), dp->pin_dir);
	if (!r && !dp->former_dir[0])
		r = use_former(dp, dir, SC_ABI, err);
	if (r)
		return r;
	if (dp->former_dir[0])
		return resume(dp, &own, err);
	if (own.abi && own.slots != dp->conf.slots)
		return set_aside(dp, dir, own.slots, err);
	return 0;
}

/* One that the former layout did not have is made as any new one, so is one of another size. */
static int share(const struct dp *dp, const struct bpf_map *map, struct err *err)
{
	uint32_t entries = dp_map_entries(dp, map, dp->former_slots);
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
	fd = dp_pin_open(from, map, entries, err);
	if (fd < 0)
		return fd == -ENOENT ? 0 : fd;
	if (entries != bpf_map__max_entries(map))
		return 0;
	r = bpf_obj_pin(fd, to);
	return r ? err_sys(err, r, "%s", to) : 0;
}

int dp_former_share(struct dp *dp, struct err *err)
{
	const struct bpf_map *map;
	int r = find_former(dp, err);

	if (r || !dp->former_dir[0])
		return r;
	r = dp_former_check_fit(dp, err);
	if (r)
		return r;
	bpf_object__for_each_map(map, dp->skel->obj)
	{
		r = share(dp, map, err);
		if (r)
			return r;
	}
	return 0;
}

/* Without meta it is nobody's former folder any more, however far the rest comes. */
int dp_settle(struct dp *dp, struct err *err)
{
	char meta[PATH_MAX];
	int r;

	if (!dp_former_path(meta, dp, "meta"))
		return 0;
	r = dp_former_count(dp, err);
	if (!r && unlink(meta))
		r = err_sys(err, -errno, "%s", meta);
	if (!r)
		r = dp_unpin(dp->former_dir, err);
	if (!r)
		dp->former_dir[0] = '\0';
	return r;
}
