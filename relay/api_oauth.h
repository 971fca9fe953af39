/* SPDX-License-Identifier: GPL-2.0-only */
/* Answers of the OAuth dialect (RFC 6749 section 5): what form bodies get. */
#ifndef RELAY_API_OAUTH_H
#define RELAY_API_OAUTH_H

#include "api_route.h"

/* {"error": code, "error_description": text} with 400, whatever the code's status is elsewhere. */
void api_oauth_refuse(struct api_req *req, enum api_error e, const char *fmt, ...) PRINTF(3, 4);

#endif
