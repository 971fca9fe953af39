/* SPDX-License-Identifier: GPL-2.0-only */
/* What a container asks for by its labels "sidecar.NAME". */
#ifndef AGENT_LABEL_H
#define AGENT_LABEL_H

#include <jansson.h>
#include <stdbool.h>
#include <stdint.h>
#include "../lib/err.h"
#include "../lib/firewall.h"

#define LABEL_PREFIX "sidecar."
#define LABEL_MAX_UNKNOWN 8 /* named in warnings; further ones are not */
#define LABEL_KEY_LEN 64

struct labels {
	bool enable;
	bool ipv4;
	bool egress_bridge;	 /* sidecar.egress=bridge */
	uint32_t bandwidth_mbps; /* 0 = not asked for */
	struct sc_firewall firewall;
	unsigned int n_unknown;
	char unknown[LABEL_MAX_UNKNOWN][LABEL_KEY_LEN]; /* escaped, perhaps cut */
};

/*
 * labels: Docker's Config.Labels, an object or null. relay_host: the only value that sidecar.relay
 * may have. -EINVAL: err says `label KEY="VALUE": expected ...`. Without sidecar.enable, or with
 * "false", nothing else is looked at.
 */
int label_parse(const json_t *labels, const char *relay_host, struct labels *ret_labels,
		struct err *err);

#endif
