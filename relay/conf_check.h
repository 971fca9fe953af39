/* SPDX-License-Identifier: GPL-2.0-only */
/* What no single key can tell: required keys, and keys that contradict each other. */
#ifndef RELAY_CONF_CHECK_H
#define RELAY_CONF_CHECK_H

#include "conf.h"

int conf_check(const struct conf *conf, const char *name, struct err *err);

#endif
