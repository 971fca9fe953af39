/* SPDX-License-Identifier: GPL-2.0-only */
#include "listen.h"

#include <netinet/tcp.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>

#define BACKLOG 1024
/* Of a path of 1280 bytes, whatever ICMP it loses: the tunnels' MTU is found without it, so must be
 * the API. It holds for both directions. */
#define MAX_SEGMENT 1220

static socklen_t to_sockaddr(const struct endpoint *e, struct sockaddr_storage *out)
{
	struct sockaddr_in6 in6 = {.sin6_family = AF_INET6, .sin6_port = htons(e->port)};
	struct sockaddr_in in4 = {.sin_family = AF_INET, .sin_port = htons(e->port)};

	memset(out, 0, sizeof(*out));
	if (e->family == AF_INET6) {
		memcpy(&in6.sin6_addr, &e->v6, sizeof(e->v6));
		memcpy(out, &in6, sizeof(in6));
		return sizeof(in6);
	}
	memcpy(&in4.sin_addr, &e->v4, sizeof(e->v4));
	memcpy(out, &in4, sizeof(in4));
	return sizeof(in4);
}

int listen_tls(const struct endpoint *where, int *ret_fd, struct err *err)
{
	struct sockaddr_storage addr;
	socklen_t len = to_sockaddr(where, &addr);
	char text[ENDPOINT_TEXT_LEN];
	AUTO_FD int fd = -1;
	int on = 1, off = 0, segment = MAX_SEGMENT, v6only;

	v6only = !addr6_is_zero(&where->v6);
	endpoint_text(text, where);
	fd = socket(where->family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (fd < 0)
		return err_sys(err, -errno, "listen on %s", text);
	setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on));
	setsockopt(fd, IPPROTO_TCP, TCP_MAXSEG, &segment, sizeof(segment));
	/* An address that the uplink gets a moment later must not keep relayd from starting. */
	if (where->family == AF_INET6) {
		setsockopt(fd, IPPROTO_IPV6, IPV6_FREEBIND, &on, sizeof(on));
		setsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY, v6only ? &on : &off, sizeof(on));
	} else {
		setsockopt(fd, IPPROTO_IP, IP_FREEBIND, &on, sizeof(on));
	}
	if (bind(fd, (const struct sockaddr *)&addr, len) || listen(fd, BACKLOG))
		return err_sys(err, -errno, "listen on %s", text);
	*ret_fd = steal_fd(&fd);
	return 0;
}

int listen_ctl(const struct conf *conf, int *ret_fd, struct err *err)
{
	struct sockaddr_un addr = {.sun_family = AF_UNIX};
	AUTO_FD int fd = -1;
	mode_t mask;
	int r;

	if (snprintf(addr.sun_path, sizeof(addr.sun_path), "%s/relayctl.sock", conf->run_dir) >=
	    (int)sizeof(addr.sun_path))
		return err_set(err, -ENAMETOOLONG, "run_dir: %s is too long for a socket",
			       conf->run_dir);
	fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (fd < 0)
		return err_sys(err, -errno, "%s", addr.sun_path);
	unlink(addr.sun_path);
	/* Born with its mode: no moment at which others could connect. */
	mask = umask(0177);
	r = bind(fd, (const struct sockaddr *)&addr, sizeof(addr)) ? -errno : 0;
	umask(mask);
	if (!r && listen(fd, BACKLOG))
		r = -errno;
	if (r)
		return err_sys(err, r, "%s", addr.sun_path);
	*ret_fd = steal_fd(&fd);
	return 0;
}
