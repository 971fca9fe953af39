/* SPDX-License-Identifier: GPL-2.0-only */
#include "file.h"

#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>

int file_read(const char *path, size_t max, char **ret_text, size_t *ret_len, struct err *err)
{
	AUTO_FREE char *text = NULL;
	AUTO_FD int fd = -1;
	size_t len = 0;
	ssize_t n;

	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return err_sys(err, -errno, "%s", path);
	text = malloc(max + 2);
	if (!text)
		return err_sys(err, -ENOMEM, "%s", path);
	while (len <= max && (n = read(fd, text + len, max + 1 - len)) != 0) {
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return err_sys(err, -errno, "%s", path);
		len += (size_t)n;
	}
	if (len > max)
		return err_set(err, -EFBIG, "%s: larger than %zu bytes", path, max);
	text[len] = '\0';
	*ret_text = steal(&text);
	if (ret_len)
		*ret_len = len;
	return 0;
}

static int write_all(int fd, const void *data, size_t len)
{
	const char *p = data;

	while (len) {
		ssize_t n = write(fd, p, len);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return -errno;
		p += n;
		len -= (size_t)n;
	}
	return 0;
}

/* A rename is durable once its folder is. */
static int sync_folder_of(const char *path)
{
	char folder[PATH_MAX];
	const char *slash = strrchr(path, '/');
	AUTO_FD int fd = -1;

	snprintf(folder, sizeof(folder), "%.*s", slash ? (int)(slash - path + 1) : 1,
		 slash ? path : ".");
	fd = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (fd < 0 || fsync(fd))
		return -errno;
	return 0;
}

int file_write_atomic(const char *path, mode_t mode, const void *data, size_t len, struct err *err)
{
	char tmp[PATH_MAX];
	AUTO_FD int fd = -1;
	int r;

	if (snprintf(tmp, sizeof(tmp), "%s.new", path) >= (int)sizeof(tmp))
		return err_set(err, -ENAMETOOLONG, "%s: path too long", path);
	/* Left over from a crash: never trust its mode. */
	unlink(tmp);
	fd = open(tmp, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, mode);
	if (fd < 0)
		return err_sys(err, -errno, "%s", tmp);
	r = write_all(fd, data, len);
	if (!r && (fsync(fd) || rename(tmp, path)))
		r = -errno;
	if (!r)
		r = sync_folder_of(path);
	if (r) {
		unlink(tmp);
		return err_sys(err, r, "%s", path);
	}
	return 0;
}

int file_write_sysctl(const char *path, const char *value, struct err *err)
{
	AUTO_FD int fd = -1;
	int r;

	fd = open(path, O_WRONLY | O_CLOEXEC);
	if (fd < 0)
		return err_sys(err, -errno, "%s", path);
	r = write_all(fd, value, strlen(value));
	return r ? err_sys(err, r, "%s = %s", path, value) : 0;
}

int file_lock(const char *path, int *ret_fd, struct err *err)
{
	AUTO_FD int fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);

	if (fd < 0)
		return err_sys(err, -errno, "%s", path);
	if (flock(fd, LOCK_EX | LOCK_NB))
		return errno == EWOULDBLOCK
			       ? err_set(err, -EBUSY, "%s: another process runs here", path)
			       : err_sys(err, -errno, "%s", path);
	*ret_fd = steal_fd(&fd);
	return 0;
}
