/* SPDX-License-Identifier: GPL-2.0-only */
/* A pair of veth devices in the namespace of nl. */
#ifndef SELFTESTS_VETH_H
#define SELFTESTS_VETH_H

#include "lib/nl.h"

void veth_add(struct nl *nl, const char *name, const char *other);

#endif
