/* SPDX-License-Identifier: GPL-2.0-only */
/* Tokens: made here, shown once, kept as an HMAC. By relayctl (api_token.c), by an account's admin
 * (api_admin_token.c), by the device flow (api_device_token.c). */
#ifndef RELAY_API_TOKEN_H
#define RELAY_API_TOKEN_H

#include "api_route.h"

#define API_TOKEN_MAX 100 /* valid ones of an account that its own admins may make */

/* What POST bodies say of a token. Limits not mentioned: none. Name not mentioned: "". */
int api_token_parse(const json_t *body, struct db_token *ret, struct err *err);
/* Makes a token of token->account and its row, inside the caller's transaction. */
int api_token_insert(struct api *api, const struct api_req *req, struct db_token *token,
		     char ret_text[static TOKEN_LEN], struct err *err);
/* At once, with all below it: its peers stop, rows and addresses stay for billing.hold_days. */
int api_token_revoke(struct api *api, const struct api_req *req, const struct db_token *token,
		     struct err *err);
json_t *api_token_limit_json(uint32_t limit);

#endif
