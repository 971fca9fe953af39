/* SPDX-License-Identifier: GPL-2.0-only */
#include "role.h"

#include <inttypes.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include "../lib/log.h"

#define MAX_ARGS 8
#define MAX_ENV 32 /* what is beyond is not handed on */

static void on_closed(uv_handle_t *handle)
{
	struct role *role = (struct role *)handle;

	role->gone(role, role->ctx);
}

static void on_exit_of(uv_process_t *process, int64_t status, int signal)
{
	struct role *role = (struct role *)process;

	if (signal == SIGSYS)
		log_err("%s role: killed for a system call it may not use", role->name);
	else if (signal)
		log_err("%s role: killed by signal %d", role->name, signal);
	else if (status)
		log_err("%s role: exit code %d", role->name, (int)status);
	else
		log_info("%s role: ended", role->name);
	role->alive = false;
	role->failed = status || signal;
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

/* Of the own environment: the journal's socket, and what `more` names by its beginnings. */
static void pick_env(char *out[static MAX_ENV], const char *const *more)
{
	static char path[] = "PATH=/usr/sbin:/usr/bin";
	static const char *const journal[] = {"JOURNAL_STREAM=", NULL};
	size_t n = 0;

	out[n++] = path;
	for (size_t i = 0; environ[i]; i++) {
		bool wanted = false;

		for (const char *const *p = journal; *p; p++)
			wanted |= !strncmp(environ[i], *p, strlen(*p));
		for (const char *const *p = more; p && *p; p++)
			wanted |= !strncmp(environ[i], *p, strlen(*p));
		if (wanted && n < MAX_ENV - 1)
			out[n++] = environ[i];
	}
	out[n] = NULL;
}

int role_spawn(uv_loop_t *loop, struct role *role, const struct role_conf *rc, struct err *err)
{
	char started[32], exe[] = "/proc/self/exe", name[] = "relayd", role_opt[] = "--role",
			  role_name[CONF_NAME_LEN], started_opt[] = "--started", verbose[] = "-v",
			  again[] = "--again";
	char *args[MAX_ARGS] = {name, role_opt, role_name, started_opt, started};
	size_t n_args = 5;
	char *env[MAX_ENV];
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
	snprintf(role_name, sizeof(role_name), "%s", role->name);
	pick_env(env, rc->env);
	if (rc->verbose)
		args[n_args++] = verbose;
	if (rc->again)
		args[n_args++] = again;
	r = uv_spawn(loop, &role->process, &options);
	role->alive = !r;
	if (!r)
		return 0;
	uv_close((uv_handle_t *)&role->process, on_closed);
	return err_sys(err, r, "starting the %s role", role->name);
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

int role_read_conf(struct conf *ret_conf, struct err *err)
{
	AUTO_FREE char *text = malloc(CONF_MAX_BYTES + 1);
	ssize_t n;

	if (!text)
		return err_set(err, -ENOMEM, "configuration: out of memory");
	n = pread(MSG_FD_CONF, text, CONF_MAX_BYTES + 1, 0);
	if (n < 0)
		return err_sys(err, -errno, "configuration");
	close(MSG_FD_CONF);
	n = conf_parse(text, (size_t)n, "configuration", ret_conf, err);
	if (!n)
		log_json(ret_conf->log == CONF_LOG_JSON);
	return (int)n;
}
