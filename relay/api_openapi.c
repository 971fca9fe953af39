/* SPDX-License-Identifier: GPL-2.0-only */
/* GET /api/openapi.json: OpenAPI 3.1, made from the route table and web/schemas.json. */
#include <stdio.h>
#include <string.h>
#include "api_error.h"
#include "api_handlers.h"
#include "api_web.h"

#define E(NAME) (UINT64_C(1) << API_ERROR_##NAME)
#define CODES_LEN 512

static json_t *ref(const char *schema)
{
	return json_pack("{s:o}", "$ref", json_sprintf("#/components/schemas/%s", schema));
}

/* "Peer", "[Peer]", or a media type. */
static json_t *content_of(const char *what)
{
	char name[64];

	if (strchr(what, '/'))
		return json_pack("{s:{s:{s:s}}}", what, "schema", "type", "string");
	if (what[0] != '[')
		return json_pack("{s:{s:o}}", "application/json", "schema", ref(what));
	snprintf(name, sizeof(name), "%.*s", (int)strcspn(what + 1, "]"), what + 1);
	return json_pack("{s:{s:{s:s, s:o}}}", "application/json", "schema", "type", "array",
			 "items", ref(name));
}

/* "Peer" of "200,201 Peer". */
static const char *what_of(const char *answer)
{
	const char *space = strchr(answer, ' ');

	return space ? space + 1 : answer;
}

/* "200,201 Peer" */
static void add_answers(json_t *responses, const char *answer)
{
	const char *what = what_of(answer);

	for (const char *p = answer; p < what; p += 4) {
		char status[4];

		snprintf(status, sizeof(status), "%.3s", p);
		json_object_set_new(responses, status,
				    json_pack("{s:s, s:o}", "description",
					      status[2] == '1' ? "Made" : "Done", "content",
					      content_of(what)));
	}
}

/* What the flags of a route imply. */
static uint64_t errors_of(const struct api_route *r)
{
	uint64_t errors = r->errors | E(RATE_LIMITED);

	if (!(r->flags & API_ROUTE_OPEN))
		errors |= E(NO_TOKEN) | E(INVALID_TOKEN) | E(INVALID_REQUEST);
	if (r->scope)
		errors |= E(INSUFFICIENT_SCOPE);
	if (r->flags & API_ROUTE_BODY)
		errors |= E(INVALID_REQUEST) | E(INVALID_JSON) | E(MEDIA_TYPE) | E(BODY_TOO_LARGE);
	return errors;
}

static json_t *problem_content(const struct api_route *r, int status)
{
	if (r->flags & API_ROUTE_FORM && status == 400)
		return json_pack("{s:{s:o}, s:{s:o}}", API_PROBLEM_TYPE, "schema", ref("Problem"),
				 "application/json", "schema", ref("OAuthError"));
	return json_pack("{s:{s:o}}", API_PROBLEM_TYPE, "schema", ref("Problem"));
}

static void add_errors(json_t *responses, const struct api_route *r)
{
	uint64_t left = errors_of(r);

	for (int i = 0; i < API_ERROR_MAX; i++) {
		int status = api_error_status((enum api_error)i);
		char codes[CODES_LEN] = "code: ", number[8];
		size_t len = strlen(codes);

		if (!(left & UINT64_C(1) << i))
			continue;
		for (int j = i; j < API_ERROR_MAX; j++) {
			if (!(left & UINT64_C(1) << j) ||
			    api_error_status((enum api_error)j) != status)
				continue;
			len += (size_t)snprintf(codes + len, sizeof(codes) - len, "%s%s",
						j == i ? "" : ", ",
						api_error_code((enum api_error)j));
			left &= ~(UINT64_C(1) << j);
		}
		snprintf(number, sizeof(number), "%d", status);
		json_object_set_new(responses, number,
				    json_pack("{s:s, s:o}", "description", codes, "content",
					      problem_content(r, status)));
	}
}

static json_t *responses_of(const struct api_route *r)
{
	json_t *responses = json_object();

	add_answers(responses, r->answer);
	if (r->flags & API_ROUTE_OPEN &&
	    (strchr(r->answer, '/') || !strcmp(what_of(r->answer), "Document")))
		json_object_set_new(
			responses, "304",
			json_pack("{s:s}", "description", "Not changed (If-None-Match)"));
	add_errors(responses, r);
	json_object_set_new(responses, "default",
			    json_pack("{s:s, s:o}", "description", "Any other problem", "content",
				      problem_content(r, 0)));
	return responses;
}

static json_t *body_of(const struct api_route *r)
{
	json_t *content = json_pack("{s:{s:o}}", "application/json", "schema", ref(r->body));

	if (r->flags & API_ROUTE_FORM)
		json_object_set_new(content, "application/x-www-form-urlencoded",
				    json_pack("{s:o}", "schema", ref(r->body)));
	return json_pack("{s:b, s:o}", "required", 1, "content", content);
}

/* "get_v1_peers_by_container" */
static json_t *id_of(const struct api_route *r)
{
	char id[96];
	size_t n = 0;

	for (const char *p = r->method; *p && n < sizeof(id) - 1; p++)
		id[n++] = (char)(*p - 'A' + 'a');
	for (const char *p = r->path; *p && n < sizeof(id) - 1; p++) {
		if (*p >= 'a' && *p <= 'z')
			id[n++] = *p;
		else if (*p >= '0' && *p <= '9')
			id[n++] = *p;
		else if (n && id[n - 1] != '_')
			id[n++] = '_';
	}
	while (n && id[n - 1] == '_')
		n--;
	id[n] = '\0';
	return json_string(id);
}

static json_t *operation_of(const struct api_route *r)
{
	char scopes[DB_SCOPES_TEXT_LEN];
	json_t *op;

	op = json_pack("{s:o, s:s, s:o}", "operationId", id_of(r), "summary", r->summary,
		       "responses", responses_of(r));
	if (r->flags & API_ROUTE_OPEN)
		json_object_set_new(op, "security", json_array());
	else
		json_object_set_new(op, "security",
				    r->scope ? json_pack("[{s:[s]}]", "bearer",
							 db_scopes_text(scopes, r->scope))
					     : json_pack("[{s:[]}]", "bearer"));
	if (r->flags & API_ROUTE_TAIL)
		json_object_set_new(op, "parameters",
				    json_pack("[{s:s, s:s, s:b, s:{s:s}}]", "name", "id", "in",
					      "path", "required", 1, "schema", "type", "string"));
	if (r->body)
		json_object_set_new(op, "requestBody", body_of(r));
	return op;
}

static json_t *paths(void)
{
	json_t *all = json_object();

	for (const struct api_route *r = api_public_routes; r->method; r++) {
		char path[96], method[8];
		json_t *item;

		if (!r->summary)
			continue;
		snprintf(path, sizeof(path), "%s%s", r->path,
			 r->flags & API_ROUTE_TAIL ? "{id}" : "");
		snprintf(method, sizeof(method), "%s", r->method);
		for (char *p = method; *p; p++)
			*p = (char)(*p - 'A' + 'a');
		item = json_object_get(all, path);
		if (!item) {
			item = json_object();
			json_object_set_new(all, path, item);
		}
		json_object_set_new(item, method, operation_of(r));
	}
	return all;
}

void api_openapi_get(struct api_req *req)
{
	AUTO_JSON json_t *json = NULL, *schemas = NULL;
	AUTO_FREE char *text = NULL;
	char url[API_URL_LEN];
	const char *file;
	size_t len = 0;

	file = api_web_file("schemas.json", &len);
	if (json_parse(file, len, "schemas.json", &schemas, NULL)) {
		api_refuse(req, API_ERROR_INTERNAL, "schemas.json");
		return;
	}
	json = json_pack("{s:s, s:{s:s, s:s, s:{s:s}}, s:[{s:s}], s:o, s:{s:O, s:{s:{s:s, s:s}}}}",
			 "openapi", "3.1.0", "info", "title", "Sidecar relay", "version",
			 SIDECAR_VERSION, "license", "name", "GPL-2.0-only", "servers", "url",
			 api_base_url(req, url), "paths", paths(), "components", "schemas", schemas,
			 "securitySchemes", "bearer", "type", "http", "scheme", "bearer");
	text = json ? json_dumps(json, JSON_INDENT(1)) : NULL;
	if (text)
		api_web_reply(req, "application/json", text, strlen(text));
	else
		api_refuse(req, API_ERROR_BUSY, "out of memory");
}
