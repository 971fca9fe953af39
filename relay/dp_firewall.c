/* SPDX-License-Identifier: GPL-2.0-only */
#include "dp_impl.h"

#include <errno.h>
#include "sidecar.skel.h"

static int rule_check(const struct sc_rule *rule, uint32_t slot, uint32_t nr, struct err *err)
{
	const uint8_t known = SC_RULE_IN | SC_RULE_OUT | SC_RULE_ALLOW | SC_RULE_PROTO;

	if (rule->flags & ~known || !(rule->flags & (SC_RULE_IN | SC_RULE_OUT)) ||
	    rule->addr_len > 128 || rule->port_min > rule->port_max || rule->pad)
		return err_set(err, -EINVAL, "slot %u: firewall rule %u is not one", slot, nr);
	return 0;
}

int dp_firewall_set(struct dp *dp, uint32_t slot, const struct sc_firewall *rules, struct err *err)
{
	int fd = bpf_map__fd(dp->skel->maps.firewall), r = 0;

	if (slot >= dp->conf.slots)
		return err_set(err, -ERANGE, "slot %u: there are %u", slot, dp->conf.slots);
	if (!rules || !rules->n) {
		r = bpf_map_delete_elem(fd, &slot);
		return r && r != -ENOENT ? err_sys(err, r, "map firewall") : 0;
	}
	if (rules->n > SC_MAX_RULES)
		return err_set(err, -E2BIG, "slot %u: %u firewall rules, at most %d", slot,
			       rules->n, SC_MAX_RULES);
	for (uint32_t i = 0; i < rules->n && !r; i++)
		r = rule_check(&rules->rule[i], slot, i, err);
	if (r)
		return r;
	r = bpf_map_update_elem(fd, &slot, rules, BPF_ANY);
	return r ? err_sys(err, r, "map firewall") : 0;
}

bool dp_firewall_get(struct dp *dp, uint32_t slot, struct sc_firewall *ret_rules)
{
	struct sc_firewall rules;

	if (bpf_map_lookup_elem(bpf_map__fd(dp->skel->maps.firewall), &slot, &rules))
		return false;
	if (ret_rules)
		*ret_rules = rules;
	return true;
}
