/* SPDX-License-Identifier: GPL-2.0-only */
/* Pages of the operator: /terms and so on from Markdown or HTML files, and /warrant-canary. */
#include <stdio.h>
#include <string.h>
#include "../lib/time_text.h"
#include "api_canary.h"
#include "api_handlers.h"
#include "api_web.h"
#include "markdown.h"

static const struct {
	const char *path, *title;
} pages[] = {
#define X(NAME, name, title) [CONF_PAGE_##NAME] = {"/" name, title},
	CONF_PAGE_LIST(X)
#undef X
};

static bool ends_in(const char *path, const char *end)
{
	size_t len = strlen(path), n = strlen(end);

	return len >= n && !strcmp(path + len - n, end);
}

void api_page_get(struct api_req *req)
{
	AUTO_STRBUF struct strbuf body = STRBUF_NEW(API_WEB_MAX_BYTES);
	const struct api_file *file;
	size_t i = 0;

	while (i < CONF_PAGE_MAX - 1 && strcmp(pages[i].path, req->route->path))
		i++;
	file = &req->api->files.pages[i];
	if (!file->text) {
		api_refuse(req, API_ERROR_NOT_FOUND, "the operator has not written this page");
		return;
	}
	/* HTML is trusted as the operator's own, and still held by the policy of every page. */
	if (ends_in(req->api->conf.pages[i], ".html"))
		strbuf_add(&body, file->text, file->len);
	else
		markdown_html(&body, file->text, file->len);
	if (body.error)
		api_refuse(req, API_ERROR_INTERNAL, "the page could not be made");
	else
		api_web_page(req, pages[i].title, strbuf_text(&body));
}

static void add_valid(struct strbuf *body, const struct api *api, enum api_canary_state state)
{
	const struct canary *c = &api->canary->canary;
	const char *text = api->files.canary.text;
	char date[TIME_TEXT_LEN], next[TIME_TEXT_LEN], key[KEY_TEXT_LEN];

	strbuf_printf(
		body,
		"<p class=\"state %s\" role=\"status\">%s</p>\n<dl><dt>Sequence</dt><dd>%u</dd>"
		"<dt>Date</dt><dd>%s</dd><dt>Next due</dt><dd>%s</dd>"
		"<dt>Public key</dt><dd><code>%s</code></dd></dl>\n<pre>",
		state == API_CANARY_OK ? "good" : "bad",
		state == API_CANARY_OK ? "The signature is valid, and the statement is in time."
				       : "Overdue: the next statement should have been published.",
		c->sequence, time_text(date, c->date), time_text(next, c->next_due),
		b64_key_text(key, api->conf.canary_key));
	markdown_escape(body, text + c->statement, c->signed_len - c->statement);
	strbuf_puts(body, "</pre>\n<p><a href=\"/warrant-canary.txt\">The signed text</a></p>");
}

void api_page_canary(struct api_req *req)
{
	AUTO_STRBUF struct strbuf body = STRBUF_NEW(API_WEB_MAX_BYTES);
	enum api_canary_state state = api_canary_state(req->api);

	if (state == API_CANARY_NONE) {
		api_refuse(req, API_ERROR_CANARY_NOT_FOUND, "this relay publishes no canary");
		return;
	}
	strbuf_puts(&body, "<h1>Warrant canary</h1>\n");
	if (state == API_CANARY_INVALID)
		strbuf_puts(&body,
			    "<p class=\"state bad\" role=\"status\">The canary is not valid: do "
			    "not rely on it.</p>");
	else
		add_valid(&body, req->api, state);
	api_web_page(req, "Warrant canary", strbuf_text(&body));
}

void api_page_canary_text(struct api_req *req)
{
	const struct api_file *file = &req->api->files.canary;

	if (!file->text)
		api_refuse(req, API_ERROR_CANARY_NOT_FOUND, "this relay publishes no canary");
	else
		api_web_reply(req, "text/plain; charset=utf-8", file->text, file->len);
}
