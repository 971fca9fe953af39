/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Numbered datagrams to an echo and back, each missed by its number.
 *
 *	numbered serve PORT			echoes what comes, both families
 *	numbered ask ADDR PORT RATE SECONDS	RATE a second for SECONDS, or until SIGINT (0)
 *
 * ask prints one JSON line: "sent", "received" (each once), "lost", "twice", "p50_us" and "p99_us"
 * and "max_us" of the round trips, "missed": [number, second at which it was sent] of the first
 *lost.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include "lib/cleanup.h"
#include "lib/mono.h"
#include "lib/parse.h"

#define MAX_SECONDS 3600
#define MAX_RATE 1000
#define MAX_SENT (MAX_SECONDS * MAX_RATE)
#define SHOW_MISSED 8
#define LINGER_MS 10000 /* for the last echoes; not waited for when all are there */
#define PAYLOAD 100

struct datagram {
	uint32_t number; /* from 1 */
	uint8_t filling[PAYLOAD - 4];
};

struct trip {
	int64_t sent_ns;
	int64_t took_ns; /* 0 = not back yet */
};

struct asker {
	int fd;
	struct trip *trips; /* by number */
	uint32_t sent, received, twice;
	int64_t begun_ns;
};

static volatile sig_atomic_t stopped;

static void on_signal(UNUSED int nr)
{
	stopped = 1;
}

static _Noreturn void die(const char *what)
{
	fprintf(stderr, "numbered: %s: %s\n", what, strerror(errno));
	exit(1);
}

/* A process that gets no time for a while is no loss on the way. */
static int udp_socket(int family)
{
	int fd = socket(family, SOCK_DGRAM | SOCK_CLOEXEC, 0), bytes = 8 << 20;

	if (fd < 0)
		die("socket");
	if (setsockopt(fd, SOL_SOCKET, SO_RCVBUFFORCE, &bytes, sizeof(bytes)) &&
	    setsockopt(fd, SOL_SOCKET, SO_RCVBUF, &bytes, sizeof(bytes)))
		die("receive buffer");
	return fd;
}

static int serve(uint16_t port)
{
	struct sockaddr_in6 any = {.sin6_family = AF_INET6, .sin6_port = htons(port)}, peer;
	int fd = udp_socket(AF_INET6), off = 0;
	char data[2048];

	if (setsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY, &off, sizeof(off)) ||
	    bind(fd, (void *)&any, sizeof(any)))
		die("bind");
	for (;;) {
		socklen_t len = sizeof(peer);
		ssize_t n = recvfrom(fd, data, sizeof(data), 0, (void *)&peer, &len);

		if (n >= 0)
			sendto(fd, data, (size_t)n, 0, (void *)&peer, len);
	}
}

static int connect_to(const char *addr, uint16_t port)
{
	struct sockaddr_in6 to6 = {.sin6_family = AF_INET6, .sin6_port = htons(port)};
	struct sockaddr_in to4 = {.sin_family = AF_INET, .sin_port = htons(port)};
	bool v6 = inet_pton(AF_INET6, addr, &to6.sin6_addr) == 1;
	int fd = udp_socket(v6 ? AF_INET6 : AF_INET);

	if (!v6 && inet_pton(AF_INET, addr, &to4.sin_addr) != 1)
		die(addr);
	if (connect(fd, v6 ? (void *)&to6 : (void *)&to4, v6 ? sizeof(to6) : sizeof(to4)))
		die(addr);
	return fd;
}

static void hear(struct asker *a)
{
	struct datagram d;

	while (recv(a->fd, &d, sizeof(d), MSG_DONTWAIT) == sizeof(d)) {
		struct trip *t;

		if (!d.number || d.number > a->sent)
			continue;
		t = &a->trips[d.number];
		if (t->took_ns) {
			a->twice++;
			continue;
		}
		t->took_ns = mono_now().ns - t->sent_ns;
		a->received++;
	}
}

static void ask_one(struct asker *a)
{
	struct datagram d = {.number = ++a->sent};

	a->trips[a->sent].sent_ns = mono_now().ns;
	send(a->fd, &d, sizeof(d), 0); /* refused: as lost as any other */
}

/* A sender that was held up goes on from then: no burst of what it could not send. */
static void ask_all(struct asker *a, uint32_t rate, uint32_t seconds)
{
	struct pollfd p = {.fd = a->fd, .events = POLLIN};
	int64_t step_ns = 1000000000 / rate, due_ns = mono_now().ns, now_ns;

	a->begun_ns = due_ns;
	while (!stopped && a->sent < MAX_SENT) {
		now_ns = mono_now().ns;
		if (seconds && now_ns - a->begun_ns >= seconds * 1000000000ll)
			break;
		if (now_ns >= due_ns) {
			ask_one(a);
			due_ns = now_ns - due_ns > step_ns ? now_ns + step_ns : due_ns + step_ns;
		}
		if (poll(&p, 1, due_ns > now_ns ? (int)((due_ns - now_ns) / 1000000) : 0) > 0)
			hear(a);
	}
}

static void linger(struct asker *a)
{
	struct pollfd p = {.fd = a->fd, .events = POLLIN};
	struct mono begun = mono_now();

	while (a->received < a->sent && mono_ms_since(begun) < LINGER_MS) {
		poll(&p, 1, 100);
		hear(a);
	}
}

static int longer(const void *a, const void *b)
{
	int64_t x = *(const int64_t *)a, y = *(const int64_t *)b;

	return (x > y) - (x < y);
}

static void print_missed(const struct asker *a)
{
	uint32_t shown = 0;

	for (uint32_t i = 1; i <= a->sent && shown < SHOW_MISSED; i++) {
		if (a->trips[i].took_ns)
			continue;
		printf("%s[%u, %.3f]", shown++ ? ", " : "", i,
		       (double)(a->trips[i].sent_ns - a->begun_ns) / 1e9);
	}
}

static void report(const struct asker *a)
{
	AUTO_FREE int64_t *took = calloc(a->received + 1, sizeof(*took));
	uint32_t n = 0;

	if (!took)
		die("report");
	for (uint32_t i = 1; i <= a->sent; i++) {
		if (a->trips[i].took_ns)
			took[n++] = a->trips[i].took_ns / 1000;
	}
	qsort(took, n, sizeof(*took), longer);
	printf("{\"sent\": %u, \"received\": %u, \"lost\": %u, \"twice\": %u, \"p50_us\": %lld, "
	       "\"p99_us\": %lld, \"max_us\": %lld, \"missed\": [",
	       a->sent, a->received, a->sent - a->received, a->twice, (long long)took[n / 2],
	       (long long)took[n - n / 100 - !!n], (long long)took[n - !!n]);
	print_missed(a);
	puts("]}");
}

static int ask(const char *addr, uint16_t port, uint32_t rate, uint32_t seconds)
{
	struct asker a = {.fd = connect_to(addr, port)};

	a.trips = calloc(MAX_SENT + 1, sizeof(*a.trips));
	if (!a.trips)
		die("memory");
	signal(SIGINT, on_signal);
	signal(SIGTERM, on_signal);
	ask_all(&a, rate, seconds);
	linger(&a);
	report(&a);
	free(a.trips);
	close(a.fd);
	return 0;
}

int main(int argc, char **argv)
{
	uint32_t rate, seconds;
	uint16_t port;

	if (argc == 3 && !strcmp(argv[1], "serve") && !parse_u16(argv[2], 1, UINT16_MAX, &port))
		return serve(port);
	if (argc == 6 && !strcmp(argv[1], "ask") && !parse_u16(argv[3], 1, UINT16_MAX, &port) &&
	    !parse_u32(argv[4], 1, MAX_RATE, &rate) &&
	    !parse_u32(argv[5], 0, MAX_SECONDS, &seconds))
		return ask(argv[2], port, rate, seconds);
	fputs("numbered serve PORT | numbered ask ADDR PORT RATE SECONDS\n", stderr);
	return 2;
}
