/* SPDX-License-Identifier: GPL-2.0-only */
#include "ready.h"

#include <fcntl.h>

static void on_closed(uv_handle_t *handle)
{
	struct ready *ready = handle->data;

	close(ready->fd);
	ready->fd = -1;
}

void ready_stop(struct ready *ready)
{
	if (ready->fd >= 0 && !uv_is_closing((uv_handle_t *)&ready->poll))
		uv_close((uv_handle_t *)&ready->poll, on_closed);
}

static void on_readable(uv_poll_t *poll, UNUSED int status, UNUSED int events)
{
	struct ready *ready = poll->data;
	char byte;
	bool serves = read(ready->fd, &byte, 1) == 1;

	ready_stop(ready);
	ready->told(ready, serves);
}

int ready_open(struct ready *ready, uv_loop_t *loop, int *ret_fd, struct err *err)
{
	int pipes[2], r;

	if (pipe2(pipes, O_CLOEXEC | O_NONBLOCK))
		return err_sys(err, -errno, "pipe");
	r = uv_poll_init(loop, &ready->poll, pipes[0]);
	if (r) {
		close(pipes[0]);
		close(pipes[1]);
		return err_sys(err, r, "pipe");
	}
	ready->fd = pipes[0];
	ready->poll.data = ready;
	uv_poll_start(&ready->poll, UV_READABLE, on_readable);
	*ret_fd = pipes[1];
	return 0;
}
