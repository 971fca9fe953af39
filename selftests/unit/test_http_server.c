/* SPDX-License-Identifier: GPL-2.0-only */
#include "test.h"
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/un.h>
#include "http_help.h"
#include "lib/mono.h"
#include "tls_files.h"

#define GET(path) "GET " path " HTTP/1.1\r\nHost: a\r\n"
#define CLOSE "Connection: close\r\n\r\n"

static struct tls_files files;
static struct tls_ctx *tls;

static int setup(void **state UNUSED)
{
	help.limits = http_limits_default;
	help.limits.max_connections = 8;
	help.limits.max_connections_per_addr = 6;
	help.limits.max_body_bytes = 100;
	help.big_len = 100;
	help_start(tls);
	return 0;
}

static int teardown(void **state UNUSED)
{
	help_stop();
	return 0;
}

/* For tests of time: starts again with other limits. */
static void restart(uint32_t handshake_ms, uint32_t request_ms, uint32_t idle_ms,
		    uint32_t answer_ms)
{
	help_stop();
	help.limits.handshake_ms = handshake_ms;
	help.limits.request_ms = request_ms;
	help.limits.idle_ms = idle_ms;
	help.limits.answer_ms = answer_ms;
	help_start(tls);
}

static void assert_starts(const char *text, const char *start)
{
	if (strncmp(text, start, strlen(start)))
		fail_msg("\"%s\" does not begin with \"%s\"", text, start);
}

static void assert_has(const char *text, const char *part)
{
	if (!strstr(text, part))
		fail_msg("\"%s\" has no \"%s\"", text, part);
}

static void a_request_is_answered(void **state UNUSED)
{
	const char *got =
		help_talk("POST /echo HTTP/1.1\r\nHost: a\r\nContent-Length: 2\r\n" CLOSE "hi");

	assert_starts(got, "HTTP/1.1 200 OK\r\n");
	assert_has(got, "\r\nDate: ");
	assert_has(got, " GMT\r\n");
	assert_has(got, "\r\nContent-Length: 13\r\n");
	assert_has(got, "\r\nConnection: close\r\n");
	assert_has(got, "\r\n\r\nPOST /echo hi");
	assert_int_equal(help.remote.family, AF_INET);
	assert_int_equal(addr4_to_u32(help.remote.v4), INADDR_LOOPBACK);
}

static void byte_by_byte_is_the_same(void **state UNUSED)
{
	static const char text[] =
		"POST /echo HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n" CLOSE
		"2\r\nhi\r\n0\r\n\r\n";
	int fd = help_connect(help.port);

	for (size_t i = 0; i < sizeof(text) - 1; i++) {
		assert_int_equal(send(fd, text + i, 1, 0), 1);
		help_run_ms(1);
	}
	assert_has(help_read(fd, NULL), "POST /echo hi");
	close(fd);
}

static void head_is_the_same_without_the_body(void **state UNUSED)
{
	const char *got = help_talk("HEAD /echo HTTP/1.1\r\nHost: a\r\n" CLOSE);

	assert_has(got, "\r\nContent-Length: 11\r\n");
	assert_string_equal(got + strlen(got) - 4, "\r\n\r\n");
}

static void no_content_has_no_length(void **state UNUSED)
{
	const char *got = help_talk(GET("/empty") CLOSE);

	assert_starts(got, "HTTP/1.1 204 No Content\r\n");
	assert_null(strstr(got, "Content-Length"));
}

static void a_connection_is_kept_alive(void **state UNUSED)
{
	int fd = help_connect(help.port);

	help_send(fd, GET("/echo") "\r\n");
	assert_has(help_read(fd, "GET /echo "), "\r\nConnection: keep-alive\r\n");
	help_send(fd, GET("/echo") "\r\n");
	help_read(fd, "GET /echo ");
	assert_int_equal(http_server_connections(help.server), 1);
	assert_int_equal(help.n_requests, 2);
	close(fd);
}

static void http_1_0_is_closed(void **state UNUSED)
{
	assert_has(help_talk("GET /echo HTTP/1.0\r\n\r\n"), "\r\nConnection: close\r\n");
}

static void pipelined_requests_are_answered_in_order_one_at_a_time(void **state UNUSED)
{
	int fd = help_connect(help.port);
	const char *got;

	help_send(fd, GET("/later") "\r\n" GET("/nothing") "\r\n" GET("/echo") CLOSE);
	help_run_ms(50);
	assert_int_equal(help.n_requests, 1);
	assert_non_null(help.later);
	http_reply(help.later, 200, NULL, 0, "first", 5);
	assert_int_equal(help.n_requests, 1); /* never from inside http_reply() */
	got = help_read(fd, NULL);
	assert_int_equal(help.n_requests, 3);
	assert_has(got, "first");
	assert_has(strstr(got, "first"), "404 Not Found");
	assert_has(strstr(got, "404"), "GET /echo ");
	close(fd);
}

static void nothing_is_read_while_an_exchange_runs(void **state UNUSED)
{
	static const char chunk[65536];
	int fd = help_connect(help.port), size = 65536;
	size_t total = 0;

	setsockopt(fd, SOL_SOCKET, SO_SNDBUF, &size, sizeof(size));
	help_send(fd, GET("/later") "\r\n");
	help_run_ms(20);
	for (int i = 0; i < 1000; i++) {
		ssize_t n = send(fd, chunk, sizeof(chunk), MSG_NOSIGNAL);

		total += n > 0 ? (size_t)n : 0;
		if (n < 0)
			help_run_ms(1);
	}
	/* What the two sockets' buffers hold, not 64 MB. */
	assert_true(total < 16u << 20);
	http_reply(help.later, 200, NULL, 0, NULL, 0);
	close(fd);
}

static void expect_is_answered_before_the_body(void **state UNUSED)
{
	int fd = help_connect(help.port);

	help_send(fd, "POST /echo HTTP/1.1\r\nHost: a\r\nExpect: 100-continue\r\n"
		      "Content-Length: 2\r\n" CLOSE);
	assert_string_equal(help_read(fd, "\r\n\r\n"), "HTTP/1.1 100 Continue\r\n\r\n");
	help_send(fd, "hi");
	assert_has(help_read(fd, NULL), "POST /echo hi");
	close(fd);
	assert_starts(help_talk("POST /echo HTTP/1.1\r\nHost: a\r\nExpect: 100-continue\r\n"
				"Content-Length: 2000\r\n" CLOSE),
		      "HTTP/1.1 413 ");
}

static void a_refused_request_gets_the_error_body_and_the_end(void **state UNUSED)
{
	const char *got = help_talk("GET / HTTP/1.1\r\n\r\n" GET("/echo") "\r\n");

	assert_starts(got, "HTTP/1.1 400 Bad Request\r\n");
	assert_has(got, "\r\ncontent-type: text/x-error\r\n");
	assert_has(got, "\r\nConnection: close\r\n");
	assert_has(got, "\r\n\r\n<400 no Host header field>");
	assert_int_equal(help.n_requests, 0);
}

/* Bytes unread at close() would reset the connection and take the answer with them. */
static void a_large_body_still_gets_its_answer(void **state UNUSED)
{
	static char body[400000];
	int fd = help_connect(help.port);

	memset(body, 'x', sizeof(body) - 1);
	help_send(fd, "POST /echo HTTP/1.1\r\nHost: a\r\nContent-Length: 399999\r\n\r\n");
	help_run_ms(20);
	send(fd, body, sizeof(body) - 1, MSG_NOSIGNAL);
	assert_starts(help_read(fd, NULL), "HTTP/1.1 413 ");
	close(fd);
}

static void a_slow_request_gets_408(void **state UNUSED)
{
	restart(1000, 100, 5000, 1000);
	assert_starts(help_talk("GET / HTTP/1.1\r\nHost:"), "HTTP/1.1 408 Request Timeout\r\n");
}

static void an_idle_connection_is_closed(void **state UNUSED)
{
	restart(1000, 1000, 100, 1000);
	assert_string_equal(help_talk(""), "");
	assert_has(help_talk(GET("/echo") "\r\n"), "GET /echo ");
}

static void half_open_tls_is_closed(void **state UNUSED)
{
	struct mono start = mono_now();
	int fd;

	restart(100, 5000, 5000, 5000);
	fd = help_connect(help.tls_port);
	assert_string_equal(help_read(fd, NULL), "");
	assert_true(mono_ms_since(start) < 3000);
	close(fd);
}

static void who_does_not_read_is_closed(void **state UNUSED)
{
	int fd, size = 4096;
	bool gone = false;

	help.big_len = 8u << 20;
	restart(1000, 1000, 1000, 200);
	fd = help_connect(help.port);
	setsockopt(fd, SOL_SOCKET, SO_RCVBUF, &size, sizeof(size));
	help_send(fd, GET("/big") "\r\n");
	help_run_ms(100);
	assert_int_equal(http_server_connections(help.server), 1);
	for (int i = 0; i < 200 && !gone; i++) {
		help_run_ms(10);
		gone = !http_server_connections(help.server);
	}
	assert_true(gone);
	close(fd);
}

static void a_large_answer_arrives_whole(void **state UNUSED)
{
	char buf[65536];
	size_t total = 0;
	ssize_t n;
	int fd;

	help.big_len = 8u << 20;
	fd = help_connect(help.port);
	help_send(fd, GET("/big") CLOSE);
	while ((n = recv(fd, buf, sizeof(buf), 0)) != 0) {
		if (n < 0)
			help_run_ms(1);
		else
			total += (size_t)n;
	}
	assert_true(total > help.big_len && total < help.big_len + 300);
	close(fd);
}

static void one_address_has_only_its_share(void **state UNUSED)
{
	int fds[6];

	for (int i = 0; i < 6; i++)
		fds[i] = help_connect(help.port);
	help_run_ms(50);
	assert_int_equal(http_server_connections(help.server), 6);
	assert_starts(help_talk(""), "HTTP/1.1 503 ");
	close(fds[0]);
	help_run_ms(50);
	assert_has(help_talk(GET("/echo") CLOSE), "GET /echo ");
	for (int i = 1; i < 6; i++)
		close(fds[i]);
}

static void strangers_have_a_smaller_share(void **state UNUSED)
{
	int fds[6];

	help.limits.max_strangers_per_addr = 2;
	restart(1000, 1000, 1000, 1000);
	for (int i = 0; i < 4; i++) {
		fds[i] = help_connect(help.port);
		help_send(fds[i], GET("/known") "\r\n");
		help_run_ms(30);
	}
	fds[4] = help_connect(help.port);
	fds[5] = help_connect(help.port);
	help_send(fds[5], GET("/echo") "\r\n");
	help_run_ms(50);
	assert_int_equal(http_server_connections(help.server), 6);
	assert_starts(help_talk(""), "HTTP/1.1 503 ");
	close(fds[0]);
	help_run_ms(50);
	/* A place, but none for strangers. */
	assert_starts(help_talk(""), "HTTP/1.1 503 ");
	close(fds[4]);
	help_run_ms(50);
	assert_has(help_talk(GET("/echo") CLOSE), "GET /echo ");
	for (int i = 1; i < 6; i++) {
		if (i != 4)
			close(fds[i]);
	}
}

static void a_full_table_turns_away(void **state UNUSED)
{
	int fds[8], fd;

	help_stop();
	help.limits.max_connections_per_addr = 100;
	help_start(tls);
	for (int i = 0; i < 8; i++)
		fds[i] = help_connect(i % 2 ? help.port : help.tls_port);
	help_run_ms(50);
	assert_int_equal(http_server_connections(help.server), 8);
	assert_starts(help_talk(""), "HTTP/1.1 503 ");
	fd = help_connect(help.tls_port);
	assert_string_equal(help_read(fd, NULL), "");
	close(fd);
	for (int i = 0; i < 8; i++)
		close(fds[i]);
	help_run_ms(50);
	assert_int_equal(http_server_connections(help.server), 0);
}

static void an_exchange_outlives_its_client(void **state UNUSED)
{
	struct linger reset = {.l_onoff = 1};
	int fd = help_connect(help.port);

	help_send(fd, "POST /later HTTP/1.1\r\nHost: a\r\nContent-Length: 4\r\n\r\nbody");
	help_run_ms(50);
	setsockopt(fd, SOL_SOCKET, SO_LINGER, &reset, sizeof(reset));
	close(fd);
	help_run_ms(50);
	assert_string_equal(http_exchange_msg(help.later)->body, "body");
	http_reply(help.later, 200, NULL, 0, "late", 4);
	help_run_ms(50);
	assert_int_equal(http_server_connections(help.server), 0);
}

static void an_exchange_outlives_its_server(void **state UNUSED)
{
	int fd = help_connect(help.port);

	help_send(fd, "POST /later HTTP/1.1\r\nHost: a\r\nContent-Length: 4\r\n\r\nbody");
	help_run_ms(50);
	help_stop();
	assert_string_equal(http_exchange_msg(help.later)->body, "body");
	http_reply(help.later, 200, NULL, 0, "late", 4);
	close(fd);
	help_start(tls);
}

static void a_half_closed_client_gets_its_answer(void **state UNUSED)
{
	int fd = help_connect(help.port);

	help_send(fd, GET("/later") "\r\n");
	shutdown(fd, SHUT_WR);
	help_run_ms(50);
	http_reply(help.later, 200, NULL, 0, "there", 5);
	assert_has(help_read(fd, NULL), "there");
	close(fd);
}

static void a_second_reply_is_ignored(void **state UNUSED)
{
	int fd = help_connect(help.port);

	help_send(fd, GET("/later") "\r\n");
	help_run_ms(50);
	http_reply(help.later, 200, NULL, 0, "one", 3);
	http_reply(help.later, 200, NULL, 0, "two", 3);
	help_read(fd, "one");
	help_send(fd, GET("/echo") CLOSE);
	assert_null(strstr(help_read(fd, NULL), "two"));
	close(fd);
}

static void a_header_value_cannot_begin_a_line(void **state UNUSED)
{
	assert_has(help_talk(GET("/bad-header") CLOSE), "\r\nx-evil: a  b: c\r\n");
}

static void draining_answers_what_runs_and_closes_the_rest(void **state UNUSED)
{
	int busy = help_connect(help.port), idle = help_connect(help.port);
	int half = help_connect(help.tls_port);

	help_send(busy, GET("/later") "\r\n" GET("/echo") "\r\n");
	help_run_ms(50);
	http_server_stop_listening(help.server);
	assert_string_equal(help_read(idle, NULL), "");
	assert_string_equal(help_read(half, NULL), "");
	http_reply(help.later, 200, NULL, 0, "done", 4);
	assert_has(help_read(busy, NULL), "\r\nConnection: close\r\n");
	assert_int_equal(help.n_requests, 1);
	close(busy);
	close(idle);
	close(half);
}

static int connect_unix(const char *path)
{
	struct sockaddr_un un = {.sun_family = AF_UNIX};
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);

	snprintf(un.sun_path, sizeof(un.sun_path), "%s", path);
	assert_int_equal(connect(fd, (struct sockaddr *)&un, sizeof(un)), 0);
	return fd;
}

static void a_unix_peer_is_known_by_its_uid(void **state UNUSED)
{
	struct sockaddr_un un = {.sun_family = AF_UNIX};
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	char want[32];

	snprintf(un.sun_path, sizeof(un.sun_path), "%s/s", files.folder);
	assert_int_equal(bind(fd, (struct sockaddr *)&un, sizeof(un)), 0);
	assert_int_equal(listen(fd, 1), 0);
	assert_int_equal(http_server_listen(help.server, fd, NULL, NULL), 0);
	fd = connect_unix(un.sun_path);
	help_send(fd, GET("/uid") CLOSE);
	snprintf(want, sizeof(want), "\r\n\r\nuid %u", getuid());
	assert_has(help_read(fd, NULL), want);
	assert_int_equal(help.remote.family, 0);
	close(fd);
	unlink(un.sun_path);
	/* A TCP peer has none. */
	assert_has(help_talk(GET("/uid") CLOSE), "404");
}

static void too_many_listeners_are_refused(void **state UNUSED)
{
	uint16_t port;
	struct err err;
	int r = 0;

	for (int i = 0; i < 5 && !r; i++)
		r = http_server_listen(help.server, help_listen(&port), NULL, &err);
	assert_int_equal(r, -ENOSPC);
}

static void plain_http_at_the_tls_port_gets_an_alert(void **state UNUSED)
{
	int fd = help_connect(help.tls_port);
	const char *got;

	help_send(fd, GET("/echo") "\r\n");
	got = help_read(fd, NULL);
	assert_int_equal(got[0], 21); /* RFC 8446 section 5.1: alert */
	assert_int_equal(help.n_requests, 0);
	close(fd);
}

static void garbage_at_the_tls_port_is_closed(void **state UNUSED)
{
	static const char *const texts[] = {
		"\x16\x03\x01\xff\xff garbage", "SSH-2.0-x\r\n", "\x80\x2e\x01\x03\x01\x01\x15\x01",
		"\x16\x03\x01\x01"
		"aaaaaaa"
		"aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"};

	help_stop();
	help.limits.handshake_ms = 200;
	help_start(tls);
	for (size_t i = 0; i < ARRAY_SIZE(texts); i++) {
		int fd = help_connect(help.tls_port);

		help_send(fd, texts[i]);
		help_read(fd, NULL);
		close(fd);
	}
	help_run_ms(50);
	assert_int_equal(http_server_connections(help.server), 0);
	assert_has(help_talk(GET("/echo") CLOSE), "GET /echo ");
}

static int group_setup(void **state UNUSED)
{
	if (tls_files_make(&files))
		return -1;
	tls = tls_ctx_new_server(files.key, files.cert, TLS_PUBLIC_GROUPS, NULL);
	return tls ? 0 : -1;
}

static int group_teardown(void **state UNUSED)
{
	tls_ctx_free(tls);
	tls_files_remove(&files);
	return 0;
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
	static const struct CMUnitTest tests[] = {
		TEST(a_request_is_answered),
		TEST(byte_by_byte_is_the_same),
		TEST(head_is_the_same_without_the_body),
		TEST(no_content_has_no_length),
		TEST(a_connection_is_kept_alive),
		TEST(http_1_0_is_closed),
		TEST(pipelined_requests_are_answered_in_order_one_at_a_time),
		TEST(nothing_is_read_while_an_exchange_runs),
		TEST(expect_is_answered_before_the_body),
		TEST(a_refused_request_gets_the_error_body_and_the_end),
		TEST(a_large_body_still_gets_its_answer),
		TEST(a_slow_request_gets_408),
		TEST(an_idle_connection_is_closed),
		TEST(half_open_tls_is_closed),
		TEST(who_does_not_read_is_closed),
		TEST(a_large_answer_arrives_whole),
		TEST(one_address_has_only_its_share),
		TEST(strangers_have_a_smaller_share),
		TEST(a_full_table_turns_away),
		TEST(an_exchange_outlives_its_client),
		TEST(an_exchange_outlives_its_server),
		TEST(a_half_closed_client_gets_its_answer),
		TEST(a_second_reply_is_ignored),
		TEST(a_header_value_cannot_begin_a_line),
		TEST(draining_answers_what_runs_and_closes_the_rest),
		TEST(a_unix_peer_is_known_by_its_uid),
		TEST(too_many_listeners_are_refused),
		TEST(plain_http_at_the_tls_port_gets_an_alert),
		TEST(garbage_at_the_tls_port_is_closed),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, group_setup, group_teardown);
}
