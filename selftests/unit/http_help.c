/* SPDX-License-Identifier: GPL-2.0-only */
#include "http_help.h"

#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include "lib/mono.h"
#include "test.h"

struct http_help help;

static char got[65536];

static void on_request(struct http_exchange *x, void *ctx UNUSED)
{
	static const struct http_header evil = {"x-evil", "a\r\nb: c"};
	const struct http_msg *msg = http_exchange_msg(x);
	char text[1024];
	uint32_t uid;

	help.n_requests++;
	help.remote = http_exchange_remote(x);
	if (!strcmp(msg->path, "/echo")) {
		snprintf(text, sizeof(text), "%s %s %s", msg->method, msg->path, msg->body);
		http_reply(x, 200, NULL, 0, text, strlen(text));
	} else if (!strcmp(msg->path, "/known")) {
		http_exchange_known(x);
		http_reply(x, 200, NULL, 0, "known", 5);
	} else if (!strcmp(msg->path, "/later")) {
		help.later = x;
	} else if (!strcmp(msg->path, "/big")) {
		char *big = calloc(1, help.big_len + 1);

		memset(big, 'b', help.big_len);
		http_reply(x, 200, NULL, 0, big, help.big_len);
		free(big);
	} else if (!strcmp(msg->path, "/uid") && http_exchange_unix_uid(x, &uid)) {
		snprintf(text, sizeof(text), "uid %u", uid);
		http_reply(x, 200, NULL, 0, text, strlen(text));
	} else if (!strcmp(msg->path, "/bad-header")) {
		http_reply(x, 200, &evil, 1, NULL, 0);
	} else if (!strcmp(msg->path, "/empty")) {
		http_reply(x, 204, NULL, 0, NULL, 0);
	} else {
		http_reply(x, 404, NULL, 0, "no", 2);
	}
}

static void on_error(int status, const char *detail, char *body, size_t body_len,
		     const char **ret_content_type, void *ctx UNUSED)
{
	*ret_content_type = "text/x-error";
	snprintf(body, body_len, "<%d %s>", status, detail);
}

int help_listen(uint16_t *ret_port)
{
	struct sockaddr_in in = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
	socklen_t len = sizeof(in);
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

	assert_int_equal(bind(fd, (struct sockaddr *)&in, len), 0);
	assert_int_equal(listen(fd, 64), 0);
	assert_int_equal(getsockname(fd, (struct sockaddr *)&in, &len), 0);
	*ret_port = ntohs(in.sin_port);
	return fd;
}

void help_start(struct tls_ctx *tls)
{
	struct err err;

	assert_int_equal(uv_loop_init(&help.loop), 0);
	help.server = http_server_new(&help.loop, &help.limits, on_request, on_error, NULL);
	assert_non_null(help.server);
	assert_int_equal(http_server_listen(help.server, help_listen(&help.port), NULL, &err), 0);
	if (tls)
		assert_int_equal(
			http_server_listen(help.server, help_listen(&help.tls_port), tls, &err), 0);
	help.n_requests = 0;
	help.later = NULL;
	got[0] = '\0';
}

void help_stop(void)
{
	http_server_free(help.server);
	help.server = NULL;
	uv_run(&help.loop, UV_RUN_DEFAULT);
	assert_int_equal(uv_loop_close(&help.loop), 0);
}

static void nothing(uv_timer_t *timer UNUSED)
{
}

/* One turn that waits a few milliseconds at most. */
static void turn(void)
{
	uv_timer_t timer;

	uv_timer_init(&help.loop, &timer);
	uv_timer_start(&timer, nothing, 5, 0);
	uv_run(&help.loop, UV_RUN_ONCE);
	uv_close((uv_handle_t *)&timer, NULL);
	uv_run(&help.loop, UV_RUN_NOWAIT);
}

void help_run_until(const bool *cond)
{
	struct mono start = mono_now();

	while (!*cond) {
		assert_true(mono_ms_since(start) < HELP_DEADLINE_MS);
		turn();
	}
}

void help_run_ms(unsigned int ms)
{
	struct mono start = mono_now();

	while (mono_ms_since(start) < ms)
		turn();
}

int help_connect(uint16_t port)
{
	struct sockaddr_in in = {.sin_family = AF_INET,
				 .sin_port = htons(port),
				 .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

	assert_int_equal(connect(fd, (struct sockaddr *)&in, sizeof(in)), 0);
	fcntl(fd, F_SETFL, O_NONBLOCK);
	return fd;
}

const char *help_read(int fd, const char *until)
{
	struct mono start = mono_now();
	size_t len = 0;

	got[0] = '\0';
	while (!until || !strstr(got, until)) {
		ssize_t n = recv(fd, got + len, sizeof(got) - 1 - len, 0);

		if (!n || (n < 0 && errno != EAGAIN))
			break;
		if (n > 0) {
			len += (size_t)n;
			got[len] = '\0';
			continue;
		}
		if (mono_ms_since(start) > HELP_DEADLINE_MS)
			fail_msg("neither \"%s\" nor the end came, but \"%s\"", until ? until : "",
				 got);
		turn();
	}
	if (until && !strstr(got, until))
		fail_msg("\"%s\" did not come, but \"%s\"", until, got);
	return got;
}

void help_send(int fd, const char *text)
{
	assert_int_equal(send(fd, text, strlen(text), MSG_NOSIGNAL), strlen(text));
}

const char *help_talk(const char *text)
{
	int fd = help_connect(help.port);

	help_send(fd, text);
	help_read(fd, NULL);
	close(fd);
	return got;
}
