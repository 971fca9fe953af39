/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What the binary carries in itself: pages, style, scripts and the discovery documents of
 * relay/web. "@URL@", "@RELAY@", "@REGION@", "@VERSION@", "@TITLE@", "@BODY@" and "@LEGAL@" (links
 * to the operator's pages) in them are filled in.
 */
#ifndef RELAY_API_WEB_H
#define RELAY_API_WEB_H

#include "../lib/buf.h"
#include "api_route.h"

#define API_WEB_MAX_BYTES (512 * 1024)

/* NULL if there is none of this name. */
const char *api_web_file(const char *name, size_t *ret_len);
/* page.html with this title and body (HTML). */
void api_web_page(struct api_req *req, const char *title, const char *body);
/* With ETag: 304 when the client has it. type: the media type. */
void api_web_reply(struct api_req *req, const char *type, const char *text, size_t len);

#endif
