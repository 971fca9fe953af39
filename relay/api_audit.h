/* SPDX-License-Identifier: GPL-2.0-only */
/* The audit log: written with the change, read by the operator and by the account's admins. */
#ifndef RELAY_API_AUDIT_H
#define RELAY_API_AUDIT_H

#include "api_route.h"

/* Inside the transaction of the change. req NULL = the relay did it by itself. */
int api_audit(struct api *api, const struct api_req *req, int64_t account, struct err *err,
	      const char *action, const char *fmt, ...) PRINTF(6, 7);

#endif
