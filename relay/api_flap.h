/* SPDX-License-Identifier: GPL-2.0-only */
/* A peer whose endpoint goes to and fro is at work twice: its operator is told. */
#ifndef RELAY_API_FLAP_H
#define RELAY_API_FLAP_H

#include "api.h"

void api_flap_seen(struct api *api, const struct msg *msg);

#endif
