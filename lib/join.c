/* SPDX-License-Identifier: GPL-2.0-only */
#include "join.h"

#include <stdio.h>
#include <string.h>
#include "addr.h"
#include "b64.h"
#include "parse.h"

#define SCHEME "sidecar://"
#define PIN_KEY "pin="
#define LABEL_MAX 63 /* RFC 1035 section 2.3.4 */

static bool is_digit(char c)
{
	return c >= '0' && c <= '9';
}

static bool is_alnum(char c)
{
	return is_digit(c) || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

/* RFC 1123 section 2.1. A name whose last label is a number would be read as an address. */
static bool is_host_name(const char *name)
{
	const char *label = name, *p;

	for (p = name;; p++) {
		if (*p && *p != '.') {
			if (!is_alnum(*p) && *p != '-')
				return false;
			continue;
		}
		if (p == label || p - label > LABEL_MAX || *label == '-' || p[-1] == '-')
			return false;
		if (!*p)
			break;
		label = p + 1;
	}
	for (p = label; is_digit(*p); p++)
		;
	return *p != '\0';
}

static int parse_host(const char *text, size_t len, bool v6, struct join *join, struct err *err)
{
	struct addr6 a6;
	struct addr4 a4;
	bool ok;

	if (!len || len >= sizeof(join->host))
		return err_set(err, -EINVAL, "join string: host name missing or too long");
	memcpy(join->host, text, len);
	join->host[len] = '\0';
	if (strlen(join->host) != len)
		ok = false;
	else if (v6)
		ok = !parse_addr6(join->host, &a6);
	else
		ok = !parse_addr4(join->host, &a4) || is_host_name(join->host);
	if (!ok)
		return err_set(err, -EINVAL,
			       "join string: not a host name or address before the port");
	return 0;
}

/* "HOST:PORT" or "[V6]:PORT", up to `end`. */
static int parse_authority(const char *text, const char *end, struct join *join, struct err *err)
{
	bool v6 = *text == '[';
	const char *host_end, *port;
	char digits[6];
	size_t n;
	int r;

	host_end = memchr(text, v6 ? ']' : ':', (size_t)(end - text));
	port = host_end && v6 ? host_end + 1 : host_end;
	if (!port || port >= end || *port != ':')
		return err_set(err, -EINVAL, "join string: no port behind the host");
	text += v6;
	r = parse_host(text, (size_t)(host_end - text), v6, join, err);
	if (r)
		return r;
	n = (size_t)(end - ++port);
	if (n < sizeof(digits)) {
		memcpy(digits, port, n);
		digits[n] = '\0';
	}
	if (n >= sizeof(digits) || parse_u16(digits, 1, 65535, &join->port))
		return err_set(err, -EINVAL, "join string: port is not a number from 1 to 65535");
	return 0;
}

static int add_pin(const char *text, size_t len, struct join *join, struct err *err)
{
	struct tls_pin pin;

	if (join->n_pins == TLS_MAX_PINS)
		return err_set(err, -EINVAL, "join string: more than %d pins", TLS_MAX_PINS);
	if (b64_pin_parse(text, len, pin.sha256))
		return err_set(err, -EINVAL,
			       "join string: pin %zu is not 43 base64url digits (cut when copied?)",
			       join->n_pins + 1);
	for (size_t i = 0; i < join->n_pins; i++) {
		if (!memcmp(&join->pins[i], &pin, sizeof(pin)))
			return err_set(err, -EINVAL, "join string: pins %zu and %zu are the same",
				       i + 1, join->n_pins + 1);
	}
	join->pins[join->n_pins++] = pin;
	return 0;
}

static int parse_pins(const char *text, struct join *join, struct err *err)
{
	for (;;) {
		const char *end = strchrnul(text, '&');
		int r;

		if (strncmp(text, PIN_KEY, strlen(PIN_KEY)))
			return err_set(err, -EINVAL,
				       "join string: only pin= may stand behind \"/?\"");
		text += strlen(PIN_KEY);
		r = add_pin(text, (size_t)(end - text), join, err);
		if (r)
			return r;
		if (!*end)
			break;
		text = end + 1;
	}
	if (join->n_pins < 2)
		return err_set(
			err, -EINVAL,
			"join string: needs two pins at least, of the live and the standby key");
	return 0;
}

int join_parse(const char *text, struct join *ret_join, struct err *err)
{
	struct join join = {};
	const char *slash;
	int r;

	if (strncmp(text, SCHEME, strlen(SCHEME)))
		return err_set(err, -EINVAL, "join string: does not begin with %s", SCHEME);
	if (strlen(text) >= JOIN_TEXT_LEN)
		return err_set(err, -EINVAL, "join string: longer than %d characters",
			       JOIN_TEXT_LEN - 1);
	text += strlen(SCHEME);
	slash = strchr(text, '/');
	if (!slash || slash[1] != '?')
		return err_set(err, -EINVAL, "join string: no \"/?pin=\" behind the port");
	r = parse_authority(text, slash, &join, err);
	if (!r)
		r = parse_pins(slash + 2, &join, err);
	if (!r)
		*ret_join = join;
	return r;
}

const char *join_text(char out[static JOIN_TEXT_LEN], const struct join *join)
{
	bool v6 = strchr(join->host, ':') != NULL;
	char pin[PIN_TEXT_LEN];
	int n;

	n = snprintf(out, JOIN_TEXT_LEN, SCHEME "%s%s%s:%u/", v6 ? "[" : "", join->host,
		     v6 ? "]" : "", join->port);
	for (size_t i = 0; i < join->n_pins && n < JOIN_TEXT_LEN; i++)
		n += snprintf(out + n, (size_t)(JOIN_TEXT_LEN - n), "%c" PIN_KEY "%s",
			      i ? '&' : '?', b64_pin_text(pin, join->pins[i].sha256));
	return out;
}
