/* SPDX-License-Identifier: GPL-2.0-only */
#include "control.h"

#include <stdio.h>
#include <string.h>
#include "../lib/http.h"
#include "../lib/json.h"
#include "../lib/log.h"

/* A rotation's limits, and the time for what it undoes. */
#define ANSWER_MS 120000

DEFINE_CLEANUP(answer, struct http_answer *, http_answer_free)

static int fail(int code, const char *text)
{
	char shown[ERR_TEXT_LEN];

	fprintf(stderr, "sidecar-agent: %s\n", log_esc(shown, sizeof(shown), text, strlen(text)));
	return code;
}

static int unreachable(int r, const struct err *err)
{
	if (r == -ENOENT || r == -ECONNREFUSED)
		return fail(CONTROL_EXIT_UNREACHABLE, "agent socket not found: does it run?");
	if (r == -EACCES || r == -EPERM)
		return fail(CONTROL_EXIT_UNREACHABLE, "agent socket: permission denied");
	return fail(1, err->text);
}

/* 0 and ret_json, or an exit code after having said why. */
static int call(const char *path, const char *method, const char *target, json_t *body_taken,
		json_t **ret_json)
{
	static const struct http_header type = {"content-type", "application/json"};
	const struct http_client_conf conf = {.unix_path = path, .answer_ms = ANSWER_MS};
	AUTO_JSON json_t *body = body_taken, *json = NULL;
	AUTO_FREE char *text = body ? json_dumps(body, JSON_COMPACT) : NULL;
	struct http_request req = {.method = method, .target = target};
	struct http_answer a = {};
	CLEANUP(answer) struct http_answer *answer = &a;
	const char *detail = "the agent's answer makes no sense";
	struct err err = {};
	int r;

	if (text) {
		req.headers = &type;
		req.n_headers = 1;
		req.body = text;
		req.body_len = strlen(text);
	}
	r = http_call_blocking(&conf, &req, &a, &err);
	if (r)
		return unreachable(r, &err);
	r = json_parse(answer->body, answer->body_len, "answer", &json, NULL);
	if (!r && answer->status == 200) {
		*ret_json = steal(&json);
		return 0;
	}
	json_get_string(json, "detail", &detail, NULL);
	return fail(answer->status == 400 ? 2 : 1, detail);
}

int control_status(const char *path)
{
	AUTO_JSON json_t *json = NULL;
	int r = call(path, "GET", "/v1/status", NULL, &json);

	if (r)
		return r;
	json_dumpf(json, stdout, JSON_INDENT(2));
	putchar('\n');
	return fflush(stdout) ? 1 : 0;
}

int control_rotate(const char *path, const char *container)
{
	AUTO_JSON json_t *json = NULL;
	int r = call(path, "POST", "/v1/rotate", json_pack("{s:s}", "container", container), &json);

	if (r)
		return r;
	printf("%s: new key\n", container);
	return fflush(stdout) ? 1 : 0;
}
