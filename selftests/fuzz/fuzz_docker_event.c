// SPDX-License-Identifier: GPL-2.0-only
// link: agent/docker.c agent/docker_api.c agent/docker_events.c agent/docker_inspect.c
// link: agent/docker_list.c agent/label.c
/* Docker's event stream: cut anywhere, the same events come out. And its other answers. */
#include <stdlib.h>
#include <string.h>
#include "agent/docker.h"

struct seen {
	size_t n;
	struct docker_event last;
};

static void on_event(const struct docker_event *event, void *ctx)
{
	struct seen *seen = ctx;

	seen->n++;
	seen->last = *event;
	if (!docker_id_ok(event->id) || !memchr(event->action, '\0', sizeof(event->action)))
		abort();
}

static const struct docker_ops ops = {.event = on_event};
static char line_a[DOCKER_MAX_EVENT_BYTES], line_b[DOCKER_MAX_EVENT_BYTES];

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const char *text = (const char *)data;
	size_t cut = size ? data[0] % size : 0;
	struct seen whole = {}, pieces = {};
	struct docker a = {.ops = &ops, .ctx = &whole, .line = line_a};
	struct docker b = {.ops = &ops, .ctx = &pieces, .line = line_b};
	char(*ids)[DOCKER_ID_LEN], api[DOCKER_API_LEN];
	struct docker_container c;
	struct err err;
	json_t *json;
	size_t n;

	docker_events_feed(&a, text, size);
	docker_events_feed(&b, text, cut);
	docker_events_feed(&b, text + cut, size - cut);
	if (whole.n != pieces.n || memcmp(&whole.last, &pieces.last, sizeof(whole.last)))
		abort();
	/* The same bytes as Docker's other answers, and as labels. */
	if (!json_parse(text, size, "fuzz", &json, NULL)) {
		docker_inspect_parse(json, "relay.example", &c, NULL);
		label_parse(json, "relay.example", &c.labels, NULL);
		if (!docker_list_parse(json, &ids, &n, &err)) {
			for (size_t i = 0; i < n; i++) {
				if (!docker_id_ok(ids[i]))
					abort();
			}
			free(ids);
		}
		if (!docker_api_negotiate(json, api, &err) && !memchr(api, '\0', sizeof(api)))
			abort();
		json_decref(json);
	}
	return 0;
}
