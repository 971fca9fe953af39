/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The part of Markdown that legal pages need, as HTML: # to ### headings, paragraphs, "- " lists,
 * **strong**, [text](link) with https, mailto and relative links. All else is text, escaped: raw
 * HTML has no way through.
 */
#ifndef RELAY_MARKDOWN_H
#define RELAY_MARKDOWN_H

#include "../lib/buf.h"

void markdown_html(struct strbuf *out, const char *text, size_t len);
/* HTML's special characters as entities. */
void markdown_escape(struct strbuf *out, const char *text, size_t len);

#endif
