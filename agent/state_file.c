/* SPDX-License-Identifier: GPL-2.0-only */
#include "state.h"

#include <stdio.h>
#include <string.h>
#include <sys/random.h>
#include "../lib/file.h"
#include "../lib/json.h"
#include "../lib/nl_wg.h"
#include "mtu.h"

#define STATE_VERSION 1
#define STATE_MAX_BYTES (4u << 20)

static int get_key(const json_t *obj, const char *name, uint8_t ret_key[static KEY_LEN],
		   struct err *err)
{
	const char *text;
	int r = json_get_string(obj, name, &text, err);

	if (!r && b64_key_parse(text, ret_key))
		r = err_set(err, -EINVAL, "%s: not a key", name);
	return r;
}

static int get_text(const json_t *obj, const char *name, char *out, size_t size, struct err *err)
{
	const char *text;
	int r = json_get_string(obj, name, &text, err);

	if (r)
		return r;
	if (strlen(text) >= size)
		return err_set(err, -EINVAL, "%s: too long", name);
	memcpy(out, text, strlen(text) + 1);
	return 0;
}

static int load_config(const json_t *obj, struct state_config *c, struct err *err)
{
	const char *v6 = NULL, *v4, *endpoint = NULL;
	uint64_t mtu = 0, mtu_max = 0;
	int r;

	r = json_get_string(obj, "ipv6", &v6, err);
	if (!r)
		r = json_get_string(obj, "endpoint", &endpoint, err);
	if (!r)
		r = get_key(obj, "relay_key", c->relay_key, err);
	if (!r)
		r = json_get_u64(obj, "mtu", MTU_MIN, MTU_MAX, &mtu, err);
	if (r)
		return r;
	/* A file of before there were two has what is the device's. */
	if (json_get_u64(obj, "mtu_max", mtu, MTU_MAX, &mtu_max, NULL))
		mtu_max = mtu;
	c->mtu = (uint32_t)mtu;
	c->mtu_max = (uint32_t)mtu_max;
	v4 = json_string_value(json_object_get(obj, "ipv4"));
	if (parse_addr6(v6, &c->v6) || (v4 && parse_addr4(v4, &c->v4)) ||
	    parse_endpoint(endpoint, &c->endpoint))
		return err_set(err, -EINVAL, "an address makes no sense");
	return 0;
}

static int load_entry(const json_t *obj, struct state_entry *e, struct err *err)
{
	const json_t *config = json_object_get(obj, "config");
	uint64_t used_at = 0, psk_at = 0;
	int r;

	r = get_text(obj, "name", e->name, sizeof(e->name), err);
	if (!r)
		r = get_text(obj, "container_id", e->id, sizeof(e->id), err);
	if (!r)
		r = get_key(obj, "private_key", e->private_key, err);
	if (!r)
		r = json_get_bool(obj, "registered", &e->registered, err);
	if (!r)
		r = json_get_u64(obj, "used_at", 0, INT64_MAX, &used_at, err);
	if (!r && json_object_get(obj, "psk")) {
		r = get_key(obj, "psk", e->psk, err);
		e->has_psk = !r;
	}
	/* A file of before has none. */
	json_get_u64(obj, "psk_at", 0, INT64_MAX, &psk_at, NULL);
	if (!r && json_object_get(obj, "next_private_key")) {
		r = get_key(obj, "next_private_key", e->next_private, err);
		if (!r)
			r = wg_key_public(e->next_private, e->next_public);
		e->has_next = !r;
	}
	if (!r && json_is_object(config)) {
		r = load_config(config, &e->config, err);
		e->has_config = !r;
	}
	if (!r)
		r = wg_key_public(e->private_key, e->public_key);
	if (r)
		return r;
	e->used_at_s = (int64_t)used_at;
	e->psk_at_s = (int64_t)psk_at;
	e->used = true;
	return 0;
}

static int load_json(const json_t *root, struct state *state, struct err *err)
{
	const json_t *entries = json_object_get(root, "entries");
	uint64_t version;
	int r;

	r = json_get_u64(root, "version", STATE_VERSION, STATE_VERSION, &version, err);
	if (!r)
		r = get_text(root, "machine", state->machine, sizeof(state->machine), err);
	if (!r && (!json_is_array(entries) || json_array_size(entries) > STATE_MAX_ENTRIES))
		r = err_set(err, -EINVAL, "entries: expected a list of at most %d",
			    STATE_MAX_ENTRIES);
	for (size_t i = 0; !r && i < json_array_size(entries); i++) {
		r = load_entry(json_array_get(entries, i), &state->entries[i], err);
		if (r)
			err_prefix(err, "entry %zu", i);
	}
	return r;
}

static int make_machine(struct state *state, struct err *err)
{
	uint8_t bytes[(STATE_MACHINE_LEN - 1) / 2];

	if (getrandom(bytes, sizeof(bytes), 0) != sizeof(bytes))
		return err_sys(err, -errno, "getrandom");
	for (size_t i = 0; i < sizeof(bytes); i++)
		snprintf(state->machine + 2 * i, 3, "%02x", bytes[i]);
	state->dirty = true;
	return 0;
}

int state_load(const char *dir, struct state *ret_state, struct err *err)
{
	struct state state = {};
	AUTO_FREE char *text = NULL;
	AUTO_JSON json_t *root = NULL;
	size_t len;
	int r;

	state.entries = calloc(STATE_MAX_ENTRIES, sizeof(*state.entries));
	if (!state.entries)
		return err_sys(err, -ENOMEM, "state");
	snprintf(state.path, sizeof(state.path), "%s/state.json", dir);
	r = file_read(state.path, STATE_MAX_BYTES, &text, &len, err);
	if (r == -ENOENT) {
		r = make_machine(&state, err);
	} else if (!r) {
		r = json_parse(text, len, "state", &root, err);
		if (!r)
			r = load_json(root, &state, err);
		if (r)
			err_prefix(err, "%s", state.path);
		explicit_bzero(text, len);
	}
	if (r)
		state_free(&state);
	else
		*ret_state = state;
	return r;
}

static json_t *config_json(const struct state_config *c)
{
	char v6[ADDR_TEXT_LEN], v4[ADDR_TEXT_LEN], endpoint[ENDPOINT_TEXT_LEN], key[KEY_TEXT_LEN];

	return json_pack("{s:s, s:o, s:s, s:s, s:i, s:i}", "ipv6", addr6_text(v6, &c->v6), "ipv4",
			 addr4_is_zero(c->v4) ? json_null() : json_string(addr4_text(v4, c->v4)),
			 "endpoint", endpoint_text(endpoint, &c->endpoint), "relay_key",
			 b64_key_text(key, c->relay_key), "mtu", (int)c->mtu, "mtu_max",
			 (int)c->mtu_max);
}

static json_t *entry_json(const struct state_entry *e)
{
	char key[KEY_TEXT_LEN];
	json_t *json;

	json = json_pack("{s:s, s:s, s:s, s:b, s:I, s:o}", "name", e->name, "container_id", e->id,
			 "private_key", b64_key_text(key, e->private_key), "registered",
			 e->registered, "used_at", (json_int_t)e->used_at_s, "config",
			 e->has_config ? config_json(&e->config) : json_null());
	if (json && e->has_psk)
		json_object_set_new(json, "psk", json_string(b64_key_text(key, e->psk)));
	if (json && e->psk_at_s)
		json_object_set_new(json, "psk_at", json_integer(e->psk_at_s));
	if (json && e->has_next)
		json_object_set_new(json, "next_private_key",
				    json_string(b64_key_text(key, e->next_private)));
	explicit_bzero(key, sizeof(key));
	return json;
}

int state_save(struct state *state, struct err *err)
{
	AUTO_JSON json_t *root = NULL;
	AUTO_FREE char *text = NULL;
	json_t *entries = json_array();
	int r;

	if (!state->dirty) {
		json_decref(entries);
		return 0;
	}
	for (size_t i = 0; i < STATE_MAX_ENTRIES; i++) {
		if (state->entries[i].used)
			json_array_append_new(entries, entry_json(&state->entries[i]));
	}
	root = json_pack("{s:i, s:s, s:o}", "version", STATE_VERSION, "machine", state->machine,
			 "entries", entries);
	text = root ? json_dumps(root, JSON_INDENT(1)) : NULL;
	if (!text)
		return err_sys(err, -ENOMEM, "%s", state->path);
	r = file_write_atomic(state->path, 0600, text, strlen(text), err);
	explicit_bzero(text, strlen(text));
	if (!r)
		state->dirty = false;
	return r;
}

void state_free(struct state *state)
{
	if (state->entries)
		explicit_bzero(state->entries, STATE_MAX_ENTRIES * sizeof(*state->entries));
	free(state->entries);
	*state = (struct state){};
}
