/* SPDX-License-Identifier: GPL-2.0-only */
#include "http_server_int.h"

#include <string.h>
#include <strings.h>
#include <time.h>

/* RFC 9110 section 15; 428 to 431 from RFC 6585. Others go without words, which is allowed. */
static const char *reason_of(int status)
{
	static const struct {
		int status;
		const char *reason;
	} reasons[] = {
		{200, "OK"},
		{201, "Created"},
		{202, "Accepted"},
		{204, "No Content"},
		{301, "Moved Permanently"},
		{302, "Found"},
		{303, "See Other"},
		{304, "Not Modified"},
		{400, "Bad Request"},
		{401, "Unauthorized"},
		{402, "Payment Required"},
		{403, "Forbidden"},
		{404, "Not Found"},
		{405, "Method Not Allowed"},
		{406, "Not Acceptable"},
		{408, "Request Timeout"},
		{409, "Conflict"},
		{410, "Gone"},
		{413, "Content Too Large"},
		{414, "URI Too Long"},
		{415, "Unsupported Media Type"},
		{417, "Expectation Failed"},
		{422, "Unprocessable Content"},
		{428, "Precondition Required"},
		{429, "Too Many Requests"},
		{431, "Request Header Fields Too Large"},
		{500, "Internal Server Error"},
		{501, "Not Implemented"},
		{503, "Service Unavailable"},
		{504, "Gateway Timeout"},
		{505, "HTTP Version Not Supported"},
		{507, "Insufficient Storage"},
	};

	for (size_t i = 0; i < ARRAY_SIZE(reasons); i++) {
		if (reasons[i].status == status)
			return reasons[i].reason;
	}
	return "";
}

/* RFC 9110 section 5.6.7. The process never calls setlocale(), so the names are English. */
static void add_date(struct strbuf *out)
{
	char text[64];
	time_t now = time(NULL);
	struct tm tm;

	gmtime_r(&now, &tm);
	strftime(text, sizeof(text), "%a, %d %b %Y %H:%M:%S GMT", &tm);
	strbuf_printf(out, "Date: %s\r\n", text);
}

/* A line end inside a value would begin a header of somebody else's choice. */
static void add_clean(struct strbuf *out, const char *text)
{
	for (; *text; text++) {
		char c = (unsigned char)*text < 0x20 || *text == 0x7f ? ' ' : *text;

		strbuf_add(out, &c, 1);
	}
}

void http_answer_format(struct strbuf *out, int status, bool keep_alive,
			const struct http_header *headers, size_t n_headers, const void *body,
			size_t body_len)
{
	strbuf_printf(out, "HTTP/1.1 %d %s\r\n", status, reason_of(status));
	add_date(out);
	strbuf_printf(out, "Connection: %s\r\n", keep_alive ? "keep-alive" : "close");
	/* RFC 9110 section 8.6 forbids it in 204; 304 has no body either. */
	if (status != 204 && status != 304)
		strbuf_printf(out, "Content-Length: %zu\r\n", body_len);
	for (size_t i = 0; i < n_headers; i++) {
		add_clean(out, headers[i].name);
		strbuf_puts(out, ": ");
		add_clean(out, headers[i].value);
		strbuf_puts(out, "\r\n");
	}
	strbuf_puts(out, "\r\n");
	if (body && status != 204 && status != 304)
		strbuf_add(out, body, body_len);
}
