/* SPDX-License-Identifier: GPL-2.0-only */
#include "api_error.h"

#include <stdio.h>
#include <string.h>
#include "../lib/cleanup.h"
#include "../lib/json.h"
#include "api_metrics.h"

static const struct {
	int status;
	const char *code;
} errors[] = {
#define X(NAME, number, text) [API_ERROR_##NAME] = {number, text},
	API_ERROR_LIST(X)
#undef X
};

/* RFC 9110 section 15; RFC 9457 section 4.2.1 wants these as titles of "about:blank". */
static const struct {
	int status;
	const char *title;
} titles[] = {
	{400, "Bad Request"},
	{401, "Unauthorized"},
	{403, "Forbidden"},
	{404, "Not Found"},
	{405, "Method Not Allowed"},
	{408, "Request Timeout"},
	{409, "Conflict"},
	{413, "Content Too Large"},
	{414, "URI Too Long"},
	{415, "Unsupported Media Type"},
	{417, "Expectation Failed"},
	{428, "Precondition Required"},
	{429, "Too Many Requests"},
	{431, "Request Header Fields Too Large"},
	{500, "Internal Server Error"},
	{501, "Not Implemented"},
	{503, "Service Unavailable"},
	{505, "HTTP Version Not Supported"},
};

/* Which error stands for a status that lib/http chose. */
static const enum api_error by_status[] = {
	API_ERROR_MALFORMED,	   API_ERROR_TIMEOUT,	  API_ERROR_BODY_TOO_LARGE,
	API_ERROR_URI_TOO_LONG,	   API_ERROR_EXPECTATION, API_ERROR_HEAD_TOO_LARGE,
	API_ERROR_NOT_IMPLEMENTED, API_ERROR_BUSY,	  API_ERROR_HTTP_VERSION,
};

int api_error_status(enum api_error e)
{
	return errors[e].status;
}

const char *api_error_code(enum api_error e)
{
	return errors[e].code;
}

static const char *title_of(int status)
{
	for (size_t i = 0; i < ARRAY_SIZE(titles); i++) {
		if (titles[i].status == status)
			return titles[i].title;
	}
	return "Error";
}

json_t *api_error_json(enum api_error e, const char *detail)
{
	return json_pack("{s:s, s:s, s:i, s:s, s:s}", "type", "about:blank", "title",
			 title_of(errors[e].status), "status", errors[e].status, "detail", detail,
			 "code", errors[e].code);
}

void api_error_body(int status, const char *detail, char *body, size_t body_len,
		    const char **ret_content_type, void *ctx)
{
	struct api *api = ctx;
	enum api_error e = API_ERROR_MALFORMED;
	AUTO_JSON json_t *json = NULL;
	size_t n;

	for (size_t i = 0; i < ARRAY_SIZE(by_status); i++) {
		if (errors[by_status[i]].status == status)
			e = by_status[i];
	}
	body[0] = '\0';
	api_metrics_answer(api->metrics, status);
	api_metrics_error(api->metrics, e);
	json = api_error_json(e, detail);
	if (!json)
		return;
	n = json_dumpb(json, body, body_len - 1, JSON_COMPACT);
	if (n > body_len - 1)
		n = 0;
	body[n] = '\0';
	*ret_content_type = API_PROBLEM_TYPE;
}
