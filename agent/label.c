/* SPDX-License-Identifier: GPL-2.0-only */
#include "label.h"

#include <string.h>
#include "../lib/log.h"
#include "../lib/parse.h"

#define VALUE_SHOWN_LEN 64

struct label_ask {
	const char *value;
	const char *relay_host;
	struct labels *labels;
	struct err *why; /* a value with a form of its own: what is wrong with it */
};

static bool set_enable(const struct label_ask *ask)
{
	return !parse_bool(ask->value, &ask->labels->enable);
}

static bool set_ipv4(const struct label_ask *ask)
{
	return !parse_bool(ask->value, &ask->labels->ipv4);
}

static bool set_bandwidth(const struct label_ask *ask)
{
	static const char *const names[] = {"10", "50", "100", "500", NULL};
	static const uint32_t mbps[] = {10, 50, 100, 500};
	int i;

	if (parse_name(ask->value, names, &i))
		return false;
	ask->labels->bandwidth_mbps = mbps[i];
	return true;
}

static bool set_firewall(const struct label_ask *ask)
{
	return !firewall_parse(ask->value, &ask->labels->firewall, ask->why);
}

static bool set_egress(const struct label_ask *ask)
{
	static const char *const names[] = {"tunnel", "bridge", NULL};
	int i;

	if (parse_name(ask->value, names, &i))
		return false;
	ask->labels->egress_bridge = i == 1;
	return true;
}

/* A host name's case does not matter (RFC 4343). */
static bool set_relay(const struct label_ask *ask)
{
	return !strcasecmp(ask->value, ask->relay_host);
}

static const struct label {
	const char *key;
	bool (*set)(const struct label_ask *ask);
	const char *expected; /* NULL: the relay's host */
} known[] = {
	{"sidecar.enable", set_enable, "true or false"},
	{"sidecar.ipv4", set_ipv4, "true or false"},
	{"sidecar.bandwidth", set_bandwidth, "10, 50, 100 or 500"},
	{"sidecar.firewall", set_firewall, "rules"},
	{"sidecar.egress", set_egress, "tunnel or bridge"},
	{"sidecar.relay", set_relay, NULL},
};

static int apply(const struct label *label, const json_t *labels, struct label_ask *ask,
		 struct err *err)
{
	const json_t *value = json_object_get(labels, label->key);
	char shown[VALUE_SHOWN_LEN];

	if (!value)
		return 0;
	ask->value = json_string_value(value);
	if (!ask->value)
		return err_set(err, -EINVAL, "label %s: expected a string", label->key);
	if (label->set(ask))
		return 0;
	if (ask->why->code)
		return err_set(err, -EINVAL, "label %s: %s", label->key, ask->why->text);
	log_esc(shown, sizeof(shown), ask->value, strlen(ask->value));
	return err_set(err, -EINVAL, "label %s=\"%s\": expected %s%s", label->key, shown,
		       label->expected ? label->expected : ask->relay_host,
		       label->expected ? "" : ", this agent's relay");
}

static bool is_known(const char *key)
{
	for (size_t i = 0; i < ARRAY_SIZE(known); i++) {
		if (!strcmp(known[i].key, key))
			return true;
	}
	return false;
}

static void find_unknown(const json_t *labels, struct labels *ret)
{
	/* jansson's iterators take no const object, and change nothing. */
	json_t *obj = (json_t *)(uintptr_t)labels;

	for (void *it = json_object_iter(obj); it; it = json_object_iter_next(obj, it)) {
		const char *key = json_object_iter_key(it);

		if (strncmp(key, LABEL_PREFIX, strlen(LABEL_PREFIX)) || is_known(key))
			continue;
		if (ret->n_unknown < LABEL_MAX_UNKNOWN)
			log_esc(ret->unknown[ret->n_unknown++], LABEL_KEY_LEN, key, strlen(key));
	}
}

int label_parse(const json_t *labels, const char *relay_host, struct labels *ret_labels,
		struct err *err)
{
	struct labels parsed = {};
	struct err why = {};
	struct label_ask ask = {.relay_host = relay_host, .labels = &parsed, .why = &why};
	int r;

	for (size_t i = 0; i < ARRAY_SIZE(known); i++) {
		r = apply(&known[i], labels, &ask, err);
		if (r)
			return r;
		/* known[0] is sidecar.enable. */
		if (!parsed.enable)
			break;
	}
	if (parsed.enable)
		find_unknown(labels, &parsed);
	*ret_labels = parsed;
	return 0;
}
