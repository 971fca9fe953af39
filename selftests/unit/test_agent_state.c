/* SPDX-License-Identifier: GPL-2.0-only */
/* What outlives the agent, and what the relay says. */
#include "test.h"
#include <stdio.h>
#include <sys/stat.h>
#include "agent/relay_api.h"
#include "agent/state.h"
#include "lib/file.h"

static char dir[] = "/tmp/agent-state-XXXXXX";
static char path[64];

#define KEY "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA="

static int clean(UNUSED void **state)
{
	unlink(path);
	return 0;
}

static struct state load(void)
{
	struct state state;

	assert_int_equal(state_load(dir, &state, NULL), 0);
	return state;
}

static struct state_entry *add(struct state *state, const char *name)
{
	struct state_entry *e = NULL;

	assert_int_equal(state_add(state, name, &e, NULL), 0);
	return e;
}

static void a_missing_file_is_an_empty_state(UNUSED void **unused)
{
	struct state a = load(), b = load();

	assert_int_equal(strlen(a.machine), 32);
	assert_string_not_equal(a.machine, b.machine);
	assert_true(a.dirty);
	assert_null(state_by_name(&a, "web"));
	state_free(&a);
	state_free(&b);
}

static void everything_comes_back(UNUSED void **unused)
{
	struct state a = load(), b;
	struct state_entry *e = add(&a, "web"), *f;
	struct stat st;

	snprintf(e->id, sizeof(e->id), "%064d", 7);
	e->registered = e->has_config = true;
	assert_int_equal(parse_addr6("2001:db8::1", &e->config.v6), 0);
	assert_int_equal(parse_addr4("203.0.113.1", &e->config.v4), 0);
	assert_int_equal(parse_endpoint("[2001:db8::2]:51820", &e->config.endpoint), 0);
	e->config.relay_key[31] = 7;
	e->config.mtu = 1360;
	e->config.mtu_max = 1420;
	e->has_psk = true;
	memset(e->psk, 9, KEY_LEN);
	e->psk_at_s = 1790000000;
	add(&a, "second");
	assert_int_equal(state_save(&a, NULL), 0);
	assert_false(a.dirty);
	assert_int_equal(stat(path, &st), 0);
	assert_int_equal(st.st_mode & 0777, 0600);
	b = load();
	assert_string_equal(a.machine, b.machine);
	f = state_by_name(&b, "web");
	assert_non_null(f);
	assert_ptr_equal(f, state_by_id(&b, e->id));
	assert_ptr_equal(f, state_by_key(&b, e->public_key));
	assert_memory_equal(f->private_key, e->private_key, KEY_LEN);
	assert_true(f->registered && f->has_config && f->has_psk);
	assert_memory_equal(f->psk, e->psk, KEY_LEN);
	assert_int_equal(f->psk_at_s, 1790000000);
	assert_false(state_by_name(&b, "second")->has_psk);
	assert_int_equal(state_by_name(&b, "second")->psk_at_s, 0);
	assert_memory_equal(&f->config.v6, &e->config.v6, 16);
	assert_memory_equal(&f->config.v4, &e->config.v4, 4);
	assert_int_equal(f->config.endpoint.port, 51820);
	assert_memory_equal(f->config.relay_key, e->config.relay_key, KEY_LEN);
	assert_int_equal(f->config.mtu, 1360);
	assert_int_equal(f->config.mtu_max, 1420);
	assert_false(state_by_name(&b, "second")->has_config);
	state_free(&a);
	state_free(&b);
}

static void a_file_that_makes_no_sense_is_an_error_and_stays(UNUSED void **unused)
{
	static const char *const texts[] = {
		"",
		"{",
		"{\"version\":2,\"machine\":\"x\",\"entries\":[]}",
		"{\"version\":1,\"machine\":\"x\",\"entries\":{}}",
		"{\"version\":1,\"machine\":\"x\",\"entries\":[{\"name\":\"a\"}]}",
		"{\"version\":1,\"machine\":\"x\",\"entries\":[{\"name\":\"a\",\"container_id\":"
		"\"\",\"private_key\":\"short\",\"registered\":false,\"used_at\":1}]}",
	};
	struct state state;
	struct err err;
	struct stat st;

	for (size_t i = 0; i < ARRAY_SIZE(texts); i++) {
		assert_int_equal(file_write_atomic(path, 0600, texts[i], strlen(texts[i]), NULL),
				 0);
		assert_true(state_load(dir, &state, &err) < 0);
		assert_non_null(strstr(err.text, "state.json"));
		assert_int_equal(stat(path, &st), 0);
		assert_int_equal(st.st_size, strlen(texts[i]));
	}
}

static void a_key_counts_from_its_exchange(UNUSED void **unused)
{
	struct state state = load();
	struct state_entry *e = add(&state, "web");

	e->has_psk = true;
	e->psk_at_s = 1000;
	state.dirty = false;
	assert_int_equal(state_psk_age_s(&state, e, 1000), 0);
	assert_int_equal(state_psk_age_s(&state, e, 1700), 700);
	/* The key may be gone: how long there was no exchange is known all the same. */
	e->has_psk = false;
	assert_int_equal(state_psk_age_s(&state, e, 1800), 800);
	assert_false(state.dirty);
	assert_int_equal(state_psk_age_s(&state, e, INT64_MAX), STATE_MAX_AGE_S);
	state_free(&state);
}

static void a_key_of_the_future_counts_from_now_on(UNUSED void **unused)
{
	struct state state = load();
	struct state_entry *e = add(&state, "web");

	e->has_psk = true;
	e->psk_at_s = 2000;
	state.dirty = false;
	assert_int_equal(state_psk_age_s(&state, e, 1999), 0);
	assert_true(state.dirty);
	assert_int_equal(state_psk_age_s(&state, e, 2599), 600);
	state_free(&state);
}

static void a_key_of_a_file_without_its_time_counts_from_now_on(UNUSED void **unused)
{
	static const char text[] =
		"{\"version\":1,\"machine\":\"x\",\"entries\":[{\"name\":\"web\","
		"\"container_id\":\"\",\"private_key\":\"" KEY
		"\",\"registered\":true,\"used_at\":1,\"psk\":\"" KEY "\"}]}";
	struct state state;
	struct state_entry *e;

	assert_int_equal(file_write_atomic(path, 0600, text, strlen(text), NULL), 0);
	state = load();
	e = state_by_name(&state, "web");
	assert_true(e->has_psk);
	assert_int_equal(state_psk_age_s(&state, e, 5000), 0);
	/* Over the next restart as well. */
	assert_true(state.dirty);
	assert_int_equal(state_save(&state, NULL), 0);
	state_free(&state);
	state = load();
	assert_int_equal(state_psk_age_s(&state, state_by_name(&state, "web"), 5600), 600);
	state_free(&state);
}

static void without_an_exchange_nothing_is_old(UNUSED void **unused)
{
	struct state state = load();
	struct state_entry *e = add(&state, "web");

	assert_int_equal(state_psk_age_s(&state, e, 5000), 0);
	assert_int_equal(e->psk_at_s, 0);
	state_free(&state);
}

static void a_next_key_comes_back_and_takes_over(UNUSED void **unused)
{
	struct state a = load(), b;
	struct state_entry *e = add(&a, "web"), *f;
	uint8_t next[KEY_LEN];

	e->has_psk = true;
	assert_int_equal(state_next_make(&a, e, NULL), 0);
	memcpy(next, e->next_public, KEY_LEN);
	assert_memory_not_equal(next, e->public_key, KEY_LEN);
	assert_int_equal(state_save(&a, NULL), 0);
	b = load();
	f = state_by_key(&b, next);
	assert_non_null(f);
	assert_true(f->has_next);
	assert_ptr_equal(state_by_key(&b, e->public_key), f);
	state_next_take(&b, f);
	assert_memory_equal(f->public_key, next, KEY_LEN);
	assert_false(f->has_next || f->has_psk);
	assert_null(state_by_key(&b, e->public_key));
	assert_int_equal(state_save(&b, NULL), 0);
	state_free(&b);
	b = load();
	assert_false(state_by_key(&b, next)->has_next);
	state_free(&a);
	state_free(&b);
}

static void a_dropped_next_key_is_nobodys(UNUSED void **unused)
{
	struct state a = load();
	struct state_entry *e = add(&a, "web");
	uint8_t next[KEY_LEN];

	assert_int_equal(state_next_make(&a, e, NULL), 0);
	memcpy(next, e->next_public, KEY_LEN);
	state_next_drop(&a, e);
	assert_null(state_by_key(&a, next));
	assert_non_null(state_by_key(&a, e->public_key));
	state_free(&a);
}

static void a_renamed_entry_takes_the_name(UNUSED void **unused)
{
	struct state state = load();
	struct state_entry *a = add(&state, "a"), *b = add(&state, "b");

	b->registered = true;
	state_rename(&state, a, "b");
	assert_ptr_equal(state_by_name(&state, "b"), a);
	assert_null(state_by_name(&state, "a"));
	/* Its peer has still to be removed. */
	assert_true(b->used);
	assert_string_equal(b->name, "");
	state_free(&state);
}

static void a_full_state_drops_what_is_unused_for_longest(UNUSED void **unused)
{
	struct state state = load();
	struct state_entry *e;

	for (int i = 0; i < STATE_MAX_ENTRIES; i++) {
		state.entries[i] = (struct state_entry){.used = true, .used_at_s = 1000 + i};
		state.entries[i].registered = i == 0;
	}
	e = add(&state, "new");
	assert_ptr_equal(e, &state.entries[1]);
	for (int i = 0; i < STATE_MAX_ENTRIES; i++)
		state.entries[i].registered = true;
	assert_int_equal(state_add(&state, "more", &e, NULL), -ENOSPC);
	state_free(&state);
}

/* ---- the relay's answer ---- */

static int peer(const char *v6, const char *v4, const char *mtu, const char *endpoint,
		struct relay_answer *ret)
{
	AUTO_JSON json_t *root = NULL;
	char text[512];

	snprintf(text, sizeof(text),
		 "{\"pubkey\":\"" KEY "\",\"ipv6\":\"%s\",\"ipv4\":%s,\"mtu\":%s,"
		 "\"mtu_max\":1420,\"relay\":"
		 "{\"endpoint\":\"%s\",\"pubkey\":\"" KEY "\"},\"later\":1}",
		 v6, v4, mtu, endpoint);
	root = json_loads(text, 0, NULL);
	assert_non_null(root);
	return relay_api_peer_parse(root, ret, NULL);
}

static void many_containers_that_vanished_unseen_are_doubtful(UNUSED void **unused)
{
	struct state state = load();
	struct state_entry *e[2 * STATE_DOUBT_MIN + 2];
	char name[16];

	for (size_t i = 0; i < ARRAY_SIZE(e); i++) {
		snprintf(name, sizeof(name), "c%zu", i);
		e[i] = add(&state, name);
		e[i]->registered = true;
		e[i]->owner = (void *)&state;
	}
	for (size_t i = 0; i <= STATE_DOUBT_MIN; i++)
		e[i]->owner = NULL;
	/* Half of them, no more. */
	assert_false(state_is_doubtful(&state));
	e[STATE_DOUBT_MIN + 1]->owner = NULL;
	assert_true(state_is_doubtful(&state));
	/* Two were seen to end: that is how it should be. */
	e[0]->ended = e[1]->ended = true;
	assert_false(state_is_doubtful(&state));
	state_free(&state);
}

static void a_few_containers_that_vanished_are_not(UNUSED void **unused)
{
	struct state state = load();
	char name[16];

	for (size_t i = 0; i < STATE_DOUBT_MIN; i++) {
		snprintf(name, sizeof(name), "c%zu", i);
		add(&state, name)->registered = true;
	}
	assert_false(state_is_doubtful(&state));
	state_free(&state);
}

static void a_peer_is_read(UNUSED void **unused)
{
	struct relay_answer a = {};
	char text[ENDPOINT_TEXT_LEN];

	assert_int_equal(peer("2001:db8::1", "\"203.0.113.1\"", "1420", "192.0.2.1:51820", &a), 0);
	assert_string_equal(endpoint_text(text, &a.config.endpoint), "192.0.2.1:51820");
	assert_string_equal(addr4_text(text, a.config.v4), "203.0.113.1");
	assert_int_equal(a.config.mtu, 1420);
	assert_int_equal(peer("2001:db8::1", "null", "1280", "[2001:db8::9]:1", &a), 0);
	assert_int_equal(a.config.mtu, 1280);
	assert_int_equal(a.config.mtu_max, 1420);
	assert_true(addr4_is_zero(a.config.v4));
}

static void a_peer_that_makes_no_sense_is_refused(UNUSED void **unused)
{
	struct relay_answer a = {};
	AUTO_JSON json_t *empty = json_object();

	assert_int_equal(peer("2001:db8::1/128", "null", "1420", "192.0.2.1:1", &a), -EINVAL);
	assert_int_equal(peer("2001:db8::1", "\"x\"", "1420", "192.0.2.1:1", &a), -EINVAL);
	assert_int_equal(peer("2001:db8::1", "4", "1420", "192.0.2.1:1", &a), -EINVAL);
	assert_int_equal(peer("2001:db8::1", "null", "1279", "192.0.2.1:1", &a), -ERANGE);
	assert_int_equal(peer("2001:db8::1", "null", "1421", "192.0.2.1:1", &a), -ERANGE);
	assert_int_equal(peer("2001:db8::1", "null", "1420", "relay:1", &a), -EINVAL);
	assert_int_equal(relay_api_peer_parse(empty, &a, NULL), -ENOENT);
	assert_int_equal(relay_api_peer_parse(NULL, &a, NULL), -EINVAL);
	assert_int_equal(a.config.mtu, 0);
}

#define T(f) cmocka_unit_test_setup(f, clean)

int main(void)
{
	static const struct CMUnitTest tests[] = {
		T(a_missing_file_is_an_empty_state),
		T(everything_comes_back),
		T(a_file_that_makes_no_sense_is_an_error_and_stays),
		T(a_key_counts_from_its_exchange),
		T(a_key_of_the_future_counts_from_now_on),
		T(a_key_of_a_file_without_its_time_counts_from_now_on),
		T(without_an_exchange_nothing_is_old),
		T(a_next_key_comes_back_and_takes_over),
		T(a_dropped_next_key_is_nobodys),
		T(a_renamed_entry_takes_the_name),
		T(a_full_state_drops_what_is_unused_for_longest),
		T(many_containers_that_vanished_unseen_are_doubtful),
		T(a_few_containers_that_vanished_are_not),
		T(a_peer_is_read),
		T(a_peer_that_makes_no_sense_is_refused),
	};
	int failed;

	if (!mkdtemp(dir))
		return 1;
	snprintf(path, sizeof(path), "%s/state.json", dir);
	failed = RUN_TESTS(tests);
	clean(NULL);
	rmdir(dir);
	return failed;
}
