/* SPDX-License-Identifier: GPL-2.0-only */
#include "control.h"

#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>
#include "../lib/cleanup.h"

#define BACKLOG 16

/* Its folder, if that is all that is missing. */
static int make_folder(const char *path, struct err *err)
{
	const char *slash = strrchr(path, '/');
	char folder[sizeof(((struct sockaddr_un *)0)->sun_path)];

	if (!slash || slash == path)
		return 0;
	snprintf(folder, sizeof(folder), "%.*s", (int)(slash - path), path);
	if (!mkdir(folder, 0755))
		/* Whatever the umask is: who may use the socket must come there. */
		return chmod(folder, 0755) ? err_sys(err, -errno, "%s", folder) : 0;
	return errno == EEXIST ? 0 : err_sys(err, -errno, "%s", folder);
}

/* Another agent of this machine is not to lose its own. */
static bool is_served(const struct sockaddr_un *addr)
{
	AUTO_FD int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

	return fd >= 0 && !connect(fd, (const struct sockaddr *)addr, sizeof(*addr));
}

/* Who may speak to Docker can do all that this can. */
static void share(const char *path, const char *docker_socket)
{
	struct stat st;

	if (stat(docker_socket, &st) || !st.st_gid || !(st.st_mode & S_IWGRP))
		return;
	if (!chown(path, (uid_t)-1, st.st_gid) && chmod(path, 0660))
		unlink(path);
}

int control_listen(const char *path, const char *docker_socket, int *ret_fd, struct err *err)
{
	struct sockaddr_un addr = {.sun_family = AF_UNIX};
	AUTO_FD int fd = -1;
	mode_t mask;
	int r;

	if (snprintf(addr.sun_path, sizeof(addr.sun_path), "%s", path) >=
	    (int)sizeof(addr.sun_path))
		return err_set(err, -ENAMETOOLONG, "SIDECAR_SOCKET: too long for a socket");
	r = make_folder(addr.sun_path, err);
	if (r)
		return r;
	fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (fd < 0)
		return err_sys(err, -errno, "%s", path);
	if (is_served(&addr))
		return err_set(err, -EADDRINUSE,
			       "%s: another agent listens there: give this one a SIDECAR_SOCKET",
			       path);
	unlink(path);
	/* Born with its mode: no moment at which others could connect. */
	mask = umask(0177);
	r = bind(fd, (const struct sockaddr *)&addr, sizeof(addr)) ? -errno : 0;
	umask(mask);
	if (!r && listen(fd, BACKLOG))
		r = -errno;
	if (r)
		return err_sys(err, r, "%s", path);
	share(path, docker_socket);
	*ret_fd = steal_fd(&fd);
	return 0;
}
