/* SPDX-License-Identifier: GPL-2.0-only */
#include "env.h"

#include <arpa/inet.h>
#include <dirent.h>
#include <net/if.h>
#include <sched.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <time.h>
#include <cmocka.h>
#include "../../lib/log.h"
#include "../../lib/mono.h"
#include "../../lib/parse.h"
#include "../../relay/dp_impl.h"

static char bpffs[64];

static void leave(void)
{
	umount2(bpffs, MNT_DETACH);
	rmdir(bpffs);
}

void env_enter(void)
{
	log_init("test", getenv("V") && *getenv("V") ? LOG_LVL_DEBUG : LOG_LVL_ERR);
	if (geteuid()) {
		printf("1..0 # SKIP needs root\n");
		exit(4);
	}
	snprintf(bpffs, sizeof(bpffs), "/tmp/sidecar-bpf-%d", getpid());
	if (unshare(CLONE_NEWNS | CLONE_NEWNET) ||
	    mount("none", "/", NULL, MS_REC | MS_PRIVATE, NULL) || mkdir(bpffs, 0700) ||
	    mount("bpf", bpffs, "bpf", 0, NULL)) {
		printf("Bail out! namespaces or the BPF file system: %m\n");
		exit(1);
	}
	atexit(leave);
	env_run("ip link set lo up");
}

const char *env_pin_dir(char out[static ENV_PIN_DIR_LEN])
{
	static unsigned int n;

	snprintf(out, ENV_PIN_DIR_LEN, "%s/sidecar%u/v3", bpffs, n++);
	return out;
}

static void add_pool6(struct sc_pool6 *pool, const char *addr, uint32_t len, uint32_t slot_bits)
{
	assert_int_equal(inet_pton(AF_INET6, addr, pool->addr), 1);
	pool->len = len;
	pool->slot_bits = slot_bits;
}

static void add_pool4(struct sc_pool4 *pool, const char *addr, uint32_t len, uint32_t first)
{
	assert_int_equal(inet_pton(AF_INET, addr, &pool->addr), 1);
	pool->len = len;
	pool->first = first;
}

void env_conf(struct dp_conf *ret_conf, char pin_dir[static ENV_PIN_DIR_LEN])
{
	*ret_conf = (struct dp_conf){
		.slots = ENV_SLOTS,
		.wg_port = {51820, 51821},
		.answer_ndp = true,
		.wg_l2_len = 14,
		.pin_dir = env_pin_dir(pin_dir),
	};
	add_pool6(&ret_conf->pools.v6[0], "2001:db8:5::", 64, 20);
	add_pool6(&ret_conf->pools.v6[1], "2001:db8:6:0:a::", 80, 14);
	add_pool4(&ret_conf->pools.v4[0], "192.0.2.0", 28, 0);
	add_pool4(&ret_conf->pools.v4[1], "198.51.100.64", 26, 16);
}

bool env_has_tcx(void)
{
	const struct bpf_insn insns[] = {
		{.code = BPF_ALU64 | BPF_MOV | BPF_K, .dst_reg = BPF_REG_0},
		{.code = BPF_JMP | BPF_EXIT},
	};
	AUTO_FD int fd = bpf_prog_load(BPF_PROG_TYPE_SCHED_CLS, "any", "GPL", insns,
				       ARRAY_SIZE(insns), NULL);

	assert_true(fd >= 0);
	return !dp_clsact_needed(fd);
}

static uint32_t link_attached(int fd, uint32_t *ret_prog)
{
	struct bpf_link_info info = {};
	uint32_t len = sizeof(info);

	assert_int_equal(bpf_link_get_info_by_fd(fd, &info, &len), 0);
	*ret_prog = info.prog_id;
	return info.id;
}

/* rest: IFINDEX-i|e-PRIORITY */
static uint32_t filter_attached(int fd, char *rest, uint32_t *ret_prog)
{
	LIBBPF_OPTS(bpf_tc_hook, hook);
	LIBBPF_OPTS(bpf_tc_opts, opts, .handle = 1);
	struct bpf_prog_info info = {};
	uint32_t len = sizeof(info), ifindex;
	char *ifindex_text = strtok_r(rest, "-", &rest), *way = strtok_r(NULL, "-", &rest);

	assert_int_equal(parse_u32(ifindex_text, 1, INT32_MAX, &ifindex), 0);
	assert_int_equal(parse_u32(rest, 1, UINT16_MAX, &opts.priority), 0);
	hook.ifindex = (int)ifindex;
	hook.attach_point = *way == 'e' ? BPF_TC_EGRESS : BPF_TC_INGRESS;
	assert_int_equal(bpf_tc_query(&hook, &opts), 0);
	assert_int_equal(bpf_prog_get_info_by_fd(fd, &info, &len), 0);
	assert_int_equal(opts.prog_id, info.id);
	*ret_prog = info.id;
	return ENV_FILTER;
}

uint32_t env_attached(const char *dir, const char *name, uint32_t *ret_prog)
{
	DIR *d = opendir(dir);
	const struct dirent *e;
	uint32_t id = 0;

	while (d && !id && (e = readdir(d))) {
		char text[sizeof(e->d_name)], prefix[64], path[PATH_MAX];
		int n = snprintf(prefix, sizeof(prefix), "filter-%s-", name);
		bool filter = !strncmp(e->d_name, prefix, (size_t)n);
		AUTO_FD int fd = -1;

		if (!filter && strcmp(e->d_name, name))
			continue;
		snprintf(path, sizeof(path), "%s/%s", dir, e->d_name);
		fd = bpf_obj_get(path);
		assert_true(fd >= 0);
		memcpy(text, e->d_name, strlen(e->d_name) + 1);
		id = filter ? filter_attached(fd, text + n, ret_prog) : link_attached(fd, ret_prog);
	}
	if (d)
		closedir(d);
	return id;
}

void env_run(const char *fmt, ...)
{
	char command[512];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(command, sizeof(command), fmt, ap);
	va_end(ap);
	if (system(command)) { /* lint: tests make their topology with ip(8) */
		print_error("failed: %s\n", command);
		fail();
	}
}

uint64_t env_now_ns(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC_COARSE, &ts);
	return (uint64_t)ts.tv_sec * SECOND_NS + (uint64_t)ts.tv_nsec;
}

int env_ifb(const char *name)
{
	env_run("ip link add %s type ifb && ip link set %s up", name, name);
	return (int)if_nametoindex(name);
}

bool env_wait(int timeout_ms, const char *command)
{
	const struct timespec pause = {.tv_nsec = 20000000};
	struct mono start = mono_now();

	while (system(command)) { /* lint: as above */
		if (mono_ms_since(start) > timeout_ms)
			return false;
		nanosleep(&pause, NULL);
	}
	return true;
}
