/* SPDX-License-Identifier: GPL-2.0-only */
#include "api_peer.h"

#include <string.h>
#include "../lib/json.h"
#include "conf_names.h"

#define ALNUM "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789"

static const uint32_t bandwidths_mbps[] = {10, 50, 100, 500};

/* An optional text of these characters, min to size - 1 of them. */
static int get_text(const json_t *body, const char *key, const char *chars, size_t min, char *out,
		    size_t size, bool *ret_has, struct err *err)
{
	const char *text;
	size_t len;
	int r;

	r = json_get_string(body, key, &text, err);
	if (r == -ENOENT)
		return 0;
	if (r)
		return r;
	len = strlen(text);
	if (len < min || len >= size)
		return err_set(err, -EINVAL, "%s: expected %zu to %zu characters", key, min,
			       size - 1);
	if (strspn(text, chars) != len)
		return err_set(err, -EINVAL, "%s: a character other than %s", key, chars);
	memcpy(out, text, len + 1);
	*ret_has = true;
	return 0;
}

static int get_firewall(const json_t *body, struct api_peer_ask *ask, struct err *err)
{
	const char *text;
	int r = json_get_string(body, "firewall", &text, err);

	if (r)
		return r == -ENOENT ? 0 : r;
	return firewall_parse(text, &ask->firewall, err) ? err_prefix(err, "firewall") : 0;
}

static int get_bandwidth(const json_t *body, struct api_peer_ask *ask, struct err *err)
{
	uint64_t mbps;
	int r;

	r = json_get_u64(body, "bandwidth", 0, UINT32_MAX, &mbps, err);
	if (r == -ENOENT)
		return 0;
	if (r)
		return r;
	for (size_t i = 0; i < ARRAY_SIZE(bandwidths_mbps); i++) {
		if (bandwidths_mbps[i] == mbps) {
			ask->has_bandwidth = true;
			ask->bandwidth_mbps = (uint32_t)mbps;
			return 0;
		}
	}
	return err_set(err, -EINVAL, "bandwidth: expected 10, 50, 100 or 500");
}

/* More than this relay's tunnels carry is no mistake: its configuration may have changed. */
static int get_mtu(const json_t *body, struct api_peer_ask *ask, struct err *err)
{
	uint64_t mtu = 0;
	int r = json_get_u64(body, "mtu", CONF_MTU_MIN, CONF_MTU_MAX, &mtu, err);

	ask->mtu = (uint32_t)mtu;
	return r == -ENOENT ? 0 : r;
}

static int get_key(const json_t *body, uint8_t ret_key[static KEY_LEN], struct err *err)
{
	const char *text;
	int r;

	r = json_get_string(body, "pubkey", &text, err);
	if (r)
		return r;
	if (b64_key_parse(text, ret_key))
		return err_set(err, -EINVAL,
			       "pubkey: not 44 characters of base64 that make a 32-byte key");
	return 0;
}

int api_peer_ask_parse(const json_t *body, struct api_peer_ask *ret_ask, struct err *err)
{
	static const char *const known[] = {"pubkey",	    "ipv4",    "container",
					    "container_id", "machine", "bandwidth",
					    "firewall",	    "mtu",     NULL};
	static const uint8_t zero[KEY_LEN];
	struct api_peer_ask ask = {};
	int r;

	r = json_only(body, known, err);
	if (!r)
		r = get_key(body, ask.public_key, err);
	if (r)
		return r;
	/* What X25519 makes of this key is no secret (RFC 7748 section 6.1). */
	if (!memcmp(ask.public_key, zero, sizeof(zero)))
		return err_set(err, -EINVAL, "pubkey: the all-zero key");
	r = json_get_bool(body, "ipv4", &ask.ipv4, err);
	if (r == -ENOENT)
		r = 0;
	if (!r)
		r = get_text(body, "container", ALNUM "_.-", 1, ask.container,
			     sizeof(ask.container), &ask.has_container, err);
	if (!r)
		r = get_text(body, "container_id", "0123456789abcdef", DB_CONTAINER_ID_LEN - 1,
			     ask.container_id, sizeof(ask.container_id), &ask.has_container_id,
			     err);
	if (!r)
		r = get_text(body, "machine", ALNUM "_-", 1, ask.machine, sizeof(ask.machine),
			     &ask.has_machine, err);
	if (!r)
		r = get_bandwidth(body, &ask, err);
	if (!r)
		r = get_firewall(body, &ask, err);
	if (!r)
		r = get_mtu(body, &ask, err);
	if (!r)
		*ret_ask = ask;
	return r;
}

int api_peer_key_parse(const json_t *body, uint8_t ret_key[static KEY_LEN], struct err *err)
{
	static const char *const known[] = {"pubkey", NULL};
	int r = json_only(body, known, err);

	return r ? r : get_key(body, ret_key, err);
}
