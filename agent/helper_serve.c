/* SPDX-License-Identifier: GPL-2.0-only */
/* The worker reads what strangers send, so nothing it says is believed: see check_*(). */
#include "helper.h"

#include <fcntl.h>
#include <linux/magic.h>
#include <limits.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <sys/vfs.h>
#include <linux/nsfs.h>
#include <sched.h>
#include "helper_msg.h"
#include "tunnel.h"

/* A handle is index + 1 and, above that, how often the place was used. */
#define HANDLE_INDEX_BITS 16
#define HANDLE_INDEX(h) (((h) & ((1u << HANDLE_INDEX_BITS) - 1)) - 1)

struct server {
	const char *netns_dir;
	struct {
		int fd;	   /* -1 = free */
		int probe; /* socket in it, -1 = none */
		uint32_t handle;
	} open[HELPER_MAX_HANDLES];
};

static bool terminated(const char *text, size_t size)
{
	return memchr(text, '\0', size) != NULL;
}

/* A folder that is netns_dir, by whatever name (/var/run is /run), and one name in it. */
static int check_path(const struct server *s, const char *path, int *ret_dir, const char **ret_name,
		      struct err *err)
{
	char folder[HELPER_PATH_LEN], wanted[PATH_MAX], given[PATH_MAX];
	const char *slash;

	if (!terminated(path, HELPER_PATH_LEN))
		return err_set(err, -EINVAL, "path without an end");
	slash = strrchr(path, '/');
	if (path[0] != '/' || !slash[1] || !strcmp(slash + 1, ".") || !strcmp(slash + 1, ".."))
		return err_set(err, -EINVAL, "not the path of a network namespace");
	snprintf(folder, sizeof(folder), "%.*s", (int)(slash - path) + 1, path);
	if (!realpath(s->netns_dir, wanted))
		return err_sys(err, -errno, "%s", s->netns_dir);
	if (!realpath(folder, given) || strcmp(given, wanted))
		return err_set(err, -EACCES, "network namespace outside %s (SIDECAR_NETNS_DIR)",
			       s->netns_dir);
	*ret_dir = open(wanted, O_PATH | O_DIRECTORY | O_CLOEXEC);
	if (*ret_dir < 0)
		return err_sys(err, -errno, "%s", wanted);
	*ret_name = slash + 1;
	return 0;
}

/* A network namespace, and not the host's own. */
static int check_namespace(int fd, struct err *err)
{
	struct statfs fs;
	struct stat there, here;

	if (fstatfs(fd, &fs) || fstat(fd, &there) || stat("/proc/self/ns/net", &here))
		return err_sys(err, -errno, "network namespace");
	if (fs.f_type != NSFS_MAGIC || ioctl(fd, NS_GET_NSTYPE) != CLONE_NEWNET)
		return err_set(err, -EINVAL, "not a network namespace");
	if (there.st_dev == here.st_dev && there.st_ino == here.st_ino)
		return err_set(err, -EPERM, "the container shares the host's network");
	return 0;
}

static int do_open(struct server *s, const struct helper_msg *msg, struct helper_msg *answer,
		   struct err *err)
{
	AUTO_FD int dir = -1;
	AUTO_FD int fd = -1;
	const char *name;
	uint32_t i = 0;
	int r;

	while (i < HELPER_MAX_HANDLES && s->open[i].fd >= 0)
		i++;
	if (i == HELPER_MAX_HANDLES)
		return err_set(err, -EMFILE, "%d network namespaces are open", HELPER_MAX_HANDLES);
	r = check_path(s, msg->path, &dir, &name, err);
	if (r)
		return r;
	fd = openat(dir, name, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);
	if (fd < 0)
		return err_sys(err, -errno, "network namespace %s", name);
	r = check_namespace(fd, err);
	if (r)
		return r;
	s->open[i].handle += 1u << HANDLE_INDEX_BITS;
	s->open[i].handle = (s->open[i].handle & ~((1u << HANDLE_INDEX_BITS) - 1)) | (i + 1);
	s->open[i].fd = steal_fd(&fd);
	answer->handle = s->open[i].handle;
	return 0;
}

static int find(const struct server *s, uint32_t handle, uint32_t *ret_index, struct err *err)
{
	uint32_t i = HANDLE_INDEX(handle);

	if (i >= HELPER_MAX_HANDLES || s->open[i].fd < 0 || s->open[i].handle != handle)
		return err_set(err, -EBADF, "no such handle");
	*ret_index = i;
	return 0;
}

static bool v6_is_unicast(const struct addr6 *a)
{
	static const struct addr6 loopback = {.b[15] = 1};

	return a->b[0] != 0xff && !addr6_eq(a, &loopback) &&
	       !(a->b[0] == 0xfe && (a->b[1] & 0xc0) == 0x80);
}

static bool v4_is_unicast(struct addr4 a)
{
	return a.b[0] != 0 && a.b[0] != 127 && a.b[0] < 224;
}

static bool key_is_zero(const uint8_t key[static KEY_LEN])
{
	uint8_t all = 0;

	for (size_t i = 0; i < KEY_LEN; i++)
		all |= key[i];
	return !all;
}

static int check_conf(const struct tunnel_conf *c, struct err *err)
{
	bool v6 = !addr6_is_zero(&c->v6), v4 = !addr4_is_zero(c->v4);

	if (!terminated(c->container_id, sizeof(c->container_id)) ||
	    strlen(c->container_id) != HELPER_ID_LEN - 1 ||
	    strspn(c->container_id, "0123456789abcdef") != HELPER_ID_LEN - 1)
		return err_set(err, -EINVAL, "container id: not 64 hex digits");
	if (key_is_zero(c->private_key) || key_is_zero(c->relay_key))
		return err_set(err, -EINVAL, "a key is missing");
	if (!v6 && !v4)
		return err_set(err, -EINVAL, "no address");
	if ((v6 && !v6_is_unicast(&c->v6)) || (v4 && !v4_is_unicast(c->v4)))
		return err_set(err, -EINVAL, "not a unicast address");
	if (!c->endpoint.port ||
	    !(c->endpoint.family == AF_INET
		      ? !addr4_is_zero(c->endpoint.v4)
		      : c->endpoint.family == AF_INET6 && !addr6_is_zero(&c->endpoint.v6)))
		return err_set(err, -EINVAL, "the relay's endpoint makes no sense");
	if (c->mtu_max < MTU_MIN || c->mtu_max > MTU_MAX)
		return err_set(err, -EINVAL, "MTU %u is not in %d..%d", c->mtu_max, MTU_MIN,
			       MTU_MAX);
	if (c->mtu < MTU_MIN || c->mtu > c->mtu_max)
		return err_set(err, -EINVAL, "MTU %u is not in %d..%u", c->mtu, MTU_MIN,
			       c->mtu_max);
	if (c->egress_tunnel > 1)
		return err_set(err, -EINVAL, "egress_tunnel is neither 0 nor 1");
	return 0;
}

static int do_attach(struct server *s, const struct helper_msg *msg, struct helper_msg *answer,
		     struct err *err)
{
	bool without_v6 = false;
	uint32_t i = 0;
	int r = find(s, msg->handle, &i, err);

	if (!r)
		r = check_conf(&msg->conf, err);
	if (!r)
		r = tunnel_attach(s->open[i].fd, &msg->conf, &without_v6, err);
	if (!r)
		answer->without_v6 = without_v6;
	return r;
}

static int do_prepare(struct server *s, const struct helper_msg *msg,
		      UNUSED struct helper_msg *answer, struct err *err)
{
	uint32_t i = 0;
	int r = find(s, msg->handle, &i, err);

	if (!r)
		r = check_conf(&msg->conf, err);
	return r ? r : tunnel_prepare(s->open[i].fd, &msg->conf, err);
}

static int do_switch(struct server *s, const struct helper_msg *msg,
		     UNUSED struct helper_msg *answer, struct err *err)
{
	uint32_t i = 0;
	int r = find(s, msg->handle, &i, err);

	if (!r)
		r = check_conf(&msg->conf, err);
	return r ? r : tunnel_switch(s->open[i].fd, &msg->conf, err);
}

static int do_detach(struct server *s, const struct helper_msg *msg,
		     UNUSED struct helper_msg *answer, struct err *err)
{
	uint32_t i = 0;
	int r = find(s, msg->handle, &i, err);

	return r ? r : tunnel_detach(s->open[i].fd, err);
}

static int do_status(struct server *s, const struct helper_msg *msg, struct helper_msg *answer,
		     struct err *err)
{
	uint32_t i = 0;
	int r = find(s, msg->handle, &i, err);

	return r ? r : tunnel_status(s->open[i].fd, &msg->which, &answer->status, err);
}

static int do_psk(struct server *s, const struct helper_msg *msg, UNUSED struct helper_msg *answer,
		  struct err *err)
{
	uint32_t i = 0;
	int r = find(s, msg->handle, &i, err);

	return r ? r : tunnel_psk(s->open[i].fd, &msg->psk, err);
}

static int check_probe(const struct tunnel_probe *p, struct err *err)
{
	bool v6 = !addr6_is_zero(&p->v6);

	if (v6 ? !v6_is_unicast(&p->v6) : !v4_is_unicast(p->v4))
		return err_set(err, -EINVAL, "not a unicast address");
	if (p->how > TUNNEL_PROBE_END || p->volley.n > MTU_VOLLEY)
		return err_set(err, -EINVAL, "a probe that makes no sense");
	for (uint32_t i = 0; i < p->volley.n; i++) {
		if (p->volley.size[i] < MTU_MIN || p->volley.size[i] > MTU_MAX)
			return err_set(err, -EINVAL, "a probe of %u bytes", p->volley.size[i]);
	}
	return 0;
}

static void close_probe(int *fd)
{
	cleanup_fd(fd);
	*fd = -1;
}

static int do_probe(struct server *s, const struct helper_msg *msg, struct helper_msg *answer,
		    struct err *err)
{
	uint32_t i = 0;
	int r = find(s, msg->handle, &i, err);

	if (!r)
		r = check_probe(&msg->probe, err);
	if (r)
		return r;
	if (msg->probe.how != TUNNEL_PROBE_GO_ON)
		close_probe(&s->open[i].probe);
	if (msg->probe.how == TUNNEL_PROBE_END)
		return 0;
	if (s->open[i].probe < 0)
		r = tunnel_probe_open(s->open[i].fd, &msg->probe, &s->open[i].probe, err);
	return r ? r : tunnel_probe(s->open[i].probe, &msg->probe, &answer->probe.volley, err);
}

static int do_close(struct server *s, const struct helper_msg *msg,
		    UNUSED struct helper_msg *answer, struct err *err)
{
	uint32_t i = 0;
	int r = find(s, msg->handle, &i, err);

	if (r)
		return r;
	close(s->open[i].fd);
	s->open[i].fd = -1;
	close_probe(&s->open[i].probe);
	return 0;
}

static int do_sweep(UNUSED struct server *s, UNUSED const struct helper_msg *msg,
		    UNUSED struct helper_msg *answer, struct err *err)
{
	return tunnel_sweep(err);
}

/* All that the worker may ask for. */
static int (*const requests[HELPER_TYPE_MAX])(struct server *s, const struct helper_msg *msg,
					      struct helper_msg *answer, struct err *err) = {
	[HELPER_OPEN] = do_open,     [HELPER_ATTACH] = do_attach,   [HELPER_DETACH] = do_detach,
	[HELPER_STATUS] = do_status, [HELPER_CLOSE] = do_close,	    [HELPER_SWEEP] = do_sweep,
	[HELPER_PSK] = do_psk,	     [HELPER_PREPARE] = do_prepare, [HELPER_SWITCH] = do_switch,
	[HELPER_PROBE] = do_probe,
};

static int wait_for(int fd, short events)
{
	struct pollfd p = {.fd = fd, .events = events};

	while (poll(&p, 1, -1) < 0) {
		if (errno != EINTR)
			return -errno;
	}
	return 0;
}

static int receive(int fd, struct helper_msg *msg)
{
	int r;

	while ((r = helper_msg_recv(fd, msg)) == -EAGAIN) {
		r = wait_for(fd, POLLIN);
		if (r)
			return r;
	}
	return r;
}

static int reply(int fd, const struct helper_msg *answer)
{
	int r;

	while ((r = helper_msg_send(fd, answer)) == -EAGAIN) {
		r = wait_for(fd, POLLOUT);
		if (r)
			return r;
	}
	return r;
}

/* 0: go on. */
static int serve_one(struct server *s, int fd, struct err *err)
{
	struct helper_msg msg, answer = {.type = HELPER_ANSWER};
	struct err why = {};
	int r;

	r = receive(fd, &msg);
	if (r)
		return err_sys(err, r, "worker");
	if (!requests[msg.type]) {
		explicit_bzero(&msg, sizeof(msg));
		return err_set(err, -EPROTO, "worker: message type %u is no request", msg.type);
	}
	answer.seq = msg.seq;
	answer.handle = msg.handle;
	answer.result = requests[msg.type](s, &msg, &answer, &why);
	explicit_bzero(&msg, sizeof(msg));
	if (answer.result > 0)
		answer.result = -EIO;
	if (answer.result)
		snprintf(answer.text, sizeof(answer.text), "%s", why.text);
	r = reply(fd, &answer);
	return r ? err_sys(err, r, "worker") : 0;
}

int helper_serve(int fd, const char *netns_dir, struct err *err)
{
	AUTO_FREE struct server *s = calloc(1, sizeof(*s));
	int r;

	if (!s)
		return err_sys(err, -ENOMEM, "helper");
	s->netns_dir = netns_dir;
	for (size_t i = 0; i < HELPER_MAX_HANDLES; i++)
		s->open[i].fd = s->open[i].probe = -1;
	do {
		r = serve_one(s, fd, err);
	} while (!r);
	for (size_t i = 0; i < HELPER_MAX_HANDLES; i++)
		cleanup_fd(&s->open[i].fd);
	for (size_t i = 0; i < HELPER_MAX_HANDLES; i++)
		cleanup_fd(&s->open[i].probe);
	/* The worker went, which is its right. */
	return r == -ECONNRESET || r == -EPIPE ? 0 : r;
}
