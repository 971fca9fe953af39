/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What accounts have paid for against what runs. A peer above its tier's count, or of an account
 * whose billing period ended, stops in the kernel; its addresses are held for billing.hold_days,
 * then its row goes, and with it the right to them. What fits again runs again, on the same
 * addresses. The peers that run come before those that are stopped, older ones before newer.
 */
#ifndef RELAY_API_ENFORCE_H
#define RELAY_API_ENFORCE_H

#include "api.h"

#define API_ENFORCE_MS 5000

int api_enforce_start(struct api *api, struct err *err);
void api_enforce_stop(struct api *api);
/* At once, after something of this account changed; not inside a transaction. Logs an error. */
void api_enforce_account(struct api *api, int64_t account);

#endif
