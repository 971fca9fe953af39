/* SPDX-License-Identifier: GPL-2.0-only */
#include "conf_check.h"

#include <string.h>
#include "conf_names.h"

static int check_pool6(const struct conf *conf, const char *name, struct err *err)
{
	char a[PREFIX_TEXT_LEN], b[PREFIX_TEXT_LEN];

	if (!conf->n_pool6)
		return err_set(err, -EINVAL, "%s: pools: at least one IPv6 prefix is required",
			       name);
	for (size_t i = 0; i < conf->n_pool6; i++) {
		const struct conf_pool6 *p = &conf->pool6[i];

		prefix6_text(a, &p->prefix);
		if (p->slot_bits < CONF_SLOT_BITS_MIN || p->prefix.len + p->slot_bits > 128)
			return err_set(err, -EINVAL, "%s: pools: %s has no room for %u slot bits",
				       name, a,
				       p->slot_bits < CONF_SLOT_BITS_MIN ? CONF_SLOT_BITS_MIN
									 : p->slot_bits);
		if (conf->slots > (uint64_t)1 << p->slot_bits)
			return err_set(err, -EINVAL, "%s: slots: %u do not fit into %u bits of %s",
				       name, conf->slots, p->slot_bits, a);
		for (size_t j = 0; j < i; j++) {
			if (prefix6_overlap(&p->prefix, &conf->pool6[j].prefix))
				return err_set(err, -EINVAL, "%s: pools: %s and %s overlap", name,
					       prefix6_text(b, &conf->pool6[j].prefix), a);
		}
	}
	return 0;
}

static int check_pool4(const struct conf *conf, const char *name, struct err *err)
{
	char a[PREFIX_TEXT_LEN], b[PREFIX_TEXT_LEN];
	uint64_t addresses = 0;

	for (size_t i = 0; i < conf->n_pool4; i++) {
		const struct prefix4 *p = &conf->pool4[i].prefix;

		addresses += (uint64_t)1 << (32 - p->len);
		for (size_t j = 0; j < i; j++) {
			if (prefix4_overlap(p, &conf->pool4[j].prefix))
				return err_set(err, -EINVAL, "%s: pools: %s and %s overlap", name,
					       prefix4_text(b, &conf->pool4[j].prefix),
					       prefix4_text(a, p));
		}
	}
	if (addresses > SC_POOL4_MAX_ADDRS)
		return err_set(err, -EINVAL, "%s: pools: more than %d IPv4 addresses in all", name,
			       SC_POOL4_MAX_ADDRS);
	return 0;
}

static bool is_below(const char *path, const char *folder)
{
	size_t len = strlen(folder);

	return !strncmp(path, folder, len) && (path[len] == '/' || !path[len]);
}

static int check_state(const struct conf *conf, const char *name, struct err *err)
{
	if (conf->state_mode == CONF_STATE_DISK && conf->replica[0])
		return err_set(err, -EINVAL, "%s: state.replica: only with mode: tmpfs", name);
	if (conf->state_mode == CONF_STATE_TMPFS && !conf->replica[0])
		return err_set(err, -EINVAL, "%s: state.replica: missing: mode is tmpfs", name);
	if (conf->replica[0] && is_below(conf->replica, conf->run_dir))
		return err_set(err, -EINVAL, "%s: state.replica: %s does not outlive a reboot",
			       name, conf->run_dir);
	return 0;
}

int conf_check(const struct conf *conf, const char *name, struct err *err)
{
	static const uint8_t no_key[KEY_LEN];
	int r;

	if (!conf->uplink[0])
		return err_set(err, -EINVAL, "%s: uplink: missing", name);
	if (!conf->has_public4 && !conf->has_public6)
		return err_set(err, -EINVAL, "%s: public: ipv4 or ipv6 is required", name);
	if (conf->wg_port[0] == conf->wg_port[1])
		return err_set(err, -EINVAL, "%s: wireguard.ports: the two ports are the same",
			       name);
	if (conf->canary[0] && !memcmp(conf->canary_key, no_key, sizeof(no_key)))
		return err_set(err, -EINVAL, "%s: canary.key: missing", name);
	if (!conf->canary[0] && memcmp(conf->canary_key, no_key, sizeof(no_key)))
		return err_set(err, -EINVAL, "%s: canary.file: missing", name);
	if (!conf->n_tiers)
		return err_set(err, -EINVAL, "%s: tiers: at least one is required", name);
	r = check_state(conf, name, err);
	if (!r)
		r = check_pool6(conf, name, err);
	return r ? r : check_pool4(conf, name, err);
}
