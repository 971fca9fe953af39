/* SPDX-License-Identifier: GPL-2.0-only */
#include "test.h"
#include <poll.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/un.h>
#include "http_help.h"
#include "lib/http_client_int.h"
#include "lib/mono.h"
#include "tls_files.h"

#define MAX_RESULTS 8

/* What a call came to. */
struct result {
	bool done;
	int r, status;
	char body[256], err[ERR_TEXT_LEN];
	char pieces[256];
	unsigned int n_pieces, order;
	struct http_call *cancel_at_piece;
	struct http_client *free_at_piece, *free_at_done;
};

static struct tls_files files;
static struct tls_ctx *server_tls, *client_tls;
static struct http_client_conf conf;
static struct http_client *client;
static struct result results[MAX_RESULTS];
static unsigned int n_done;

static void on_done(int r, const struct http_msg *msg, const struct err *err, void *ctx)
{
	struct result *res = ctx;

	assert_false(res->done);
	res->done = true;
	res->order = ++n_done;
	res->r = r;
	if (r) {
		assert_null(msg);
		snprintf(res->err, sizeof(res->err), "%s", err->text);
	} else {
		res->status = msg->status;
		snprintf(res->body, sizeof(res->body), "%s", msg->body);
	}
	if (res->free_at_done) {
		http_client_free(res->free_at_done);
		client = NULL;
	}
}

static void on_piece(const struct http_msg *msg, const char *data, size_t len, void *ctx)
{
	struct result *res = ctx;
	size_t have = strlen(res->pieces);

	assert_int_equal(msg->status, 200);
	res->n_pieces++;
	snprintf(res->pieces + have, sizeof(res->pieces) - have, "%.*s", (int)len, data);
	if (len && res->cancel_at_piece)
		http_call_cancel(res->cancel_at_piece);
	if (len && res->free_at_piece) {
		http_client_free(res->free_at_piece);
		client = NULL;
	}
}

static struct http_call *send_call(size_t i, const char *method, const char *target,
				   const char *body, bool stream)
{
	struct http_request req = {.method = method,
				   .target = target,
				   .body = body,
				   .body_len = body ? strlen(body) : 0,
				   .stream = stream};
	struct http_call *call;

	results[i] = (struct result){};
	call = http_client_send(client, &req, on_done, stream ? on_piece : NULL, &results[i]);
	assert_non_null(call);
	assert_false(results[i].done);
	return call;
}

static const struct result *call(const char *method, const char *target, const char *body)
{
	send_call(0, method, target, body, false);
	help_run_until(&results[0].done);
	return &results[0];
}

static void assert_ok(const struct result *res, int status, const char *body)
{
	if (res->r)
		fail_msg("%s", res->err);
	assert_int_equal(res->status, status);
	assert_string_equal(res->body, body);
}

static void assert_failed(const struct result *res, int r, const char *text)
{
	assert_int_equal(res->r, r);
	if (!strstr(res->err, text))
		fail_msg("\"%s\" has no \"%s\"", res->err, text);
}

/* Starts a client with `conf` as changed by the test. */
static void open_client(void)
{
	http_client_free(client);
	client = http_client_new(&help.loop, &conf);
	assert_non_null(client);
}

static int setup(void **state UNUSED)
{
	help.limits = http_limits_default;
	help.limits.max_connections = 8;
	help.big_len = 100;
	help_start(server_tls);
	conf = (struct http_client_conf){
		.host = "127.0.0.1", .port = help.port, .connect_ms = 5000, .answer_ms = 5000};
	memset(results, 0, sizeof(results));
	n_done = 0;
	client = NULL;
	return 0;
}

static int teardown(void **state UNUSED)
{
	http_client_free(client);
	client = NULL;
	help_stop();
	return 0;
}

/* ---- a peer by script, in a thread of its own ---- */

struct step {
	bool accept;	   /* close what was there, take the next connection */
	bool quiet;	   /* do not wait for a request first */
	const char *reply; /* then send this */
	unsigned int wait_ms;
};

struct script {
	pthread_t thread;
	int fd;
	const struct step *steps;
	size_t n_steps;
	char request[2048]; /* the last one */
};

static int accept_within(int listener)
{
	struct pollfd pfd = {.fd = listener, .events = POLLIN};

	return poll(&pfd, 1, HELP_DEADLINE_MS) == 1 ? accept(listener, NULL, NULL) : -1;
}

static void read_request(int fd, char *out, size_t size)
{
	size_t len = 0;

	out[0] = '\0';
	while (!strstr(out, "\r\n\r\n") && len < size - 1) {
		ssize_t n = recv(fd, out + len, size - 1 - len, 0);

		if (n <= 0)
			return;
		len += (size_t)n;
		out[len] = '\0';
	}
}

static void *run_script(void *arg)
{
	struct script *s = arg;
	int fd = -1;

	for (size_t i = 0; i < s->n_steps; i++) {
		const struct step *step = &s->steps[i];

		if (step->accept) {
			if (fd >= 0)
				close(fd);
			fd = accept_within(s->fd);
			if (fd < 0)
				break;
		}
		if (!step->quiet)
			read_request(fd, s->request, sizeof(s->request));
		if (step->reply && send(fd, step->reply, strlen(step->reply), MSG_NOSIGNAL) < 0)
			break;
		if (step->wait_ms)
			poll(NULL, 0, (int)step->wait_ms);
	}
	if (fd >= 0)
		close(fd);
	return NULL;
}

static void script_start(struct script *s, const struct step *steps, size_t n_steps)
{
	*s = (struct script){.steps = steps, .n_steps = n_steps};
	s->fd = help_listen(&conf.port);
	assert_int_equal(pthread_create(&s->thread, NULL, run_script, s), 0);
	open_client();
}

static void script_end(struct script *s)
{
	pthread_join(s->thread, NULL);
	close(s->fd);
}

#define OK(body) "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n" body

/* ---- tests ---- */

static void a_call_is_answered(void **state UNUSED)
{
	open_client();
	assert_ok(call("GET", "/echo?x", NULL), 200, "GET /echo ");
	assert_ok(call("POST", "/echo", "hello"), 200, "POST /echo hello");
	assert_ok(call("HEAD", "/echo", NULL), 200, "");
	assert_ok(call("DELETE", "/nothing", NULL), 404, "no");
	assert_ok(call("GET", "/empty", NULL), 204, "");
}

static void a_connection_is_used_again(void **state UNUSED)
{
	uint16_t port;

	open_client();
	call("GET", "/echo", NULL);
	port = help.remote.port;
	for (int i = 0; i < 5; i++)
		call("GET", "/echo", NULL);
	assert_int_equal(help.remote.port, port);
	assert_int_equal(http_server_connections(help.server), 1);
}

static void calls_are_answered_in_order(void **state UNUSED)
{
	open_client();
	for (size_t i = 0; i < MAX_RESULTS; i++)
		send_call(i, "GET", i % 2 ? "/echo" : "/nothing", NULL, false);
	help_run_until(&results[MAX_RESULTS - 1].done);
	for (size_t i = 0; i < MAX_RESULTS; i++) {
		assert_int_equal(results[i].order, i + 1);
		assert_int_equal(results[i].status, i % 2 ? 200 : 404);
	}
}

static void tls_with_the_right_pin_works(void **state UNUSED)
{
	conf.port = help.tls_port;
	conf.tls = client_tls;
	conf.server_name = "relay.example";
	open_client();
	assert_null(http_client_tls(client));
	assert_ok(call("POST", "/echo", "hello"), 200, "POST /echo hello");
	assert_string_equal(tls_conn_group(http_client_tls(client)), "X25519MLKEM768");
	help.big_len = 500000;
	assert_int_equal(call("GET", "/big", NULL)->status, 200);
	assert_int_equal(http_server_connections(help.server), 1);
}

static void a_wrong_pin_fails_and_nothing_is_sent(void **state UNUSED)
{
	struct tls_pin pins[2] = {files.pin, files.pin};

	pins[0].sha256[0] ^= 1;
	pins[1].sha256[0] ^= 2;
	conf.port = help.tls_port;
	conf.tls = tls_ctx_new_client(pins, 2, TLS_AGENT_GROUPS, NULL);
	open_client();
	assert_failed(call("GET", "/echo", NULL), -EKEYREJECTED,
		      "server key matches none of the 2 pins of the join string");
	assert_int_equal(help.n_requests, 0);
	tls_ctx_free(conf.tls);
}

static void plain_bytes_instead_of_tls_fail(void **state UNUSED)
{
	conf.tls = client_tls;
	open_client();
	assert_failed(call("GET", "/echo", NULL), -EPROTO, "TLS: ");
}

static void a_unix_socket_works(void **state UNUSED)
{
	struct sockaddr_un un = {.sun_family = AF_UNIX};
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	char want[32];

	snprintf(un.sun_path, sizeof(un.sun_path), "%s/s", files.folder);
	assert_int_equal(bind(fd, (struct sockaddr *)&un, sizeof(un)), 0);
	assert_int_equal(listen(fd, 1), 0);
	assert_int_equal(http_server_listen(help.server, fd, NULL, NULL), 0);
	conf.unix_path = un.sun_path;
	conf.host = NULL;
	open_client();
	snprintf(want, sizeof(want), "uid %u", getuid());
	assert_ok(call("GET", "/uid", NULL), 200, want);
	unlink(un.sun_path);
}

static void failures_name_the_target(void **state UNUSED)
{
	conf.unix_path = "/nowhere/s";
	open_client();
	assert_failed(call("GET", "/", NULL), -ENOENT, "connect to /nowhere/s: no such file");
	conf.unix_path = NULL;
	conf.port = 1;
	open_client();
	assert_failed(call("GET", "/", NULL), -ECONNREFUSED, "connect to 127.0.0.1:1: connection");
	conf.host = "relay.invalid";
	open_client();
	assert_failed(call("GET", "/", NULL), -EHOSTUNREACH, "resolve relay.invalid: ");
}

static void all_waiting_calls_fail_with_the_connection(void **state UNUSED)
{
	conf.port = 1;
	open_client();
	send_call(0, "GET", "/", NULL, false);
	send_call(1, "GET", "/", NULL, false);
	help_run_until(&results[1].done);
	assert_failed(&results[0], -ECONNREFUSED, "connect");
	assert_failed(&results[1], -ECONNREFUSED, "connect");
}

static void a_host_name_is_resolved(void **state UNUSED)
{
	conf.host = "localhost";
	open_client();
	assert_ok(call("GET", "/echo", NULL), 200, "GET /echo ");
}

static void bad_requests_are_never_sent(void **state UNUSED)
{
	static const struct http_header evil = {"x", "a\r\nb: c"};
	struct http_request req = {
		.method = "GET", .target = "/echo", .headers = &evil, .n_headers = 1};

	open_client();
	assert_failed(call("GET", "/a b", NULL), -EINVAL, "HTTP request");
	assert_failed(call("GET", "/a\r\nX: y", NULL), -EINVAL, "HTTP request");
	assert_failed(call("GE T", "/", NULL), -EINVAL, "HTTP request");
	results[0] = (struct result){};
	http_client_send(client, &req, on_done, NULL, &results[0]);
	help_run_until(&results[0].done);
	assert_failed(&results[0], -EINVAL, "HTTP request");
	assert_int_equal(help.n_requests, 0);
}

static void a_stale_connection_is_replaced_once(void **state UNUSED)
{
	static const struct step steps[] = {
		{.accept = true, .reply = OK("a.")},
		{.accept = true, .reply = OK("b.")}, /* closes the first one: too late to know */
	};
	struct script s;

	script_start(&s, steps, ARRAY_SIZE(steps));
	assert_ok(call("GET", "/1", NULL), 200, "a.");
	assert_ok(call("GET", "/2", NULL), 200, "b.");
	script_end(&s);
	assert_non_null(strstr(s.request, "GET /2 "));
}

/* The server reads the second request and closes then: only this one can prove the repetition. */
static void a_call_is_repeated_when_no_byte_came(void **state UNUSED)
{
	static const struct step steps[] = {
		{.accept = true, .reply = OK("a.")},
		{},
		{.accept = true, .reply = OK("b.")},
	};
	struct script s;

	script_start(&s, steps, ARRAY_SIZE(steps));
	assert_ok(call("GET", "/1", NULL), 200, "a.");
	assert_ok(call("GET", "/2", NULL), 200, "b.");
	script_end(&s);
}

static void a_call_is_not_repeated_twice(void **state UNUSED)
{
	static const struct step steps[] = {
		{.accept = true, .reply = OK("a.")},
		{},
		{.accept = true},
	};
	struct script s;

	script_start(&s, steps, ARRAY_SIZE(steps));
	assert_ok(call("GET", "/1", NULL), 200, "a.");
	assert_failed(call("GET", "/2", NULL), -ECONNRESET, "without an answer");
	script_end(&s);
}

static void a_call_on_a_new_connection_is_not_repeated(void **state UNUSED)
{
	static const struct step steps[] = {{.accept = true}};
	struct script s;

	script_start(&s, steps, ARRAY_SIZE(steps));
	assert_failed(call("GET", "/1", NULL), -ECONNRESET, "without an answer");
	script_end(&s);
}

static void half_an_answer_is_a_failure(void **state UNUSED)
{
	static const struct step steps[] = {
		{.accept = true, .reply = OK("a.")},
		{.reply = "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\na"},
	};
	struct script s;

	script_start(&s, steps, ARRAY_SIZE(steps));
	assert_ok(call("GET", "/1", NULL), 200, "a.");
	assert_failed(call("GET", "/2", NULL), -ECONNRESET, "inside its answer");
	script_end(&s);
}

static void an_answer_may_last_to_the_end(void **state UNUSED)
{
	static const struct step steps[] = {
		{.accept = true, .reply = "HTTP/1.0 200 OK\r\n\r\nto the end"}};
	struct script s;

	script_start(&s, steps, ARRAY_SIZE(steps));
	assert_ok(call("GET", "/1", NULL), 200, "to the end");
	script_end(&s);
}

static void improper_answers_are_refused(void **state UNUSED)
{
	static const struct step steps[] = {
		{.accept = true, .reply = "SSH-2.0-OpenSSH\r\n"},
		{.accept = true, .reply = "HTTP/1.1 200 OK\nX: y\n\n"},
		{.accept = true, .reply = "HTTP/1.1 101 Switching Protocols\r\n\r\n"},
	};
	struct script s;

	script_start(&s, steps, ARRAY_SIZE(steps));
	assert_failed(call("GET", "/1", NULL), -EPROTO, "answer is not proper HTTP");
	assert_failed(call("GET", "/2", NULL), -EPROTO, "answer is not proper HTTP");
	assert_failed(call("GET", "/3", NULL), -EPROTO, "answer is not proper HTTP");
	script_end(&s);
}

/* What follows an answer unasked must not become the next call's answer. */
static void bytes_behind_an_answer_are_thrown_away(void **state UNUSED)
{
	static const struct step steps[] = {
		{.accept = true, .reply = OK("a.") OK("x.")},
		{.accept = true, .reply = OK("b.")},
		{.quiet = true, .reply = OK("y."), .wait_ms = 50},
		{.accept = true, .reply = OK("c.")},
	};
	struct script s;

	script_start(&s, steps, ARRAY_SIZE(steps));
	assert_ok(call("GET", "/1", NULL), 200, "a.");
	assert_ok(call("GET", "/2", NULL), 200, "b.");
	help_run_ms(100);
	assert_ok(call("GET", "/3", NULL), 200, "c.");
	script_end(&s);
}

static void a_slow_answer_times_out(void **state UNUSED)
{
	static const struct step steps[] = {{.accept = true, .wait_ms = 400}};
	struct script s;

	conf.answer_ms = 100;
	script_start(&s, steps, ARRAY_SIZE(steps));
	assert_failed(call("GET", "/1", NULL), -ETIMEDOUT, "no complete answer within 100 ms");
	script_end(&s);
}

static void a_silent_tls_server_times_out(void **state UNUSED)
{
	static const struct step steps[] = {{.accept = true, .quiet = true, .wait_ms = 400}};
	struct script s;

	conf.connect_ms = 100;
	conf.tls = client_tls;
	script_start(&s, steps, ARRAY_SIZE(steps));
	assert_failed(call("GET", "/1", NULL), -ETIMEDOUT, "no TLS handshake in time");
	script_end(&s);
}

static void a_large_answer_is_refused(void **state UNUSED)
{
	conf.max_body_bytes = 100;
	open_client();
	assert_int_equal(call("GET", "/big", NULL)->status, 200);
	help.big_len = 101;
	assert_failed(call("GET", "/big", NULL), -EFBIG, "answer larger than 100 bytes");
}

#define CHUNKED "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"

static void a_stream_comes_in_pieces_without_a_time_limit(void **state UNUSED)
{
	static const struct step steps[] = {
		{.accept = true, .reply = CHUNKED, .wait_ms = 150},
		{.quiet = true, .reply = "2\r\nab\r\n", .wait_ms = 150},
		{.quiet = true, .reply = "3\r\ncde\r\n", .wait_ms = 50},
		{.quiet = true, .reply = "0\r\n\r\n"},
		{.reply = OK("a.")},
	};
	struct script s;

	conf.answer_ms = 100;
	script_start(&s, steps, ARRAY_SIZE(steps));
	send_call(0, "GET", "/events", NULL, true);
	help_run_until(&results[0].done);
	assert_ok(&results[0], 200, "");
	assert_string_equal(results[0].pieces, "abcde");
	assert_int_equal(results[0].n_pieces, 3);
	/* The connection goes on. */
	assert_ok(call("GET", "/2", NULL), 200, "a.");
	script_end(&s);
}

static void a_stream_cut_off_is_a_failure(void **state UNUSED)
{
	static const struct step steps[] = {{.accept = true, .reply = CHUNKED "2\r\nab\r\n"}};
	struct script s;

	script_start(&s, steps, ARRAY_SIZE(steps));
	send_call(0, "GET", "/events", NULL, true);
	help_run_until(&results[0].done);
	assert_failed(&results[0], -ECONNRESET, "inside its answer");
	assert_string_equal(results[0].pieces, "ab");
	script_end(&s);
}

static void a_stream_can_be_cancelled_from_its_piece(void **state UNUSED)
{
	static const struct step steps[] = {
		{.accept = true, .reply = CHUNKED "2\r\nab\r\n2\r\ncd\r\n"},
		{.accept = true, .reply = OK("a.")},
	};
	struct http_call *stream;
	struct script s;

	script_start(&s, steps, ARRAY_SIZE(steps));
	stream = send_call(0, "GET", "/events", NULL, true);
	results[0].cancel_at_piece = stream;
	send_call(1, "GET", "/2", NULL, false);
	help_run_until(&results[1].done);
	assert_int_equal(results[0].r, -ECANCELED);
	assert_string_equal(results[0].pieces, "ab");
	assert_ok(&results[1], 200, "a.");
	script_end(&s);
}

static void a_client_can_be_freed_from_a_piece(void **state UNUSED)
{
	static const struct step steps[] = {{.accept = true, .reply = CHUNKED "2\r\nab\r\n"}};
	struct script s;

	script_start(&s, steps, ARRAY_SIZE(steps));
	send_call(0, "GET", "/events", NULL, true);
	results[0].free_at_piece = client;
	send_call(1, "GET", "/2", NULL, false);
	help_run_until(&results[0].done);
	assert_int_equal(results[0].r, -ECANCELED);
	assert_int_equal(results[1].r, -ECANCELED);
	script_end(&s);
}

static void a_client_can_be_freed_from_done(void **state UNUSED)
{
	open_client();
	send_call(0, "GET", "/echo", NULL, false);
	results[0].free_at_done = client;
	send_call(1, "GET", "/echo", NULL, false);
	help_run_until(&results[0].done);
	assert_int_equal(results[0].r, 0);
	assert_int_equal(results[1].r, -ECANCELED);
}

static void calls_can_be_cancelled_at_any_time(void **state UNUSED)
{
	struct http_call *a, *b;

	open_client();
	a = send_call(0, "GET", "/later", NULL, false);
	b = send_call(1, "GET", "/echo", NULL, false);
	send_call(2, "GET", "/echo", NULL, false);
	http_call_cancel(b); /* waiting */
	assert_int_equal(results[1].r, -ECANCELED);
	help_run_ms(50);
	assert_non_null(help.later);
	http_call_cancel(a); /* running */
	assert_int_equal(results[0].r, -ECANCELED);
	help_run_until(&results[2].done);
	assert_ok(&results[2], 200, "GET /echo ");
	http_reply(help.later, 200, NULL, 0, NULL, 0);
}

static void a_client_is_freed_in_every_state(void **state UNUSED)
{
	conf.port = help.tls_port;
	conf.tls = client_tls;
	for (unsigned int ms = 0; ms < 30; ms++) {
		open_client();
		send_call(0, "GET", "/echo", NULL, false);
		send_call(1, "GET", "/big", NULL, false);
		for (unsigned int i = 0; i < ms; i++)
			uv_run(&help.loop, UV_RUN_NOWAIT);
		http_client_free(client);
		client = NULL;
		assert_true(results[0].done);
		assert_true(results[1].done);
	}
}

/* ---- proxy ---- */

/* Takes one CONNECT and then carries bytes to the TLS port. */
static void *run_proxy(void *arg)
{
	struct script *s = arg;
	int in = accept_within(s->fd), out = help_connect(help.tls_port);
	static const char ok[] = "HTTP/1.1 200 Connection established\r\n\r\n";
	struct pollfd fds[2] = {{.fd = in, .events = POLLIN}, {.fd = out, .events = POLLIN}};
	char buf[4096];

	read_request(in, s->request, sizeof(s->request));
	send(in, ok, sizeof(ok) - 1, MSG_NOSIGNAL);
	while (poll(fds, 2, HELP_DEADLINE_MS) > 0) {
		int from = fds[0].revents ? 0 : 1;
		ssize_t n = recv(fds[from].fd, buf, sizeof(buf), 0);

		if (n <= 0 || send(fds[!from].fd, buf, (size_t)n, MSG_NOSIGNAL) != n)
			break;
	}
	close(in);
	close(out);
	return NULL;
}

static void a_proxy_is_asked_to_connect(void **state UNUSED)
{
	struct script s = {};
	char url[80], want[128];
	uint16_t port;

	s.fd = help_listen(&port);
	assert_int_equal(pthread_create(&s.thread, NULL, run_proxy, &s), 0);
	snprintf(url, sizeof(url), "http://user:p%%40ss@127.0.0.1:%u/", port);
	conf.proxy = url;
	conf.port = help.tls_port;
	conf.tls = client_tls;
	open_client();
	assert_ok(call("POST", "/echo", "hello"), 200, "POST /echo hello");
	assert_ok(call("GET", "/echo", NULL), 200, "GET /echo ");
	http_client_free(client);
	client = NULL;
	script_end(&s);
	snprintf(want, sizeof(want), "CONNECT 127.0.0.1:%u HTTP/1.1\r\n", help.tls_port);
	assert_int_equal(strncmp(s.request, want, strlen(want)), 0);
	/* printf user:p@ss | base64 */
	assert_non_null(strstr(s.request, "\r\nProxy-Authorization: Basic dXNlcjpwQHNz\r\n"));
}

static void a_proxy_that_refuses_is_told(void **state UNUSED)
{
	static const struct step steps[] = {
		{.accept = true, .reply = "HTTP/1.1 407 Proxy Auth\r\nContent-Length: 0\r\n\r\n"}};
	struct script s;
	char url[64];

	script_start(&s, steps, ARRAY_SIZE(steps));
	snprintf(url, sizeof(url), "http://127.0.0.1:%u", conf.port);
	conf.proxy = url;
	conf.host = "relay.example";
	conf.tls = client_tls;
	open_client();
	assert_failed(call("GET", "/", NULL), -ECONNREFUSED,
		      "proxy refuses the connection: 407 Proxy Auth");
	script_end(&s);
}

static void a_bad_proxy_fails_each_call(void **state UNUSED)
{
	conf.proxy = "socks5://p";
	open_client();
	assert_failed(call("GET", "/", NULL), -EINVAL, "proxy: ");
	assert_failed(call("GET", "/", NULL), -EINVAL, "proxy: ");
}

/* ---- blocking ---- */

static void a_blocking_call_needs_no_loop(void **state UNUSED)
{
	static const struct step steps[] = {
		{.accept = true,
		 .reply = "HTTP/1.1 201 Created\r\nContent-Type: application/json\r\n"
			  "Content-Length: 2\r\n\r\n{}"},
	};
	struct http_request req = {.method = "GET", .target = "/"};
	struct http_answer answer;
	struct script s;
	struct err err;

	script_start(&s, steps, ARRAY_SIZE(steps));
	assert_int_equal(http_call_blocking(&conf, &req, &answer, &err), 0);
	assert_int_equal(answer.status, 201);
	assert_string_equal(answer.content_type, "application/json");
	assert_string_equal(answer.body, "{}");
	http_answer_free(&answer);
	script_end(&s);
	conf.port = 1;
	assert_int_equal(http_call_blocking(&conf, &req, &answer, &err), -ECONNREFUSED);
	assert_non_null(strstr(err.text, "127.0.0.1:1"));
}

static int group_setup(void **state UNUSED)
{
	if (tls_files_make(&files))
		return -1;
	server_tls = tls_ctx_new_server(files.key, files.cert, TLS_PUBLIC_GROUPS, NULL);
	client_tls = tls_ctx_new_client(&files.pin, 1, TLS_AGENT_GROUPS, NULL);
	return server_tls && client_tls ? 0 : -1;
}

static int group_teardown(void **state UNUSED)
{
	tls_ctx_free(server_tls);
	tls_ctx_free(client_tls);
	tls_files_remove(&files);
	return 0;
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
	static const struct CMUnitTest tests[] = {
		TEST(a_call_is_answered),
		TEST(a_connection_is_used_again),
		TEST(calls_are_answered_in_order),
		TEST(tls_with_the_right_pin_works),
		TEST(a_wrong_pin_fails_and_nothing_is_sent),
		TEST(plain_bytes_instead_of_tls_fail),
		TEST(a_unix_socket_works),
		TEST(failures_name_the_target),
		TEST(all_waiting_calls_fail_with_the_connection),
		TEST(a_host_name_is_resolved),
		TEST(bad_requests_are_never_sent),
		TEST(a_stale_connection_is_replaced_once),
		TEST(a_call_is_repeated_when_no_byte_came),
		TEST(a_call_is_not_repeated_twice),
		TEST(a_call_on_a_new_connection_is_not_repeated),
		TEST(half_an_answer_is_a_failure),
		TEST(an_answer_may_last_to_the_end),
		TEST(improper_answers_are_refused),
		TEST(bytes_behind_an_answer_are_thrown_away),
		TEST(a_slow_answer_times_out),
		TEST(a_silent_tls_server_times_out),
		TEST(a_large_answer_is_refused),
		TEST(a_stream_comes_in_pieces_without_a_time_limit),
		TEST(a_stream_cut_off_is_a_failure),
		TEST(a_stream_can_be_cancelled_from_its_piece),
		TEST(a_client_can_be_freed_from_a_piece),
		TEST(a_client_can_be_freed_from_done),
		TEST(calls_can_be_cancelled_at_any_time),
		TEST(a_client_is_freed_in_every_state),
		TEST(a_proxy_is_asked_to_connect),
		TEST(a_proxy_that_refuses_is_told),
		TEST(a_bad_proxy_fails_each_call),
		TEST(a_blocking_call_needs_no_loop),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, group_setup, group_teardown);
}
