/* SPDX-License-Identifier: GPL-2.0-only */
/* A host with two addresses, of which the first is no good. */
#include "test.h"
#include <arpa/inet.h>
#include <dlfcn.h>
#include <netdb.h>
#include <poll.h>
#include <sys/socket.h>
#include "http_help.h"
#include "lib/tls.h"
#include "tls_files.h"

static struct tls_files files;
static struct tls_ctx *server_tls, *client_tls;
static struct http_client *client;
static int silent; /* listens on the first address */
static bool done;
static int status;

/* In place of the C library's: this name has two addresses. */
int getaddrinfo(const char *node, const char *service, const struct addrinfo *hints,
		struct addrinfo **ret_list)
{
	int (*real)(const char *, const char *, const struct addrinfo *, struct addrinfo **) =
		dlsym(RTLD_NEXT, "getaddrinfo");
	int r;

	if (!node || strcmp(node, "two.example"))
		return real(node, service, hints, ret_list);
	r = real("127.0.0.2", service, hints, ret_list);
	return r ? r : real("127.0.0.1", service, hints, &(*ret_list)->ai_next);
}

/* The kernel takes the connection, nobody ever says a word. */
static int listen_silently(const char *address, uint16_t port)
{
	struct sockaddr_in in = {.sin_family = AF_INET, .sin_port = htons(port)};
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0), one = 1;

	inet_pton(AF_INET, address, &in.sin_addr);
	setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &one, sizeof(one));
	assert_int_equal(bind(fd, (struct sockaddr *)&in, sizeof(in)), 0);
	assert_int_equal(listen(fd, 8), 0);
	return fd;
}

static void on_done(int r, const struct http_msg *msg, const struct err *err, void *ctx UNUSED)
{
	done = true;
	status = r ? r : msg->status;
	if (r)
		print_message("# %s\n", err->text);
}

/* Both addresses have a port of the same number; on the second one the server listens. */
static void ask(uint32_t connect_ms)
{
	const struct http_client_conf conf = {.host = "two.example",
					      .port = help.tls_port,
					      .tls = client_tls,
					      .connect_ms = connect_ms,
					      .answer_ms = 5000};
	const struct http_request req = {.method = "GET", .target = "/echo"};

	client = http_client_new(&help.loop, &conf);
	assert_non_null(client);
	assert_non_null(http_client_send(client, &req, on_done, NULL, NULL));
}

static int setup(void **state UNUSED)
{
	help.limits = http_limits_default;
	help_start(server_tls);
	silent = listen_silently("127.0.0.2", help.tls_port);
	done = false;
	return 0;
}

static int teardown(void **state UNUSED)
{
	close(silent);
	http_client_free(client);
	help_stop();
	return 0;
}

static void an_address_without_a_tls_handshake_is_not_the_last(void **state UNUSED)
{
	ask(8000);
	help_run_until(&done);
	assert_int_equal(status, 200);
}

static void an_address_that_hangs_up_during_tls_is_not_the_last(void **state UNUSED)
{
	struct pollfd ready = {.fd = silent, .events = POLLIN};
	struct linger reset = {.l_onoff = 1};
	int fd;

	ask(8000);
	while (poll(&ready, 1, 0) != 1)
		help_run_ms(5);
	fd = accept(silent, NULL, NULL);
	setsockopt(fd, SOL_SOCKET, SO_LINGER, &reset, sizeof(reset));
	close(fd);
	help_run_until(&done);
	assert_int_equal(status, 200);
}

static void when_none_is_good_the_last_one_says_why(void **state UNUSED)
{
	http_server_stop_listening(help.server);
	help_run_ms(20);
	ask(400);
	help_run_until(&done);
	assert_int_equal(status, -ECONNREFUSED);
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

#define T(test) cmocka_unit_test_setup_teardown(test, setup, teardown)

int main(void)
{
	static const struct CMUnitTest tests[] = {
		T(an_address_without_a_tls_handshake_is_not_the_last),
		T(an_address_that_hangs_up_during_tls_is_not_the_last),
		T(when_none_is_good_the_last_one_says_why),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, group_setup, group_teardown);
}
