/* SPDX-License-Identifier: GPL-2.0-only */
#include "api_canary.h"

#include <openssl/evp.h>
#include <string.h>
#include "../lib/log.h"
#include "api_handlers.h"
#include "db_canary.h"

const char *const api_canary_names[] = {"none", "ok", "overdue", "invalid"};

static int judge(struct api *api, struct canary *c, struct err *err)
{
	uint8_t last_hash[DB_CANARY_HASH_LEN];
	const struct api_file *file = &api->files.canary;
	int64_t last;
	int r;

	if (!file->text)
		return err_set(err, -ENOENT, "%s", file->problem);
	r = canary_parse(file->text, file->len, c, err);
	if (!r)
		r = canary_verify(c, file->text, api->conf.canary_key, err);
	if (r)
		return r;
	r = db_canary_last(api->db, &last, last_hash, err);
	if (!r)
		r = canary_follows(c, last, last_hash, err);
	else if (r == -ENOENT)
		r = 0;
	if (r)
		return r < 0 ? r : 0;
	return db_canary_add(api->db, c->sequence, c->hash, err);
}

int api_canary_open(struct api *api, struct err *err)
{
	struct api_canary *canary = calloc(1, sizeof(*canary));
	struct err why;

	if (!canary)
		return err_set(err, -ENOMEM, "out of memory");
	api->canary = canary;
	if (!api->conf.canary[0])
		return 0;
	canary->valid = !judge(api, &canary->canary, &why);
	if (!canary->valid) {
		log_err("%s", why.text);
		snprintf(canary->problem, sizeof(canary->problem), "%s", why.text);
	}
	return 0;
}

enum api_canary_state api_canary_state(const struct api *api)
{
	if (!api->conf.canary[0])
		return API_CANARY_NONE;
	if (!api->canary->valid)
		return API_CANARY_INVALID;
	return db_now() > api->canary->canary.next_due ? API_CANARY_OVERDUE : API_CANARY_OK;
}

static const char *hex_text(char out[static 2 * CANARY_HASH_LEN + 1],
			    const uint8_t hash[static CANARY_HASH_LEN])
{
	for (size_t i = 0; i < CANARY_HASH_LEN; i++)
		snprintf(out + 2 * i, 3, "%02x", hash[i]);
	return out;
}

static json_t *valid_json(const struct api *api, enum api_canary_state state)
{
	const struct canary *c = &api->canary->canary;
	const char *text = api->files.canary.text;
	char hash[2 * CANARY_HASH_LEN + 1], previous[sizeof(hash)], key[KEY_TEXT_LEN];
	char signature[CANARY_SIGNATURE_LEN / 3 * 4 + 5];

	EVP_EncodeBlock((unsigned char *)signature, c->signature, sizeof(c->signature));
	return json_pack("{s:s, s:n, s:i, s:o, s:o, s:s, s:o, s:o, s:o, s:s, s:s}", "status",
			 api_canary_names[state], "problem", "sequence", (int)c->sequence,
			 "timestamp", api_time_json(c->date), "next_due",
			 api_time_json(c->next_due), "hash", hex_text(hash, c->hash), "previous",
			 c->first ? json_null() : json_string(hex_text(previous, c->previous)),
			 "statement",
			 json_stringn(text + c->statement, c->signed_len - c->statement), "signed",
			 json_stringn(text, c->signed_len), "signature", signature, "public_key",
			 b64_key_text(key, api->conf.canary_key));
}

void api_canary_get(struct api_req *req)
{
	enum api_canary_state state = api_canary_state(req->api);
	char key[KEY_TEXT_LEN];

	if (state == API_CANARY_NONE)
		api_refuse(req, API_ERROR_CANARY_NOT_FOUND, "this relay publishes no canary");
	else if (state == API_CANARY_INVALID)
		api_reply_json(req, 200,
			       json_pack("{s:s, s:s, s:n, s:n, s:n, s:n, s:n, s:n, s:n, s:n, s:s}",
					 "status", "invalid", "problem", req->api->canary->problem,
					 "sequence", "timestamp", "next_due", "hash", "previous",
					 "statement", "signed", "signature", "public_key",
					 b64_key_text(key, req->api->conf.canary_key)));
	else
		api_reply_json(req, 200, valid_json(req->api, state));
}
