/* SPDX-License-Identifier: GPL-2.0-only */
/* relayctl token. */
#include "relayctl.h"

#include "../lib/json.h"
#include "../lib/parse.h"

static void add_text(json_t *body, const char *key, const char *value)
{
	if (value)
		json_object_set_new(body, key, json_string(value));
}

static void add_limit(json_t *body, const char *key, uint32_t value)
{
	if (value != CTL_NO_LIMIT)
		json_object_set_new(body, key, json_integer(value));
}

enum ctl_exit ctl_token_add(struct ctl *ctl)
{
	const struct ctl_args *args = &ctl->args;
	AUTO_JSON json_t *json = NULL;
	enum ctl_exit code;
	json_t *body;

	if (!args->account)
		return ctl_fail(CTL_EXIT_USAGE, "token add: --account is required");
	body = json_object();
	add_text(body, "account", args->account);
	add_text(body, "tier", args->tier);
	add_text(body, "name", args->name);
	add_text(body, "scopes", args->scopes);
	add_limit(body, "max_peers", args->max_peers);
	add_limit(body, "max_ipv4", args->max_ipv4);
	code = ctl_call(ctl, "POST", "/ctl/v1/tokens", body, &json);
	if (code == CTL_EXIT_OK)
		ctl->out.ops->value(&ctl->out, json, "token");
	return code;
}

enum ctl_exit ctl_token_list(struct ctl *ctl)
{
	static const struct out_field fields[] = {
		{"id", "ID", OUT_TEXT},
		{"account", "ACCOUNT", OUT_TEXT},
		{"name", "NAME", OUT_TEXT},
		{"scopes", "SCOPES", OUT_TEXT},
		{"max_peers", "MAX PEERS", OUT_TEXT},
		{"max_ipv4", "MAX IPV4", OUT_TEXT},
		{"created_at", "CREATED", OUT_AGE},
		{"revoked_at", "REVOKED", OUT_AGE},
		{},
	};
	AUTO_JSON json_t *json = NULL;
	enum ctl_exit code = ctl_call(ctl, "GET", "/ctl/v1/tokens", NULL, &json);

	if (code == CTL_EXIT_OK)
		ctl->out.ops->list(&ctl->out, json, fields);
	return code;
}

enum ctl_exit ctl_token_revoke(struct ctl *ctl)
{
	AUTO_JSON json_t *json = NULL;
	enum ctl_exit code;
	uint64_t id;

	if (parse_u64(ctl->words[0], 1, INT64_MAX, &id))
		return ctl_fail(CTL_EXIT_USAGE,
				"token revoke: expected the number that token list shows");
	code = ctl_call(ctl, "DELETE", "/ctl/v1/tokens", json_pack("{s:I}", "id", (json_int_t)id),
			&json);
	if (code == CTL_EXIT_OK)
		ctl->out.ops->done(&ctl->out, json, "revoked");
	return code;
}
