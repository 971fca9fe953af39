/* SPDX-License-Identifier: GPL-2.0-only */
#include "trust.h"

#include <stdio.h>
#include <string.h>
#include <sys/random.h>
#include "../lib/file.h"
#include "../lib/json.h"

#define TRUST_VERSION 1
#define PINS_MAX_BYTES 4096

/* #syscalls(worker): getrandom */
static int open_key(const char *path, uint8_t ret_seed[static KEY_LEN], struct err *err)
{
	AUTO_FREE char *data = NULL;
	uint8_t seed[KEY_LEN];
	size_t len = 0;
	int r;

	r = file_read(path, KEY_LEN, &data, &len, err);
	if (!r && len != KEY_LEN)
		return err_set(err, -EINVAL, "%s: not %d bytes long", path, KEY_LEN);
	if (!r) {
		memcpy(ret_seed, data, KEY_LEN);
		explicit_bzero(data, KEY_LEN);
		return 0;
	}
	if (r != -ENOENT)
		return r;
	if (getrandom(seed, sizeof(seed), 0) != (ssize_t)sizeof(seed))
		return err_sys(err, -errno, "%s: random bytes", path);
	r = file_write_atomic(path, 0600, seed, sizeof(seed), err);
	if (!r)
		memcpy(ret_seed, seed, sizeof(seed));
	explicit_bzero(seed, sizeof(seed));
	return r;
}

static bool same_pins(const struct tls_pin *a, size_t n_a, const struct tls_pin *b, size_t n_b)
{
	return n_a == n_b && !memcmp(a, b, n_a * sizeof(*a));
}

static int get_pins(const json_t *root, const char *name, struct tls_pin ret[static TLS_MAX_PINS],
		    size_t *ret_n, struct err *err)
{
	const json_t *array = json_object_get(root, name);
	size_t n = json_array_size(array);

	if (n < 2 || n > TLS_MAX_PINS)
		return err_set(err, -EINVAL, "%s: expected 2 to %d pins", name, TLS_MAX_PINS);
	for (size_t i = 0; i < n; i++) {
		const char *text = json_string_value(json_array_get(array, i));

		if (!text || b64_pin_parse(text, strlen(text), ret[i].sha256))
			return err_set(err, -EINVAL, "%s: not a pin", name);
	}
	*ret_n = n;
	return 0;
}

static int load_pins(struct trust *t, struct err *err)
{
	struct tls_pin join[TLS_MAX_PINS] = {}, pins[TLS_MAX_PINS] = {};
	AUTO_FREE char *text = NULL;
	AUTO_JSON json_t *root = NULL;
	size_t len, n_join = 0, n = 0;
	uint64_t version;
	int r;

	r = file_read(t->pins_path, PINS_MAX_BYTES, &text, &len, err);
	if (r)
		return r == -ENOENT ? 0 : r;
	r = json_parse(text, len, "pins", &root, err);
	if (!r)
		r = json_get_u64(root, "version", TRUST_VERSION, TRUST_VERSION, &version, err);
	if (!r)
		r = get_pins(root, "join", join, &n_join, err);
	if (!r)
		r = get_pins(root, "pins", pins, &n, err);
	if (r)
		return err_prefix(err, "%s", t->pins_path);
	if (!same_pins(join, n_join, t->join.pins, t->join.n_pins))
		return 0;
	memcpy(t->pins, pins, sizeof(pins));
	t->n_pins = n;
	return 0;
}

int trust_load(const char *dir, const struct join *join, struct trust *ret, struct err *err)
{
	struct trust t = {.join = *join, .n_pins = join->n_pins};
	char path[TRUST_PATH_LEN];
	int r;

	memcpy(t.pins, join->pins, sizeof(join->pins));
	snprintf(path, sizeof(path), "%s/" TRUST_KEY_FILE, dir);
	snprintf(t.pins_path, sizeof(t.pins_path), "%s/" TRUST_PINS_FILE, dir);
	r = open_key(path, t.seed, err);
	if (!r)
		r = machine_public(t.seed, t.public_key, err);
	if (!r)
		r = load_pins(&t, err);
	if (!r)
		*ret = t;
	trust_wipe(&t);
	return r;
}

static json_t *pins_json(const struct tls_pin *pins, size_t n)
{
	json_t *array = json_array();
	char text[PIN_TEXT_LEN];

	for (size_t i = 0; i < n; i++)
		json_array_append_new(array, json_string(b64_pin_text(text, pins[i].sha256)));
	return array;
}

int trust_set_pins(struct trust *t, const struct tls_pin *pins, size_t n, struct err *err)
{
	AUTO_JSON json_t *root = NULL;
	AUTO_FREE char *text = NULL;
	int r;

	if (n < 2 || n > TLS_MAX_PINS)
		return err_set(err, -EINVAL, "pins: expected 2 to %d", TLS_MAX_PINS);
	if (!memcmp(&pins[0], &pins[1], sizeof(pins[0])))
		return err_set(err, -EINVAL, "pins: the standby key is the live one");
	if (same_pins(pins, n, t->pins, t->n_pins))
		return 0;
	root = json_pack("{s:i, s:o, s:o}", "version", TRUST_VERSION, "join",
			 pins_json(t->join.pins, t->join.n_pins), "pins", pins_json(pins, n));
	text = root ? json_dumps(root, JSON_INDENT(1)) : NULL;
	if (!text)
		return err_sys(err, -ENOMEM, "%s", t->pins_path);
	/* On disk first: what is believed now must be believed after a restart too. */
	r = file_write_atomic(t->pins_path, 0600, text, strlen(text), err);
	if (r)
		return r;
	memcpy(t->pins, pins, n * sizeof(*pins));
	t->n_pins = n;
	return 1;
}

void trust_wipe(struct trust *trust)
{
	explicit_bzero(trust, sizeof(*trust));
}
