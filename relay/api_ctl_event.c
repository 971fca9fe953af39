/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What relayctl monitor reads, again and again: drops since it asked last, a sample. "more" says
 * that others wait. The data plane reports drops only while somebody asks.
 */
#include <arpa/inet.h>
#include <string.h>
#include "api_handlers.h"
#include "api_net.h"
#include "api_route.h"

static const char *reason_text(enum sc_drop reason)
{
	switch (reason) {
#define X(number, NAME, name, text)                                                                \
	case SC_DROP_##NAME:                                                                       \
		return name;
		SC_DROP_LIST(X)
#undef X
	default:
		return "unknown";
	}
}

static json_t *address_json(uint16_t family, const uint8_t addr[static 16])
{
	char text[INET6_ADDRSTRLEN];

	if (!family || !inet_ntop(family, addr, text, sizeof(text)))
		return json_null();
	return json_string(text);
}

static json_t *event_json(const struct dp_event *e)
{
	return json_pack("{s:I, s:s, s:o, s:i, s:i, s:o, s:o, s:i, s:i}", "time_ns",
			 (json_int_t)e->time_ns, "reason", reason_text(e->reason), "slot",
			 e->slot == DP_EVENT_NO_SLOT ? json_null() : json_integer(e->slot),
			 "length", (int)e->len, "protocol", (int)e->proto, "source",
			 address_json(e->family, e->src), "destination",
			 address_json(e->family, e->dst), "source_port", (int)e->src_port,
			 "destination_port", (int)e->dst_port);
}

static void on_events(int r, const char *text, const struct msg *answer, void *ctx)
{
	struct api_req *req = ctx;
	json_t *list;

	if (r || !answer || answer->type != MSG_EVENTS || answer->events.n > MSG_MAX_EVENTS) {
		api_refuse(req, API_ERROR_RELAY_REFUSED, "events: %s", r ? text : "no answer");
		return;
	}
	list = json_array();
	for (uint32_t i = 0; i < answer->events.n; i++)
		json_array_append_new(list, event_json(&answer->events.event[i]));
	api_reply_json(req, 200,
		       json_pack("{s:o, s:b}", "events", list, "more",
				 answer->events.n == MSG_MAX_EVENTS));
}

void api_ctl_events(struct api_req *req)
{
	struct msg msg = {.type = MSG_EVENTS_GET};

	if (api_net_request(req->api->net, &msg, on_events, req))
		api_refuse(req, API_ERROR_BUSY, "too many requests wait already");
}
