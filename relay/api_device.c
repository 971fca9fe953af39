/* SPDX-License-Identifier: GPL-2.0-only */
#include "api_device.h"

#include <openssl/crypto.h>
#include <openssl/sha.h>
#include <string.h>
#include <sys/random.h>

#define USER_DIGITS 8
#define S_NS INT64_C(1000000000)

/* RFC 8628 section 6.1: no vowels, so no words; 20^8 = 2.6e10 codes. */
static const char digits[] = "BCDFGHJKLMNPQRSTVWXZ";

struct api_devices {
	struct api_device entries[API_DEVICE_MAX];
};

struct api_devices *api_devices_new(void)
{
	return calloc(1, sizeof(struct api_devices));
}

void api_devices_free(struct api_devices *devices)
{
	free(devices);
}

bool api_device_old(const struct api_device *device, struct mono now)
{
	return now.ns - device->since.ns >= API_DEVICE_TTL_S * S_NS;
}

void api_device_end(struct api_device *device)
{
	memset(device, 0, sizeof(*device));
}

static bool same_place(const struct endpoint *a, const struct endpoint *b)
{
	if (a->family != b->family)
		return false;
	/* IPv6: the /64, as everywhere. */
	return a->family == AF_INET ? addr4_eq(a->v4, b->v4) : !memcmp(&a->v6, &b->v6, 8);
}

/* A place for a new one: free, or the oldest of those that are too old. */
static int place(struct api_devices *devices, const struct endpoint *remote, struct mono now,
		 struct api_device **ret)
{
	struct api_device *found = NULL;
	uint32_t waiting = 0;

	for (size_t i = 0; i < API_DEVICE_MAX; i++) {
		struct api_device *d = &devices->entries[i];
		bool usable = d->state == API_DEVICE_FREE || api_device_old(d, now);

		waiting += !usable && same_place(&d->remote, remote);
		if (usable && (!found || d->since.ns < found->since.ns))
			found = d;
	}
	if (waiting >= API_DEVICE_MAX_ADDR)
		return -EDQUOT;
	*ret = found;
	return found ? 0 : -EBUSY;
}

/* Random bytes of 240 (12 * 20) and more are thrown away: every digit is as likely. */
static int make_user_code(char out[static API_DEVICE_USER_CODE_LEN])
{
	uint8_t pool[32];
	size_t n = 0;

	while (n < USER_DIGITS) {
		if (getrandom(pool, sizeof(pool), 0) != (ssize_t)sizeof(pool))
			return -EIO;
		for (size_t i = 0; i < sizeof(pool) && n < USER_DIGITS; i++) {
			if (pool[i] < 240) {
				out[n + (n >= USER_DIGITS / 2)] = digits[pool[i] % 20];
				n++;
			}
		}
	}
	out[USER_DIGITS / 2] = '-';
	out[USER_DIGITS + 1] = '\0';
	return 0;
}

static void hash_of(const char *code, uint8_t out[static 32])
{
	SHA256((const unsigned char *)code, strlen(code), out);
}

int api_device_add(struct api_devices *devices, const struct api_device *ask, struct mono now,
		   char ret_code[static API_DEVICE_CODE_LEN], struct api_device **ret)
{
	struct api_device new = *ask, *d = NULL;
	uint8_t secret[KEY_LEN];
	int r;

	r = place(devices, &ask->remote, now, &d);
	if (r)
		return r;
	do {
		r = make_user_code(new.user_code);
	} while (!r && api_device_find_user(devices, new.user_code, now));
	if (!r && getrandom(secret, sizeof(secret), 0) != (ssize_t)sizeof(secret))
		r = -EIO;
	if (r)
		return r;
	b64_pin_text(ret_code, secret);
	explicit_bzero(secret, sizeof(secret));
	hash_of(ret_code, new.hash);
	new.state = API_DEVICE_PENDING;
	new.since = now;
	new.polled = (struct mono){};
	new.interval_s = API_DEVICE_INTERVAL_S;
	*d = new;
	*ret = d;
	return 0;
}

struct api_device *api_device_find(struct api_devices *devices, const char *code)
{
	uint8_t hash[32];

	hash_of(code, hash);
	for (size_t i = 0; i < API_DEVICE_MAX; i++) {
		struct api_device *d = &devices->entries[i];

		if (d->state != API_DEVICE_FREE && !CRYPTO_memcmp(d->hash, hash, sizeof(hash)))
			return d;
	}
	return NULL;
}

/* "bcdf ghjk" as BCDF-GHJK. */
static int normal(const char *text, char out[static API_DEVICE_USER_CODE_LEN])
{
	size_t n = 0;

	for (; *text; text++) {
		char c = *text >= 'a' && *text <= 'z' ? (char)(*text - 'a' + 'A') : *text;

		if (c == '-' || c == ' ')
			continue;
		if (n == USER_DIGITS || !strchr(digits, c))
			return -EINVAL;
		out[n + (n >= USER_DIGITS / 2)] = c;
		n++;
	}
	out[USER_DIGITS / 2] = '-';
	out[USER_DIGITS + 1] = '\0';
	return n == USER_DIGITS ? 0 : -EINVAL;
}

struct api_device *api_device_find_user(struct api_devices *devices, const char *user_code,
					struct mono now)
{
	char code[API_DEVICE_USER_CODE_LEN];

	if (normal(user_code, code))
		return NULL;
	for (size_t i = 0; i < API_DEVICE_MAX; i++) {
		struct api_device *d = &devices->entries[i];

		if (d->state == API_DEVICE_PENDING && !api_device_old(d, now) &&
		    !CRYPTO_memcmp(d->user_code, code, sizeof(code)))
			return d;
	}
	return NULL;
}

bool api_device_poll(struct api_device *device, struct mono now)
{
	bool early = device->polled.ns && now.ns - device->polled.ns < device->interval_s * S_NS;

	device->polled = now;
	/* RFC 8628 section 3.5. */
	if (early && device->interval_s + 5 <= API_DEVICE_INTERVAL_MAX_S)
		device->interval_s += 5;
	return early;
}

uint32_t api_devices_waiting(const struct api_devices *devices, struct mono now)
{
	uint32_t n = 0;

	for (size_t i = 0; i < API_DEVICE_MAX; i++)
		n += devices->entries[i].state != API_DEVICE_FREE &&
		     !api_device_old(&devices->entries[i], now);
	return n;
}
