/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Every endpoint and every body: the api role's routes with a database in memory, behind HTTP's own
 * parser (fuzz_http_request.c). The input is a list of requests between lines "%%":
 *
 *	WHO METHOD TARGET	a = alice's token with all scopes, r = with peers:read, b = another
 *	BODY			account's, n = none, f = none and the body is a form, c = relayctl;
 *				in capitals: the net role refuses
 *
 * Each request is answered once, never with 500, JSON where it says so, headers without a line of
 * their own; and the database takes all that it is told.
 */
// link: relay/api.c relay/api_*.c relay/db*.c relay/conf*.c relay/alloc.c relay/canary.c
// link: relay/markdown.c relay/kstate.c relay/msg.c relay/rotation.c relay/isolate.c
// link: relay/place.c relay/pool.c relay/role.c
#include <ctype.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include "relay/api_clone.h"
#include "relay/api_canary.h"
#include "relay/api_device.h"
#include "relay/api_metrics.h"
#include "relay/api_net.h"
#include "relay/api_psk.h"
#include "relay/api_rate.h"
#include "relay/api_rotate.h"
#include "relay/api_route.h"
#include "relay/api_seen.h"
#include "relay/db_stmt.h"

#define MAX_REQUESTS 8
#define ENDLESS 1000000 /* of requests: their limits are not what is tested */

int LLVMFuzzerInitialize(int *argc, char ***argv);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static const char conf_text[] =
	"uplink: lo\npublic: {ipv4: 203.0.113.2, ipv6: 2001:db8:ffff::2}\nslots: 32\npools:\n"
	"  - {prefix: \"2001:db8:5:5::/64\", mode: onlink}\n"
	"  - {prefix: 203.0.113.128/26, mode: onlink}\n";

static uv_loop_t loop;
static struct api api = {.loop = &loop, .state = API_SERVING};
static sqlite3 *fresh; /* what each input begins with */
static int net_fd;
static bool net_refuses;
static char tokens[3][TOKEN_LEN]; /* a, r, b */

/* ---- in place of lib/http_server.c and lib/tls_conn.c ---- */

struct http_exchange {
	struct http_msg msg;
	unsigned int replies;
	int status;
	char body[16384];
};

static struct http_mark mark; /* one connection */

const struct http_msg *http_exchange_msg(const struct http_exchange *x)
{
	return &x->msg;
}

struct endpoint http_exchange_remote(UNUSED const struct http_exchange *x)
{
	return (struct endpoint){.family = AF_INET, .port = 1, .v4 = {{198, 51, 100, 7}}};
}

bool http_exchange_unix_uid(UNUSED const struct http_exchange *x, uint32_t *ret_uid)
{
	*ret_uid = 0;
	return true;
}

void http_exchange_known(UNUSED struct http_exchange *x)
{
}

struct tls_conn *http_exchange_tls(UNUSED const struct http_exchange *x)
{
	return (struct tls_conn *)&mark;
}

struct http_mark *http_exchange_mark(UNUSED const struct http_exchange *x)
{
	return &mark;
}

const char *tls_conn_group(UNUSED const struct tls_conn *c)
{
	return TLS_AGENT_GROUPS;
}

int tls_conn_export(UNUSED struct tls_conn *c, UNUSED const char *label, void *out, size_t len,
		    UNUSED struct err *err)
{
	memset(out, 7, len);
	return 0;
}

struct http_server *http_server_new(UNUSED uv_loop_t *l, UNUSED const struct http_limits *limits,
				    UNUSED http_handler *handler, UNUSED http_error_body *body,
				    UNUSED void *ctx)
{
	abort();
}

int http_server_listen(UNUSED struct http_server *s, UNUSED int fd, UNUSED struct tls_ctx *tls,
		       UNUSED struct err *err)
{
	abort();
}

void http_server_stop_listening(UNUSED struct http_server *s)
{
}

uint32_t http_server_connections(UNUSED const struct http_server *s)
{
	return 1;
}

void http_server_free(UNUSED struct http_server *s)
{
}

void http_reply(struct http_exchange *x, int status, const struct http_header *headers,
		size_t n_headers, const void *body, size_t body_len)
{
	bool is_json = false;

	x->replies++;
	x->status = status;
	if (status < 200 || status > 599 || status == 500)
		abort();
	for (size_t i = 0; i < n_headers; i++) {
		for (const char *p = headers[i].value; *p; p++) {
			if (iscntrl((unsigned char)*p))
				abort();
		}
		is_json |= !strcmp(headers[i].name, "content-type") &&
			   strstr(headers[i].value, "json") != NULL;
	}
	if (is_json) {
		json_t *json = json_loadb(body, body_len, JSON_REJECT_DUPLICATES, NULL);

		if (!json)
			abort();
		json_decref(json);
	}
	if (body && body_len < sizeof(x->body)) {
		memcpy(x->body, body, body_len);
		x->body[body_len] = '\0';
	}
}

/* ---- the net role ---- */

static void answer_net(void)
{
	struct msg msg;

	while (!msg_recv(net_fd, &msg)) {
		struct msg done = {.type = MSG_DONE, .seq = msg.seq}, answer = {.seq = msg.seq};

		if (net_refuses) {
			done.done.result = -EIO;
			strcpy(done.done.text, "refused"); /* lint: our own text */
		} else {
			answer.type = msg.type == MSG_STATS_GET	   ? MSG_STATS
				      : msg.type == MSG_DROPS_GET  ? MSG_DROPS
				      : msg.type == MSG_EVENTS_GET ? MSG_EVENTS
								   : MSG_NONE;
			if (answer.type != MSG_NONE)
				msg_send(net_fd, &answer);
		}
		msg_send(net_fd, &done);
	}
}

static void on_msg(UNUSED const struct msg *msg, UNUSED void *ctx)
{
}

static void on_reload(UNUSED void *ctx)
{
}

static void on_lost(UNUSED int r, UNUSED void *ctx)
{
	abort();
}

/* ---- requests ---- */

static void run(struct http_exchange *x, bool ctl)
{
	if (ctl)
		api_route_ctl(x, &api);
	else
		api_route_public(x, &api);
	for (int i = 0; i < 8 && !x->replies; i++) {
		uv_run(&loop, UV_RUN_NOWAIT);
		answer_net();
	}
	/* What goes on behind the answer. */
	for (int i = 0; i < 3; i++) {
		uv_run(&loop, UV_RUN_NOWAIT);
		answer_net();
	}
	if (x->replies != 1)
		abort();
}

static void add_header(struct http_msg *msg, const char *name, const char *value)
{
	msg->headers[msg->n_headers++] = (struct http_header){name, value};
}

/* `text` is a request of the list; it is cut into words. */
static void request(char *text)
{
	static struct http_exchange x;
	char *body = strchr(text, '\n'), *rest = text, auth[TOKEN_LEN + 8];
	const char *who, *token;
	char *target, *query;
	char kind;

	x = (struct http_exchange){};
	if (body)
		*body++ = '\0';
	who = strsep(&rest, " ");
	x.msg.method = rest ? strsep(&rest, " ") : "GET";
	target = rest ? strsep(&rest, " ") : NULL;
	if (!target || !target[0])
		return;
	x.msg.target = x.msg.path = target;
	query = strchr(target, '?');
	x.msg.query = query ? query + 1 : "";
	if (query)
		*query = '\0';
	x.msg.body = body ? body : "";
	x.msg.body_len = strlen(x.msg.body);
	kind = (char)tolower((unsigned char)who[0]);
	net_refuses = isupper((unsigned char)who[0]);
	token = kind == 'a' ? tokens[0] : kind == 'r' ? tokens[1] : kind == 'b' ? tokens[2] : NULL;
	add_header(&x.msg, "host", "relay.example");
	add_header(&x.msg, "content-type",
		   kind == 'f' ? "application/x-www-form-urlencoded" : "application/json");
	if (token) {
		snprintf(auth, sizeof(auth), "Bearer %s", token);
		add_header(&x.msg, "authorization", auth);
	}
	run(&x, kind == 'c');
}

static void make_token(char ret[static TOKEN_LEN], const char *account, const char *scopes)
{
	static struct http_exchange x;
	char body[256];
	json_t *json;

	snprintf(body, sizeof(body),
		 "{\"account\":\"%s\",\"tier\":\"pulse+ipv4\",\"scopes\":\"%s\"}", account, scopes);
	x = (struct http_exchange){.msg = {.method = "POST",
					   .target = "/ctl/v1/tokens",
					   .path = "/ctl/v1/tokens",
					   .query = "",
					   .body = body,
					   .body_len = strlen(body)}};
	add_header(&x.msg, "content-type", "application/json");
	run(&x, true);
	json = json_loads(x.body, 0, NULL);
	if (!json || !json_string_value(json_object_get(json, "token")))
		abort();
	strcpy(ret, json_string_value(json_object_get(json, "token"))); /* lint: our own text */
	json_decref(json);
}

static void copy_db(sqlite3 *to, sqlite3 *from)
{
	sqlite3_backup *b = sqlite3_backup_init(to, "main", from, "main");

	if (!b || sqlite3_backup_step(b, -1) != SQLITE_DONE || sqlite3_backup_finish(b))
		abort();
}

static void fill_api(void)
{
	api.busy = calloc(api.conf.slots / 8 + 1, 1);
	api.psk = api_psk_new(api.conf.slots);
	api.clones = api_clones_new(api.conf.slots);
	api.rate_fail = api_rate_new(ENDLESS, 1);
	api.rate_open = api_rate_new(ENDLESS, 1);
	api.rate_token = api_rate_new(ENDLESS, 1);
	api.rate_device = api_rate_new(ENDLESS, 1);
	api.rate_guess = api_rate_new(ENDLESS, 1);
	api.metrics = api_metrics_new(api.conf.slots);
	api.relay.max_mtu = 1420;
	api.relay.wg_port[0] = 51820;
	api.relay.wg_port[1] = 51821;
	api.relay.wg_public_key[0][0] = 1;
	api.relay.wg_public_key[1][0] = 2;
	memset(api.token_key, 1, sizeof(api.token_key));
	memset(api.address_key, 2, sizeof(api.address_key));
}

int LLVMFuzzerInitialize(UNUSED int *argc, UNUSED char ***argv)
{
	const struct api_net_events events = {
		.relay = on_msg, .seen = on_msg, .reload = on_reload, .lost = on_lost};
	struct err err;
	int pair[2];

	if (conf_parse(conf_text, strlen(conf_text), "fuzz", &api.conf, &err) ||
	    uv_loop_init(&loop) || db_open(":memory:", &api.db, &err) ||
	    sqlite3_open(":memory:", &fresh) ||
	    socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC | SOCK_NONBLOCK, 0, pair) ||
	    api_net_new(&loop, pair[0], &events, &api.net, &err) || api_seen_start(&api, &err) ||
	    api_rotate_start(&api, &err) || api_canary_open(&api, &err))
		abort();
	net_fd = pair[1];
	fill_api();
	api.devices = api_devices_new();
	make_token(tokens[0], "alice", "peers:read peers:add admin metrics");
	make_token(tokens[1], "alice", "peers:read");
	make_token(tokens[2], "bob", "peers:read peers:add admin");
	copy_db(fresh, api.db->sql);
	return 0;
}

/* Rotations are in memory, and end by themselves when their peers are not there. */
static void reset(void)
{
	copy_db(api.db->sql, fresh);
	api_devices_free(api.devices);
	api.devices = api_devices_new();
	api_psk_free(api.psk);
	api.psk = api_psk_new(api.conf.slots);
	mark = (struct http_mark){};
	memset(api.busy, 0, api.conf.slots / 8 + 1);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char *text, *rest;

	/* HTTP's parser lets no NUL through to a target; JSON refuses them. */
	if (memchr(data, '\0', size))
		return 0;
	reset();
	text = rest = strndup((const char *)data, size);
	for (int i = 0; i < MAX_REQUESTS && rest; i++) {
		char *next = strstr(rest, "\n%%\n");

		if (next) {
			*next = '\0';
			next += 4;
		}
		request(rest);
		rest = next;
	}
	free(text);
	return 0;
}
