/* SPDX-License-Identifier: GPL-2.0-only */
/* The helper's service over a real socket pair, with this test as the worker: real namespaces, and
 * everything a worker that has been taken over may try. */
#include <arpa/inet.h>
#include <fcntl.h>
#include <pthread.h>
#include <sched.h>
#include <stdio.h>
#include <sys/mount.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include "selftests/unit/test.h"
#include "agent/helper.h"
#include "agent/helper_msg.h"

#define ID "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"

struct rig {
	char dir[32], box[64];
	int fd;
	pthread_t thread;
	int result; /* of helper_serve() */
	int theirs;
	struct err err;
	uint32_t seq;
};

static void *serve(void *arg)
{
	struct rig *rig = arg;

	rig->result = helper_serve(rig->theirs, rig->dir, &rig->err);
	close(rig->theirs);
	return NULL;
}

/* A namespace of its own, held open by a mount as Docker does it. */
static void *make_box(void *arg)
{
	struct rig *rig = arg;

	close(open(rig->box, O_CREAT | O_WRONLY | O_CLOEXEC, 0600));
	rig->result = unshare(CLONE_NEWNET) ||
		      mount("/proc/thread-self/ns/net", rig->box, NULL, MS_BIND, NULL);
	return NULL;
}

static int set_up(void **state)
{
	struct rig *rig = calloc(1, sizeof(*rig));
	int pair[2];

	assert_non_null(rig);
	snprintf(rig->dir, sizeof(rig->dir), "/tmp/netns-XXXXXX");
	assert_non_null(mkdtemp(rig->dir));
	snprintf(rig->box, sizeof(rig->box), "%s/box", rig->dir);
	assert_int_equal(pthread_create(&rig->thread, NULL, make_box, rig), 0);
	pthread_join(rig->thread, NULL);
	assert_int_equal(rig->result, 0);
	assert_int_equal(socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair), 0);
	rig->fd = pair[0];
	rig->theirs = pair[1];
	assert_int_equal(pthread_create(&rig->thread, NULL, serve, rig), 0);
	*state = rig;
	return 0;
}

static int tear_down(void **state)
{
	struct rig *rig = *state;

	if (rig->fd >= 0) {
		close(rig->fd);
		pthread_join(rig->thread, NULL);
	}
	umount2(rig->box, MNT_DETACH);
	unlink(rig->box);
	rmdir(rig->dir);
	free(rig);
	return 0;
}

static struct helper_msg ask(struct rig *rig, struct helper_msg msg)
{
	struct helper_msg answer;
	int r;

	msg.seq = ++rig->seq;
	assert_int_equal(helper_msg_send(rig->fd, &msg), 0);
	while ((r = helper_msg_recv(rig->fd, &answer)) == -EAGAIN)
		sched_yield();
	assert_int_equal(r, 0);
	assert_int_equal(answer.type, HELPER_ANSWER);
	assert_int_equal(answer.seq, rig->seq);
	return answer;
}

static struct helper_msg open_path(struct rig *rig, const char *path)
{
	struct helper_msg msg = {.type = HELPER_OPEN};

	snprintf(msg.path, sizeof(msg.path), "%s", path);
	return ask(rig, msg);
}

static uint32_t open_box(struct rig *rig)
{
	struct helper_msg answer = open_path(rig, rig->box);

	assert_int_equal(answer.result, 0);
	assert_int_not_equal(answer.handle, 0);
	return answer.handle;
}

static struct helper_msg good_attach(uint32_t handle)
{
	struct helper_msg msg = {.type = HELPER_ATTACH, .handle = handle};

	memcpy(msg.conf.container_id, ID, sizeof(ID));
	memset(msg.conf.private_key, 1, KEY_LEN);
	memset(msg.conf.relay_key, 2, KEY_LEN);
	msg.conf.endpoint = (struct endpoint){.family = AF_INET, .port = 51820};
	assert_int_equal(parse_addr4("192.0.2.1", &msg.conf.endpoint.v4), 0);
	assert_int_equal(parse_addr6("2001:db8::1", &msg.conf.v6), 0);
	msg.conf.mtu = msg.conf.mtu_max = 1420;
	msg.conf.egress_tunnel = 1;
	return msg;
}

static void a_namespace_below_the_folder_is_opened(void **state)
{
	struct rig *rig = *state;
	uint32_t handle = open_box(rig);
	struct helper_msg answer;

	answer = ask(rig, (struct helper_msg){.type = HELPER_STATUS, .handle = handle});
	assert_int_equal(answer.result, 0);
	assert_int_equal(answer.status.present, 0);
	answer = ask(rig, (struct helper_msg){.type = HELPER_DETACH, .handle = handle});
	assert_int_equal(answer.result, 0);
	answer = ask(rig, (struct helper_msg){.type = HELPER_CLOSE, .handle = handle});
	assert_int_equal(answer.result, 0);
}

static void other_paths_are_refused(void **state)
{
	struct rig *rig = *state;
	char path[128];

	assert_int_equal(open_path(rig, "").result, -EINVAL);
	assert_int_equal(open_path(rig, "box").result, -EINVAL);
	assert_int_equal(open_path(rig, "/proc/self/ns/net").result, -EACCES);
	assert_int_equal(open_path(rig, "/proc/1/ns/net").result, -EACCES);
	snprintf(path, sizeof(path), "%s/..", rig->dir);
	assert_int_equal(open_path(rig, path).result, -EINVAL);
	snprintf(path, sizeof(path), "%s/../box", rig->dir);
	assert_int_equal(open_path(rig, path).result, -EACCES);
	snprintf(path, sizeof(path), "%s/", rig->dir);
	assert_int_equal(open_path(rig, path).result, -EINVAL);
	snprintf(path, sizeof(path), "%s/none", rig->dir);
	assert_int_equal(open_path(rig, path).result, -ENOENT);
}

static void a_path_without_an_end_is_refused(void **state)
{
	struct helper_msg msg = {.type = HELPER_OPEN};

	memset(msg.path, '/', sizeof(msg.path));
	assert_int_equal(ask(*state, msg).result, -EINVAL);
}

static void files_and_links_in_the_folder_are_refused(void **state)
{
	struct rig *rig = *state;
	char path[64];

	snprintf(path, sizeof(path), "%s/file", rig->dir);
	close(open(path, O_CREAT | O_WRONLY | O_CLOEXEC, 0600));
	assert_int_equal(open_path(rig, path).result, -EINVAL);
	unlink(path);
	assert_int_equal(symlink("/proc/1/ns/net", path), 0);
	assert_int_equal(open_path(rig, path).result, -ELOOP);
	unlink(path);
}

static void the_hosts_own_namespace_is_refused(void **state)
{
	struct rig *rig = *state;
	char path[64];
	struct helper_msg answer;

	snprintf(path, sizeof(path), "%s/host", rig->dir);
	close(open(path, O_CREAT | O_WRONLY | O_CLOEXEC, 0600));
	assert_int_equal(mount("/proc/self/ns/net", path, NULL, MS_BIND, NULL), 0);
	answer = open_path(rig, path);
	umount2(path, MNT_DETACH);
	unlink(path);
	assert_int_equal(answer.result, -EPERM);
	assert_non_null(strstr(answer.text, "host's network"));
}

static void another_kind_of_namespace_is_refused(void **state)
{
	struct rig *rig = *state;
	char path[64];
	struct helper_msg answer;

	snprintf(path, sizeof(path), "%s/uts", rig->dir);
	close(open(path, O_CREAT | O_WRONLY | O_CLOEXEC, 0600));
	assert_int_equal(mount("/proc/self/ns/uts", path, NULL, MS_BIND, NULL), 0);
	answer = open_path(rig, path);
	umount2(path, MNT_DETACH);
	unlink(path);
	assert_int_equal(answer.result, -EINVAL);
}

/* There is nothing beside which it could be made, or into which routes could lead. */
static void a_second_tunnel_needs_a_first(void **state)
{
	struct rig *rig = *state;
	struct helper_msg msg = good_attach(open_box(rig));

	msg.type = HELPER_PREPARE;
	assert_int_equal(ask(rig, msg).result, -ENODEV);
	msg.type = HELPER_SWITCH;
	assert_int_equal(ask(rig, msg).result, -ENODEV);
	for (enum helper_type type = HELPER_PREPARE; type <= HELPER_SWITCH; type++) {
		msg = good_attach(msg.handle);
		msg.type = type;
		msg.conf.mtu = 1279;
		assert_int_equal(ask(rig, msg).result, -EINVAL);
		msg = good_attach(0);
		msg.type = type;
		assert_int_equal(ask(rig, msg).result, -EBADF);
		msg.handle = open_box(rig);
	}
}

static void a_closed_handle_stays_closed(void **state)
{
	struct rig *rig = *state;
	uint32_t handle = open_box(rig), again;

	ask(rig, (struct helper_msg){.type = HELPER_CLOSE, .handle = handle});
	again = open_box(rig);
	assert_int_not_equal(again, handle);
	assert_int_equal(
		ask(rig, (struct helper_msg){.type = HELPER_STATUS, .handle = handle}).result,
		-EBADF);
	assert_int_equal(
		ask(rig, (struct helper_msg){.type = HELPER_CLOSE, .handle = handle}).result,
		-EBADF);
	for (uint32_t h = 0; h < 3; h++)
		assert_int_equal(
			ask(rig, (struct helper_msg){.type = HELPER_DETACH, .handle = h}).result,
			-EBADF);
	assert_int_equal(
		ask(rig, (struct helper_msg){.type = HELPER_CLOSE, .handle = UINT32_MAX}).result,
		-EBADF);
}

static void every_value_of_a_tunnel_is_checked(void **state)
{
	struct rig *rig = *state;
	struct helper_msg good = good_attach(open_box(rig)), msg;

#define REFUSED(change)                                                                            \
	do {                                                                                       \
		msg = good;                                                                        \
		change;                                                                            \
		assert_int_equal(ask(rig, msg).result, -EINVAL);                                   \
	} while (0)
	REFUSED(msg.conf.container_id[0] = 'X');
	REFUSED(msg.conf.container_id[10] = '\0');
	REFUSED(memset(msg.conf.container_id, 'a', sizeof(msg.conf.container_id)));
	REFUSED(memset(msg.conf.private_key, 0, KEY_LEN));
	REFUSED(memset(msg.conf.relay_key, 0, KEY_LEN));
	REFUSED(msg.conf.endpoint.port = 0);
	REFUSED(msg.conf.endpoint.family = 77);
	REFUSED(memset(&msg.conf.endpoint.v4, 0, 4));
	REFUSED(msg.conf.mtu = 1279);
	REFUSED(msg.conf.mtu = 1421); /* more than the device's */
	REFUSED(msg.conf.mtu_max = 65536);
	REFUSED(msg.conf.egress_tunnel = 2);
	REFUSED(memset(&msg.conf.v6, 0, 16));
	REFUSED(msg.conf.v6.b[0] = 0xff);
	REFUSED(parse_addr6("fe80::1", &msg.conf.v6));
	REFUSED(parse_addr6("::1", &msg.conf.v6));
	REFUSED(parse_addr4("127.0.0.1", &msg.conf.v4));
	REFUSED(parse_addr4("224.0.0.1", &msg.conf.v4));
	msg = good;
	msg.handle = 0;
	assert_int_equal(ask(rig, msg).result, -EBADF);
}

static void every_value_of_a_probe_is_checked(void **state)
{
	struct rig *rig = *state;
	struct helper_msg good = {.type = HELPER_PROBE, .handle = open_box(rig)}, msg;

	good.probe.volley = (struct mtu_volley){1, {1280}};
	assert_int_equal(parse_addr6("2001:db8::7", &good.probe.v6), 0);
#define REFUSED_PROBE(change)                                                                      \
	do {                                                                                       \
		msg = good;                                                                        \
		change;                                                                            \
		assert_int_equal(ask(rig, msg).result, -EINVAL);                                   \
	} while (0)
	REFUSED_PROBE(memset(&msg.probe.v6, 0, 16)); /* and no IPv4 */
	REFUSED_PROBE(parse_addr6("ff02::1", &msg.probe.v6));
	REFUSED_PROBE(msg.probe.how = 3);
	REFUSED_PROBE(msg.probe.volley.n = MTU_VOLLEY + 1);
	REFUSED_PROBE(msg.probe.volley.size[0] = 1279);
	REFUSED_PROBE(msg.probe.volley.size[0] = MTU_MAX + 1);
	/* No tunnel is there. */
	assert_int_equal(ask(rig, good).result, -ENODEV);
	good.handle = 0;
	assert_int_equal(ask(rig, good).result, -EBADF);
}

static void nonsense_ends_the_service(void **state)
{
	struct rig *rig = *state;
	struct helper_msg msg = {.type = HELPER_ANSWER};

	assert_int_equal(helper_msg_send(rig->fd, &msg), 0);
	pthread_join(rig->thread, NULL);
	assert_int_equal(rig->result, -EPROTO);
	close(rig->fd);
	rig->fd = -1;
}

static void a_short_message_ends_the_service(void **state)
{
	struct rig *rig = *state;

	assert_int_equal(send(rig->fd, "x", 1, 0), 1);
	pthread_join(rig->thread, NULL);
	assert_int_equal(rig->result, -EPROTO);
	close(rig->fd);
	rig->fd = -1;
}

static void a_worker_that_goes_is_no_failure(void **state)
{
	struct rig *rig = *state;

	open_box(rig);
	close(rig->fd);
	rig->fd = -1;
	pthread_join(rig->thread, NULL);
	assert_int_equal(rig->result, 0);
}

#define T(f) cmocka_unit_test_setup_teardown(f, set_up, tear_down)

int main(void)
{
	static const struct CMUnitTest tests[] = {
		T(a_namespace_below_the_folder_is_opened),
		T(other_paths_are_refused),
		T(a_path_without_an_end_is_refused),
		T(files_and_links_in_the_folder_are_refused),
		T(the_hosts_own_namespace_is_refused),
		T(another_kind_of_namespace_is_refused),
		T(a_second_tunnel_needs_a_first),
		T(a_closed_handle_stays_closed),
		T(every_value_of_a_tunnel_is_checked),
		T(every_value_of_a_probe_is_checked),
		T(nonsense_ends_the_service),
		T(a_short_message_ends_the_service),
		T(a_worker_that_goes_is_no_failure),
	};

	return RUN_TESTS(tests);
}
