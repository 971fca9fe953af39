/* SPDX-License-Identifier: GPL-2.0-only */
/* Canaries and Markdown: bounds, and no HTML that the text brought with it. */
// link: relay/canary.c relay/markdown.c
#include <stdlib.h>
#include <string.h>
#include "relay/canary.h"
#include "relay/markdown.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* Every tag is one that markdown_html() makes itself. */
static void check_html(const char *html)
{
	static const char *const ours[] = {"<p>",
					   "</p>",
					   "<ul>",
					   "</ul>",
					   "<li>",
					   "</li>",
					   "<h1>",
					   "</h1>",
					   "<h2>",
					   "</h2>",
					   "<h3>",
					   "</h3>",
					   "</a>",
					   "<strong>",
					   "</strong>",
					   "<a href=\"https://",
					   "<a href=\"mailto:",
					   "<a href=\"/",
					   "<a href=\"#"};

	for (const char *p = strchr(html, '<'); p; p = strchr(p + 1, '<')) {
		size_t i = 0;

		while (i < ARRAY_SIZE(ours) && strncmp(p, ours[i], strlen(ours[i])))
			i++;
		if (i == ARRAY_SIZE(ours))
			abort();
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const uint8_t key[KEY_LEN] = {1};
	AUTO_STRBUF struct strbuf html = STRBUF_NEW(1 << 20);
	struct canary canary;
	struct err err = {};

	markdown_html(&html, (const char *)data, size);
	if (!html.error)
		check_html(strbuf_text(&html));
	if (canary_parse((const char *)data, size, &canary, &err)) {
		if (!err.text[0])
			abort();
		return 0;
	}
	if (canary.statement > canary.signed_len || canary.signed_len >= size || !canary.sequence ||
	    canary.next_due <= canary.date)
		abort();
	canary_verify(&canary, (const char *)data, key, &err);
	return 0;
}
