/* SPDX-License-Identifier: GPL-2.0-only */
/* What no single key can tell: required keys, and keys that contradict each other. */
#ifndef RELAY_CONF_CHECK_H
#define RELAY_CONF_CHECK_H

#include "conf.h"
#include "conf_yaml.h"

/* root: the file that conf was read from, for the places in errors. */
int conf_check(const struct conf *conf, const struct conf_yaml_node *root, const char *name,
	       struct err *err);

#endif
