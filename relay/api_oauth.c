/* SPDX-License-Identifier: GPL-2.0-only */
#include "api_oauth.h"

#include <stdarg.h>
#include <stdio.h>

void api_oauth_refuse(struct api_req *req, enum api_error e, const char *fmt, ...)
{
	char text[ERR_TEXT_LEN];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	/* RFC 6749 section 5.2: printable ASCII without quote and backslash. */
	for (char *p = text; *p; p++) {
		if (*p < 0x20 || *p > 0x7e || *p == '"' || *p == '\\')
			*p = '\'';
	}
	api_reply_json(
		req, 400,
		json_pack("{s:s, s:s}", "error", api_error_code(e), "error_description", text));
}
