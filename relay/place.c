/* SPDX-License-Identifier: GPL-2.0-only */
#include "place.h"

static const char *join(char out[static PLACE_LEN], const char *dir, const char *sub,
			const char *name)
{
	snprintf(out, PLACE_LEN, "%s/%s%s%s", dir, sub, name ? "/" : "", name ? name : "");
	return out;
}

const char *place_db(char out[static PLACE_LEN], const struct conf *conf, const char *name)
{
	return conf->state_mode == CONF_STATE_TMPFS ? join(out, conf->run_dir, "state", name)
						    : join(out, conf->state_dir, "api", name);
}

const char *place_replica(char out[static PLACE_LEN], const struct conf *conf, const char *name)
{
	return join(out, conf->state_dir, "replica", name);
}

bool place_replica_is_folder(const struct conf *conf)
{
	return conf->replica[0] == '/';
}
