/* SPDX-License-Identifier: GPL-2.0-only */
#include "fake_kernel.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <time.h>
#include "lib/firewall.h"
#include "lib/parse.h"
#include "relay/net_database.h"

#define SLOTS 1024
#define MAX_HELD 16 /* more: obeyed at once, as if there were no hold */

struct slot {
	bool used, named;
	bool proven; /* its other key has a PSK: here that stands for a handshake */
	struct peer peer;
	unsigned int psk_sets;
	uint64_t up, down, outside;
};

static const struct conf *conf;
static int net_fd = -1;
static struct slot slots[SLOTS];
static struct addr4 router4;
static uint32_t refuse;
static uint8_t counters_run[USAGE_RUN_LEN] = {1};
static uint8_t database[DB_IDENTITY_LEN];
static bool mute, hold;
static struct msg held[MAX_HELD];
static size_t n_held;

static void answer(uint32_t seq, int result, const char *text)
{
	struct msg done = {.type = MSG_DONE, .seq = seq};

	done.done.result = result;
	snprintf(done.done.text, sizeof(done.done.text), "%s", text);
	msg_send(net_fd, &done);
}

static int on_set(const struct peer *peer)
{
	struct slot *s = peer->slot < SLOTS ? &slots[peer->slot] : NULL;

	if (!s || (!addr4_is_zero(router4) && addr4_eq(peer->v4, router4)))
		return -EINVAL;
	if (s->used && s->peer.has_other && s->peer.wg != peer->wg &&
	    !memcmp(s->peer.other_key, peer->public_key, KEY_LEN)) {
		if (!s->proven)
			return -ENOTCONN;
		s->proven = false;
	}
	if (s->peer.generation != peer->generation)
		s->up = s->down = s->outside = 0;
	s->used = s->named = true;
	s->peer = *peer;
	return 0;
}

static struct usage usage_of(const struct slot *s)
{
	return (struct usage){.up_packets = s->up,
			      .up_bytes = s->up * 100,
			      .down_packets = s->down,
			      .down_bytes = s->down * 100};
}

/* Two slots an answer, so that there are several. */
static void on_usage(const struct msg *msg)
{
	struct msg out = {.type = MSG_USAGE, .seq = msg->seq};
	uint32_t i = msg->slot.slot;

	for (; i < SLOTS && out.usage.n < 2; i++) {
		if (!slots[i].up && !slots[i].down)
			continue;
		out.usage.entry[out.usage.n].slot = i;
		out.usage.entry[out.usage.n].generation = slots[i].peer.generation;
		out.usage.entry[out.usage.n].tally = i % 2 ? TALLY_DIFFERS : TALLY_AGREES;
		out.usage.entry[out.usage.n].usage = usage_of(&slots[i]);
		out.usage.n++;
	}
	out.usage.next = i < SLOTS ? i : 0;
	memcpy(out.usage.run, counters_run, sizeof(counters_run));
	msg_send(net_fd, &out);
}

static int on_stats(const struct msg *msg)
{
	struct msg stats = {.type = MSG_STATS, .seq = msg->seq};
	const struct slot *s = &slots[msg->slot.slot % SLOTS];

	if (s->peer.generation != msg->slot.generation)
		return -ENOENT;
	stats.stats.slot = msg->slot.slot;
	stats.stats.generation = msg->slot.generation;
	stats.stats.usage = usage_of(s);
	stats.stats.outside_packets = s->outside;
	memcpy(stats.stats.run, counters_run, sizeof(counters_run));
	stats.stats.tally = (struct tally){.state = TALLY_AGREES, .rx_bytes = 5, .tx_bytes = 6};
	msg_send(net_fd, &stats);
	return 0;
}

static int on_psk(const struct msg *msg)
{
	struct slot *s = &slots[msg->psk.slot % SLOTS];

	if (!s->used || s->peer.generation != msg->psk.generation)
		return -ENOENT;
	if (s->peer.has_other && !memcmp(s->peer.other_key, msg->psk.public_key, KEY_LEN)) {
		s->proven = true;
		return 0;
	}
	if (memcmp(s->peer.public_key, msg->psk.public_key, KEY_LEN))
		return -ENOENT;
	memcpy(s->peer.psk, msg->psk.psk, KEY_LEN);
	s->psk_sets++;
	return 0;
}

/* The net role's own check, over the kernel that is remembered. */
static int sync_allowed(void)
{
	unsigned int lost = 0;
	struct err err = {};
	int r = net_database_same(conf->run_dir, database, &err);

	for (size_t i = 0; i < SLOTS; i++)
		lost += slots[i].used && !slots[i].named;
	if (!r && lost)
		r = net_database_refuse(conf->run_dir, lost, &err);
	else if (r >= 0)
		r = net_database_adopt(conf->run_dir, database, &err);
	if (r)
		fprintf(stderr, "api_relay: %s\n", err.text);
	return r;
}

static void sync_mark(bool begin)
{
	for (size_t i = 0; i < SLOTS; i++) {
		if (begin)
			slots[i].named = false;
		else if (!slots[i].named)
			slots[i].used = false;
	}
}

/* Three drops: of each family one, and one that is no IP packet. */
static void on_events(const struct msg *msg)
{
	struct msg out = {.type = MSG_EVENTS, .seq = msg->seq, .events.n = 3};
	struct dp_event *e = out.events.event;

	e[0] = (struct dp_event){.time_ns = 1000000000,
				 .reason = SC_DROP_NO_SLOT,
				 .slot = DP_EVENT_NO_SLOT,
				 .len = 72,
				 .family = AF_INET6,
				 .proto = 6,
				 .src = {0x20, 0x01, 0x0d, 0xb8, [15] = 9},
				 .dst = {0x20, 0x01, 0x0d, 0xb8, [15] = 2},
				 .src_port = 4321,
				 .dst_port = 443};
	e[1] = (struct dp_event){.time_ns = 2000000000,
				 .reason = SC_DROP_FIREWALL,
				 .slot = 3,
				 .len = 28,
				 .family = AF_INET,
				 .proto = 1,
				 .src = {198, 18, 0, 1},
				 .dst = {198, 51, 100, 66}};
	e[2] = (struct dp_event){.reason = SC_DROP_MALFORMED, .slot = DP_EVENT_NO_SLOT};
	msg_send(net_fd, &out);
}

void fake_kernel_msg(const struct msg *msg)
{
	struct msg drops = {.type = MSG_DROPS, .seq = msg->seq};
	int r = 0;

	if (mute)
		return;
	if (hold && n_held < MAX_HELD) {
		held[n_held++] = *msg;
		return;
	}
	if (refuse) {
		refuse--;
		answer(msg->seq, -EIO, strerror(EIO));
		return;
	}
	switch ((enum msg_type)msg->type) {
	case MSG_SYNC_BEGIN:
		memcpy(database, msg->sync.database, sizeof(database));
		sync_mark(true);
		break;
	case MSG_SYNC_END:
		r = sync_allowed();
		if (!r)
			sync_mark(false);
		break;
	case MSG_PEER_SET:
		r = on_set(&msg->peer);
		break;
	case MSG_PEER_DEL:
		slots[msg->slot.slot % SLOTS].used = false;
		on_stats(msg);
		break;
	case MSG_PEER_PSK:
		r = on_psk(msg);
		break;
	case MSG_STATS_GET:
		r = on_stats(msg);
		break;
	case MSG_USAGE_GET:
		on_usage(msg);
		break;
	case MSG_DROPS_GET:
		for (size_t i = 0; i < SC_DROP_MAX; i++)
			drops.drops.count[i] = i;
		drops.drops.tally_differs = 1;
		msg_send(net_fd, &drops);
		break;
	case MSG_EVENTS_GET:
		on_events(msg);
		break;
	default:
		r = -EPROTO;
	}
	answer(msg->seq, r, r ? strerror(-r) : "");
}

static void send_relay(void)
{
	struct msg relay = {.type = MSG_RELAY};

	memset(relay.relay.wg_public_key, 7, sizeof(relay.relay.wg_public_key));
	relay.relay.wg_port[0] = conf->wg_port[0];
	relay.relay.wg_port[1] = conf->wg_port[1];
	relay.relay.slots = conf->slots;
	relay.relay.max_mtu = 1420;
	relay.relay.memory_bytes = 12 << 20;
	snprintf(relay.relay.xdp_mode, sizeof(relay.relay.xdp_mode), "generic");
	relay.relay.router4 = router4;
	relay.relay.pool6_why[0] = POOL_ASKED;
	relay.relay.pool4_why[0] = POOL_UNSEEN;
	msg_send(net_fd, &relay);
}

static void print_peers(void)
{
	char key[KEY_TEXT_LEN], v6[ADDR_TEXT_LEN], v4[ADDR_TEXT_LEN], rules[FIREWALL_TEXT_LEN];

	for (size_t i = 0; i < SLOTS; i++) {
		const struct peer *p = &slots[i].peer;

		if (slots[i].used)
			printf("%u %u %s %s %s %u %u %u %u %u %s\n", p->slot, p->generation,
			       b64_key_text(key, p->public_key), addr6_text(v6, &p->v6),
			       addr4_text(v4, p->v4), p->ceil_kbps, p->rate_kbps, p->smtp,
			       p->scan_per_s, p->firewall.n, firewall_text(rules, &p->firewall));
	}
	puts(".");
}

static void print_pair(const struct peer *p)
{
	char key[KEY_TEXT_LEN], other[KEY_TEXT_LEN];

	printf("%u %s %s\n", p->wg, b64_key_text(key, p->public_key),
	       p->has_other ? b64_key_text(other, p->other_key) : "-");
}

static void send_seen(const struct slot *s, uint64_t ago, const char *endpoint, uint64_t rx,
		      uint64_t tx)
{
	struct msg msg = {.type = MSG_SEEN};

	msg.seen.slot = s->peer.slot;
	msg.seen.generation = s->peer.generation;
	msg.seen.last_handshake_s = (int64_t)time(NULL) - (int64_t)ago;
	msg.seen.rx_bytes = rx;
	msg.seen.tx_bytes = tx;
	parse_endpoint(endpoint, &msg.seen.endpoint);
	msg_send(net_fd, &msg);
}

static void print_psk(const struct slot *s)
{
	char key[KEY_TEXT_LEN];

	printf("%s %u\n", b64_key_text(key, s->peer.psk), s->psk_sets);
}

void fake_kernel_start(int fd, const struct conf *to_conf)
{
	net_fd = fd;
	conf = to_conf;
	send_relay();
}

void fake_kernel_stop(void)
{
	net_fd = -1;
	n_held = 0;
}

static void hold_set(bool on)
{
	hold = on;
	for (size_t i = 0; !on && i < n_held; i++)
		fake_kernel_msg(&held[i]);
	n_held = on ? n_held : 0;
}

/* Those that print their answer. */
static bool obey_print(char *words[], struct slot *s)
{
	if (!strcmp(words[0], "peers"))
		print_peers();
	else if (!strcmp(words[0], "psk"))
		print_psk(s);
	else if (!strcmp(words[0], "pair"))
		print_pair(&s->peer);
	else if (!strcmp(words[0], "held"))
		printf("%zu\n", n_held);
	else
		return false;
	return true;
}

bool fake_kernel_obey(char *words[], size_t n)
{
	uint64_t v[FAKE_KERNEL_WORDS] = {};
	struct slot *s;

	for (size_t i = 1; i < n; i++)
		parse_u64(words[i], 0, UINT64_MAX, &v[i]);
	s = &slots[v[1] % SLOTS];
	if (obey_print(words, s))
		return true;
	if (!strcmp(words[0], "stats")) {
		s->up = v[2];
		s->down = v[3];
		s->outside = v[4];
	} else if (!strcmp(words[0], "reboot")) {
		counters_run[0]++;
		for (size_t i = 0; i < SLOTS; i++)
			slots[i].up = slots[i].down = slots[i].outside = 0;
	} else if (!strcmp(words[0], "seen") && n == 6) {
		send_seen(s, v[2], words[3], v[4], v[5]);
	} else if (!strcmp(words[0], "refuse")) {
		refuse = (uint32_t)v[1];
	} else if (!strcmp(words[0], "router") && n == 2) {
		parse_addr4(words[1], &router4);
		send_relay();
	} else if (!strcmp(words[0], "mute")) {
		mute = n > 1 && !strcmp(words[1], "on");
	} else if (!strcmp(words[0], "hold")) {
		hold_set(n > 1 && !strcmp(words[1], "on"));
	} else {
		return false;
	}
	puts("ok");
	return true;
}
