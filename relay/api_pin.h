/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The relay's TLS keys: state/api/tls/{live,standby}.{key,crt}. Agents believe the pins of both. A
 * roll makes the standby the live one and adds a new standby, of which agents learn in their
 * channel (GET /v1/relay); open connections go on.
 */
#ifndef RELAY_API_PIN_H
#define RELAY_API_PIN_H

#include "api.h"

/* A standby younger than this may not have reached every agent. */
#define API_PIN_MIN_AGE_S 3600

/* Opens or makes the keys in dir/tls, ends a roll that was cut off: api->tls, api->pins. */
int api_pin_open(struct api *api, const char *dir, struct err *err);

#endif
