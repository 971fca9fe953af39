/* SPDX-License-Identifier: GPL-2.0-only */
/* What agent and relay know each other by: machine.key, relay.json, the host's factors. */
#include "test.h"
#include <stdio.h>
#include <sys/stat.h>
#include "agent/factors.h"
#include "agent/trust.h"
#include "lib/file.h"

static char dir[] = "/tmp/agent-trust-XXXXXX";
static char key_path[64], pins_path[64];
static struct err err;

static int clean(UNUSED void **state)
{
	unlink(key_path);
	unlink(pins_path);
	return 0;
}

/* A relay with pins of these numbers. */
static struct join join_of(uint8_t live, uint8_t standby)
{
	struct join join = {.host = "relay.example", .port = 8443, .n_pins = 2};

	join.pins[0].sha256[0] = live;
	join.pins[1].sha256[0] = standby;
	return join;
}

static struct trust load(uint8_t live, uint8_t standby)
{
	struct join join = join_of(live, standby);
	struct trust t;

	if (trust_load(dir, &join, &t, &err))
		fail_msg("%s", err.text);
	return t;
}

static void the_key_is_made_once_and_private(UNUSED void **state)
{
	struct trust a = load(1, 2), b = load(1, 2);
	struct stat st;

	assert_memory_equal(a.seed, b.seed, KEY_LEN);
	assert_memory_equal(a.public_key, b.public_key, KEY_LEN);
	assert_int_equal(stat(key_path, &st), 0);
	assert_int_equal(st.st_mode & 07777, 0600);
	unlink(key_path);
	b = load(1, 2);
	assert_memory_not_equal(a.seed, b.seed, KEY_LEN);
}

static void at_first_the_join_strings_pins_count(UNUSED void **state)
{
	struct trust t = load(1, 2);

	assert_int_equal(t.n_pins, 2);
	assert_int_equal(t.pins[0].sha256[0], 1);
	assert_int_equal(t.pins[1].sha256[0], 2);
	assert_int_not_equal(access(pins_path, F_OK), 0);
}

static void announced_pins_outlive_a_restart(UNUSED void **state)
{
	struct join other = join_of(2, 3);
	struct trust t = load(1, 2);
	struct stat st;

	assert_int_equal(trust_set_pins(&t, t.pins, t.n_pins, NULL), 0);
	assert_int_equal(trust_set_pins(&t, other.pins, 2, NULL), 1);
	assert_int_equal(trust_set_pins(&t, other.pins, 2, NULL), 0);
	assert_int_equal(t.pins[0].sha256[0], 2);
	t = load(1, 2);
	assert_int_equal(t.pins[0].sha256[0], 2);
	assert_int_equal(t.pins[1].sha256[0], 3);
	assert_int_equal(stat(pins_path, &st), 0);
	assert_int_equal(st.st_mode & 07777, 0600);
}

static void another_join_string_begins_anew(UNUSED void **state)
{
	struct join other = join_of(2, 3);
	struct trust t = load(1, 2);

	assert_int_equal(trust_set_pins(&t, other.pins, 2, NULL), 1);
	t = load(7, 8);
	assert_int_equal(t.pins[0].sha256[0], 7);
	assert_int_equal(t.pins[1].sha256[0], 8);
}

static void fewer_than_two_pins_are_never_taken(UNUSED void **state)
{
	struct join other = join_of(5, 5);
	struct trust t = load(1, 2);

	assert_int_equal(trust_set_pins(&t, other.pins, 0, &err), -EINVAL);
	assert_int_equal(trust_set_pins(&t, other.pins, 1, &err), -EINVAL);
	assert_int_equal(trust_set_pins(&t, other.pins, TLS_MAX_PINS + 1, &err), -EINVAL);
	assert_int_equal(trust_set_pins(&t, other.pins, 2, &err), -EINVAL);
	assert_non_null(strstr(err.text, "standby"));
	assert_int_equal(t.pins[0].sha256[0], 1);
	assert_int_not_equal(access(pins_path, F_OK), 0);
}

static void what_cannot_be_stored_is_not_believed(UNUSED void **state)
{
	struct join other = join_of(2, 3);
	struct trust t = load(1, 2);

	snprintf(t.pins_path, sizeof(t.pins_path), "/nowhere/relay.json");
	assert_int_equal(trust_set_pins(&t, other.pins, 2, NULL), -ENOENT);
	assert_int_equal(t.pins[0].sha256[0], 1);
}

static void files_that_make_no_sense_are_left_alone(UNUSED void **state)
{
	static const char *const texts[] = {
		"", "{", "{\"version\":2,\"join\":[],\"pins\":[]}", "{\"version\":1}",
		"{\"version\":1,\"join\":[\"x\",\"y\"],\"pins\":[\"x\",\"y\"]}"};
	struct join join = join_of(1, 2);
	struct trust t;

	for (size_t i = 0; i < ARRAY_SIZE(texts); i++) {
		AUTO_FREE char *after = NULL;

		assert_int_equal(
			file_write_atomic(pins_path, 0600, texts[i], strlen(texts[i]), NULL), 0);
		assert_int_not_equal(trust_load(dir, &join, &t, &err), 0);
		assert_non_null(strstr(err.text, "relay.json"));
		assert_int_equal(file_read(pins_path, 4096, &after, NULL, NULL), 0);
		assert_string_equal(after, texts[i]);
	}
	unlink(pins_path);
	assert_int_equal(file_write_atomic(key_path, 0600, "short", 5, NULL), 0);
	assert_int_equal(trust_load(dir, &join, &t, &err), -EINVAL);
	assert_non_null(strstr(err.text, "machine.key"));
}

/* A host's files below dir/root. */
static char root[64];

static void put(const char *path, const char *text)
{
	char full[192];

	snprintf(full, sizeof(full), "%s%s", root, path);
	for (char *p = full + strlen(dir) + 1; (p = strchr(p, '/')); *p++ = '/') {
		*p = '\0';
		mkdir(full, 0755);
	}
	assert_int_equal(file_write_atomic(full, 0644, text, strlen(text), NULL), 0);
}

static void make_host(const char *name)
{
	snprintf(root, sizeof(root), "%s/%s", dir, name);
	put("/etc/machine-id", "0123456789abcdef0123456789abcdef\n");
	put("/sys/class/dmi/id/product_uuid", "11111111-2222-3333-4444-555555555555\n");
	put("/sys/class/dmi/id/board_serial", "S1\n");
	put("/proc/cpuinfo", "processor\t: 0\nmodel name\t: A CPU\nprocessor\t: 1\n");
}

static struct machine_factors read_host(const uint8_t mac[6])
{
	struct machine_factors f;

	assert_int_equal(factors_read(root, mac, &f), 0);
	return f;
}

/* "==!": which of the three are the same. */
static void assert_same(const struct machine_factors *a, const struct machine_factors *b,
			const char *wanted)
{
	char got[MACHINE_FACTORS + 1] = "";

	for (int i = 0; i < MACHINE_FACTORS; i++)
		got[i] = memcmp(a->hash[i], b->hash[i], MACHINE_FACTOR_LEN) ? '!' : '=';
	assert_string_equal(got, wanted);
}

static void each_mark_of_a_host_is_in_one_factor(UNUSED void **state)
{
	static const uint8_t mac[6] = {2, 0, 0, 0, 0, 1}, other[6] = {2, 0, 0, 0, 0, 2};
	struct machine_factors first, f;

	make_host("a");
	first = read_host(mac);
	assert_int_equal(machine_factors_count(&first), 3);
	f = read_host(mac);
	assert_same(&first, &f, "===");
	f = read_host(other);
	assert_same(&first, &f, "==!");
	put("/etc/machine-id", "ffffffffffffffffffffffffffffffff\n");
	f = read_host(mac);
	assert_same(&first, &f, "!==");
	put("/sys/class/dmi/id/board_serial", "S2\n");
	f = read_host(mac);
	assert_same(&first, &f, "!!=");
	put("/proc/cpuinfo", "processor\t: 0\nmodel name\t: B CPU\n");
	f = read_host(mac);
	assert_same(&first, &f, "!!!");
}

static void what_makers_leave_blank_is_no_mark(UNUSED void **state)
{
	struct machine_factors f, without;

	make_host("b");
	put("/sys/class/dmi/id/board_serial", "Default string\n");
	f = read_host(NULL);
	put("/sys/class/dmi/id/board_serial", "\n");
	without = read_host(NULL);
	assert_same(&f, &without, "===");
	put("/sys/class/dmi/id/product_uuid", "00000000-0000-0000-0000-000000000000\n");
	put("/sys/class/dmi/id/board_serial", "To be filled by O.E.M.\n");
	f = read_host(NULL);
	assert_int_equal(machine_factors_count(&f), 2);
}

static void a_host_without_anything_has_no_factors(UNUSED void **state)
{
	struct machine_factors f;

	snprintf(root, sizeof(root), "%s/nothing", dir);
	f = read_host(NULL);
	assert_int_equal(machine_factors_count(&f), 0);
}

static void factors_go_to_the_worker_as_text(UNUSED void **state)
{
	static const char *const bad[] = {"", "-", "-,-", "-,-,-,", "-,-,-,-", "x,-,-", "-,-,AAAA"};
	struct machine_factors a = {.hash[0] = {1}, .hash[2] = {3}}, b;
	char text[FACTORS_TEXT_LEN];

	assert_int_equal(factors_parse(factors_text(text, &a), &b), 0);
	assert_memory_equal(&a, &b, sizeof(a));
	assert_non_null(strstr(text, ",-,"));
	memset(&a, 9, sizeof(a));
	assert_int_equal(factors_parse(factors_text(text, &a), &b), 0);
	assert_memory_equal(&a, &b, sizeof(a));
	for (size_t i = 0; i < ARRAY_SIZE(bad); i++) {
		if (!factors_parse(bad[i], &b))
			fail_msg("taken: %s", bad[i]);
	}
}

static int set_up(UNUSED void **state)
{
	if (!mkdtemp(dir))
		return -1;
	snprintf(key_path, sizeof(key_path), "%s/machine.key", dir);
	snprintf(pins_path, sizeof(pins_path), "%s/relay.json", dir);
	return 0;
}

static const char *const host_files[] = {"etc/machine-id",
					 "sys/class/dmi/id/product_uuid",
					 "sys/class/dmi/id/board_serial",
					 "proc/cpuinfo",
					 "sys/class/dmi/id",
					 "sys/class/dmi",
					 "sys/class",
					 "sys",
					 "etc",
					 "proc",
					 ""};

static int tear_down(UNUSED void **state)
{
	char path[192];

	for (char host = 'a'; host <= 'b'; host++) {
		for (size_t i = 0; i < ARRAY_SIZE(host_files); i++) {
			snprintf(path, sizeof(path), "%s/%c/%s", dir, host, host_files[i]);
			remove(path);
		}
	}
	return rmdir(dir);
}

#define TEST(name) cmocka_unit_test_teardown(name, clean)

int main(void)
{
	static const struct CMUnitTest tests[] = {
		TEST(the_key_is_made_once_and_private),
		TEST(at_first_the_join_strings_pins_count),
		TEST(announced_pins_outlive_a_restart),
		TEST(another_join_string_begins_anew),
		TEST(fewer_than_two_pins_are_never_taken),
		TEST(what_cannot_be_stored_is_not_believed),
		TEST(files_that_make_no_sense_are_left_alone),
		TEST(each_mark_of_a_host_is_in_one_factor),
		TEST(what_makers_leave_blank_is_no_mark),
		TEST(a_host_without_anything_has_no_factors),
		TEST(factors_go_to_the_worker_as_text),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, set_up, tear_down);
}
