/* SPDX-License-Identifier: GPL-2.0-only */
#include "role.h"

#include <inttypes.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include "../lib/log.h"

static void on_closed(uv_handle_t *handle)
{
	struct role *role = (struct role *)handle;

	role->gone(role, role->ctx);
}

static void on_exit_of(uv_process_t *process, int64_t status, int signal)
{
	if (signal == SIGSYS)
		log_err("api role: killed for a system call it may not use");
	else if (signal)
		log_err("api role: killed by signal %d", signal);
	else if (status)
		log_err("api role: exit code %d", (int)status);
	else
		log_info("api role: ended");
	((struct role *)process)->alive = false;
	uv_close((uv_handle_t *)process, on_closed);
}

void role_kill(struct role *role, int signal)
{
	if (role->alive)
		uv_process_kill(&role->process, signal);
}

static uv_stdio_container_t inherit(int fd)
{
	return (uv_stdio_container_t){.flags = fd < 0 ? UV_IGNORE : UV_INHERIT_FD, .data.fd = fd};
}

int role_spawn(uv_loop_t *loop, struct role *role, const struct role_conf *rc, struct err *err)
{
	char started[32], exe[] = "/proc/self/exe", name[] = "relayd", role_opt[] = "--role",
			  role_name[] = "api", started_opt[] = "--started", verbose[] = "-v";
	char *args[] = {name,	     role_opt, role_name,
			started_opt, started,  rc->verbose ? verbose : NULL,
			NULL};
	char journal[128] = "", path[] = "PATH=/usr/sbin:/usr/bin";
	char *env[] = {path, NULL, NULL};
	/* The index is the descriptor's number in the child: msg.h, role.h. */
	uv_stdio_container_t fds[] = {
		[0] = inherit(-1),
		[1] = inherit(STDERR_FILENO),
		[2] = inherit(STDERR_FILENO),
		[MSG_FD] = inherit(rc->net_fd),
		[MSG_FD_TLS] = inherit(rc->tls_fd),
		[MSG_FD_CTL] = inherit(rc->ctl_fd),
		[MSG_FD_CONF] = inherit(rc->conf_fd),
		[ROLE_FD_READY] = inherit(rc->ready_fd),
	};
	uv_process_options_t options = {
		.exit_cb = on_exit_of,
		.file = exe,
		.args = args,
		.env = env,
		.stdio = fds,
		.stdio_count = ARRAY_SIZE(fds),
	};
	int r;

	snprintf(started, sizeof(started), "%" PRId64, rc->started.ns);
	if (getenv("JOURNAL_STREAM")) {
		snprintf(journal, sizeof(journal), "JOURNAL_STREAM=%s", getenv("JOURNAL_STREAM"));
		env[1] = journal;
	}
	r = uv_spawn(loop, &role->process, &options);
	role->alive = !r;
	if (!r)
		return 0;
	uv_close((uv_handle_t *)&role->process, on_closed);
	return err_sys(err, r, "starting the api role");
}

int role_conf_fd(const struct conf *conf, int *ret_fd, struct err *err)
{
	AUTO_FD int fd = memfd_create("relay.yaml", MFD_CLOEXEC | MFD_ALLOW_SEALING);
	FILE *out = NULL;
	int copy;

	if (fd < 0)
		return err_sys(err, -errno, "memfd");
	copy = fcntl(fd, F_DUPFD_CLOEXEC, 0);
	if (copy >= 0)
		out = fdopen(copy, "w");
	if (!out) {
		if (copy >= 0)
			close(copy);
		return err_sys(err, -errno, "memfd");
	}
	conf_print(out, conf);
	if (fclose(out))
		return err_sys(err, -errno, "memfd");
	if (fcntl(fd, F_ADD_SEALS, F_SEAL_WRITE | F_SEAL_GROW | F_SEAL_SHRINK | F_SEAL_SEAL))
		return err_sys(err, -errno, "memfd");
	*ret_fd = steal_fd(&fd);
	return 0;
}
