/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * HTB as net_htb.c sets it up, at real rates: what arrives at the other end of a veth pair. Queues
 * hold more than a second's worth, so that a busy machine does not leave them empty. An argument
 * divides all rates: under emulation.
 *
 *	here: wg0, wg1, up0 ------- wg0-b, wg1-b, up0-b: counted by Ethernet type
 */
#include <arpa/inet.h>
#include <linux/if_packet.h>
#include <net/if.h>
#include <poll.h>
#include <sched.h>
#include <sys/socket.h>
#include "selftests/unit/test.h"
#include "lib/mono.h"
#include "lib/nl_tc.h"
#include "lib/parse.h"
#include "relay/net_htb.h"

#define CLASSES 16
#define SLOTS 64
#define FRAME 1500
#define TYPE 0x88b5 /* for experiments; + the sender's number */
#define SENDERS 4
#define WARM_MS 700
#define COUNT_MS 2500
#define QUEUE_BYTES                                                                                \
	(4 << 20) /* fewer frames than fq_codel takes: it would drop, and there were no end */

static uint32_t scale = 1;
static struct nl *nl;
static int devices[HTB_DEVICES];
static int receiver = -1;

struct sender {
	int fd;
	uint64_t sent, got; /* frames */
};

static struct sender senders[SENDERS];

static void run(const char *command)
{
	if (system(command)) { /* lint: tests make their topology with ip(8) */
		print_error("failed: %s\n", command);
		fail();
	}
}

static int packet_socket(const char *device, uint16_t protocol)
{
	const struct sockaddr_ll at = {.sll_family = AF_PACKET,
				       .sll_protocol = htons(protocol),
				       .sll_ifindex = (int)if_nametoindex(device)};
	int fd = socket(AF_PACKET, SOCK_RAW | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);

	assert_true(fd >= 0);
	assert_int_equal(bind(fd, (const void *)&at, sizeof(at)), 0);
	return fd;
}

static int setup(void **state UNUSED)
{
	static const char *const names[] = {"wg0", "wg1", "up0"};
	const int bytes = 64 << 20;
	char command[256];

	assert_int_equal(unshare(CLONE_NEWNET), 0);
	for (int i = 0; i < HTB_DEVICES; i++) {
		snprintf(command, sizeof(command),
			 "ip link add %s type veth peer name %s-b && ip link set %s up && "
			 "ip link set %s-b up",
			 names[i], names[i], names[i], names[i]);
		run(command);
		devices[i] = (int)if_nametoindex(names[i]);
	}
	assert_int_equal(nl_open(NETLINK_ROUTE, &nl, NULL), 0);
	receiver = packet_socket("wg0-b", 0x0003); /* all */
	assert_int_equal(setsockopt(receiver, SOL_SOCKET, SO_RCVBUFFORCE, &bytes, sizeof(bytes)),
			 0);
	return 0;
}

static int teardown(void **state UNUSED)
{
	for (int i = 0; i < SENDERS; i++) {
		if (senders[i].fd)
			close(senders[i].fd);
	}
	memset(senders, 0, sizeof(senders));
	close(receiver);
	nl_close(nl);
	return 0;
}

/* Sender i sends into this class of wg0; minor 0: into none. */
static void sender_open(int i, uint16_t minor)
{
	const int priority = minor ? 0x10000 | minor : 0, bytes = QUEUE_BYTES;
	int fd = packet_socket("wg0", 0);

	assert_int_equal(setsockopt(fd, SOL_SOCKET, SO_PRIORITY, &priority, sizeof(priority)), 0);
	assert_int_equal(setsockopt(fd, SOL_SOCKET, SO_SNDBUFFORCE, &bytes, sizeof(bytes)), 0);
	senders[i].fd = fd;
}

static bool send_one(int i)
{
	static uint8_t frame[FRAME];
	const uint16_t type = htons((uint16_t)(TYPE + i));

	memset(frame, 0xff, 6);
	memcpy(frame + 12, &type, sizeof(type));
	if (send(senders[i].fd, frame, sizeof(frame), 0) != sizeof(frame))
		return false;
	senders[i].sent++;
	return true;
}

static void receive_all(void)
{
	uint8_t head[14];
	uint16_t type;
	ssize_t len;

	while ((len = recv(receiver, head, sizeof(head), MSG_TRUNC)) > 0) {
		memcpy(&type, head + 12, sizeof(type));
		type = (uint16_t)(ntohs(type) - TYPE);
		if (len == FRAME && type < SENDERS)
			senders[type].got++;
	}
}

static void turn(void)
{
	struct pollfd p = {.fd = receiver, .events = POLLIN};

	for (int i = 0; i < SENDERS; i++) {
		for (int n = 0; n < 1024 && senders[i].fd && send_one(i); n++)
			;
	}
	poll(&p, 1, 10);
	receive_all();
}

/* All senders at once as fast as they may; kbit/s of frames that arrive from each. */
static void rates(uint32_t ret_kbps[static SENDERS])
{
	uint64_t before[SENDERS];
	struct mono start = mono_now();
	int ms;

	while (mono_ms_since(start) < WARM_MS)
		turn();
	start = mono_now();
	for (int i = 0; i < SENDERS; i++)
		before[i] = senders[i].got;
	while (mono_ms_since(start) < COUNT_MS)
		turn();
	ms = (int)mono_ms_since(start);
	for (int i = 0; i < SENDERS; i++)
		ret_kbps[i] = (uint32_t)((senders[i].got - before[i]) * FRAME * 8 / (uint64_t)ms);
}

/*
 * wanted: 0 = any. What waits in the machine at either end of the window is an error of the
 * measurement, not of HTB, some per cent where the machine gets little time: up to three windows.
 */
static void rates_near(const uint32_t wanted[static SENDERS], uint32_t ret_kbps[static SENDERS])
{
	for (int windows = 0; windows < 3; windows++) {
		bool near = true;

		rates(ret_kbps);
		for (int i = 0; i < SENDERS; i++)
			near = near && (!wanted[i] || (ret_kbps[i] * 20 >= wanted[i] * 19 &&
						       ret_kbps[i] * 20 <= wanted[i] * 21));
		if (near)
			return;
	}
}

static uint16_t assign(struct net_htb *htb, uint32_t slot, uint32_t rate_kbps, uint32_t ceil_kbps)
{
	struct err err = {};
	uint16_t minor = 0;

	if (net_htb_assign(htb, nl, slot, rate_kbps / scale, ceil_kbps / scale, &minor, &err))
		fail_msg("%s", err.text);
	return minor;
}

static struct net_htb *htb_new(uint32_t total_kbps)
{
	struct net_htb *htb = NULL;
	struct err err = {};

	if (net_htb_new(nl, devices, CLASSES, total_kbps / scale, SLOTS, &htb, &err))
		fail_msg("%s", err.text);
	return htb;
}

static void within(const char *what, uint32_t kbps, uint32_t wanted, uint32_t percent)
{
	printf("# %s: %u of %u kbit/s\n", what, kbps, wanted);
	assert_in_range(kbps, wanted - wanted / 100 * percent, wanted + wanted / 100 * percent);
}

/* What all others leave is lent: no guarantee is needed for all of the tier's rate. */
static void a_tier_holds_within_five_percent(void **state UNUSED)
{
	static const uint32_t tiers[] = {5000, 10000, 50000, 100000};

	for (size_t i = 0; i < ARRAY_SIZE(tiers); i++) {
		struct net_htb *htb = htb_new(0);
		uint32_t kbps[SENDERS];

		sender_open(0, assign(htb, 7, 0, tiers[i]));
		rates_near((uint32_t[SENDERS]){tiers[i] / scale}, kbps);
		within("tier", kbps[0], tiers[i] / scale, 5);
		net_htb_free(htb);
		close(senders[0].fd);
		senders[0] = (struct sender){};
		run("tc qdisc del dev wg0 root"); /* what waits there goes too */
		receive_all();
	}
}

static void a_guarantee_holds_against_all(void **state UNUSED)
{
	struct net_htb *htb = htb_new(60000);
	uint32_t kbps[SENDERS];

	sender_open(0, assign(htb, 1, 40000, 0)); /* guaranteed, no tier's rate */
	sender_open(1, assign(htb, 2, 0, 0));
	sender_open(2, assign(htb, 3, 0, 50000));
	sender_open(3, assign(htb, 4, 0, 4000));
	rates_near((uint32_t[SENDERS]){0, 0, 0, 4000 / scale}, kbps);
	printf("# guaranteed %u: %u, others: %u %u, tier of %u: %u kbit/s\n", 40000 / scale,
	       kbps[0], kbps[1], kbps[2], 4000 / scale, kbps[3]);
	assert_true(kbps[0] >= 38000 / scale);
	within("all together", kbps[0] + kbps[1] + kbps[2] + kbps[3], 60000 / scale, 5);
	within("the tier's own", kbps[3], 4000 / scale, 5);
	/* The rest in equal parts. */
	within("the other, as much as the one before", kbps[2], kbps[1], 15);
	net_htb_free(htb);
}

/* Without a class, and in another one: as if the first were not there. */
static void neighbours_are_unharmed(void **state UNUSED)
{
	struct net_htb *htb = htb_new(0);
	uint32_t kbps[SENDERS];

	sender_open(0, assign(htb, 1, 0, 5000));
	sender_open(1, assign(htb, 2, 0, 40000));
	sender_open(2, 0);
	for (int i = 0; i < 500; i++) { /* while the others' queues are full */
		for (int n = 0; n < 2; n++) {
			while (send_one(n))
				;
		}
		assert_true(send_one(2));
		receive_all();
	}
	for (struct mono start = mono_now(); senders[2].got < 500 && mono_ms_since(start) < 5000;)
		receive_all();
	assert_int_equal(senders[2].got, 500);
	close(senders[2].fd);
	senders[2].fd = 0;
	rates_near((uint32_t[SENDERS]){5000 / scale, 40000 / scale}, kbps);
	within("slow", kbps[0], 5000 / scale, 5);
	within("its neighbour", kbps[1], 40000 / scale, 5);
	net_htb_free(htb);
}

/* The class stays, its numbers change: not one frame is lost. */
static void another_tier_loses_nothing(void **state UNUSED)
{
	static const uint32_t tiers[] = {20000, 80000, 30000, 50000};
	struct net_htb *htb = htb_new(0);
	struct pollfd pause = {.fd = -1};
	uint32_t kbps[SENDERS];
	uint16_t minor = assign(htb, 9, 0, 10000);

	sender_open(0, minor);
	for (int i = 0; i < 400; i++) {
		if (i % 100 == 50)
			assert_int_equal(assign(htb, 9, 0, tiers[i / 100]), minor);
		assert_true(send_one(0));
		poll(&pause, 1, 4 * (int)scale); /* 3 Mbit/s at most: below each tier */
		receive_all();
	}
	for (struct mono start = mono_now(); senders[0].got < 400 && mono_ms_since(start) < 5000;)
		receive_all();
	assert_int_equal(senders[0].got, 400);
	rates_near((uint32_t[SENDERS]){50000 / scale}, kbps);
	within("the last tier", kbps[0], 50000 / scale, 5);
	net_htb_free(htb);
}

/* As a release before this one made them: without a parent they get their rate, never their ceil.
 */
static void classes_without_a_parent_are_made_anew(void **state UNUSED)
{
	struct net_htb *htb;
	uint32_t kbps[SENDERS];

	run("tc qdisc add dev wg0 root handle 1: htb && "
	    "tc class add dev wg0 parent 1: classid 1:1 htb rate 100kbit ceil 2mbit");
	htb = htb_new(0);
	sender_open(0, assign(htb, 3, 0, 20000));
	rates_near((uint32_t[SENDERS]){20000 / scale}, kbps);
	within("tier", kbps[0], 20000 / scale, 5);
	net_htb_free(htb);
	/* relayd begins again: what is there is kept, with all that waits in it. */
	htb = htb_new(0);
	net_htb_adopt(htb, 3, 1);
	run("tc -s class show dev wg0 classid 1:1 | grep -q 'Sent [1-9]'");
	assert_int_equal(assign(htb, 3, 0, 20000), 1);
	rates_near((uint32_t[SENDERS]){20000 / scale}, kbps);
	within("tier, adopted", kbps[0], 20000 / scale, 5);
	net_htb_free(htb);
}

#define T(f) cmocka_unit_test_setup_teardown(f, setup, teardown)

/* Some kernels are built without them. */
static bool kernel_has_qdiscs(void)
{
	return !system("ip link add q0 type veth peer name q1 && ip link set q0 up && " /* lint: as
											   above */
		       "tc qdisc add dev q0 root handle 1: htb 2>/dev/null && "
		       "tc class add dev q0 parent 1: classid 1:1 htb rate 1mbit && "
		       "tc qdisc add dev q0 parent 1:1 fq_codel 2>/dev/null");
}

int main(int argc, char **argv)
{
	static const struct CMUnitTest tests[] = {
		T(a_tier_holds_within_five_percent),
		T(a_guarantee_holds_against_all),
		T(neighbours_are_unharmed),
		T(another_tier_loses_nothing),
		T(classes_without_a_parent_are_made_anew),
	};

	if (argc > 1 && parse_u32(argv[1], 1, 1000, &scale))
		return 2;
	if (unshare(CLONE_NEWNET) || !kernel_has_qdiscs()) {
		printf("1..0 # SKIP no HTB or no fq_codel here, or not root\n");
		return 4;
	}
	return RUN_TESTS(tests);
}
