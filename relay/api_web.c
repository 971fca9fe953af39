/* SPDX-License-Identifier: GPL-2.0-only */
#include "api_web.h"

#include <openssl/sha.h>
#include <stdio.h>
#include <string.h>
#include "../lib/log.h"
#include "api_handlers.h"
#include "web.h"

#define ETAG_LEN 40
#define KEY_MAX 16 /* of "@KEY@" */

/* Which file a path is, and as what. */
static const struct {
	const char *path, *file, *type;
	bool fill;
} files[] = {
	{"/", "status.html", "text/html; charset=utf-8", true},
	{"/tokens", "tokens.html", "text/html; charset=utf-8", true},
	{"/device", "device.html", "text/html; charset=utf-8", true},
	{"/style.css", "style.css", "text/css; charset=utf-8", false},
	{"/common.js", "common.js", "text/javascript; charset=utf-8", false},
	{"/status.js", "status.js", "text/javascript; charset=utf-8", false},
	{"/tokens.js", "tokens.js", "text/javascript; charset=utf-8", false},
	{"/device.js", "device.js", "text/javascript; charset=utf-8", false},
	{"/.well-known/oauth-protected-resource", "oauth-protected-resource.json",
	 "application/json", true},
	{"/.well-known/oauth-authorization-server", "oauth-authorization-server.json",
	 "application/json", true},
	{"/.well-known/agent-card.json", "agent-card.json", "application/json", true},
	{"/.well-known/agent-onboarding.json", "agent-onboarding.json", "application/json", true},
};

static const struct {
	const char *name;
	const unsigned char *data;
	size_t len;
} embedded[] = {
#define X(name, array) {name, array, sizeof(array)},
	WEB_FILES(X)
#undef X
};

const char *api_web_file(const char *name, size_t *ret_len)
{
	for (size_t i = 0; i < ARRAY_SIZE(embedded); i++) {
		if (strcmp(embedded[i].name, name))
			continue;
		*ret_len = embedded[i].len;
		return (const char *)embedded[i].data;
	}
	return NULL;
}

static void add_legal(struct strbuf *out, const struct api *api)
{
	static const struct {
		const char *name, *title;
	} pages[] = {
#define X(NAME, name, title) [CONF_PAGE_##NAME] = {name, title},
		CONF_PAGE_LIST(X)
#undef X
	};

	for (size_t i = 0; i < CONF_PAGE_MAX; i++) {
		if (api->files.pages[i].text)
			strbuf_printf(out, "<a href=\"/%s\">%s</a>\n", pages[i].name,
				      pages[i].title);
	}
	if (api->conf.canary[0])
		strbuf_puts(out, "<a href=\"/warrant-canary\">Warrant canary</a>\n");
}

/* What stands for "@KEY@"; false: no such key, the text stays. */
static bool add_key(struct strbuf *out, const struct api_req *req, const char *key, size_t len,
		    const char *title, const char *body)
{
	const struct conf *conf = &req->api->conf;
	char url[API_URL_LEN];
	const struct {
		const char *key, *value;
	} keys[] = {
		{"URL", url},	  {"RELAY", conf->name}, {"REGION", conf->region},
		{"TITLE", title}, {"BODY", body},	 {"VERSION", SIDECAR_VERSION},
	};

	if (len == 5 && !memcmp(key, "LEGAL", len)) {
		add_legal(out, req->api);
		return true;
	}
	api_base_url(req, url);
	for (size_t i = 0; i < ARRAY_SIZE(keys); i++) {
		if (strlen(keys[i].key) == len && !memcmp(keys[i].key, key, len)) {
			strbuf_puts(out, keys[i].value ? keys[i].value : "");
			return true;
		}
	}
	return false;
}

static void fill(struct strbuf *out, const struct api_req *req, const char *text, size_t len,
		 const char *title, const char *body)
{
	for (size_t at = 0; at < len;) {
		const char *from = memchr(text + at, '@', len - at);
		const char *to;

		if (!from) {
			strbuf_add(out, text + at, len - at);
			return;
		}
		strbuf_add(out, text + at, (size_t)(from - text) - at);
		at = (size_t)(from - text) + 1;
		to = memchr(from + 1, '@', len - at < KEY_MAX ? len - at : KEY_MAX);
		if (to && add_key(out, req, from + 1, (size_t)(to - from) - 1, title, body))
			at = (size_t)(to - text) + 1;
		else
			strbuf_add(out, "@", 1);
	}
}

static bool has_it(const struct api_req *req, const char *etag)
{
	const char *theirs = http_msg_header(req->msg, "if-none-match");

	return theirs && (!strcmp(theirs, "*") || strstr(theirs, etag));
}

void api_web_reply(struct api_req *req, const char *type, const char *text, size_t len)
{
	unsigned char hash[SHA256_DIGEST_LENGTH];
	char etag[ETAG_LEN] = "\"";
	const struct http_header headers[] = {
		{"content-type", type},
		{"etag", etag},
		{"cache-control", "no-cache"},
		{"vary", "host"},
		{"content-security-policy",
		 "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; "
		 "img-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"},
		{"x-content-type-options", "nosniff"},
		{"referrer-policy", "no-referrer"},
		{"cross-origin-opener-policy", "same-origin"},
		{"cross-origin-resource-policy", "same-origin"},
	};
	size_t n = ARRAY_SIZE(headers);

	SHA256((const unsigned char *)text, len, hash);
	for (size_t i = 0; i < 16; i++)
		snprintf(etag + 1 + 2 * i, 3, "%02x", hash[i]);
	memcpy(etag + 33, "\"", 2);
	/* RFC 9110 section 13.1.2. */
	if (has_it(req, etag))
		api_reply_raw(req, 304, headers, n, NULL, 0);
	else
		api_reply_raw(req, 200, headers, n, text, len);
}

static void reply_filled(struct api_req *req, const char *type, const char *text, size_t len,
			 const char *title, const char *body)
{
	AUTO_STRBUF struct strbuf out = STRBUF_NEW(API_WEB_MAX_BYTES);

	fill(&out, req, text, len, title, body);
	if (out.error)
		api_refuse(req, API_ERROR_INTERNAL, "the page could not be made");
	else
		api_web_reply(req, type, strbuf_text(&out), out.len);
}

void api_web_page(struct api_req *req, const char *title, const char *body)
{
	size_t len = 0;
	const char *text = api_web_file("page.html", &len);

	reply_filled(req, "text/html; charset=utf-8", text, len, title, body);
}

void api_web_get(struct api_req *req)
{
	const char *text;
	size_t len = 0;

	for (size_t i = 0; i < ARRAY_SIZE(files); i++) {
		if (strcmp(files[i].path, req->route->path))
			continue;
		text = api_web_file(files[i].file, &len);
		if (files[i].fill)
			reply_filled(req, files[i].type, text, len, NULL, NULL);
		else
			api_web_reply(req, files[i].type, text, len);
		return;
	}
	api_refuse(req, API_ERROR_NOT_FOUND, "no such page");
}
