/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What tells this host from others (lib/machine.h): its machine-id; its DMI product UUID and board
 * serial, or the device tree's serial; the address of its first network device with the CPU's
 * model. Only root may read some of them, so the helper does, and the worker gets hashes.
 */
#ifndef AGENT_FACTORS_H
#define AGENT_FACTORS_H

#include "../lib/machine.h"

#define FACTORS_ENV "SIDECAR_FACTORS" /* internal: from helper to worker */
#define FACTORS_TEXT_LEN ((size_t)MACHINE_FACTORS * KEY_TEXT_LEN)

/* Files below root ("" = the host's own); mac NULL = there is no network device. What cannot be
 * read is not there. */
int factors_read(const char *root, const uint8_t mac[6], struct machine_factors *ret);
/* The first device's MAC in this network namespace: hardware before what software made, then by
 * index. -ENODEV: there is none. */
int factors_mac(uint8_t ret_mac[static 6], struct err *err);

/* "HASH,HASH,HASH" in base64, "-" = none. */
const char *factors_text(char out[static FACTORS_TEXT_LEN], const struct machine_factors *f);
int factors_parse(const char *text, struct machine_factors *ret);

#endif
