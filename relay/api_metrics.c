/* SPDX-License-Identifier: GPL-2.0-only */
#include "api_metrics.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include "../bpf/include/drop.h"
#include "../lib/buf.h"
#include "../lib/log.h"
#include "api_canary.h"
#include "api_device.h"
#include "api_handlers.h"
#include "api_net.h"
#include "api_replica.h"
#include "api_usage.h"
#include "db_machine.h"
#include "db_peer.h"

#define MAX_TEXT_BYTES 65536
#define TYPE "text/plain; version=0.0.4; charset=utf-8"
#define CLONED_S 3600
#define UP_S 180 /* as in api_container.c */

struct traffic {
	uint32_t generation;
	uint64_t rx, tx;
};

struct api_metrics {
	uint64_t answers[6]; /* by class of status: [2] = 2xx */
	uint64_t errors[API_ERROR_MAX];
	uint64_t rx, tx;
	uint64_t clones;
	uint32_t slots;
	struct traffic last[]; /* by slot */
};

struct api_metrics *api_metrics_new(uint32_t slots)
{
	struct api_metrics *m = calloc(1, sizeof(*m) + slots * sizeof(m->last[0]));

	if (m)
		m->slots = slots;
	return m;
}

void api_metrics_free(struct api_metrics *m)
{
	free(m);
}

void api_metrics_answer(struct api_metrics *m, int status)
{
	if (m && status >= 100 && status < 600)
		m->answers[status / 100]++;
}

void api_metrics_error(struct api_metrics *m, enum api_error e)
{
	if (m)
		m->errors[e]++;
}

void api_metrics_clone(struct api_metrics *m)
{
	if (m)
		m->clones++;
}

void api_metrics_traffic(struct api_metrics *m, const struct msg *msg)
{
	struct traffic *t;

	if (!m || msg->seen.slot >= m->slots)
		return;
	t = &m->last[msg->seen.slot];
	if (t->generation != msg->seen.generation)
		*t = (struct traffic){.generation = msg->seen.generation};
	m->rx += msg->seen.rx_bytes - (msg->seen.rx_bytes >= t->rx ? t->rx : 0);
	m->tx += msg->seen.tx_bytes - (msg->seen.tx_bytes >= t->tx ? t->tx : 0);
	t->rx = msg->seen.rx_bytes;
	t->tx = msg->seen.tx_bytes;
}

static void head(struct strbuf *out, const char *name, const char *type, const char *help)
{
	strbuf_printf(out, "# HELP sidecar_%s %s\n# TYPE sidecar_%s %s\n", name, help, name, type);
}

static void one(struct strbuf *out, const char *name, const char *type, const char *help,
		uint64_t value)
{
	head(out, name, type, help);
	strbuf_printf(out, "sidecar_%s %" PRIu64 "\n", name, value);
}

static void add_drops(struct strbuf *out, const struct msg *drops)
{
	static const struct {
		enum sc_drop number;
		const char *name;
	} reasons[] = {
#define X(number, NAME, name, text) {SC_DROP_##NAME, name},
		SC_DROP_LIST(X)
#undef X
	};

	head(out, "drops_total", "counter", "Packets dropped by the data plane, by reason.");
	for (size_t i = 0; i < ARRAY_SIZE(reasons); i++)
		strbuf_printf(out, "sidecar_drops_total{reason=\"%s\"} %" PRIu64 "\n",
			      reasons[i].name, drops->drops.count[reasons[i].number]);
}

static void add_pair(struct strbuf *out, const char *name, const char *help, uint64_t up,
		     uint64_t down)
{
	head(out, name, "counter", help);
	strbuf_printf(out,
		      "sidecar_%s{direction=\"up\"} %" PRIu64 "\n"
		      "sidecar_%s{direction=\"down\"} %" PRIu64 "\n",
		      name, up, name, down);
}

static void add_usage(struct strbuf *out, const struct api *api, const struct msg *drops)
{
	struct usage u = api_usage_total(api);

	add_pair(out, "traffic_bytes_total", "IP bytes from (up) and to (down) all peers.",
		 u.up_bytes, u.down_bytes);
	add_pair(out, "traffic_packets_total", "IP packets from (up) and to (down) all peers.",
		 u.up_packets, u.down_packets);
	one(out, "tally_differs", "gauge",
	    "Peers whose traffic by our count is not what WireGuard has counted.",
	    drops->drops.tally_differs);
}

static void add_api(struct strbuf *out, const struct api *api)
{
	const struct api_metrics *m = api->metrics;

	head(out, "api_answers_total", "counter", "Answers of the API, by class of status.");
	for (int i = 2; i < 6; i++)
		strbuf_printf(out, "sidecar_api_answers_total{class=\"%dxx\"} %" PRIu64 "\n", i,
			      m->answers[i]);
	head(out, "api_errors_total", "counter", "Problems answered by the API, by code.");
	for (int i = 0; i < API_ERROR_MAX; i++)
		strbuf_printf(out, "sidecar_api_errors_total{code=\"%s\"} %" PRIu64 "\n",
			      api_error_code((enum api_error)i), m->errors[i]);
	one(out, "api_connections", "gauge", "Open TLS connections.",
	    http_server_connections(api->tls_server));
	one(out, "device_codes", "gauge", "Device codes that wait.",
	    api_devices_waiting(api->devices, mono_now()));
	one(out, "peer_clones_total", "counter",
	    "Times a peer's packets came from two endpoints in turn.", m->clones);
	one(out, "wireguard_receive_bytes_total", "counter",
	    "Bytes that WireGuard received from peers.", m->rx);
	one(out, "wireguard_transmit_bytes_total", "counter", "Bytes that WireGuard sent to peers.",
	    m->tx);
}

static int add_state(struct strbuf *out, const struct api *api, struct err *err)
{
	uint32_t peers, ipv4, rows, up, stopped, machines, cloned;
	enum api_canary_state canary = api_canary_state(api);
	int r;

	r = db_peer_count(api->db, 0, 0, DB_PEER_NO_SLOT, &peers, &ipv4, err);
	if (!r)
		r = db_address_count(api->db, &rows, err);
	if (!r)
		r = db_peer_count_state(api->db, db_now() - UP_S, &up, &stopped, err);
	if (!r)
		r = db_machine_count_all(api->db, db_now() - CLONED_S, &machines, &cloned, err);
	if (r)
		return r;
	head(out, "build_info", "gauge", "Version and name of the relay.");
	strbuf_printf(out, "sidecar_build_info{version=\"%s\",relay=\"%s\",region=\"%s\"} 1\n",
		      SIDECAR_VERSION, api->conf.name, api->conf.region);
	one(out, "uptime_seconds", "gauge", "Seconds since relayd started.",
	    (uint64_t)mono_ms_since(api->started) / 1000);
	one(out, "peers", "gauge", "Live peers.", peers);
	one(out, "peers_up", "gauge", "Live peers with a handshake in the last 180 s.", up);
	one(out, "peers_stopped", "gauge", "Peers stopped by billing or quota.", stopped);
	one(out, "ipv4_used", "gauge", "IPv4 addresses of live peers.", ipv4);
	one(out, "slots", "gauge", "Slots of this relay.", api->conf.slots);
	one(out, "slots_used", "gauge", "Slots with an address row, live or held.", rows);
	one(out, "machines", "gauge", "Hosts that agents have enrolled.", machines);
	one(out, "machines_cloned", "gauge",
	    "Of these, two seen at work with one key in the last hour.", cloned);
	if (api->conf.state_mode == CONF_STATE_TMPFS) {
		one(out, "replica_up", "gauge", "1 while the replica role runs.",
		    api_replica_up(&api->conf));
		one(out, "replica_behind_seconds", "gauge",
		    "Seconds for which the database has had what its replica has not.",
		    api_replica_behind_s(&api->conf));
	}
	head(out, "canary_status", "gauge", "State of the warrant canary: 1 for the present one.");
	for (int i = 0; i <= API_CANARY_INVALID; i++)
		strbuf_printf(out, "sidecar_canary_status{state=\"%s\"} %d\n", api_canary_names[i],
			      i == (int)canary);
	return 0;
}

static void on_drops(int r, const char *text, const struct msg *answer, void *ctx)
{
	static const struct http_header headers[] = {{"content-type", TYPE},
						     {"cache-control", "no-store"}};
	AUTO_STRBUF struct strbuf out = STRBUF_NEW(MAX_TEXT_BYTES);
	struct api_req *req = ctx;
	struct err err;

	if (r || !answer || answer->type != MSG_DROPS) {
		api_refuse(req, API_ERROR_RELAY_REFUSED, "drops: %s", r ? text : "no answer");
		return;
	}
	if (add_state(&out, req->api, &err)) {
		log_err("metrics: %s", err.text);
		api_refuse(req, API_ERROR_INTERNAL, "the database cannot be read");
		return;
	}
	add_drops(&out, answer);
	add_usage(&out, req->api, answer);
	add_api(&out, req->api);
	if (out.error)
		api_refuse(req, API_ERROR_INTERNAL, "the figures do not fit");
	else
		api_reply_raw(req, 200, headers, ARRAY_SIZE(headers), strbuf_text(&out), out.len);
}

void api_metrics_get(struct api_req *req)
{
	struct msg msg = {.type = MSG_DROPS_GET};

	if (api_net_request(req->api->net, &msg, on_drops, req))
		api_refuse(req, API_ERROR_BUSY, "too many requests wait already");
}
