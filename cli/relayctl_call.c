/* SPDX-License-Identifier: GPL-2.0-only */
#include "relayctl.h"

#include <stdarg.h>
#include <string.h>
#include "../lib/buf.h"
#include "../lib/http.h"
#include "../lib/json.h"
#include "../lib/log.h"

/* The server's own limit of an answer: some 20,000 peers. */
#define MAX_ANSWER_BYTES (16u << 20)
#define DETAIL_LEN 512

enum ctl_exit ctl_fail(enum ctl_exit code, const char *fmt, ...)
{
	va_list ap;

	fputs("relayctl: ", stderr);
	va_start(ap, fmt);
	vfprintf(stderr, fmt, ap);
	va_end(ap);
	fputc('\n', stderr);
	return code;
}

DEFINE_CLEANUP(answer, struct http_answer *, http_answer_free)

static enum ctl_exit unreachable(const struct ctl *ctl, int r, const struct err *err)
{
	const char *socket = ctl->args.socket;

	switch (r) {
	case -ENOENT:
	case -ECONNREFUSED:
		return ctl_fail(CTL_EXIT_UNREACHABLE,
				"%s: nobody listens: does relayd run? (systemctl status relayd)",
				socket);
	case -EACCES:
	case -EPERM:
		return ctl_fail(CTL_EXIT_UNREACHABLE, "%s: only root may use relayd's socket",
				socket);
	case -ENOMEM:
		return ctl_fail(CTL_EXIT_ERROR, "%s", err->text);
	default:
		return ctl_fail(CTL_EXIT_UNREACHABLE, "%s: %s", socket, err->text);
	}
}

/* What relayd says is wrong (RFC 9457). */
static enum ctl_exit refused(int status, const json_t *json)
{
	const char *detail = json_string_value(json_object_get(json, "detail"));
	char shown[DETAIL_LEN];

	if (!detail)
		return ctl_fail(CTL_EXIT_ERROR, "relayd answers with HTTP status %d", status);
	log_esc(shown, sizeof(shown), detail, strlen(detail));
	return ctl_fail(status == 400 ? CTL_EXIT_USAGE : CTL_EXIT_ERROR, "%s", shown);
}

enum ctl_exit ctl_call(struct ctl *ctl, const char *method, const char *path, json_t *body_taken,
		       json_t **ret_answer)
{
	static const struct http_header type = {"content-type", "application/json"};
	const struct http_client_conf conf = {
		.unix_path = ctl->args.socket,
		.max_body_bytes = MAX_ANSWER_BYTES,
	};
	AUTO_JSON json_t *body = body_taken, *json = NULL;
	AUTO_FREE char *text = body ? json_dumps(body, JSON_COMPACT) : NULL;
	struct http_answer a = {};
	CLEANUP(answer) struct http_answer *answer = &a;
	struct http_request req = {.method = method, .target = path};
	struct err err = {};
	int r;

	if (body && !text)
		return ctl_fail(CTL_EXIT_ERROR, "out of memory");
	if (text) {
		req.headers = &type;
		req.n_headers = 1;
		req.body = text;
		req.body_len = strlen(text);
	}
	r = http_call_blocking(&conf, &req, answer, &err);
	if (r)
		return unreachable(ctl, r, &err);
	r = json_parse(answer->body, answer->body_len, "relayd's answer", &json, &err);
	if (answer->status < 200 || answer->status > 299)
		return refused(answer->status, r ? NULL : json);
	if (r)
		return ctl_fail(CTL_EXIT_ERROR, "%s", err.text);
	*ret_answer = steal(&json);
	return CTL_EXIT_OK;
}
