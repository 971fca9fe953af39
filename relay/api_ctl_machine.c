/* SPDX-License-Identifier: GPL-2.0-only */
/* relayctl machine: hosts that agents have enrolled. */
#include <string.h>
#include "../lib/log.h"
#include "../lib/parse.h"
#include "api_audit.h"
#include "api_handlers.h"
#include "api_machine.h"

static json_t *machine_json(const struct db_machine *m)
{
	char key[KEY_TEXT_LEN];
	const char *state = m->cloned_at ? "cloned" : m->refused_at ? "refused" : "ok";

	return json_pack("{s:I, s:s, s:s, s:I, s:s, s:s, s:i, s:i, s:s, s:o, s:o, s:o, s:i, s:o, "
			 "s:o}",
			 "id", (json_int_t)m->id, "machine", m->name, "account", m->account_name,
			 "token", (json_int_t)m->token, "machine_key",
			 b64_key_text(key, m->public_key), "state", state, "factors",
			 (int)machine_factors_count(&m->factors), "peers", (int)m->peers, "remote",
			 m->remote, "enrolled_at", api_time_json(m->enrolled_at), "seen_at",
			 api_time_json(m->seen_at), "changed_at", api_time_json(m->changed_at),
			 "refused", (int)m->refused, "refused_at", api_time_json(m->refused_at),
			 "cloned_at", api_time_json(m->cloned_at));
}

static int add_to_list(const struct db_machine *m, void *ctx)
{
	return json_array_append_new(ctx, machine_json(m)) ? -ENOMEM : 0;
}

void api_ctl_machine_list(struct api_req *req)
{
	AUTO_JSON json_t *array = json_array();
	struct err err;

	if (db_machine_list(req->api->db, add_to_list, array, &err)) {
		api_refuse(req, API_ERROR_INTERNAL, "%s", err.text);
		return;
	}
	api_reply_json(req, 200, steal(&array));
}

struct search {
	const char *name;
	unsigned int found;
	struct db_machine machine;
};

static int match(const struct db_machine *m, void *ctx)
{
	struct search *s = ctx;

	if (!strcmp(m->name, s->name) && !s->found++)
		s->machine = *m;
	return 0;
}

/* By its number, its key, or its name if one account alone has such a one. */
static int find(struct api *api, const char *text, struct db_machine *ret, struct err *err)
{
	struct search s = {.name = text};
	uint8_t key[KEY_LEN];
	uint64_t id;
	int r = -ENOENT;

	if (!b64_key_parse(text, key))
		return db_machine_find_key(api->db, key, ret, err);
	if (!parse_u64(text, 1, INT64_MAX, &id))
		r = db_machine_get(api->db, (int64_t)id, ret, err);
	if (r != -ENOENT)
		return r;
	r = db_machine_list(api->db, match, &s, err);
	if (r)
		return r;
	if (s.found != 1)
		return s.found ? err_set(err, -EEXIST, "%u machines have this name: use the id",
					 s.found)
			       : err_set(err, -ENOENT, "no such machine");
	*ret = s.machine;
	return 0;
}

/* The machine that the body names; an error after having refused. */
static int find_asked(struct api_req *req, struct db_machine *ret)
{
	static const char *const known[] = {"machine", NULL};
	const char *text;
	struct err err;
	int r;

	r = json_only(req->body, known, &err);
	if (!r)
		r = json_get_string(req->body, "machine", &text, &err);
	if (r) {
		api_refuse(req, API_ERROR_INVALID_REQUEST, "%s", err.text);
		return r;
	}
	r = find(req->api, text, ret, &err);
	if (r)
		api_refuse(req,
			   r == -ENOENT	  ? API_ERROR_MACHINE_NOT_FOUND
			   : r == -EEXIST ? API_ERROR_CONFLICT
					  : API_ERROR_INTERNAL,
			   "%s", err.text);
	return r;
}

void api_ctl_machine_show(struct api_req *req)
{
	struct db_machine m;

	if (!find_asked(req, &m))
		api_reply_json(req, 200, machine_json(&m));
}

/* Sessions of it end with the row; the next agent that comes with this name enrols anew. */
void api_ctl_machine_release(struct api_req *req)
{
	struct db_machine m;
	struct err err;
	int r;

	if (find_asked(req, &m))
		return;
	r = db_begin(req->api->db, &err);
	if (!r) {
		r = db_machine_del(req->api->db, m.id, &err);
		if (!r)
			r = api_audit(req->api, req, m.account, &err, "machine.release",
				      "machine %jd \"%s\"", (intmax_t)m.id, m.name);
		if (r)
			db_rollback(req->api->db);
		else
			r = db_commit(req->api->db, &err);
	}
	if (r) {
		api_refuse(req, API_ERROR_INTERNAL, "%s", err.text);
		return;
	}
	log_info("machine %jd released", (intmax_t)m.id);
	api_reply_json(req, 200,
		       json_pack("{s:b, s:I, s:s}", "released", 1, "id", (json_int_t)m.id,
				 "machine", m.name));
}
