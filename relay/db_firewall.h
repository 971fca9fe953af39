/* SPDX-License-Identifier: GPL-2.0-only */
/* A peer's own firewall rules, as the text of lib/firewall.h. The row goes with its peer. */
#ifndef RELAY_DB_FIREWALL_H
#define RELAY_DB_FIREWALL_H

#include "../lib/firewall.h"
#include "db.h"

/* Replaces them; n = 0: none. */
int db_firewall_set(struct db *db, uint32_t slot, const struct sc_firewall *rules, struct err *err);
/* No row: n = 0. A text that is no rules any more is an error, never an open firewall. */
int db_firewall_get(struct db *db, uint32_t slot, struct sc_firewall *ret_rules, struct err *err);

#endif
