// SPDX-License-Identifier: GPL-2.0-only
// link: agent/helper_msg.c agent/helper_serve.c
/*
 * What a worker that has been taken over may send. Tunnels are faked: only values that may reach
 * the kernel reach them. There is one namespace that it may open, DIR/x, for which the fuzzer must
 * be root; without, no message gets beyond OPEN.
 */
#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/socket.h>
#include <unistd.h>
#include "agent/helper.h"
#include "agent/helper_msg.h"
#include "agent/tunnel.h"

#define DIR "/mnt"

static void check(const struct tunnel_conf *conf)
{
	if (strlen(conf->container_id) != HELPER_ID_LEN - 1 || conf->mtu < 1280 ||
	    !conf->endpoint.port || (addr6_is_zero(&conf->v6) && addr4_is_zero(conf->v4)))
		abort();
}

int tunnel_attach(UNUSED int netns_fd, const struct tunnel_conf *conf, UNUSED bool *ret_without_v6,
		  UNUSED struct err *err)
{
	check(conf);
	return 0;
}

int tunnel_prepare(UNUSED int netns_fd, const struct tunnel_conf *conf, UNUSED struct err *err)
{
	check(conf);
	return 0;
}

int tunnel_switch(UNUSED int netns_fd, const struct tunnel_conf *conf, UNUSED struct err *err)
{
	check(conf);
	return 0;
}

int tunnel_detach(UNUSED int netns_fd, UNUSED struct err *err)
{
	return 0;
}

int tunnel_psk(UNUSED int netns_fd, UNUSED const struct tunnel_psk *psk, UNUSED struct err *err)
{
	return 0;
}

int tunnel_status(UNUSED int netns_fd, UNUSED const struct tunnel_which *which,
		  struct tunnel_status *ret_status, UNUSED struct err *err)
{
	*ret_status = (struct tunnel_status){};
	return 0;
}

int tunnel_probe_open(UNUSED int netns_fd, const struct tunnel_probe *probe, int *ret_fd,
		      UNUSED struct err *err)
{
	if (addr6_is_zero(&probe->v6) && addr4_is_zero(probe->v4))
		abort();
	*ret_fd = open("/dev/null", O_RDWR | O_CLOEXEC);
	return *ret_fd < 0 ? -EMFILE : 0;
}

int tunnel_probe(UNUSED int fd, const struct tunnel_probe *probe, struct mtu_volley *ret_answers,
		 UNUSED struct err *err)
{
	for (uint32_t i = 0; i < probe->volley.n; i++) {
		if (i == MTU_VOLLEY || probe->volley.size[i] < MTU_MIN ||
		    probe->volley.size[i] > MTU_MAX)
			abort();
	}
	*ret_answers = (struct mtu_volley){};
	return 0;
}

int tunnel_sweep(UNUSED struct err *err)
{
	return 0;
}

int LLVMFuzzerInitialize(int *argc, char ***argv);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* In a mount namespace of its own, which ends with it. */
int LLVMFuzzerInitialize(UNUSED int *argc, UNUSED char ***argv)
{
	if (unshare(CLONE_NEWNS) || mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) ||
	    mount("tmpfs", DIR, "tmpfs", 0, NULL) ||
	    close(open(DIR "/x", O_CREAT | O_WRONLY | O_CLOEXEC, 0600)) || unshare(CLONE_NEWNET) ||
	    mount("/proc/self/ns/net", DIR "/x", NULL, MS_BIND, NULL) || unshare(CLONE_NEWNET))
		perror("no network namespace to open");
	return 0;
}

/* Messages one behind the other; the last one may be short. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct err err;
	int pair[2];

	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair))
		return 0;
	for (int i = 0; size && i < 8; i++) {
		size_t n = size < sizeof(struct helper_msg) ? size : sizeof(struct helper_msg);

		if (send(pair[0], data, n, MSG_NOSIGNAL | MSG_DONTWAIT) < 0)
			break;
		data += n;
		size -= n;
	}
	/* Answers may find no reader, which is an error like any other. */
	shutdown(pair[0], SHUT_WR);
	helper_serve(pair[1], DIR, &err);
	close(pair[0]);
	close(pair[1]);
	return 0;
}
