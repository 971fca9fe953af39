/* SPDX-License-Identifier: GPL-2.0-only */
#include "http_request.h"

#include <string.h>
#include <strings.h>

const char *http_msg_header(const struct http_msg *msg, const char *name)
{
	for (size_t i = 0; i < msg->n_headers; i++) {
		if (!strcmp(msg->headers[i].name, name))
			return msg->headers[i].value;
	}
	return NULL;
}

static int refuse(int status, const char *detail, const char **ret_detail)
{
	*ret_detail = detail;
	return status;
}

/* RFC 9112 section 3.2.2: absolute-form must be understood; its authority stands for Host. */
static const char *skip_authority(const char *target)
{
	const char *p;

	if (!strncasecmp(target, "http://", 7))
		p = target + 7;
	else if (!strncasecmp(target, "https://", 8))
		p = target + 8;
	else
		return target;
	p += strcspn(p, "/?");
	return p;
}

static int check_target(struct http_parser *p, const char **ret_detail)
{
	struct http_msg *msg = &p->msg;
	const char *path = skip_authority(msg->target);
	size_t path_len = strcspn(path, "?");
	char *copy = p->text + p->text_len;

	if (strchr(msg->target, '#'))
		return refuse(400, "fragment in the request target", ret_detail);
	if (path[0] != '/' && path == msg->target &&
	    !(!strcmp(path, "*") && !strcmp(msg->method, "OPTIONS")))
		return refuse(400, "request target is no path", ret_detail);
	if (path_len + 2 > sizeof(p->text) - p->text_len)
		return refuse(431, "request head too large", ret_detail);
	/* "http://host?query" has an empty path, which means "/". */
	if (!path_len)
		*copy++ = '/';
	memcpy(copy, path, path_len);
	copy[path_len] = '\0';
	msg->path = p->text + p->text_len;
	msg->query = path[path_len] ? path + path_len + 1 : "";
	p->text_len += path_len + 2;
	return 0;
}

/*
 * RFC 9112 section 6.1: both kinds of length, or a transfer coding that we do not know, leave the
 * end of the message to interpretation.
 */
static int check_length(struct http_parser *p, bool v10, const char **ret_detail)
{
	const char *coding = http_msg_header(&p->msg, "transfer-encoding");

	if (!coding) {
		if (p->ll.flags & F_CONTENT_LENGTH && p->ll.content_length > p->max_body)
			return refuse(413, "body too large", ret_detail);
		return 0;
	}
	if (http_msg_header(&p->msg, "content-length"))
		return refuse(400, "both Content-Length and Transfer-Encoding", ret_detail);
	if (v10)
		return refuse(400, "Transfer-Encoding in HTTP/1.0", ret_detail);
	if (strcasecmp(coding, "chunked"))
		return refuse(501, "Transfer-Encoding other than chunked", ret_detail);
	return 0;
}

static int check_expect(struct http_parser *p, bool v10, const char **ret_detail)
{
	const char *expect = http_msg_header(&p->msg, "expect");

	/* RFC 9110 section 10.1.1: in HTTP/1.0 it is to be ignored. */
	if (!expect || v10)
		return 0;
	if (strcasecmp(expect, "100-continue"))
		return refuse(417, "Expect other than 100-continue", ret_detail);
	p->expect_continue =
		p->ll.flags & F_CHUNKED || (p->ll.flags & F_CONTENT_LENGTH && p->ll.content_length);
	return 0;
}

/* RFC 9112 section 3.2: one that is valid, that is uri-host [":" port] (RFC 3986 section 3.2.2). A
 * second one was refused already. */
static int check_host(struct http_parser *p, bool v10, const char **ret_detail)
{
	static const char ok[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789"
				 "-._~%!$&'()*+,;=:[]";
	const char *host = http_msg_header(&p->msg, "host");

	if (!host)
		return v10 ? 0 : refuse(400, "no Host header field", ret_detail);
	return strspn(host, ok) == strlen(host) ? 0 : refuse(400, "Host is none", ret_detail);
}

int http_request_check(struct http_parser *p, const char **ret_detail)
{
	bool v10 = p->ll.http_minor == 0;
	int r;

	if (p->ll.http_major != 1 || p->ll.http_minor > 1)
		return refuse(505, "HTTP version is neither 1.0 nor 1.1", ret_detail);
	if (p->ll.method == HTTP_CONNECT)
		return refuse(501, "CONNECT is not served here", ret_detail);
	r = check_host(p, v10, ret_detail);
	if (!r)
		r = check_target(p, ret_detail);
	if (!r)
		r = check_length(p, v10, ret_detail);
	if (!r)
		r = check_expect(p, v10, ret_detail);
	return r;
}
