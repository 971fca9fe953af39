/* SPDX-License-Identifier: GPL-2.0-only */
#include "http_client_int.h"

#include <stdio.h>
#include <string.h>

#define PORT_TEXT_LEN 6
#define MIN_ATTEMPT_MS 100

static const char *dial_host(const struct http_link *link)
{
	return link->client->has_proxy ? link->client->proxy.host : link->client->conf.host;
}

static uint16_t dial_port(const struct http_link *link)
{
	return link->client->has_proxy ? link->client->proxy.port : link->client->conf.port;
}

uint32_t http_dial_left_ms(const struct http_link *link)
{
	int64_t left = (int64_t)link->client->conf.connect_ms - mono_ms_since(link->started);

	return left > 1 ? (uint32_t)left : 1;
}

static void attempt_text(const struct http_link *link, char *out, size_t out_len)
{
	const struct sockaddr *sa = (const struct sockaddr *)&link->addrs[link->next_addr - 1];
	char addr[ADDR_TEXT_LEN] = "";

	if (link->client->conf.unix_path) {
		snprintf(out, out_len, "%s", link->client->conf.unix_path);
		return;
	}
	uv_ip_name(sa, addr, sizeof(addr));
	snprintf(out, out_len, sa->sa_family == AF_INET6 ? "[%s]:%u" : "%s:%u", addr,
		 dial_port(link));
}

void http_dial_failed(struct http_link *link, int r, const char *what)
{
	char target[160];

	attempt_text(link, target, sizeof(target));
	err_set(&link->err, r, "%s%s to %s: %s", link->client->has_proxy ? "proxy: " : "", what,
		target, uv_strerror(r));
	uv_timer_stop(&link->timer);
	/* Its closed callback tries the next address. */
	http_stream_close(&link->stream);
}

/* A TLS handshake that fails or does not end: another address may do better. Behind a proxy it is
 * not the address that failed. */
bool http_dial_again(struct http_link *link, const struct err *err)
{
	if (link->state != HTTP_LINK_TLS || link->client->has_proxy ||
	    link->next_addr == link->n_addrs)
		return false;
	link->err = *err;
	link->state = HTTP_LINK_CONNECT;
	uv_timer_stop(&link->timer);
	http_stream_close(&link->stream);
	return true;
}

static void on_connect(uv_connect_t *req, int status)
{
	struct http_link *link = req->data;
	struct err err = {};
	int r;

	if (link->state != HTTP_LINK_CONNECT || link->stream.closing)
		return;
	if (status < 0) {
		http_dial_failed(link, status, "connect");
		return;
	}
	if (link->client->conf.tls && !link->client->has_proxy) {
		http_dial_tls(link);
		return;
	}
	r = http_stream_start(&link->stream, NULL, &err);
	if (r)
		http_link_fail(link, r, &err);
}

/* From CONNECT, or behind the proxy's answer. Without TLS the link is ready then. */
void http_dial_tls(struct http_link *link)
{
	struct http_client *c = link->client;
	struct tls_conn *tls;
	struct err err = {};
	int r;

	if (!c->conf.tls) {
		http_link_ready(link);
		return;
	}
	tls = tls_conn_new(c->conf.tls, c->conf.server_name, &err);
	if (!tls) {
		http_link_fail(link, err.code, &err);
		return;
	}
	r = link->state == HTTP_LINK_PROXY;
	link->state = HTTP_LINK_TLS;
	/* Without a proxy the address's share of the time goes on. */
	if (r) {
		http_link_set_deadline(link, http_dial_left_ms(link));
		r = http_stream_start_tls(&link->stream, tls, &err);
	} else {
		r = http_stream_start(&link->stream, tls, &err);
	}
	if (r)
		http_link_fail(link, r, &err);
}

/* #syscalls(worker): socket connect getsockname getsockopt setsockopt */
void http_dial_next(struct http_link *link)
{
	struct http_client *c = link->client;
	bool unix_socket = c->conf.unix_path != NULL;
	uint32_t ms;
	int r;

	if (link->next_addr == link->n_addrs) {
		http_link_fail(link, link->err.code, &link->err);
		return;
	}
	/* Each address gets its share of the time that is left: a dead one must not eat it all. */
	ms = http_dial_left_ms(link) / (uint32_t)(link->n_addrs - link->next_addr);
	http_link_set_deadline(link, ms > MIN_ATTEMPT_MS ? ms : MIN_ATTEMPT_MS);
	link->next_addr++;
	r = http_stream_init(&link->stream, c->loop, unix_socket, &http_link_ops, link);
	if (r) {
		err_sys(&link->err, r, "socket");
		http_link_fail(link, r, &link->err);
		return;
	}
	link->has_stream = true;
	link->pending++;
	link->connect.data = link;
	if (unix_socket)
		r = uv_pipe_connect2(&link->connect, &link->stream.u.pipe, c->conf.unix_path,
				     strlen(c->conf.unix_path), UV_PIPE_NO_TRUNCATE, on_connect);
	else
		r = uv_tcp_connect(&link->connect, &link->stream.u.tcp,
				   (const struct sockaddr *)&link->addrs[link->next_addr - 1],
				   on_connect);
	if (r)
		http_dial_failed(link, r, "connect");
}

static void add_addr(struct http_link *link, const struct sockaddr *sa, size_t len)
{
	if (link->n_addrs < HTTP_LINK_MAX_ADDRS && len <= sizeof(link->addrs[0]))
		memcpy(&link->addrs[link->n_addrs++], sa, len);
}

static void on_resolved(uv_getaddrinfo_t *req, int status, struct addrinfo *list)
{
	struct http_link *link = req->data;

	if (link->state == HTTP_LINK_RESOLVE) {
		for (struct addrinfo *ai = list; ai; ai = ai->ai_next)
			add_addr(link, ai->ai_addr, ai->ai_addrlen);
		link->state = HTTP_LINK_CONNECT;
		err_set(&link->err, -EHOSTUNREACH, "resolve %s: %s", dial_host(link),
			status < 0 ? uv_strerror(status) : "no address");
		http_dial_next(link);
	}
	uv_freeaddrinfo(list);
	http_link_release(link);
}

/*
 * In one of libuv's threads. The C library reads its files and asks name servers.
 * #syscalls(worker): clone3 clone rseq set_robust_list rt_sigprocmask futex mmap munmap mprotect
 * #syscalls(worker): madvise exit openat fstat newfstatat lseek poll sendto sendmmsg recvfrom
 * #syscalls(worker): recvmsg bind uname prlimit64 prctl
 */
static int resolve(struct http_link *link)
{
	struct addrinfo hints = {.ai_family = AF_UNSPEC, .ai_socktype = SOCK_STREAM};
	char port[PORT_TEXT_LEN];
	int r;

	snprintf(port, sizeof(port), "%u", dial_port(link));
	link->dns.data = link;
	link->state = HTTP_LINK_RESOLVE;
	http_link_set_deadline(link, http_dial_left_ms(link));
	r = uv_getaddrinfo(link->client->loop, &link->dns, on_resolved, dial_host(link), port,
			   &hints);
	if (!r)
		link->pending++;
	return r;
}

/* A literal address needs no resolver (and no thread). */
static bool literal(struct http_link *link)
{
	struct sockaddr_in6 in6;
	struct sockaddr_in in;

	if (!uv_ip4_addr(dial_host(link), dial_port(link), &in))
		add_addr(link, (const struct sockaddr *)&in, sizeof(in));
	else if (!uv_ip6_addr(dial_host(link), dial_port(link), &in6))
		add_addr(link, (const struct sockaddr *)&in6, sizeof(in6));
	return link->n_addrs > 0;
}

void http_dial_start(struct http_link *link)
{
	int r;

	link->state = HTTP_LINK_CONNECT;
	if (link->client->conf.unix_path)
		link->n_addrs = 1;
	if (link->n_addrs || literal(link)) {
		http_dial_next(link);
		return;
	}
	r = resolve(link);
	if (r) {
		link->state = HTTP_LINK_CONNECT;
		err_set(&link->err, -EHOSTUNREACH, "resolve %s: %s", dial_host(link),
			uv_strerror(r));
		http_dial_next(link);
	}
}
