/* SPDX-License-Identifier: GPL-2.0-only */
#include "dp_impl.h"

#include <errno.h>
#include <ftw.h>
#include <linux/magic.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/vfs.h>

static int make_parents(const char *dir, struct err *err)
{
	char path[PATH_MAX];

	if (strlen(dir) >= sizeof(path))
		return err_set(err, -ENAMETOOLONG, "%s: path too long", dir);
	for (size_t i = 1; i <= strlen(dir); i++) {
		if (dir[i] && dir[i] != '/')
			continue;
		memcpy(path, dir, i);
		path[i] = '\0';
		if (mkdir(path, 0700) && errno != EEXIST)
			return err_sys(err, -errno, "%s (is the BPF file system mounted?)", path);
	}
	return 0;
}

int dp_pin_dir_make(const char *dir, struct err *err)
{
	struct statfs fs;
	int r = make_parents(dir, err);

	if (r)
		return r;
	if (statfs(dir, &fs))
		return err_sys(err, -errno, "%s", dir);
	if (fs.f_type != BPF_FS_MAGIC)
		return err_set(err, -ENODEV,
			       "%s is not on a BPF file system: mount -t bpf bpf /sys/fs/bpf", dir);
	return 0;
}

void dp_pin_path(char out[static PATH_MAX], const struct dp *dp, const char *name)
{
	snprintf(out, PATH_MAX, "%s/%.*s", dp->pin_dir, NAME_MAX - 1, name);
}

int dp_pin_open(const char *path, const struct bpf_map *map, uint32_t entries, struct err *err)
{
	struct bpf_map_info info = {};
	uint32_t len = sizeof(info);
	AUTO_FD int fd = bpf_obj_get(path);

	if (fd == -ENOENT)
		return fd;
	if (fd < 0)
		return err_sys(err, fd, "%s", path);
	if (bpf_map_get_info_by_fd(fd, &info, &len))
		return err_set(err, -EPROTO, "%s is not a map: remove it with relayd --flush",
			       path);
	if (info.type != bpf_map__type(map) || info.key_size != bpf_map__key_size(map) ||
	    info.value_size != bpf_map__value_size(map) || info.max_entries != entries ||
	    info.map_flags != bpf_map__map_flags(map))
		return err_set(err, -EPROTO,
			       "%s has another layout (%u entries of %u bytes, wanted %u of %u): "
			       "remove it with relayd --flush",
			       path, info.max_entries, info.value_size, entries,
			       bpf_map__value_size(map));
	return steal_fd(&fd);
}

static int remove_one(const char *path, const struct stat *st UNUSED, int type, struct FTW *ftw)
{
	int r;

	dp_clsact_forget(path + ftw->base);
	r = type == FTW_DP ? rmdir(path) : unlink(path);

	return r && errno != ENOENT ? -errno : 0;
}

int dp_unpin(const char *pin_dir, struct err *err)
{
	const char *dir = pin_dir ? pin_dir : SC_PIN_DIR;
	struct statfs fs;
	int r;

	if (statfs(dir, &fs))
		return errno == ENOENT ? 0 : err_sys(err, -errno, "%s", dir);
	if (fs.f_type != BPF_FS_MAGIC)
		return err_set(err, -EINVAL, "%s is not on a BPF file system", dir);
	r = nftw(dir, remove_one, 8, FTW_DEPTH | FTW_PHYS | FTW_MOUNT);
	if (r)
		return err_sys(err, r == -1 ? -errno : r, "%s", dir);
	return 0;
}
