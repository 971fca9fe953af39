/* SPDX-License-Identifier: GPL-2.0-only */
#include "conf.h"

#include "conf_names.h"

static void print_pools(FILE *out, const struct conf *conf)
{
	char text[PREFIX_TEXT_LEN];

	fputs("pools:\n", out);
	for (size_t i = 0; i < conf->n_pool6; i++) {
		const struct conf_pool6 *p = &conf->pool6[i];

		fprintf(out, "  - prefix: \"%s\"\n    mode: %s\n    slot_bits: %u\n",
			prefix6_text(text, &p->prefix), conf_pool_mode_names[p->mode],
			p->slot_bits);
	}
	for (size_t i = 0; i < conf->n_pool4; i++)
		fprintf(out, "  - prefix: \"%s\"\n    mode: %s\n",
			prefix4_text(text, &conf->pool4[i].prefix),
			conf_pool_mode_names[conf->pool4[i].mode]);
}

static void print_tiers(FILE *out, const struct conf *conf)
{
	fputs("tiers:\n", out);
	for (size_t i = 0; i < conf->n_tiers; i++) {
		const struct conf_tier *t = &conf->tiers[i];

		fprintf(out,
			"  %s:\n    peers: %u\n    ipv4: %u\n    ipv6: %u\n    rate_kbps: %u\n"
			"    guarantee_mbps: %u\n    smtp: %s\n    scan_per_s: %u\n",
			t->name, t->max_peers, t->max_ipv4, t->max_ipv6, t->rate_kbps,
			t->guarantee_mbps, t->smtp ? "true" : "false", t->scan_per_s);
	}
}

static void print_state(FILE *out, const struct conf *conf)
{
	fprintf(out,
		"state:\n  dir: \"%s\"\n  mode: %s\n  replica: \"%s\"\n  sync_ms: %u\n"
		"  litestream: \"%s\"\n",
		conf->state_dir, conf_state_mode_names[conf->state_mode], conf->replica,
		conf->replica_sync_ms, conf->litestream);
}

static void print_pages(FILE *out, const struct conf *conf)
{
	static const char *const names[] = {
#define X(NAME, name, title) [CONF_PAGE_##NAME] = name,
		CONF_PAGE_LIST(X)
#undef X
	};
	bool any = false;

	for (size_t i = 0; i < CONF_PAGE_MAX; i++) {
		if (!conf->pages[i][0])
			continue;
		fprintf(out, "%s  %s: \"%s\"\n", any ? "" : "pages:\n", names[i], conf->pages[i]);
		any = true;
	}
}

static void print_canary(FILE *out, const struct conf *conf)
{
	char key[KEY_TEXT_LEN];

	if (conf->canary[0])
		fprintf(out, "canary:\n  file: \"%s\"\n  key: \"%s\"\n", conf->canary,
			b64_key_text(key, conf->canary_key));
}

void conf_print(FILE *out, const struct conf *conf)
{
	char text[ENDPOINT_TEXT_LEN];

	fprintf(out, "name: %s\nregion: \"%s\"\nuplink: \"%s\"\npublic:\n", conf->name,
		conf->region, conf->uplink);
	if (conf->has_public4)
		fprintf(out, "  ipv4: \"%s\"\n", addr4_text(text, conf->public4));
	if (conf->has_public6)
		fprintf(out, "  ipv6: \"%s\"\n", addr6_text(text, &conf->public6));
	fprintf(out, "listen: \"%s\"\nconnections: %u\n", endpoint_text(text, &conf->listen),
		conf->connections);
	fprintf(out, "wireguard:\n  ports: [%u, %u]\n  mtu: %u\n", conf->wg_port[0],
		conf->wg_port[1], conf->mtu);
	print_pools(out, conf);
	fprintf(out,
		"slots: %u\nquarantine_s: %u\nisolation: %s\nhairpin: %s\nxdp: %s\n"
		"mld: %s\n",
		conf->slots, conf->quarantine_s, conf_isolation_names[conf->isolation],
		conf_hairpin_names[conf->hairpin], conf_xdp_names[conf->xdp],
		conf->mld ? "true" : "false");
	fprintf(out, "shaper:\n  mode: %s\n  classes: %u\n  total_mbps: %u\n",
		conf_shaper_names[conf->shaper], conf->shaper_classes, conf->shaper_total_mbps);
	print_tiers(out, conf);
	print_state(out, conf);
	fprintf(out, "run_dir: \"%s\"\nlog: %s\n", conf->run_dir, conf_log_names[conf->log]);
	fprintf(out, "url: \"%s\"\nbilling:\n  hold_days: %u\n  usage_months: %u\n", conf->url,
		conf->hold_days, conf->usage_months);
	print_canary(out, conf);
	print_pages(out, conf);
}
