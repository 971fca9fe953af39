/* SPDX-License-Identifier: GPL-2.0-only */
#include "markdown.h"

#include <string.h>

enum block { NOTHING, PARAGRAPH, LIST };

void markdown_escape(struct strbuf *out, const char *text, size_t len)
{
	for (size_t i = 0; i < len; i++) {
		switch (text[i]) {
		case '&':
			strbuf_puts(out, "&amp;");
			break;
		case '<':
			strbuf_puts(out, "&lt;");
			break;
		case '>':
			strbuf_puts(out, "&gt;");
			break;
		case '"':
			strbuf_puts(out, "&quot;");
			break;
		case '\0':
			break;
		default:
			strbuf_add(out, text + i, 1);
		}
	}
}

/* A link may not run anything: "javascript:" and the like stay text. */
static bool link_ok(const char *link, size_t len)
{
	static const char *const schemes[] = {"https://", "mailto:", "/", "#"};

	for (size_t i = 0; i < ARRAY_SIZE(schemes); i++) {
		size_t n = strlen(schemes[i]);

		if (len > n && !memcmp(link, schemes[i], n))
			return true;
	}
	return false;
}

/* "[text](link)" at `text`: its length, or 0. */
static size_t add_link(struct strbuf *out, const char *text, size_t len)
{
	const char *close = memchr(text, ']', len);
	const char *end;
	size_t link_len;

	if (!close || (size_t)(close - text) + 1 >= len || close[1] != '(')
		return 0;
	end = memchr(close, ')', len - (size_t)(close - text));
	if (!end)
		return 0;
	link_len = (size_t)(end - close) - 2;
	if (!link_ok(close + 2, link_len))
		return 0;
	strbuf_puts(out, "<a href=\"");
	markdown_escape(out, close + 2, link_len);
	strbuf_puts(out, "\">");
	markdown_escape(out, text + 1, (size_t)(close - text) - 1);
	strbuf_puts(out, "</a>");
	return (size_t)(end - text) + 1;
}

static void add_inline(struct strbuf *out, const char *text, size_t len)
{
	bool strong = false;

	for (size_t i = 0; i < len;) {
		size_t n = text[i] == '[' ? add_link(out, text + i, len - i) : 0;

		if (!n && len - i >= 2 && text[i] == '*' && text[i + 1] == '*') {
			strbuf_puts(out, strong ? "</strong>" : "<strong>");
			strong = !strong;
			n = 2;
		}
		if (!n) {
			markdown_escape(out, text + i, 1);
			n = 1;
		}
		i += n;
	}
	if (strong)
		strbuf_puts(out, "</strong>");
}

static void change(struct strbuf *out, enum block *now, enum block next)
{
	if (*now == next)
		return;
	if (*now == PARAGRAPH)
		strbuf_puts(out, "</p>\n");
	if (*now == LIST)
		strbuf_puts(out, "</ul>\n");
	if (next == PARAGRAPH)
		strbuf_puts(out, "<p>");
	if (next == LIST)
		strbuf_puts(out, "<ul>\n");
	*now = next;
}

static void add_line(struct strbuf *out, enum block *block, const char *line, size_t len)
{
	size_t level = 0;

	while (level < len && level < 3 && line[level] == '#')
		level++;
	if (!len) {
		change(out, block, NOTHING);
	} else if (level && level < len && line[level] == ' ') {
		change(out, block, NOTHING);
		strbuf_printf(out, "<h%zu>", level);
		add_inline(out, line + level + 1, len - level - 1);
		strbuf_printf(out, "</h%zu>\n", level);
	} else if (len >= 2 && (line[0] == '-' || line[0] == '*') && line[1] == ' ') {
		change(out, block, LIST);
		strbuf_puts(out, "<li>");
		add_inline(out, line + 2, len - 2);
		strbuf_puts(out, "</li>\n");
	} else {
		if (*block == PARAGRAPH)
			strbuf_puts(out, "\n");
		change(out, block, PARAGRAPH);
		add_inline(out, line, len);
	}
}

void markdown_html(struct strbuf *out, const char *text, size_t len)
{
	enum block block = NOTHING;

	for (size_t at = 0; at < len;) {
		const char *end = memchr(text + at, '\n', len - at);
		size_t n = end ? (size_t)(end - text) - at : len - at;
		size_t shown = n && text[at + n - 1] == '\r' ? n - 1 : n;

		add_line(out, &block, text + at, shown);
		at += n + 1;
	}
	change(out, &block, NOTHING);
}
