/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Frames at a steady rate onto a segment, past its queues: each one that is counted as sent was
 * taken by the device.
 *
 *	flood DEVICE MAC KIND TARGET PPS SECONDS [KEY]
 *
 *	small	 UDP of 18 bytes to TARGET, each from another source and port
 *	solicit	 neighbour solicitations: half of them for TARGET, from the device's fe80::1, which
 *		 gets the answers; half for others of its /64, from neighbours that do not exist
 *	scan	 TCP SYNs to addresses of TARGET's /64 at random
 *	one	 handshake initiations to TARGET's port 51820 from one source, with a first MAC
 *		 made with KEY, the public key in hex: WireGuard has to look at them
 *	many	 the same, each from another /64
 *
 * Sources are of 2001:db8:bad::/48. Prints {"sent": N, "ms": N}.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <linux/if_packet.h>
#include <net/ethernet.h>
#include <net/if.h>
#include <openssl/evp.h>
#include <openssl/params.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include "lib/buf.h"
#include "lib/cleanup.h"
#include "lib/mono.h"
#include "lib/parse.h"

#define FRAME_MAX 256
#define WG_PORT 51820
#define INITIATION_LEN 148
#define MAC1_AT 116
#define MAC1_LEN 16
#define KEY_LEN 32
#define N_MESSAGES 64

struct flood {
	int fd;
	uint8_t to_mac[6], from_mac[6];
	uint8_t target[16];
	uint8_t initiation[N_MESSAGES][INITIATION_LEN];
	uint64_t state; /* of the generator of what differs from frame to frame */
	uint32_t nr;
};

static _Noreturn void die(const char *what)
{
	fprintf(stderr, "flood: %s: %s\n", what, strerror(errno));
	exit(1);
}

/* splitmix64: the same frames in each run. */
static uint64_t next(struct flood *f)
{
	uint64_t z = f->state += 0x9e3779b97f4a7c15;

	z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9;
	z = (z ^ z >> 27) * 0x94d049bb133111eb;
	return z ^ z >> 31;
}

static uint32_t sum_bytes(const uint8_t *p, size_t len)
{
	uint32_t sum = 0;

	for (size_t i = 0; i < len; i++)
		sum += i & 1 ? p[i] : (uint32_t)p[i] << 8;
	return sum;
}

/* Over the pseudo header and the upper part, whose checksum lies at sum_at and is zero. */
static void put_checksum(uint8_t *ip, size_t upper_len, uint8_t proto, size_t sum_at)
{
	uint32_t sum =
		sum_bytes(ip + 8, 32) + (uint32_t)upper_len + proto + sum_bytes(ip + 40, upper_len);

	while (sum >> 16)
		sum = (sum & 0xffff) + (sum >> 16);
	sum = ~sum & 0xffff;
	if (!sum)
		sum = 0xffff;
	ip[40 + sum_at] = (uint8_t)(sum >> 8);
	ip[40 + sum_at + 1] = (uint8_t)sum;
}

static void put_head(struct buf_writer *w, const struct flood *f, const uint8_t *to_mac,
		     uint16_t upper_len, uint8_t proto, const uint8_t src[16],
		     const uint8_t dst[16])
{
	buf_write(w, to_mac, 6);
	buf_write(w, f->from_mac, 6);
	buf_write_u16(w, ETHERTYPE_IPV6);
	buf_write_u32(w, 0x60000000);
	buf_write_u16(w, upper_len);
	buf_write_u8(w, proto);
	buf_write_u8(w, proto == IPPROTO_ICMPV6 ? 255 : 60);
	buf_write(w, src, 16);
	buf_write(w, dst, 16);
}

static void any_source(struct flood *f, uint8_t src[16])
{
	uint64_t r = next(f);

	memcpy(src, (const uint8_t[]){0x20, 0x01, 0x0d, 0xb8, 0x0b, 0xad}, 6);
	memcpy(src + 6, &r, 8);
	src[14] = src[15] = 9;
}

static void any_neighbour_address(struct flood *f, uint8_t addr[16])
{
	uint64_t r = next(f);

	memcpy(addr, f->target, 8);
	memcpy(addr + 8, &r, 8);
}

static void put_udp(struct buf_writer *w, uint16_t from, uint16_t to, uint16_t len)
{
	buf_write_u16(w, from);
	buf_write_u16(w, to);
	buf_write_u16(w, len);
	buf_write_u16(w, 0);
}

static void make_small(struct flood *f, struct buf_writer *w)
{
	static const uint8_t data[18];
	uint8_t src[16];

	any_source(f, src);
	put_head(w, f, f->to_mac, 8 + sizeof(data), IPPROTO_UDP, src, f->target);
	put_udp(w, (uint16_t)next(f) | 1024, 9, 8 + sizeof(data));
	buf_write(w, data, sizeof(data));
	put_checksum(w->data + ETH_HLEN, 8 + sizeof(data), IPPROTO_UDP, 6);
}

static void make_solicit(struct flood *f, struct buf_writer *w)
{
	uint8_t src[16] = {0xfe, 0x80, [15] = 1}, want[16], mac[6] = {0x33, 0x33, 0xff},
		group[16] = {0xff, 2, [11] = 1, [12] = 0xff};
	uint64_t r = next(f);

	memcpy(want, f->target, 16);
	if (f->nr & 1) {
		memcpy(src + 8, &r, 8);
		any_neighbour_address(f, want);
	}
	memcpy(mac + 3, want + 13, 3);
	memcpy(group + 13, want + 13, 3);
	put_head(w, f, mac, 32, IPPROTO_ICMPV6, src, group);
	buf_write_u32(w, 135u << 24);
	buf_write_u32(w, 0);
	buf_write(w, want, 16);
	buf_write_u16(w, 0x0101);
	buf_write(w, f->from_mac, 6);
	put_checksum(w->data + ETH_HLEN, 32, IPPROTO_ICMPV6, 2);
}

static void make_scan(struct flood *f, struct buf_writer *w)
{
	uint8_t src[16], dst[16];

	any_source(f, src);
	any_neighbour_address(f, dst);
	put_head(w, f, f->to_mac, 20, IPPROTO_TCP, src, dst);
	buf_write_u16(w, (uint16_t)next(f) | 1024);
	buf_write_u16(w, 22);
	buf_write_u32(w, (uint32_t)next(f));
	buf_write_u32(w, 0);
	buf_write_u32(w, 0x50022000); /* SYN */
	buf_write_u32(w, 0);
	put_checksum(w->data + ETH_HLEN, 20, IPPROTO_TCP, 16);
}

static void make_initiation(struct flood *f, struct buf_writer *w, bool many)
{
	uint8_t src[16] = {0x20, 0x01, 0x0d, 0xb8, 0x0b, 0xad};

	if (many)
		any_source(f, src);
	put_head(w, f, f->to_mac, 8 + INITIATION_LEN, IPPROTO_UDP, src, f->target);
	put_udp(w, (uint16_t)next(f) | 1024, WG_PORT, 8 + INITIATION_LEN);
	buf_write(w, f->initiation[f->nr % N_MESSAGES], INITIATION_LEN);
	put_checksum(w->data + ETH_HLEN, 8 + INITIATION_LEN, IPPROTO_UDP, 6);
}

static void make_one(struct flood *f, struct buf_writer *w)
{
	make_initiation(f, w, false);
}

static void make_many(struct flood *f, struct buf_writer *w)
{
	make_initiation(f, w, true);
}

static const struct kind {
	const char *name;
	void (*make)(struct flood *f, struct buf_writer *w);
} kinds[] = {
	{"small", make_small}, {"solicit", make_solicit}, {"scan", make_scan},
	{"one", make_one},     {"many", make_many},
};

static void open_device(struct flood *f, const char *device)
{
	struct sockaddr_ll at = {.sll_family = AF_PACKET,
				 .sll_ifindex = (int)if_nametoindex(device)};
	socklen_t len = sizeof(at);
	int on = 1;

	f->fd = socket(AF_PACKET, SOCK_RAW | SOCK_CLOEXEC, 0);
	if (f->fd < 0 || bind(f->fd, (void *)&at, sizeof(at)) ||
	    setsockopt(f->fd, SOL_PACKET, PACKET_QDISC_BYPASS, &on, sizeof(on)) ||
	    getsockname(f->fd, (void *)&at, &len))
		die(device);
	memcpy(f->from_mac, at.sll_addr, sizeof(f->from_mac));
}

/* WireGuard paper, section 5.4.4: the first MAC is a keyed BLAKE2s of all that is before it; its
 * key is the hash of a label and the receiver's public key. */
static void make_messages(struct flood *f, const char *hex)
{
	uint8_t text[8 + KEY_LEN] = "mac1----", key[KEY_LEN];
	size_t len = MAC1_LEN;
	OSSL_PARAM size[] = {OSSL_PARAM_construct_size_t("size", &len), OSSL_PARAM_END};

	if (!OPENSSL_hexstr2buf_ex(text + 8, KEY_LEN, NULL, hex, '\0') ||
	    !EVP_Q_digest(NULL, "BLAKE2s256", NULL, text, sizeof(text), key, NULL))
		die(hex);
	for (int i = 0; i < N_MESSAGES; i++) {
		uint8_t *msg = f->initiation[i];

		msg[0] = 1;
		for (int at = 4; at < MAC1_AT; at += 8) {
			uint64_t r = next(f);

			memcpy(msg + at, &r, 8);
		}
		if (!EVP_Q_mac(NULL, "BLAKE2SMAC", NULL, NULL, size, key, KEY_LEN, msg, MAC1_AT,
			       msg + MAC1_AT, MAC1_LEN, NULL))
			die("BLAKE2s");
	}
}

static void parse_mac(const char *text, uint8_t mac[6])
{
	size_t len;

	if (!OPENSSL_hexstr2buf_ex(mac, 6, &len, text, ':') || len != 6)
		die(text);
}

/* Late frames are not sent in a burst: the rate is a ceiling. */
static void run(struct flood *f, const struct kind *kind, uint32_t pps, uint32_t seconds)
{
	int64_t step_ns = 1000000000 / pps, begun_ns = mono_now().ns, due_ns = begun_ns,
		end_ns = begun_ns + seconds * 1000000000ll, now_ns;
	uint8_t frame[FRAME_MAX];

	while ((now_ns = mono_now().ns) < end_ns) {
		struct buf_writer w = buf_writer_new(frame, sizeof(frame));

		if (now_ns < due_ns) {
			struct timespec pause = {.tv_nsec = due_ns - now_ns};

			nanosleep(&pause, NULL);
			continue;
		}
		due_ns = now_ns - due_ns > 20 * step_ns ? now_ns : due_ns + step_ns;
		kind->make(f, &w);
		if (buf_write_end(&w))
			die("frame");
		if (send(f->fd, frame, w.len, 0) == (ssize_t)w.len)
			f->nr++;
		else if (errno != ENOBUFS && errno != EAGAIN)
			die("send");
	}
	printf("{\"sent\": %u, \"ms\": %lld}\n", f->nr,
	       (long long)(mono_now().ns - begun_ns) / 1000000);
}

int main(int argc, char **argv)
{
	struct flood f = {.state = 1};
	uint32_t pps, seconds;

	if (argc < 7 || inet_pton(AF_INET6, argv[4], f.target) != 1 ||
	    parse_u32(argv[5], 1, 1000000, &pps) || parse_u32(argv[6], 1, 3600, &seconds)) {
		fputs("flood DEVICE MAC KIND TARGET PPS SECONDS [KEY]\n", stderr);
		return 2;
	}
	parse_mac(argv[2], f.to_mac);
	if (argc > 7)
		make_messages(&f, argv[7]);
	open_device(&f, argv[1]);
	for (size_t i = 0; i < ARRAY_SIZE(kinds); i++) {
		if (strcmp(kinds[i].name, argv[3]))
			continue;
		run(&f, &kinds[i], pps, seconds);
		return 0;
	}
	fprintf(stderr, "flood: no kind \"%s\"\n", argv[3]);
	return 2;
}
