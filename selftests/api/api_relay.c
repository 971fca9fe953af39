/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The true api role beside a kernel that is only remembered: api_relay RELAYD CONFIG starts
 * "relayd --role api" with all that the supervisor would hand it, and plays the net role. Prints
 * "port N" once the role serves, then obeys lines on standard input, each answered by a line:
 *
 *	peers				SLOT GENERATION KEY V6 V4 CEIL RATE SMTP SCAN_PER_S RULES
 *and the rules' text of each, then "." pair SLOT			WG KEY OTHER of the slot,
 *OTHER - = none stats SLOT UP DOWN		packets each way that STATS_GET and USAGE_GET report
 *	reboot				another run of the counters: all are zero
 *	psk SLOT			the slot's pre-shared key and how often it was set
 *	seen SLOT AGO_S ENDPOINT RX TX	a handshake of the slot's peer
 *	refuse N			the next N requests fail
 *	mute on|off			requests are swallowed
 *	stop				SIGTERM, and wait
 *	kill				SIGKILL, and wait
 *	start				the role again, with the configuration file as it is now;
 *					"no" when it ends at once
 *	replica stop|kill|start		the same for the replica role, of state.mode: tmpfs; start
 *					without "replica" starts it too, and first
 *	power				SIGKILL to both at once, and wait
 *
 * End of input ends both.
 */
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include "lib/firewall.h"
#include "lib/mono.h"
#include "lib/parse.h"
#include "relay/listen.h"
#include "relay/net_database.h"
#include "relay/role.h"
#include "relay/supervisor_dirs.h"

#define SLOTS 1024
#define LINE_LEN 256
#define MAX_WORDS 8

struct slot {
	bool used, named;
	bool proven; /* its other key has a PSK: here that stands for a handshake */
	struct peer peer;
	unsigned int psk_sets;
	uint64_t up, down;
};

static struct conf conf;
static const char *relayd, *conf_path;
static struct slot slots[SLOTS];
static int tls_fd = -1, ctl_fd = -1, net_fd = -1;
static pid_t child, replica;
static struct addr4 router4;
static uint32_t refuse;
static uint8_t counters_run[USAGE_RUN_LEN] = {1};
static uint8_t database[DB_IDENTITY_LEN];
static bool mute;

static void die(const char *what)
{
	fprintf(stderr, "api_relay: %s: %s\n", what, strerror(errno));
	exit(1);
}

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
		s->up = s->down = 0;
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
	int r = net_database_same(conf.run_dir, database, &err);

	for (size_t i = 0; i < SLOTS; i++)
		lost += slots[i].used && !slots[i].named;
	if (!r && lost)
		r = net_database_refuse(conf.run_dir, lost, &err);
	else if (r >= 0)
		r = net_database_adopt(conf.run_dir, database, &err);
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

static void on_msg(const struct msg *msg)
{
	struct msg drops = {.type = MSG_DROPS, .seq = msg->seq};
	int r = 0;

	if (mute)
		return;
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

static void child_main(char *what, const int fds[], const int numbers[], size_t n)
{
	char role[] = "--role", name[] = "relayd", verbose[] = "-v";
	char *args[] = {name, role, what, getenv("VERBOSE") ? verbose : NULL, NULL};
	int high[8];

	/* First out of the way, then to their places. */
	for (size_t i = 0; i < n; i++)
		high[i] = fcntl(fds[i], F_DUPFD, 20);
	for (size_t i = 0; i < n; i++)
		dup2(high[i], numbers[i]);
	dup2(STDERR_FILENO, STDOUT_FILENO);
	execv(relayd, args);
	_exit(127);
}

static void send_relay(void)
{
	struct msg relay = {.type = MSG_RELAY};

	memset(relay.relay.wg_public_key, 7, sizeof(relay.relay.wg_public_key));
	relay.relay.wg_port[0] = conf.wg_port[0];
	relay.relay.wg_port[1] = conf.wg_port[1];
	relay.relay.slots = conf.slots;
	relay.relay.max_mtu = 1420;
	relay.relay.memory_bytes = 12 << 20;
	snprintf(relay.relay.xdp_mode, sizeof(relay.relay.xdp_mode), "generic");
	relay.relay.router4 = router4;
	relay.relay.pool6_why[0] = POOL_ASKED;
	relay.relay.pool4_why[0] = POOL_UNSEEN;
	msg_send(net_fd, &relay);
}

/* The database is back, or the role has ended. */
static int start_replica(void)
{
	static const int numbers[] = {MSG_FD_CONF, ROLE_FD_READY};
	char what[] = "replica", byte;
	int ready[2], conf_fd, r;
	struct err err;

	if (role_conf_fd(&conf, &conf_fd, &err) || pipe2(ready, O_CLOEXEC))
		die("descriptors");
	replica = fork();
	if (!replica)
		child_main(what, (int[]){conf_fd, ready[1]}, numbers, 2);
	close(conf_fd);
	close(ready[1]);
	r = read(ready[0], &byte, 1) == 1 ? 0 : -1;
	close(ready[0]);
	if (r) {
		waitpid(replica, NULL, 0);
		replica = 0;
	}
	return r;
}

static int start(void)
{
	static const int numbers[] = {MSG_FD, MSG_FD_TLS, MSG_FD_CTL, MSG_FD_CONF, ROLE_FD_READY};
	char what[] = "api", byte;
	int pair[2], ready[2], conf_fd;
	struct err err;

	if (conf_load(conf_path, &conf, &err) || supervisor_dirs_make(&conf, &err) ||
	    supervisor_database(&conf, &err) || role_conf_fd(&conf, &conf_fd, &err)) {
		fprintf(stderr, "api_relay: %s\n", err.text);
		return -1;
	}
	if (conf.state_mode == CONF_STATE_TMPFS && !replica && start_replica())
		return -1;
	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC | SOCK_NONBLOCK, 0, pair) ||
	    pipe2(ready, O_CLOEXEC))
		die("descriptors");
	child = fork();
	if (!child)
		child_main(what, (int[]){pair[1], tls_fd, ctl_fd, conf_fd, ready[1]}, numbers, 5);
	close(pair[1]);
	close(ready[1]);
	close(conf_fd);
	net_fd = pair[0];
	send_relay();
	for (;;) {
		struct pollfd fds[] = {{net_fd, POLLIN, 0}, {ready[0], POLLIN, 0}};
		struct msg msg;

		if (poll(fds, 2, 20000) <= 0)
			die("the api role does not start");
		while (!msg_recv(net_fd, &msg))
			on_msg(&msg);
		if (fds[1].revents)
			break;
	}
	if (read(ready[0], &byte, 1) != 1) {
		waitpid(child, NULL, 0);
		child = 0;
		close(net_fd);
		net_fd = -1;
	}
	close(ready[0]);
	return child ? 0 : -1;
}

static int stop_replica(int signal)
{
	int status = -1;

	if (replica <= 0)
		return -1;
	kill(replica, signal);
	/* As the supervisor: a Litestream that hangs is killed. */
	for (int i = 0; i < 500 && !waitpid(replica, &status, WNOHANG); i++)
		poll(NULL, 0, 20);
	if (!kill(replica, SIGKILL))
		waitpid(replica, &status, 0);
	replica = 0;
	return status;
}

static int stop(int signal)
{
	int status = -1;

	if (child <= 0)
		return -1;
	kill(child, signal);
	for (int i = 0; i < 500 && !waitpid(child, &status, WNOHANG); i++) {
		struct pollfd fd = {net_fd, POLLIN, 0};
		struct msg msg;

		/* Its last requests are answered still. */
		poll(&fd, 1, 20);
		while (!msg_recv(net_fd, &msg))
			on_msg(&msg);
	}
	close(net_fd);
	net_fd = -1;
	child = 0;
	return status;
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

static void obey(char *words[], size_t n)
{
	uint64_t v[MAX_WORDS] = {};

	for (size_t i = 1; i < n; i++)
		parse_u64(words[i], 0, UINT64_MAX, &v[i]);
	if (!strcmp(words[0], "peers")) {
		print_peers();
		return;
	}
	if (!strcmp(words[0], "psk")) {
		char key[KEY_TEXT_LEN];
		const struct slot *s = &slots[v[1] % SLOTS];

		printf("%s %u\n", b64_key_text(key, s->peer.psk), s->psk_sets);
		return;
	}
	if (!strcmp(words[0], "pair")) {
		print_pair(&slots[v[1] % SLOTS].peer);
		return;
	}
	if (!strcmp(words[0], "stats")) {
		slots[v[1] % SLOTS].up = v[2];
		slots[v[1] % SLOTS].down = v[3];
	} else if (!strcmp(words[0], "reboot")) {
		counters_run[0]++;
		for (size_t i = 0; i < SLOTS; i++)
			slots[i].up = slots[i].down = 0;
	} else if (!strcmp(words[0], "seen") && n == 6) {
		send_seen(&slots[v[1] % SLOTS], v[2], words[3], v[4], v[5]);
	} else if (!strcmp(words[0], "refuse")) {
		refuse = (uint32_t)v[1];
	} else if (!strcmp(words[0], "router") && n == 2) {
		parse_addr4(words[1], &router4);
		send_relay();
	} else if (!strcmp(words[0], "mute")) {
		mute = n > 1 && !strcmp(words[1], "on");
	} else if (!strcmp(words[0], "stop") || !strcmp(words[0], "kill")) {
		printf("%d\n", stop(words[0][0] == 's' ? SIGTERM : SIGKILL));
		return;
	} else if (!strcmp(words[0], "replica") && n == 2) {
		if (!strcmp(words[1], "start"))
			puts(start_replica() ? "no" : "ok");
		else
			printf("%d\n", stop_replica(words[1][0] == 's' ? SIGTERM : SIGKILL));
		return;
	} else if (!strcmp(words[0], "power")) {
		if (replica > 0)
			kill(replica, SIGKILL);
		stop(SIGKILL);
		stop_replica(SIGKILL);
	} else if (!strcmp(words[0], "start")) {
		puts(start() ? "no" : "ok");
		return;
	} else {
		puts("unknown");
		return;
	}
	puts("ok");
}

static void on_line(char *line)
{
	char *words[MAX_WORDS], *save = NULL;
	size_t n = 0;

	for (char *w = strtok_r(line, " \n", &save); w && n < MAX_WORDS;
	     w = strtok_r(NULL, " \n", &save))
		words[n++] = w;
	if (n)
		obey(words, n);
	fflush(stdout);
}

static void listen_somewhere(void)
{
	struct endpoint where = {.family = AF_INET, .v4 = {{127, 0, 0, 1}}};
	struct sockaddr_in in4;
	socklen_t len = sizeof(in4);
	struct err err;

	if (conf_load(conf_path, &conf, &err) || supervisor_dirs_make(&conf, &err) ||
	    listen_tls(&where, &tls_fd, &err) || listen_ctl(&conf, &ctl_fd, &err)) {
		fprintf(stderr, "api_relay: %s\n", err.text);
		exit(1);
	}
	if (getsockname(tls_fd, (struct sockaddr *)&in4, &len))
		die("getsockname");
	if (start())
		exit(1);
	printf("port %u\n", ntohs(in4.sin_port));
	fflush(stdout);
}

int main(int argc, char **argv)
{
	char line[LINE_LEN];

	if (argc != 3)
		return 2;
	relayd = argv[1];
	conf_path = argv[2];
	signal(SIGPIPE, SIG_IGN);
	setvbuf(stdin, NULL, _IONBF, 0);
	listen_somewhere();
	for (;;) {
		struct pollfd fds[] = {{STDIN_FILENO, POLLIN, 0}, {net_fd, POLLIN, 0}};
		struct msg msg;
		int r = 0;

		if (poll(fds, 2, -1) < 0)
			die("poll");
		while (net_fd >= 0 && !(r = msg_recv(net_fd, &msg)))
			on_msg(&msg);
		if (net_fd >= 0 && r == -ECONNRESET) {
			fprintf(stderr, "api_relay: the api role ended by itself\n");
			close(net_fd);
			net_fd = -1;
		}
		if (fds[0].revents) {
			if (!fgets(line, sizeof(line), stdin))
				break;
			on_line(line);
		}
	}
	stop(SIGTERM);
	stop_replica(SIGTERM);
	return 0;
}
