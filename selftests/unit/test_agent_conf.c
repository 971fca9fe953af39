/* SPDX-License-Identifier: GPL-2.0-only */
#include "test.h"
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include "agent/conf.h"
#include "lib/file.h"

#define TOKEN "sct_live_0123456789ABCDEFGHIJabcdefghij2TWdCS"
#define JOIN                                                                                       \
	"sidecar://192.0.2.1:8443/?pin=AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"                \
	"&pin=BAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"

static char dir[] = "/tmp/agent-conf-XXXXXX";
static char file[64];

static int set_up(UNUSED void **state)
{
	static const char *const names[] = {
		"SIDECAR_TOKEN",       "SIDECAR_TOKEN_FILE", "SIDECAR_JOIN",
		"DOCKER_HOST",	       "SIDECAR_STATE_DIR",  "SIDECAR_NETNS_DIR",
		"SIDECAR_PSK_PERIOD",  "SIDECAR_PSK_STRICT", "SIDECAR_LOG",
		"HTTPS_PROXY",	       "https_proxy",	     "SIDECAR_SOCKET",
		"SIDECAR_ROTATE_HOURS"};

	for (size_t i = 0; i < ARRAY_SIZE(names); i++)
		unsetenv(names[i]);
	setenv("SIDECAR_TOKEN", TOKEN, 1);
	setenv("SIDECAR_JOIN", JOIN, 1);
	return 0;
}

static void write_file(const char *text)
{
	assert_int_equal(file_write_atomic(file, 0600, text, strlen(text), NULL), 0);
}

/* The error's text; never the token. */
static const char *refused(int code)
{
	static struct conf conf;
	static struct err err;

	assert_int_equal(conf_from_env(&conf, &err), code);
	assert_null(strstr(err.text, "0123456789"));
	return err.text;
}

static void token_and_join_are_enough(UNUSED void **state)
{
	struct conf conf;

	assert_int_equal(conf_from_env(&conf, NULL), 0);
	assert_string_equal(conf.token, TOKEN);
	assert_string_equal(conf.join.host, "192.0.2.1");
	assert_string_equal(conf.docker_socket, "/var/run/docker.sock");
	assert_string_equal(conf.state_dir, "/var/lib/sidecar-agent");
	assert_string_equal(conf.netns_dir, "/run/docker/netns");
	assert_string_equal(conf.proxy, "");
	assert_int_equal(conf.psk_period_s, 120);
	assert_int_equal(conf.psk_strict_s, 0);
}

static void what_is_set_is_taken(UNUSED void **state)
{
	struct conf conf;

	setenv("DOCKER_HOST", "unix:///run/docker-b.sock", 1);
	setenv("SIDECAR_STATE_DIR", "/var/lib/b", 1);
	setenv("SIDECAR_NETNS_DIR", "/run/docker-b/netns", 1);
	setenv("HTTPS_PROXY", "http://192.0.2.9:3128", 1);
	setenv("SIDECAR_PSK_PERIOD", "10", 1);
	setenv("SIDECAR_PSK_STRICT", "600", 1);
	assert_int_equal(conf_from_env(&conf, NULL), 0);
	assert_string_equal(conf.docker_socket, "/run/docker-b.sock");
	assert_string_equal(conf.state_dir, "/var/lib/b");
	assert_string_equal(conf.netns_dir, "/run/docker-b/netns");
	assert_string_equal(conf.proxy, "http://192.0.2.9:3128");
	assert_int_equal(conf.psk_period_s, 10);
	assert_int_equal(conf.psk_strict_s, 600);
}

static void an_empty_variable_is_an_unset_one(UNUSED void **state)
{
	struct conf conf;

	setenv("DOCKER_HOST", "", 1);
	setenv("HTTPS_PROXY", "", 1);
	assert_int_equal(conf_from_env(&conf, NULL), 0);
	assert_string_equal(conf.docker_socket, "/var/run/docker.sock");
}

static void each_mistake_names_its_variable(UNUSED void **state)
{
	setenv("DOCKER_HOST", "tcp://192.0.2.1:2375", 1);
	assert_non_null(strstr(refused(-EINVAL), "DOCKER_HOST: expected unix://"));
	set_up(NULL);
	setenv("SIDECAR_STATE_DIR", "state", 1);
	assert_string_equal(refused(-EINVAL), "SIDECAR_STATE_DIR: expected an absolute path");
	set_up(NULL);
	setenv("HTTPS_PROXY", "socks5://x", 1);
	assert_non_null(strstr(refused(-EINVAL), "HTTPS_PROXY: expected http://"));
	set_up(NULL);
	setenv("SIDECAR_PSK_PERIOD", "4", 1);
	assert_string_equal(refused(-EINVAL),
			    "SIDECAR_PSK_PERIOD: expected a number of seconds, 5 to 3600");
	set_up(NULL);
	setenv("SIDECAR_ROTATE_HOURS", "8761", 1);
	assert_string_equal(refused(-EINVAL),
			    "SIDECAR_ROTATE_HOURS: expected a number of hours, 0 to 8760");
	unsetenv("SIDECAR_ROTATE_HOURS");
	setenv("SIDECAR_SOCKET", "agent.sock", 1);
	assert_string_equal(refused(-EINVAL), "SIDECAR_SOCKET: expected an absolute path");
	unsetenv("SIDECAR_SOCKET");
	setenv("SIDECAR_LOG", "words", 1);
	assert_string_equal(refused(-EINVAL), "SIDECAR_LOG: expected codes or text");
	set_up(NULL);
	setenv("SIDECAR_PSK_STRICT", "239", 1);
	assert_string_equal(refused(-EINVAL),
			    "SIDECAR_PSK_STRICT: expected a number of seconds, 240 to 604800");
	set_up(NULL);
	setenv("SIDECAR_JOIN", "https://relay", 1);
	assert_non_null(strstr(refused(-EINVAL), "SIDECAR_JOIN: "));
	unsetenv("SIDECAR_JOIN");
	assert_non_null(strstr(refused(-EINVAL), "SIDECAR_JOIN: not set"));
}

static void a_wrong_token_is_told_apart(UNUSED void **state)
{
	setenv("SIDECAR_TOKEN", "sk_live_0123456789ABCDEFGHIJabcdefghij2TWdCS", 1);
	assert_non_null(strstr(refused(-EACCES), "sct_live_"));
	unsetenv("SIDECAR_TOKEN");
	assert_non_null(strstr(refused(-EACCES), "SIDECAR_TOKEN: not set"));
}

/* What was meant is told, what was given is not: it may be a token all the same. */
static void a_tokens_mistake_is_named(UNUSED void **state)
{
	static const struct {
		const char *token, *text;
	} cases[] = {
		{"sk_live_0123456789ABCDEFGHIJabcdefghij2TWdCS", "does not begin with sct_live_"},
		{"SCT_LIVE_0123456789ABCDEFGHIJabcdefghij2TWdCS", "does not begin with sct_live_"},
		{" sct_live_0123456789ABCDEFGHIJabcdefghij2TWdCS", "does not begin with sct_live_"},
		{"sct_live_0123456789ABCDEFGHIJabcdefghij2TWdC", "has 44 characters instead of 45"},
		{"sct_live_", "has 9 characters instead of 45"},
		{"sct_live_0123456789ABCDEFGHIJabcdefghij2TWdCS ", "character 46 is neither"},
		{"sct_live_0123456789ABCDEFGHIJabcdefgh-j2TWdCS", "character 38 is neither"},
		{"sct_live_0123456789ABCDEFGHIJabcdefghji2TWdCS", "checksum does not fit"},
	};

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		const char *text;

		setenv("SIDECAR_TOKEN", cases[i].token, 1);
		text = refused(-EACCES);
		if (strncmp(text, "SIDECAR_TOKEN: ", 15) || !strstr(text, cases[i].text) ||
		    strstr(text, "0123456789ABC"))
			fail_msg("%s: %s", cases[i].token, text);
	}
}

/* No trust on first use. */
static void without_two_pins_nothing_starts(UNUSED void **state)
{
	static const char *const joins[] = {
		"sidecar://relay.example:8443/", "sidecar://relay.example:8443/?",
		"sidecar://relay.example:8443/?pin=",
		"sidecar://relay.example:8443/?pin=AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA",
		"sidecar://relay.example:8443/?pin=AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"
		"&pin=AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"};

	for (size_t i = 0; i < ARRAY_SIZE(joins); i++) {
		const char *text;

		setenv("SIDECAR_JOIN", joins[i], 1);
		text = refused(-EINVAL);
		if (strncmp(text, "SIDECAR_JOIN: ", 14) || !strstr(text, "pin"))
			fail_msg("%s: %s", joins[i], text);
	}
}

static void the_token_may_come_from_a_file(UNUSED void **state)
{
	struct conf conf;

	unsetenv("SIDECAR_TOKEN");
	setenv("SIDECAR_TOKEN_FILE", file, 1);
	write_file(TOKEN "\n");
	assert_int_equal(conf_from_env(&conf, NULL), 0);
	assert_string_equal(conf.token, TOKEN);
	write_file("sct_live_0123\n");
	assert_non_null(strstr(refused(-EACCES), "SIDECAR_TOKEN_FILE: "));
}

static void an_env_file_sets_what_is_not_set(UNUSED void **state)
{
	struct conf conf;

	unsetenv("SIDECAR_TOKEN");
	write_file("# comment\n\n; another\nSIDECAR_TOKEN=" TOKEN "\r\n"
		   "SIDECAR_STATE_DIR=\"/var/lib/q\"\nSIDECAR_JOIN='nonsense'\n");
	assert_int_equal(conf_env_file(file, NULL), 0);
	assert_int_equal(conf_from_env(&conf, NULL), 0);
	assert_string_equal(conf.state_dir, "/var/lib/q");
	assert_string_equal(conf.join.host, "192.0.2.1");
}

static void an_env_files_mistake_has_a_line_number(UNUSED void **state)
{
	struct err err;

	write_file("A=b\nnothing\n");
	assert_int_equal(conf_env_file(file, &err), -EINVAL);
	assert_non_null(strstr(err.text, ":2: expected NAME=VALUE"));
	write_file("1A=b\n");
	assert_int_equal(conf_env_file(file, &err), -EINVAL);
	write_file("A_B=\"x\n");
	assert_int_equal(conf_env_file(file, &err), -EINVAL);
	assert_non_null(strstr(err.text, "A_B: a quote is not closed"));
	assert_int_equal(conf_env_file("/nonexistent/env", &err), -ENOENT);
}

#define T(f) cmocka_unit_test_setup(f, set_up)

int main(void)
{
	static const struct CMUnitTest tests[] = {
		T(token_and_join_are_enough),	      T(what_is_set_is_taken),
		T(an_empty_variable_is_an_unset_one), T(each_mistake_names_its_variable),
		T(a_wrong_token_is_told_apart),	      T(a_tokens_mistake_is_named),
		T(without_two_pins_nothing_starts),   T(the_token_may_come_from_a_file),
		T(an_env_file_sets_what_is_not_set),  T(an_env_files_mistake_has_a_line_number),
	};
	int failed;

	if (!mkdtemp(dir))
		return 1;
	snprintf(file, sizeof(file), "%s/f", dir);
	failed = RUN_TESTS(tests);
	unlink(file);
	rmdir(dir);
	return failed;
}
