/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The agent's files, as somebody may have left them: state.json that is accepted is saved so that
 * it loads to the same; relay.json gives two pins at least. Files are faked.
 */
// link: agent/state.c agent/state_file.c agent/trust.c
#include <stdlib.h>
#include <string.h>
#include "agent/state.h"
#include "agent/trust.h"
#include "lib/file.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static const char *file;
static size_t file_len;
static char saved[8u << 20];

int file_read(const char *path, size_t max, char **ret_text, size_t *ret_len, struct err *err)
{
	bool key = strstr(path, TRUST_KEY_FILE) != NULL;
	size_t len = key ? KEY_LEN : file_len;
	char *text;

	if (len > max)
		return err_set(err, -EFBIG, "too large");
	text = calloc(1, len + 1);
	if (!key)
		memcpy(text, file, len);
	*ret_text = text;
	*ret_len = len;
	return 0;
}

int file_write_atomic(UNUSED const char *path, UNUSED mode_t mode, const void *data, size_t len,
		      UNUSED struct err *err)
{
	if (len > sizeof(saved))
		abort();
	memcpy(saved, data, len);
	file = saved;
	file_len = len;
	return 0;
}

static void check_entry(const struct state_entry *e)
{
	if (!memchr(e->name, '\0', sizeof(e->name)) || !memchr(e->id, '\0', sizeof(e->id)) ||
	    (e->has_config && (e->config.mtu < 1280 || !e->config.endpoint.family)))
		abort();
}

static void try_state(void)
{
	struct state state, again;
	struct err err = {};

	if (state_load("/d", &state, &err)) {
		if (!err.text[0])
			abort();
		return;
	}
	for (size_t i = 0; i < STATE_MAX_ENTRIES; i++)
		check_entry(&state.entries[i]);
	state.dirty = true;
	if (state_save(&state, &err) || state_load("/d", &again, &err))
		abort();
	for (size_t i = 0; i < STATE_MAX_ENTRIES; i++) {
		if (memcmp(&state.entries[i], &again.entries[i], sizeof(again.entries[i])))
			abort();
	}
	state_free(&state);
	state_free(&again);
}

static void try_pins(void)
{
	struct join join = {.n_pins = 2, .pins = {{{1}}, {{2}}}};
	struct trust trust;
	struct err err = {};

	if (!trust_load("/d", &join, &trust, &err) &&
	    (trust.n_pins < 2 || trust.n_pins > TLS_MAX_PINS))
		abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	file = (const char *)data;
	file_len = size;
	try_pins();
	try_state();
	return 0;
}
