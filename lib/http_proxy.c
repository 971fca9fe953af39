/* SPDX-License-Identifier: GPL-2.0-only */
#include "http_client_int.h"

#include <openssl/evp.h>
#include <string.h>
#include "parse.h"

#define PROXY_PORT 8080
#define PROXY_URL_LEN 512
#define PROXY_USER_LEN 128

void http_add_authority(struct strbuf *out, const char *host, uint16_t port)
{
	bool v6 = strchr(host, ':') != NULL;

	strbuf_printf(out, "%s%s%s:%u", v6 ? "[" : "", host, v6 ? "]" : "", port);
}

static int hex_digit(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	if (c >= 'a' && c <= 'f')
		return c - 'a' + 10;
	if (c >= 'A' && c <= 'F')
		return c - 'A' + 10;
	return -1;
}

/* RFC 3986 section 2.1, in place. */
static bool percent_decode(char *text)
{
	char *out = text;

	for (; *text; text++) {
		int hi, lo;

		if (*text != '%') {
			*out++ = *text;
			continue;
		}
		hi = hex_digit(text[1]);
		lo = hi < 0 ? -1 : hex_digit(text[2]);
		if (lo < 0 || !(hi << 4 | lo))
			return false;
		*out++ = (char)(hi << 4 | lo);
		text += 2;
	}
	*out = '\0';
	return true;
}

/* RFC 7617: "user:password" in base64. */
static bool set_auth(char *user, struct http_proxy *proxy)
{
	size_t len;
	bool ok;

	ok = percent_decode(user);
	len = strlen(user);
	ok = ok && len < PROXY_USER_LEN;
	if (ok)
		EVP_EncodeBlock((unsigned char *)proxy->auth, (const unsigned char *)user,
				(int)len);
	return ok;
}

/* "host", "host:port", "[v6]", "[v6]:port". */
static bool set_host(char *host, struct http_proxy *proxy)
{
	char *end = host[0] == '[' ? strchr(host, ']') : strchrnul(host, ':');
	char *port;

	if (!end)
		return false;
	port = *end == ']' ? end + 1 : end;
	if (*port && (*port != ':' || parse_u16(port + 1, 1, 65535, &proxy->port)))
		return false;
	*end = '\0';
	host += host[0] == '[';
	if (!host[0] || strlen(host) >= sizeof(proxy->host) || strpbrk(host, " /?#@"))
		return false;
	memcpy(proxy->host, host, strlen(host) + 1);
	return true;
}

int http_proxy_parse(const char *url, struct http_proxy *ret_proxy, struct err *err)
{
	struct http_proxy proxy = {.port = PROXY_PORT};
	char copy[PROXY_URL_LEN], *host, *at, *slash;
	size_t len = strlen(url);
	bool ok;

	/* The address may hold a password: it never goes into the error. */
	if (strncmp(url, "http://", 7))
		return err_set(err, -EINVAL, "proxy: address does not begin with http://");
	if (len >= sizeof(copy))
		return err_set(err, -EINVAL, "proxy: address too long");
	memcpy(copy, url, len + 1);
	host = copy + 7;
	slash = strchr(host, '/');
	if (slash && !slash[1])
		*slash = '\0';
	at = strrchr(host, '@');
	if (at)
		*at = '\0';
	ok = (!at || set_auth(host, &proxy)) && set_host(at ? at + 1 : host, &proxy);
	explicit_bzero(copy, sizeof(copy));
	if (!ok)
		return err_set(err, -EINVAL,
			       "proxy: address is not http://[user:password@]host[:port]");
	*ret_proxy = proxy;
	return 0;
}

void http_proxy_request(const struct http_client *c, struct strbuf *out)
{
	strbuf_puts(out, "CONNECT ");
	http_add_authority(out, c->conf.host, c->conf.port);
	strbuf_puts(out, " HTTP/1.1\r\nHost: ");
	http_add_authority(out, c->conf.host, c->conf.port);
	if (c->proxy.auth[0])
		strbuf_printf(out, "\r\nProxy-Authorization: Basic %s", c->proxy.auth);
	strbuf_puts(out, "\r\n\r\n");
}
