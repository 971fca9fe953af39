/* SPDX-License-Identifier: GPL-2.0-only */
#include "api_route.h"

#include <stdio.h>

#include <stdarg.h>
#include <string.h>
#include <time.h>
#include "api_metrics.h"

#define RETRY_AFTER_S "5"
#define CHALLENGE_LEN 512

static void req_free(struct api_req *req)
{
	json_decref(req->body);
	json_decref(req->query);
	explicit_bzero(&req->token, sizeof(req->token));
	free(req);
}

/* What the request was addressed to, if it looks like a host; else our own address. */
static const char *host_of(const struct api_req *req, char out[static ENDPOINT_TEXT_LEN])
{
	static const char ok[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789"
				 ".:-[]";
	const struct conf *conf = &req->api->conf;
	const char *host = http_msg_header(req->msg, "host");
	struct endpoint own = {.family = AF_INET, .port = conf->listen.port};

	if (host && host[0] && strlen(host) < 254 && strspn(host, ok) == strlen(host))
		return host;
	own.v4 = conf->public4;
	if (!conf->has_public4) {
		own.family = AF_INET6;
		own.v6 = conf->public6;
	}
	return endpoint_text(out, &own);
}

const char *api_base_url(const struct api_req *req, char out[static API_URL_LEN])
{
	char own[ENDPOINT_TEXT_LEN];

	if (req->api->conf.url[0])
		snprintf(out, API_URL_LEN, "%s", req->api->conf.url);
	else
		snprintf(out, API_URL_LEN, "https://%s", host_of(req, own));
	return out;
}

/*
 * RFC 6750 section 3: no error attribute when the request carried no credentials; RFC 9728 section
 * 5.1: resource_metadata.
 */
static void make_challenge(const struct api_req *req, enum api_error e,
			   char out[static CHALLENGE_LEN])
{
	const char *error = e == API_ERROR_INVALID_TOKEN ? "invalid_token" : "insufficient_scope";
	char url[API_URL_LEN];
	int n;

	n = snprintf(out, CHALLENGE_LEN,
		     "Bearer realm=\"sidecar\", "
		     "resource_metadata=\"%s/.well-known/oauth-protected-resource\"",
		     api_base_url(req, url));
	if (e != API_ERROR_NO_TOKEN && n > 0 && n < CHALLENGE_LEN)
		snprintf(out + n, CHALLENGE_LEN - (size_t)n,
			 ", error=\"%s\", error_description=\"%s\"", error,
			 e == API_ERROR_INVALID_TOKEN ? "The access token is not valid"
						      : "The access token lacks the scope");
}

void api_reply_raw(struct api_req *req, int status, const struct http_header *headers,
		   size_t n_headers, const void *body, size_t body_len)
{
	api_metrics_answer(req->api->metrics, status);
	http_reply(req->x, status, headers, n_headers, body, body_len);
	req_free(req);
}

static void answer(struct api_req *req, int status, const struct http_header *headers,
		   size_t n_headers, const json_t *json)
{
	AUTO_FREE char *text = json ? json_dumps(json, JSON_COMPACT) : NULL;
	static const struct http_header plain[] = {{"content-type", "text/plain"}};

	if (text)
		api_reply_raw(req, status, headers, n_headers, text, strlen(text));
	else
		api_reply_raw(req, 500, plain, 1, "out of memory\n", 14);
}

void api_reply_json(struct api_req *req, int status, json_t *json_taken)
{
	static const struct http_header headers[] = {
		{"content-type", "application/json"},
		{"cache-control", "no-store"},
		{"pragma", "no-cache"}, /* RFC 6749 section 5.1, RFC 8628 section 3.2 */
	};
	AUTO_JSON json_t *json = json_taken;
	bool oauth = req->route && req->route->flags & API_ROUTE_FORM;

	answer(req, status, headers, oauth ? 3 : 2, json);
}

void api_refuse(struct api_req *req, enum api_error e, const char *fmt, ...)
{
	struct http_header headers[4] = {
		{"content-type", API_PROBLEM_TYPE},
		{"cache-control", "no-store"},
	};
	AUTO_JSON json_t *json = NULL;
	char detail[ERR_TEXT_LEN], challenge[CHALLENGE_LEN];
	int status = api_error_status(e);
	size_t n = 2;
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(detail, sizeof(detail), fmt, ap);
	va_end(ap);
	if (status == 401 || e == API_ERROR_INSUFFICIENT_SCOPE) {
		make_challenge(req, e, challenge);
		headers[n++] = (struct http_header){"www-authenticate", challenge};
	}
	/* RFC 9110 section 10.2.3. */
	if (status == 429 || status == 503)
		headers[n++] = (struct http_header){"retry-after", RETRY_AFTER_S};
	/* RFC 9110 section 15.5.6. */
	if (e == API_ERROR_METHOD)
		headers[n++] = (struct http_header){"allow", req->allow};
	api_metrics_error(req->api->metrics, e);
	json = api_error_json(e, detail);
	answer(req, status, headers, n, json);
}

void api_refuse_epoch(struct api_req *req, uint64_t epoch, const char *fmt, ...)
{
	static const struct http_header headers[] = {
		{"content-type", API_PROBLEM_TYPE},
		{"cache-control", "no-store"},
	};
	AUTO_JSON json_t *json = NULL;
	char detail[ERR_TEXT_LEN];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(detail, sizeof(detail), fmt, ap);
	va_end(ap);
	json = api_error_json(API_ERROR_PSK_EPOCH, detail);
	if (json)
		json_object_set_new(json, "epoch", json_integer((json_int_t)epoch));
	answer(req, api_error_status(API_ERROR_PSK_EPOCH), headers, ARRAY_SIZE(headers), json);
}

json_t *api_time_json(int64_t seconds)
{
	char text[32];
	time_t t = (time_t)seconds;
	struct tm tm;

	if (!seconds || !gmtime_r(&t, &tm))
		return json_null();
	strftime(text, sizeof(text), "%Y-%m-%dT%H:%M:%SZ", &tm);
	return json_string(text);
}
