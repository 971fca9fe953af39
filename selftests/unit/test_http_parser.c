/* SPDX-License-Identifier: GPL-2.0-only */
#include "test.h"
#include <stdio.h>
#include <stdlib.h>
#include "lib/http_parser.h"

#define MAX_BODY 100
#define HOST "Host: a\r\n"
#define POST "POST /x HTTP/1.1\r\n" HOST

static struct http_parser p;

static void start(void **state UNUSED)
{
	http_parser_free(&p);
	http_parser_init_request(&p, MAX_BODY);
}

static int setup(void **state)
{
	start(state);
	return 0;
}

static int teardown(void **state UNUSED)
{
	http_parser_free(&p);
	return 0;
}

/* Feeds pieces of `step` bytes until the parser takes no more; returns how many it took. */
static size_t feed(const char *data, size_t len, size_t step)
{
	size_t pos = 0;

	while (pos < len && p.state < HTTP_PARSER_DONE) {
		size_t n = step < len - pos ? step : len - pos;
		/* Its own memory, so that a read beyond the piece is noticed. */
		char *piece = malloc(n);

		memcpy(piece, data + pos, n);
		pos += http_parser_feed(&p, piece, n);
		free(piece);
	}
	return pos;
}

struct request_case {
	const char *text;
	size_t len;
	int status; /* 0 = accepted */
};

#define CASE(text, status) {text, sizeof(text) - 1, status}

static void check(const struct request_case *c, size_t step)
{
	char shown[256];

	http_parser_free(&p);
	http_parser_init_request(&p, MAX_BODY);
	feed(c->text, c->len, step);
	snprintf(shown, sizeof(shown), "%.200s", c->text);
	if (c->status && (p.state != HTTP_PARSER_BAD || p.status != c->status))
		fail_msg("status %d (%s), not %d, step %zu: %s", p.status,
			 p.detail ? p.detail : "not refused", c->status, step, shown);
	if (!c->status && p.state != HTTP_PARSER_DONE)
		fail_msg("refused with %d (%s), step %zu: %s", p.status,
			 p.detail ? p.detail : "incomplete", step, shown);
}

static void check_all(const struct request_case *cases, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		check(&cases[i], SIZE_MAX);
		check(&cases[i], 1);
		check(&cases[i], 7);
	}
}

static void a_request_is_read_in_all_its_parts(void **state UNUSED)
{
	static const char text[] = "POST /v1/peers?a=b HTTP/1.1\r\n"
				   "HOST: relay\r\nContent-Type:  x  \r\nX-Empty:\r\n"
				   "Content-Length: 5\r\n\r\nhello";

	for (size_t step = 1; step < sizeof(text); step++) {
		start(NULL);
		assert_int_equal(feed(text, sizeof(text) - 1, step), sizeof(text) - 1);
		assert_int_equal(p.state, HTTP_PARSER_DONE);
		assert_string_equal(p.msg.method, "POST");
		assert_string_equal(p.msg.target, "/v1/peers?a=b");
		assert_string_equal(p.msg.path, "/v1/peers");
		assert_string_equal(p.msg.query, "a=b");
		assert_int_equal(p.msg.n_headers, 4);
		assert_string_equal(http_msg_header(&p.msg, "host"), "relay");
		assert_string_equal(http_msg_header(&p.msg, "content-type"), "x");
		assert_string_equal(http_msg_header(&p.msg, "x-empty"), "");
		assert_null(http_msg_header(&p.msg, "x"));
		assert_string_equal(p.msg.body, "hello");
		assert_int_equal(p.msg.body_len, 5);
		assert_true(p.keep_alive);
	}
}

static void proper_requests_are_accepted(void **state UNUSED)
{
	static const struct request_case cases[] = {
		CASE("GET / HTTP/1.1\r\n" HOST "\r\n", 0),
		CASE("\r\nGET / HTTP/1.1\r\n" HOST "\r\n", 0),
		CASE("GET / HTTP/1.0\r\n\r\n", 0),
		CASE("OPTIONS * HTTP/1.1\r\n" HOST "\r\n", 0),
		CASE("DELETE /x HTTP/1.1\r\nHost:\r\n\r\n", 0),
		CASE(POST "Transfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\n\r\n", 0),
		CASE(POST "Transfer-Encoding: Chunked\r\n\r\n3;e=\"1\"\r\nabc\r\n0\r\nT: x\r\n\r\n",
		     0),
		CASE(POST "Connection: upgrade\r\nUpgrade: h2c\r\nContent-Length: 2\r\n\r\nhi", 0),
		CASE(POST "Content-Length: 0\r\n\r\n", 0),
		CASE(POST "X: a\r\nX: b\r\n\r\n", 0),
	};

	check_all(cases, ARRAY_SIZE(cases));
}

/* RFC 9112 section 11.2: whatever two parsers could read differently. */
static void smuggling_is_refused(void **state UNUSED)
{
	static const struct request_case cases[] = {
		CASE(POST "Content-Length: 3\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n", 400),
		CASE(POST "Transfer-Encoding: chunked\r\nContent-Length: 3\r\n\r\n0\r\n\r\n", 400),
		CASE(POST "Content-Length: 3\r\nContent-Length: 3\r\n\r\nabc", 400),
		CASE(POST "Content-Length: 3\r\nContent-Length: 4\r\n\r\nabc", 400),
		CASE(POST "Content-Length: 3, 3\r\n\r\nabc", 400),
		CASE(POST "Content-Length: +3\r\n\r\nabc", 400),
		CASE(POST "Content-Length: -1\r\n\r\n", 400),
		CASE(POST "Content-Length: 0x3\r\n\r\nabc", 400),
		CASE(POST "Content-Length: 3 3\r\n\r\nabc", 400),
		CASE(POST "Content-Length:\r\n\r\n", 400),
		CASE(POST "Content-Length: 99999999999999999999\r\n\r\n", 400),
		CASE(POST "Content-Length : 3\r\n\r\nabc", 400),
		CASE(POST " Content-Length: 3\r\n\r\nabc", 400),
		CASE(POST "Transfer-Encoding : chunked\r\n\r\n0\r\n\r\n", 400),
		CASE(POST
		     "Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
		     400),
		CASE(POST
		     "Transfer-Encoding: chunked\r\nTransfer-Encoding: identity\r\n\r\n0\r\n\r\n",
		     400),
		CASE(POST "Transfer-Encoding:\x0b"
			  "chunked\r\n\r\n0\r\n\r\n",
		     400),
		CASE("POST / HTTP/1.0\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n", 400),
		CASE(POST "Transfer-Encoding: chunked\r\n\r\nxyz\r\n", 400),
		CASE(POST "Transfer-Encoding: chunked\r\n\r\n3 \r\nabc\r\n0\r\n\r\n", 400),
		CASE(POST "Transfer-Encoding: chunked\r\n\r\n0x3\r\nabc\r\n0\r\n\r\n", 400),
		CASE(POST "Transfer-Encoding: chunked\r\n\r\n-3\r\nabc\r\n0\r\n\r\n", 400),
		CASE(POST "Transfer-Encoding: chunked\r\n\r\n3\nabc\r\n0\r\n\r\n", 400),
		CASE(POST "Transfer-Encoding: chunked\r\n\r\n3\r\nabcd\r\n0\r\n\r\n", 400),
		CASE(POST "Transfer-Encoding: chunked\r\n\r\n3\r\nabc0\r\n\r\n", 400),
		CASE(POST "Transfer-Encoding: chunked\r\n\r\n10000000000000003\r\nabc\r\n", 400),
		CASE(POST "X: a\r\n b\r\n\r\n", 400),
		CASE(POST "X: a\r\n\tb\r\n\r\n", 400),
		CASE("GET / HTTP/1.1\nHost: a\n\n", 400),
		CASE(POST "X: a\nContent-Length: 0\r\n\r\n", 400),
		CASE(POST "X: a\rContent-Length: 0\r\n\r\n", 400),
		CASE(POST "\nContent-Length: 0\r\n\r\n", 400),
		CASE(POST "X: a\0b\r\n\r\n", 400),
		CASE(POST "X\0: b\r\n\r\n", 400),
		CASE("GET /\0 HTTP/1.1\r\n" HOST "\r\n", 400),
		CASE("GET / HTTP/1.1\r\n" HOST "X: \x7f\r\n\r\n", 400),
		CASE(POST "Authorization: a\r\nAuthorization: b\r\n\r\n", 400),
		CASE(POST "Content-Type: a\r\ncontent-type: a\r\n\r\n", 400),
		CASE(POST "Host: a\r\n\r\n", 400),
		CASE(POST ": x\r\n\r\n", 400),
		CASE(POST "x\r\n\r\n", 400),
	};

	check_all(cases, ARRAY_SIZE(cases));
}

static void other_mistakes_have_their_status(void **state UNUSED)
{
	static const struct request_case cases[] = {
		CASE("GET / HTTP/1.1\r\n\r\n", 400),
		CASE("GET a HTTP/1.1\r\n" HOST "\r\n", 400),
		CASE("GET /a#b HTTP/1.1\r\n" HOST "\r\n", 400),
		CASE("GET * HTTP/1.1\r\n" HOST "\r\n", 400),
		CASE("GET /\xc3\xa4 HTTP/1.1\r\n" HOST "\r\n", 400),
		CASE("GET\t/ HTTP/1.1\r\n" HOST "\r\n", 400),
		CASE("FOO / HTTP/1.1\r\n" HOST "\r\n", 400),
		CASE("get / HTTP/1.1\r\n" HOST "\r\n", 400),
		CASE("\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03", 400),
		CASE("SSH-2.0-OpenSSH_9.2\r\n", 400),
		CASE(POST "Transfer-Encoding: gzip\r\n\r\n", 501),
		CASE(POST "Transfer-Encoding: gzip, chunked\r\n\r\n0\r\n\r\n", 501),
		CASE(POST "Transfer-Encoding: xchunked\r\n\r\n0\r\n\r\n", 501),
		CASE("CONNECT a:1 HTTP/1.1\r\nHost: a:1\r\n\r\n", 501),
		CASE(POST "Expect: 200-ok\r\n\r\n", 417),
		CASE(POST "Content-Length: 101\r\n\r\n", 413),
		CASE("GET / HTTP/1.2\r\n" HOST "\r\n", 505),
		CASE("GET / HTTP/2.0\r\n" HOST "\r\n", 505),
		CASE("GET /\r\n\r\n", 505),
		CASE("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", 505),
	};

	check_all(cases, ARRAY_SIZE(cases));
}

static void absolute_targets_are_cut_to_their_path(void **state UNUSED)
{
	static const struct {
		const char *target, *path, *query;
	} cases[] = {
		{"http://h/p?q", "/p", "q"},
		{"HTTPS://h:1/p", "/p", ""},
		{"http://h", "/", ""},
		{"http://h?q=/", "/", "q=/"},
		{"/http://h/p", "/http://h/p", ""},
		{"//h/p", "//h/p", ""},
		{"/%2e%2e?", "/%2e%2e", ""},
		{"/a?b?c", "/a", "b?c"},
	};
	char text[128];

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		start(NULL);
		snprintf(text, sizeof(text), "GET %s HTTP/1.1\r\n" HOST "\r\n", cases[i].target);
		feed(text, strlen(text), 1);
		assert_int_equal(p.state, HTTP_PARSER_DONE);
		assert_string_equal(p.msg.path, cases[i].path);
		assert_string_equal(p.msg.query, cases[i].query);
	}
}

/* A head of `total` bytes by one long header; the step must not matter. */
static int status_of_head(size_t total, size_t step)
{
	static const char begin[] = "GET / HTTP/1.1\r\n" HOST "X: ";
	char *text = malloc(total);

	start(NULL);
	memset(text, 'x', total);
	memcpy(text, begin, sizeof(begin) - 1);
	memcpy(text + total - 4, "\r\n\r\n", 4);
	feed(text, total, step);
	free(text);
	return p.state == HTTP_PARSER_DONE ? 0 : p.status;
}

static void the_head_is_limited_to_the_byte(void **state UNUSED)
{
	assert_int_equal(status_of_head(HTTP_MAX_HEAD_BYTES, 1), 0);
	assert_int_equal(status_of_head(HTTP_MAX_HEAD_BYTES, SIZE_MAX), 0);
	assert_int_equal(status_of_head(HTTP_MAX_HEAD_BYTES + 1, 1), 431);
	assert_int_equal(status_of_head(HTTP_MAX_HEAD_BYTES + 1, SIZE_MAX), 431);
	assert_int_equal(status_of_head(3 * HTTP_MAX_HEAD_BYTES, 100), 431);
}

/* `n` times the same text between two others. */
static int status_of_many(const char *begin, const char *text, size_t n, const char *end)
{
	start(NULL);
	feed(begin, strlen(begin), SIZE_MAX);
	for (size_t i = 0; i < n; i++)
		feed(text, strlen(text), SIZE_MAX);
	feed(end, strlen(end), SIZE_MAX);
	return p.state == HTTP_PARSER_DONE ? 0 : p.state == HTTP_PARSER_BAD ? p.status : -1;
}

static void header_fields_are_counted(void **state UNUSED)
{
	assert_int_equal(status_of_many("GET / HTTP/1.0\r\n", "X: y\r\n", HTTP_MAX_HEADERS, "\r\n"),
			 0);
	assert_int_equal(
		status_of_many("GET / HTTP/1.0\r\n", "X: y\r\n", HTTP_MAX_HEADERS + 1, "\r\n"),
		431);
}

static void the_target_is_limited(void **state UNUSED)
{
	assert_int_equal(
		status_of_many("GET /", "a", HTTP_MAX_TARGET_BYTES - 1, " HTTP/1.0\r\n\r\n"), 0);
	assert_int_equal(status_of_many("GET /", "a", HTTP_MAX_TARGET_BYTES, " HTTP/1.0\r\n\r\n"),
			 414);
}

static void what_is_ignored_is_limited_too(void **state UNUSED)
{
	assert_int_equal(status_of_many("", "\r\n", HTTP_MAX_HEAD_BYTES, ""), 431);
	assert_int_equal(status_of_many("GET / HTTP/1.1\r\n" HOST "X:", "    ", HTTP_MAX_HEAD_BYTES,
					"\r\n\r\n"),
			 431);
	assert_int_equal(status_of_many(POST "Transfer-Encoding: chunked\r\n\r\n1;", "aaaa",
					HTTP_MAX_HEAD_BYTES, "\r\n"),
			 431);
	assert_int_equal(status_of_many(POST "Transfer-Encoding: chunked\r\n\r\n0\r\n",
					"X: yyyyyyyy\r\n", HTTP_MAX_HEAD_BYTES, "\r\n"),
			 431);
}

static void chunked_bodies_are_limited(void **state UNUSED)
{
	static const char begin[] = POST "Transfer-Encoding: chunked\r\n\r\n";

	assert_int_equal(status_of_many(begin, "1\r\na\r\n", MAX_BODY, "0\r\n\r\n"), 0);
	assert_int_equal(p.msg.body_len, MAX_BODY);
	assert_int_equal(status_of_many(begin, "1\r\na\r\n", MAX_BODY + 1, "0\r\n\r\n"), 413);
}

static void pipelined_requests_come_one_at_a_time(void **state UNUSED)
{
	static const char text[] = POST "Content-Length: 2\r\n\r\nhi"
					"GET /2 HTTP/1.1\r\n" HOST "\r\n"
					"GET /3 HTTP/1.1\r\n" HOST "Connection: close\r\n\r\n";
	size_t len = sizeof(text) - 1, pos = feed(text, len, SIZE_MAX);

	assert_int_equal(p.state, HTTP_PARSER_DONE);
	assert_string_equal(p.msg.body, "hi");
	assert_int_equal(text[pos - 1], 'i');
	http_parser_next(&p);
	pos += feed(text + pos, len - pos, SIZE_MAX);
	assert_string_equal(p.msg.path, "/2");
	assert_int_equal(p.msg.body_len, 0);
	assert_true(p.keep_alive);
	http_parser_next(&p);
	pos += feed(text + pos, len - pos, SIZE_MAX);
	assert_string_equal(p.msg.path, "/3");
	assert_false(p.keep_alive);
	assert_int_equal(pos, len);
}

static void expect_is_known_before_the_body(void **state UNUSED)
{
	static const char with[] = POST "Expect: 100-Continue\r\nContent-Length: 2\r\n\r\n";
	static const char without[] = POST "Expect: 100-continue\r\n\r\n";

	feed(with, sizeof(with) - 1, 1);
	assert_int_equal(p.state, HTTP_PARSER_BODY);
	assert_true(p.expect_continue);
	assert_false(p.body_seen);
	start(NULL);
	feed(without, sizeof(without) - 1, 1);
	assert_int_equal(p.state, HTTP_PARSER_DONE);
	assert_false(p.expect_continue);
}

static void http_1_0_closes_unless_asked(void **state UNUSED)
{
	static const char plain[] = "GET / HTTP/1.0\r\n\r\n";
	static const char keep[] = "GET / HTTP/1.0\r\nConnection: keep-alive\r\n\r\n";

	feed(plain, sizeof(plain) - 1, 1);
	assert_false(p.keep_alive);
	start(NULL);
	feed(keep, sizeof(keep) - 1, 1);
	assert_true(p.keep_alive);
}

/* ---- responses ---- */

static void response(bool no_body, const char *text, size_t step)
{
	http_parser_free(&p);
	http_parser_init_response(&p, no_body, MAX_BODY, NULL, NULL);
	feed(text, strlen(text), step);
}

static void a_response_is_read_in_all_its_parts(void **state UNUSED)
{
	for (size_t step = 1; step < 80; step++) {
		response(false, "HTTP/1.1 404 Not Found\r\nContent-Length: 2\r\nX: y\r\n\r\nhi",
			 step);
		assert_int_equal(p.state, HTTP_PARSER_DONE);
		assert_int_equal(p.msg.status, 404);
		assert_string_equal(p.msg.reason, "Not Found");
		assert_string_equal(http_msg_header(&p.msg, "x"), "y");
		assert_string_equal(p.msg.body, "hi");
		assert_true(p.keep_alive);
	}
}

static void interim_responses_are_skipped(void **state UNUSED)
{
	for (size_t step = 1; step < 80; step += 13) {
		response(false,
			 "HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 Early Hints\r\nLink: x\r\n\r\n"
			 "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n",
			 step);
		assert_int_equal(p.state, HTTP_PARSER_DONE);
		assert_int_equal(p.msg.status, 200);
		assert_null(http_msg_header(&p.msg, "link"));
	}
}

static void a_response_to_head_has_no_body(void **state UNUSED)
{
	response(true, "HTTP/1.1 200 OK\r\nContent-Length: 5000\r\n\r\n", 1);
	assert_int_equal(p.state, HTTP_PARSER_DONE);
	assert_true(p.keep_alive);
}

static void a_response_without_length_lasts_to_the_end(void **state UNUSED)
{
	response(false, "HTTP/1.1 200 OK\r\n\r\nhello", 1);
	assert_int_equal(p.state, HTTP_PARSER_BODY);
	assert_true(http_parser_eof(&p));
	assert_string_equal(p.msg.body, "hello");
	assert_false(p.keep_alive);
}

static void a_cut_response_is_noticed(void **state UNUSED)
{
	response(false, "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhell", 1);
	assert_false(http_parser_eof(&p));
	response(false, "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n1\r\na\r\n", 1);
	assert_false(http_parser_eof(&p));
	response(false, "HTTP/1.1 200 OK\r\nX:", 1);
	assert_false(http_parser_eof(&p));
}

static void a_large_response_is_refused(void **state UNUSED)
{
	response(false, "HTTP/1.1 200 OK\r\nContent-Length: 101\r\n\r\n", 1);
	assert_int_equal(p.state, HTTP_PARSER_BAD);
	assert_int_equal(p.status, 413);
}

static void switching_protocols_is_refused(void **state UNUSED)
{
	response(false,
		 "HTTP/1.1 101 Switching Protocols\r\nUpgrade: x\r\nConnection: upgrade\r\n\r\n",
		 1);
	assert_int_equal(p.state, HTTP_PARSER_BAD);
}

static char streamed[64];
static size_t n_pieces, stop_at;

static int on_piece(void *ctx UNUSED, const char *data, size_t len)
{
	strncat(streamed, data ? data : "|", data ? len : 1);
	return ++n_pieces == stop_at;
}

static void a_streamed_body_comes_in_pieces(void **state UNUSED)
{
	static const char text[] = "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"
				   "3\r\nabc\r\n2\r\nde\r\n0\r\n\r\n";

	streamed[0] = '\0';
	n_pieces = stop_at = 0;
	http_parser_init_response(&p, false, 1, on_piece, NULL);
	feed(text, sizeof(text) - 1, SIZE_MAX);
	assert_int_equal(p.state, HTTP_PARSER_DONE);
	assert_string_equal(streamed, "|abcde");
	assert_int_equal(n_pieces, 3);
	assert_int_equal(p.msg.body_len, 0);
	n_pieces = 0;
	stop_at = 2;
	http_parser_init_response(&p, false, 1, on_piece, NULL);
	feed(text, sizeof(text) - 1, SIZE_MAX);
	assert_int_equal(p.state, HTTP_PARSER_BAD);
	assert_int_equal(n_pieces, 2);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
	static const struct CMUnitTest tests[] = {
		TEST(a_request_is_read_in_all_its_parts),
		TEST(proper_requests_are_accepted),
		TEST(smuggling_is_refused),
		TEST(other_mistakes_have_their_status),
		TEST(absolute_targets_are_cut_to_their_path),
		TEST(the_head_is_limited_to_the_byte),
		TEST(header_fields_are_counted),
		TEST(the_target_is_limited),
		TEST(what_is_ignored_is_limited_too),
		TEST(chunked_bodies_are_limited),
		TEST(pipelined_requests_come_one_at_a_time),
		TEST(expect_is_known_before_the_body),
		TEST(http_1_0_closes_unless_asked),
		TEST(a_response_is_read_in_all_its_parts),
		TEST(interim_responses_are_skipped),
		TEST(a_response_to_head_has_no_body),
		TEST(a_response_without_length_lasts_to_the_end),
		TEST(a_cut_response_is_noticed),
		TEST(a_large_response_is_refused),
		TEST(switching_protocols_is_refused),
		TEST(a_streamed_body_comes_in_pieces),
	};

	return RUN_TESTS(tests);
}
