/* SPDX-License-Identifier: GPL-2.0-only */
#include "conf.h"

#include <string.h>
#include "../lib/file.h"
#include "conf_check.h"
#include "conf_key.h"
#include "conf_names.h"

const char *const conf_pool_mode_names[] = {"auto", "onlink", "routed", NULL};
const char *const conf_isolation_names[] = {"peer", "account", NULL};
const char *const conf_shaper_names[] = {"htb", "edt", NULL};
const char *const conf_hairpin_names[] = {"uplink", "deny", NULL};
const char *const conf_xdp_names[] = {"auto", "native", "generic", "tc", "proxy", NULL};
const char *const conf_log_names[] = {"text", "json", NULL};
const char *const conf_state_mode_names[] = {"disk", "tmpfs", NULL};

/* The product's price table. Rates are this project's choice: see relay.yaml(5). */
static const struct conf_tier default_tiers[] = {
	{"free", 3, 0, 3, 10000, 10, false, 50},
	{"micro", 1, 0, 2, 50000, 50, false, 50},
	{"spark", 5, 0, 16, 100000, 100, false, 100},
	{"launch", 10, 0, 64, 200000, 100, false, 100},
	{"pulse", 25, 0, 256, 0, 500, false, 500},
	{"pulse+ipv4", 25, 1, 256, 0, 500, true, 500},
	{"relay", 50, 1, 1024, 0, 500, true, 1000},
};

/* One entry of "pools:", before it is known to which family it belongs. */
struct pool {
	char prefix[PREFIX_TEXT_LEN];
	enum conf_pool_mode mode;
	uint32_t slot_bits; /* 0 = not mentioned */
};

static int set_public4(struct conf_walk *w, const struct conf_yaml_node *node,
		       UNUSED const struct conf_key *key, void *field)
{
	struct conf *conf = field;

	if (node->kind != CONF_YAML_SCALAR || parse_addr4(node->text, &conf->public4))
		return conf_refuse(w, node, "expected an IPv4 address");
	conf->has_public4 = true;
	return 0;
}

static int set_public6(struct conf_walk *w, const struct conf_yaml_node *node,
		       UNUSED const struct conf_key *key, void *field)
{
	struct conf *conf = field;

	if (node->kind != CONF_YAML_SCALAR || parse_addr6(node->text, &conf->public6))
		return conf_refuse(w, node, "expected an IPv6 address");
	conf->has_public6 = true;
	return 0;
}

static int set_prefix(struct conf_walk *w, const struct conf_yaml_node *node,
		      UNUSED const struct conf_key *key, void *field)
{
	struct prefix6 p6;
	struct prefix4 p4;

	if (node->kind != CONF_YAML_SCALAR ||
	    (parse_prefix6(node->text, &p6) && parse_prefix4(node->text, &p4)))
		return conf_refuse(w, node, "expected ADDRESS/LENGTH without host bits");
	/* Both forms are shorter than PREFIX_TEXT_LEN. */
	memcpy(field, node->text, strlen(node->text) + 1);
	return 0;
}

static const struct conf_key pool_keys[] = {
	{"prefix", set_prefix, .offset = offsetof(struct pool, prefix)},
	{"mode", conf_set_choice, .offset = offsetof(struct pool, mode),
	 .choices = conf_pool_mode_names},
	{"slot_bits", conf_set_u32, .offset = offsetof(struct pool, slot_bits),
	 .min = CONF_SLOT_BITS_MIN, .max = CONF_SLOT_BITS_MAX},
	{},
};

static int add_pool(struct conf_walk *w, const struct conf_yaml_node *item, const struct pool *pool,
		    struct conf *conf)
{
	struct prefix6 p6;
	struct prefix4 p4;

	if (!pool->prefix[0])
		return conf_refuse(w, item, "prefix: missing");
	if (!parse_prefix6(pool->prefix, &p6)) {
		uint32_t bits = 128u - p6.len;

		if (conf->n_pool6 == SC_MAX_POOLS)
			return conf_refuse(w, item, "at most %d IPv6 pools", SC_MAX_POOLS);
		conf->pool6[conf->n_pool6++] = (struct conf_pool6){
			.prefix = p6,
			.mode = pool->mode,
			.slot_bits = pool->slot_bits		     ? pool->slot_bits
				     : bits < CONF_SLOT_BITS_DEFAULT ? bits
								     : CONF_SLOT_BITS_DEFAULT,
		};
		return 0;
	}
	if (parse_prefix4(pool->prefix, &p4))
		return conf_refuse(w, item, "prefix: expected ADDRESS/LENGTH");
	if (pool->slot_bits)
		return conf_refuse(w, item, "slot_bits: only IPv6 pools have them");
	if (conf->n_pool4 == SC_MAX_POOLS)
		return conf_refuse(w, item, "at most %d IPv4 pools", SC_MAX_POOLS);
	conf->pool4[conf->n_pool4++] = (struct conf_pool4){.prefix = p4, .mode = pool->mode};
	return 0;
}

static int set_pools(struct conf_walk *w, const struct conf_yaml_node *node,
		     const struct conf_key *key, void *field)
{
	unsigned int i = 0;

	if (node->kind != CONF_YAML_LIST)
		return conf_refuse(w, node, "expected a list");
	for (const struct conf_yaml_node *item = node->first; item; item = item->next, i++) {
		struct pool pool = {};
		char step[CONF_NAME_LEN];
		int r;

		snprintf(step, sizeof(step), "%s[%u]", key->name, i);
		r = conf_walk_inner(w, item, step, pool_keys, &pool);
		if (!r) {
			/* What add_pool() finds concerns the entry as a whole. */
			snprintf(w->where, sizeof(w->where), "%s", step);
			r = add_pool(w, item, &pool, field);
			w->where[0] = '\0';
		}
		if (r)
			return r;
	}
	return 0;
}

static const struct conf_key tier_keys[] = {
	{"peers", conf_set_u32, .offset = offsetof(struct conf_tier, max_peers), .min = 0,
	 .max = SC_SLOTS_MAX},
	{"ipv4", conf_set_u32, .offset = offsetof(struct conf_tier, max_ipv4), .min = 0,
	 .max = SC_POOL4_MAX_ADDRS},
	{"ipv6", conf_set_u32, .offset = offsetof(struct conf_tier, max_ipv6), .min = 0,
	 .max = SC_SLOTS_MAX},
	{"rate_kbps", conf_set_u32, .offset = offsetof(struct conf_tier, rate_kbps), .min = 0,
	 .max = CONF_RATE_KBPS_MAX},
	{"guarantee_mbps", conf_set_u32, .offset = offsetof(struct conf_tier, guarantee_mbps),
	 .min = 0, .max = CONF_RATE_KBPS_MAX / 1000},
	{"smtp", conf_set_bool, .offset = offsetof(struct conf_tier, smtp)},
	{"scan_per_s", conf_set_u32, .offset = offsetof(struct conf_tier, scan_per_s), .min = 0,
	 .max = CONF_SCAN_PER_S_MAX},
	{},
};

static int set_tiers(struct conf_walk *w, const struct conf_yaml_node *node,
		     const struct conf_key *key, void *field)
{
	struct conf *conf = field;

	if (node->kind != CONF_YAML_MAP)
		return conf_refuse(w, node, "expected tiers by name");
	conf->n_tiers = 0;
	for (const struct conf_yaml_node *n = node->first; n; n = n->next) {
		struct conf_tier *tier = &conf->tiers[conf->n_tiers];
		char step[2 * CONF_NAME_LEN];
		int r;

		if (!conf_name_ok(n->key))
			return conf_refuse(w, n, "not a name for a tier");
		if (conf->n_tiers == CONF_MAX_TIERS)
			return conf_refuse(w, n, "at most %d tiers", CONF_MAX_TIERS);
		/* The largest of what the label may say: the rate is the limit then. */
		*tier = (struct conf_tier){.guarantee_mbps = 500};
		memcpy(tier->name, n->key, strlen(n->key) + 1);
		snprintf(step, sizeof(step), "%s.%s", key->name, tier->name);
		r = conf_walk_inner(w, n, step, tier_keys, tier);
		if (r)
			return r;
		conf->n_tiers++;
	}
	return 0;
}

static const struct conf_key public_keys[] = {
	{"ipv4", set_public4, .offset = 0},
	{"ipv6", set_public6, .offset = 0},
	{},
};

static const struct conf_key wireguard_keys[] = {
	{"ports", conf_set_ports, .offset = offsetof(struct conf, wg_port)},
	{"mtu", conf_set_u32, .offset = offsetof(struct conf, mtu), .min = CONF_MTU_MIN,
	 .max = CONF_MTU_MAX},
	{},
};

static const struct conf_key shaper_keys[] = {
	{"mode", conf_set_choice, .offset = offsetof(struct conf, shaper),
	 .choices = conf_shaper_names},
	{"classes", conf_set_u32, .offset = offsetof(struct conf, shaper_classes), .min = 0,
	 .max = CONF_SHAPER_CLASSES_MAX},
	{"total_mbps", conf_set_u32, .offset = offsetof(struct conf, shaper_total_mbps), .min = 0,
	 .max = CONF_RATE_KBPS_MAX / 1000},
	{},
};

static const struct conf_key state_keys[] = {
	{"dir", conf_set_path, .offset = offsetof(struct conf, state_dir)},
	{"mode", conf_set_choice, .offset = offsetof(struct conf, state_mode),
	 .choices = conf_state_mode_names},
	{"replica", conf_set_replica, .offset = offsetof(struct conf, replica)},
	{"sync_ms", conf_set_u32, .offset = offsetof(struct conf, replica_sync_ms),
	 .min = CONF_SYNC_MS_MIN, .max = CONF_SYNC_MS_MAX},
	{"litestream", conf_set_path, .offset = offsetof(struct conf, litestream)},
	{},
};

static const struct conf_key billing_keys[] = {
	{"hold_days", conf_set_u32, .offset = offsetof(struct conf, hold_days), .min = 0,
	 .max = CONF_HOLD_DAYS_MAX},
	{"usage_months", conf_set_u32, .offset = offsetof(struct conf, usage_months), .min = 1,
	 .max = CONF_USAGE_MONTHS_MAX},
	{},
};

static const struct conf_key canary_keys[] = {
	{"file", conf_set_path, .offset = offsetof(struct conf, canary)},
	{"key", conf_set_key, .offset = offsetof(struct conf, canary_key)},
	{},
};

static const struct conf_key pages_keys[] = {
#define X(NAME, name, title)                                                                       \
	{name, conf_set_path, .offset = offsetof(struct conf, pages[CONF_PAGE_##NAME])},
	CONF_PAGE_LIST(X)
#undef X
		{},
};

static const struct conf_key conf_keys[] = {
	{"name", conf_set_name, .offset = offsetof(struct conf, name), .min = 1},
	{"region", conf_set_name, .offset = offsetof(struct conf, region)},
	{"uplink", conf_set_device, .offset = offsetof(struct conf, uplink)},
	{"public", conf_set_map, .offset = 0, .keys = public_keys},
	{"listen", conf_set_endpoint, .offset = offsetof(struct conf, listen)},
	{"connections", conf_set_u32, .offset = offsetof(struct conf, connections), .min = 64,
	 .max = 65536},
	{"wireguard", conf_set_map, .offset = 0, .keys = wireguard_keys},
	{"pools", set_pools, .offset = 0},
	{"slots", conf_set_u32, .offset = offsetof(struct conf, slots), .min = 1,
	 .max = SC_SLOTS_MAX},
	{"quarantine_s", conf_set_u32, .offset = offsetof(struct conf, quarantine_s), .min = 0,
	 .max = CONF_QUARANTINE_S_MAX},
	{"isolation", conf_set_choice, .offset = offsetof(struct conf, isolation),
	 .choices = conf_isolation_names},
	{"hairpin", conf_set_choice, .offset = offsetof(struct conf, hairpin),
	 .choices = conf_hairpin_names},
	{"xdp", conf_set_choice, .offset = offsetof(struct conf, xdp), .choices = conf_xdp_names},
	{"mld", conf_set_bool, .offset = offsetof(struct conf, mld)},
	{"shaper", conf_set_map, .offset = 0, .keys = shaper_keys},
	{"tiers", set_tiers, .offset = 0},
	{"state", conf_set_map, .offset = 0, .keys = state_keys},
	{"run_dir", conf_set_path, .offset = offsetof(struct conf, run_dir)},
	{"log", conf_set_choice, .offset = offsetof(struct conf, log), .choices = conf_log_names},
	{"url", conf_set_url, .offset = offsetof(struct conf, url)},
	{"billing", conf_set_map, .offset = 0, .keys = billing_keys},
	{"canary", conf_set_map, .offset = 0, .keys = canary_keys},
	{"pages", conf_set_map, .offset = 0, .keys = pages_keys},
	{},
};

static void set_defaults(struct conf *conf)
{
	*conf = (struct conf){
		.name = "relay",
		.listen = {.family = AF_INET6, .port = 8443},
		.connections = 12288,
		.wg_port = {51820, 51821},
		.mtu = 1420,
		.slots = SC_SLOTS_DEFAULT,
		.quarantine_s = 600,
		.mld = true,
		.shaper_classes = 2048,
		.n_tiers = ARRAY_SIZE(default_tiers),
		.state_dir = "/var/lib/relayd",
		.replica_sync_ms = 1000,
		.litestream = "/usr/bin/litestream",
		.run_dir = "/run/relayd",
		.hold_days = 30,
		.usage_months = 24,
	};
	memcpy(conf->tiers, default_tiers, sizeof(default_tiers));
}

int conf_parse(const char *text, size_t len, const char *name, struct conf *ret_conf,
	       struct err *err)
{
	AUTO_CONF_YAML struct conf_yaml *yaml = NULL;
	AUTO_FREE struct conf *conf = malloc(sizeof(*conf));
	struct conf_walk w = {.file = name, .err = err};
	int r;

	if (!conf)
		return err_set(err, -ENOMEM, "%s: out of memory", name);
	if (len > CONF_MAX_BYTES)
		return err_set(err, -EFBIG, "%s: larger than %d bytes", name, CONF_MAX_BYTES);
	r = conf_yaml_parse(text, len, name, &yaml, err);
	if (r)
		return r;
	set_defaults(conf);
	r = conf_walk_map(&w, conf_yaml_root(yaml), conf_keys, conf);
	if (!r)
		r = conf_check(conf, conf_yaml_root(yaml), name, err);
	if (!r)
		memcpy(ret_conf, conf, sizeof(*conf));
	return r;
}

int conf_load(const char *path, struct conf *ret_conf, struct err *err)
{
	AUTO_FREE char *text = NULL;
	size_t len;
	int r;

	r = file_read(path, CONF_MAX_BYTES, &text, &len, err);
	return r ? r : conf_parse(text, len, path, ret_conf, err);
}

const struct conf_tier *conf_tier(const struct conf *conf, const char *name)
{
	for (size_t i = 0; i < conf->n_tiers; i++) {
		if (!strcmp(conf->tiers[i].name, name))
			return &conf->tiers[i];
	}
	return NULL;
}
