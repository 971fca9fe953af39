/* SPDX-License-Identifier: GPL-2.0-only */
#include "conf_check.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include "conf_names.h"

struct check {
	const struct conf *conf;
	const struct conf_yaml_node *root;
	const char *name;
	struct err *err;
};

/* at: the value that has to change; NULL = not in the file. */
PRINTF(3, 4)
static int refuse(const struct check *ck, const struct conf_yaml_node *at, const char *fmt, ...)
{
	char text[ERR_TEXT_LEN];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	if (!at)
		return err_set(ck->err, -EINVAL, "%s: %s", ck->name, text);
	return err_set(ck->err, -EINVAL, "%s:%u:%u: %s", ck->name, at->line, at->column, text);
}

static const struct conf_yaml_node *child(const struct conf_yaml_node *map, const char *key)
{
	const struct conf_yaml_node *n = map ? map->first : NULL;

	while (n && strcmp(n->key, key))
		n = n->next;
	return n;
}

/* The value of a key, of an inner one unless inner is NULL. */
static const struct conf_yaml_node *value(const struct check *ck, const char *key,
					  const char *inner)
{
	const struct conf_yaml_node *n = child(ck->root, key);

	return inner ? child(n, inner) : n;
}

/* The prefix of the i-th pool of a family: struct conf has each family's in the file's order. */
static const struct conf_yaml_node *pool_prefix(const struct check *ck, bool v6, size_t i)
{
	const struct conf_yaml_node *pools = value(ck, "pools", NULL), *prefix = NULL;

	for (const struct conf_yaml_node *n = pools ? pools->first : NULL; n; n = n->next) {
		prefix = child(n, "prefix");
		if (prefix && !strchr(prefix->text, ':') == !v6 && !i--)
			return prefix;
	}
	return NULL;
}

#define PLACE_LEN 32

/* " (LINE:COLUMN)" of the other value concerned. */
static const char *place(char out[static PLACE_LEN], const struct conf_yaml_node *at)
{
	out[0] = '\0';
	if (at)
		snprintf(out, PLACE_LEN, " (%u:%u)", at->line, at->column);
	return out;
}

static int refuse_overlap(const struct check *ck, bool v6, size_t i, size_t j, const char *a,
			  const char *b)
{
	char other[PLACE_LEN];

	return refuse(ck, pool_prefix(ck, v6, i), "pools: %s%s and %s overlap", b,
		      place(other, pool_prefix(ck, v6, j)), a);
}

static int check_pool6(const struct check *ck)
{
	char a[PREFIX_TEXT_LEN], b[PREFIX_TEXT_LEN], other[PLACE_LEN];
	const struct conf *conf = ck->conf;

	if (!conf->n_pool6)
		return refuse(ck, value(ck, "pools", NULL),
			      "pools: at least one IPv6 prefix is required");
	for (size_t i = 0; i < conf->n_pool6; i++) {
		const struct conf_pool6 *p = &conf->pool6[i];

		prefix6_text(a, &p->prefix);
		if (p->slot_bits < CONF_SLOT_BITS_MIN || p->prefix.len + p->slot_bits > 128)
			return refuse(ck, pool_prefix(ck, true, i),
				      "pools: %s has no room for %u slot bits", a,
				      p->slot_bits < CONF_SLOT_BITS_MIN ? CONF_SLOT_BITS_MIN
									: p->slot_bits);
		if (conf->slots > (uint64_t)1 << p->slot_bits)
			return refuse(ck, value(ck, "slots", NULL),
				      "slots: %u do not fit into %u bits of %s%s", conf->slots,
				      p->slot_bits, a, place(other, pool_prefix(ck, true, i)));
		for (size_t j = 0; j < i; j++) {
			if (prefix6_overlap(&p->prefix, &conf->pool6[j].prefix))
				return refuse_overlap(ck, true, i, j, a,
						      prefix6_text(b, &conf->pool6[j].prefix));
		}
	}
	return 0;
}

static int check_pool4(const struct check *ck)
{
	const struct conf_yaml_node *beyond = NULL;
	char a[PREFIX_TEXT_LEN], b[PREFIX_TEXT_LEN];
	const struct conf *conf = ck->conf;
	uint64_t addresses = 0;

	for (size_t i = 0; i < conf->n_pool4; i++) {
		const struct prefix4 *p = &conf->pool4[i].prefix;

		addresses += (uint64_t)1 << (32 - p->len);
		if (addresses > SC_POOL4_MAX_ADDRS && !beyond)
			beyond = pool_prefix(ck, false, i);
		for (size_t j = 0; j < i; j++) {
			if (prefix4_overlap(p, &conf->pool4[j].prefix))
				return refuse_overlap(ck, false, i, j, prefix4_text(a, p),
						      prefix4_text(b, &conf->pool4[j].prefix));
		}
	}
	if (addresses > SC_POOL4_MAX_ADDRS)
		return refuse(ck, beyond, "pools: more than %d IPv4 addresses in all",
			      SC_POOL4_MAX_ADDRS);
	return 0;
}

static bool is_below(const char *path, const char *folder)
{
	size_t len = strlen(folder);

	return !strncmp(path, folder, len) && (path[len] == '/' || !path[len]);
}

static int check_state(const struct check *ck)
{
	const struct conf_yaml_node *replica = value(ck, "state", "replica");
	const struct conf *conf = ck->conf;

	if (conf->state_mode == CONF_STATE_DISK && conf->replica[0])
		return refuse(ck, replica, "state.replica: only with mode: tmpfs");
	if (conf->state_mode == CONF_STATE_TMPFS && !conf->replica[0])
		return refuse(ck, value(ck, "state", "mode"),
			      "state.replica: missing: mode is tmpfs");
	if (conf->replica[0] && is_below(conf->replica, conf->run_dir))
		return refuse(ck, replica, "state.replica: %s does not outlive a reboot",
			      conf->run_dir);
	return 0;
}

static int check_canary(const struct check *ck)
{
	static const uint8_t no_key[KEY_LEN];
	bool has_key = memcmp(ck->conf->canary_key, no_key, sizeof(no_key));

	if (ck->conf->canary[0] && !has_key)
		return refuse(ck, value(ck, "canary", "file"), "canary.key: missing");
	if (!ck->conf->canary[0] && has_key)
		return refuse(ck, value(ck, "canary", "key"), "canary.file: missing");
	return 0;
}

int conf_check(const struct conf *conf, const struct conf_yaml_node *root, const char *name,
	       struct err *err)
{
	const struct check ck = {.conf = conf, .root = root, .name = name, .err = err};
	int r;

	if (!conf->uplink[0])
		return refuse(&ck, NULL, "uplink: missing");
	if (!conf->has_public4 && !conf->has_public6)
		return refuse(&ck, value(&ck, "public", NULL), "public: ipv4 or ipv6 is required");
	if (conf->wg_port[0] == conf->wg_port[1])
		return refuse(&ck, value(&ck, "wireguard", "ports"),
			      "wireguard.ports: the two ports are the same");
	r = check_canary(&ck);
	if (r)
		return r;
	if (!conf->n_tiers)
		return refuse(&ck, value(&ck, "tiers", NULL), "tiers: at least one is required");
	r = check_state(&ck);
	if (!r)
		r = check_pool6(&ck);
	return r ? r : check_pool4(&ck);
}
