/* SPDX-License-Identifier: GPL-2.0-only */
#include "test.h"
#include <signal.h>
#include <stdio.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <sys/wait.h>
#include "cli/relayctl.h"
#include "lib/file.h"
#include "relay/supervisor.h"

static struct ctl ctl;
static const struct ctl_cmd *cmd;
static struct err err;
static char words[16][64], *argv[17];

/* "peer show web" as a command line. */
static int parse(const char *line)
{
	char copy[256], *save = NULL;
	int argc = 1;

	snprintf(copy, sizeof(copy), "%s", line);
	snprintf(words[0], sizeof(words[0]), "relayctl");
	argv[0] = words[0];
	for (char *w = strtok_r(copy, " ", &save); w; w = strtok_r(NULL, " ", &save)) {
		snprintf(words[argc], sizeof(words[argc]), "%s", w);
		argv[argc] = words[argc];
		argc++;
	}
	ctl = (struct ctl){.args = {.max_peers = CTL_NO_LIMIT, .max_ipv4 = CTL_NO_LIMIT}};
	err.text[0] = '\0';
	return ctl_cmd_parse(argc, argv, &ctl, &cmd, &err);
}

static void commands_of_groups_are_found(void **state UNUSED)
{
	assert_int_equal(parse("status"), 0);
	assert_ptr_equal(cmd->run, ctl_status);
	assert_int_equal(parse("peer show web"), 0);
	assert_ptr_equal(cmd->run, ctl_peer_show);
	assert_int_equal(ctl.n_words, 1);
	assert_string_equal(ctl.words[0], "web");
	assert_int_equal(parse("account set-tier alice pulse"), 0);
	assert_ptr_equal(cmd->run, ctl_account_set_tier);
	assert_string_equal(ctl.words[1], "pulse");
}

static void machines_and_pins_are_groups_of_their_own(void **state UNUSED)
{
	assert_int_equal(parse("machine release web-1"), 0);
	assert_ptr_equal(cmd->run, ctl_machine_release);
	assert_string_equal(ctl.words[0], "web-1");
	assert_int_equal(parse("machine show"), -EINVAL);
	assert_int_equal(parse("pin roll --force"), 0);
	assert_ptr_equal(cmd->run, ctl_pin_roll);
	assert_true(ctl.args.force);
	assert_int_equal(parse("pin list --force"), -EINVAL);
}

static void global_options_may_stand_anywhere(void **state UNUSED)
{
	static const char *const lines[] = {"--json -s x peer show web",
					    "peer --json -s x show web",
					    "peer show --json web -s x", "peer show web -js x"};

	for (size_t i = 0; i < ARRAY_SIZE(lines); i++) {
		if (parse(lines[i]) || !ctl.args.json || strcmp(ctl.args.socket, "x") ||
		    ctl.n_words != 1 || strcmp(ctl.words[0], "web"))
			fail_msg("%s: %s", lines[i], err.text);
	}
}

static void options_of_a_command_are_its_own(void **state UNUSED)
{
	assert_int_equal(parse("token add --account alice --tier pulse+ipv4 --max-peers 0"), 0);
	assert_string_equal(ctl.args.account, "alice");
	assert_string_equal(ctl.args.tier, "pulse+ipv4");
	assert_int_equal(ctl.args.max_peers, 0);
	assert_int_equal(ctl.args.max_ipv4, CTL_NO_LIMIT);
	assert_int_equal(parse("token list --account alice"), -EINVAL);
	assert_non_null(strstr(err.text, "--account"));
}

static void mistakes_are_named(void **state UNUSED)
{
	static const struct {
		const char *line, *text;
	} cases[] = {
		{"", "relayctl --help"},
		{"bogus", "\"bogus\""},
		{"peer", "relayctl peer --help"},
		{"peer bogus", "\"bogus\""},
		{"peer show", "usage: relayctl peer show PEER"},
		{"peer show a b", "\"b\""},
		{"status now", "\"now\""},
		{"account set-tier alice", "usage: relayctl account set-tier ACCOUNT TIER"},
		{"--bogus status", "--bogus"},
		{"status --socket", "--socket"},
		{"token add --max-peers many", "--max-peers"},
	};

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		if (parse(cases[i].line) != -EINVAL || !strstr(err.text, cases[i].text))
			fail_msg("\"%s\": %s", cases[i].line, err.text);
	}
}

static void help_is_of_what_stands_before_it(void **state UNUSED)
{
	assert_int_equal(parse("--help"), 0);
	assert_null(cmd);
	assert_int_equal(parse("peer --help"), 0);
	assert_string_equal(cmd->name, "peer");
	assert_int_equal(parse("peer show --help"), 0);
	assert_ptr_equal(cmd->run, ctl_peer_show);
	assert_true(ctl.args.help);
}

/* What a command or a printing function put out. */
static char text[4096];

static FILE *text_open(void)
{
	memset(text, 0, sizeof(text));
	return fmemopen(text, sizeof(text) - 1, "w");
}

static void help_lists_every_command(void **state UNUSED)
{
	FILE *file = text_open();

	ctl_cmd_help(file, NULL);
	fclose(file);
	for (const struct ctl_cmd *g = ctl_cmds; g->name; g++) {
		char line[64];

		for (const struct ctl_cmd *c = g->sub ? g->sub : g; c->name; c++) {
			snprintf(line, sizeof(line), "  %s%s%s", g->sub ? g->name : "",
				 g->sub ? " " : "", c->name);
			if (!strstr(text, line))
				fail_msg("missing:%s", line);
			if (!g->sub)
				break;
		}
	}
}

/* ---- output ---- */

#define NOW 1767225600 /* 2026-01-01T00:00:00Z */

static const char *cell(const char *json_text, const char *key, enum out_kind kind)
{
	static char out[OUT_CELL_LEN];
	json_t *json = json_loads(json_text, 0, NULL);
	const struct out_field field = {key, "", kind};

	assert_non_null(json);
	out_cell(out, json, &field, NOW);
	json_decref(json);
	return out;
}

static void each_kind_of_value_has_its_form(void **state UNUSED)
{
	assert_string_equal(cell("{\"a\": \"x\"}", "a", OUT_TEXT), "x");
	assert_string_equal(cell("{\"a\": 7}", "a", OUT_TEXT), "7");
	assert_string_equal(cell("{\"a\": true}", "a", OUT_TEXT), "yes");
	assert_string_equal(cell("{\"a\": false}", "a", OUT_TEXT), "no");
	assert_string_equal(cell("{\"a\": {\"b\": 7}}", "a.b", OUT_TEXT), "7");
	assert_string_equal(cell("{\"a\": 1023}", "a", OUT_BYTES), "1023 B");
	assert_string_equal(cell("{\"a\": 1572864}", "a", OUT_BYTES), "1.5 MiB");
	assert_string_equal(cell("{\"a\": 59}", "a", OUT_SPAN), "59 s");
	assert_string_equal(cell("{\"a\": 3661}", "a", OUT_SPAN), "1 h 1 min");
	assert_string_equal(cell("{\"a\": 90000}", "a", OUT_SPAN), "1 d 1 h");
	assert_string_equal(cell("{\"a\": \"2025-12-31T23:58:00Z\"}", "a", OUT_AGE),
			    "2 min 0 s ago");
	/* The relay's clock may be ahead. */
	assert_string_equal(cell("{\"a\": \"2026-01-01T00:00:09Z\"}", "a", OUT_AGE), "0 s ago");
}

static void what_is_not_there_is_a_dash(void **state UNUSED)
{
	assert_string_equal(cell("{}", "a", OUT_TEXT), "-");
	assert_string_equal(cell("{\"a\": null}", "a", OUT_TEXT), "-");
	assert_string_equal(cell("{\"a\": \"\"}", "a", OUT_TEXT), "-");
	assert_string_equal(cell("{\"a\": null}", "a", OUT_AGE), "-");
	assert_string_equal(cell("{\"a\": \"soon\"}", "a", OUT_AGE), "-");
	assert_string_equal(cell("{\"a\": null}", "a", OUT_BYTES), "-");
	assert_string_equal(cell("{\"a\": 1}", "a.b", OUT_TEXT), "-");
}

static void foreign_names_cannot_steer_a_terminal(void **state UNUSED)
{
	assert_string_equal(cell("{\"a\": \"\\u001b[2Jx\\u009b\"}", "a", OUT_TEXT),
			    "\\x1b[2Jx\\xc2\\x9b");
}

static void print(const struct out_ops *ops, bool colour, const char *json_text,
		  const struct out_field *fields, bool list)
{
	json_t *json = json_loads(json_text, 0, NULL);
	struct out out = {.ops = ops, .file = text_open(), .colour = colour, .now_s = NOW};

	assert_non_null(json);
	(list ? ops->list : ops->object)(&out, json, fields);
	fclose(out.file);
	json_decref(json);
}

static const struct out_field fields[] = {
	{"name", "NAME", OUT_TEXT},
	{"n", "N", OUT_TEXT},
	{},
};

static void lists_are_columns(void **state UNUSED)
{
	print(&out_text, false, "[{\"name\": \"longer\", \"n\": 1}, {\"name\": \"x\", \"n\": 22}]",
	      fields, true);
	assert_string_equal(text, "NAME    N\n"
				  "longer  1\n"
				  "x       22\n");
	print(&out_text, false, "[]", fields, true);
	assert_string_equal(text, "NAME  N\n");
}

static void objects_are_lines(void **state UNUSED)
{
	print(&out_text, false, "{\"name\": \"x\", \"n\": 22, \"more\": 1}", fields, false);
	assert_string_equal(text, "NAME  x\nN     22\n");
	print(&out_text, true, "{\"name\": \"x\", \"n\": 22}", fields, false);
	assert_string_equal(text, "\033[1mNAME\033[0m  x\n\033[1mN   \033[0m  22\n");
}

static void json_is_the_whole_answer(void **state UNUSED)
{
	static const char in[] = "{\"name\": \"\\u001b\\u009b\", \"n\": 22, \"more\": [1]}";
	json_t *want = json_loads(in, 0, NULL), *got;

	print(&out_json, false, in, fields, false);
	got = json_loads(text, 0, NULL);
	assert_true(json_equal(want, got));
	json_decref(want);
	json_decref(got);
	for (const char *p = text; *p; p++)
		assert_true((*p >= 0x20 && *p < 0x7f) || *p == '\n');
}

/* ---- reload ---- */

/* A relayd that answers one SIGHUP: it listens, so the kernel names it, and writes the result. */
static void fake_relayd(const char *socket_path, const char *result_path, const char *result,
			int ready_fd)
{
	struct sockaddr_un un = {.sun_family = AF_UNIX};
	int number, fd = socket(AF_UNIX, SOCK_STREAM, 0);
	sigset_t set;

	sigemptyset(&set);
	sigaddset(&set, SIGHUP);
	sigprocmask(SIG_BLOCK, &set, NULL);
	snprintf(un.sun_path, sizeof(un.sun_path), "%s", socket_path);
	if (bind(fd, (const struct sockaddr *)&un, sizeof(un)) || listen(fd, 4) ||
	    write(ready_fd, "1", 1) != 1 || sigwait(&set, &number) ||
	    file_write_atomic(result_path, 0600, result, strlen(result), NULL))
		_exit(1);
	_exit(0);
}

static enum ctl_exit reload(const char *before, const char *after)
{
	char dir[] = "/tmp/test_relayctl.XXXXXX", path[64], result[64], byte;
	enum ctl_exit code;
	int fds[2], status;
	pid_t pid;

	assert_non_null(mkdtemp(dir));
	snprintf(path, sizeof(path), "%s/s", dir);
	snprintf(result, sizeof(result), "%s/" SUPERVISOR_RELOAD_FILE, dir);
	assert_int_equal(file_write_atomic(result, 0600, before, strlen(before), NULL), 0);
	assert_int_equal(pipe(fds), 0);
	pid = fork();
	if (!pid)
		fake_relayd(path, result, after, fds[1]);
	assert_int_equal(read(fds[0], &byte, 1), 1);
	ctl = (struct ctl){.args = {.socket = path},
			   .out = {.ops = &out_text, .file = text_open()}};
	code = ctl_reload(&ctl);
	fclose(ctl.out.file);
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_int_equal(status, 0);
	close(fds[0]);
	close(fds[1]);
	unlink(path);
	unlink(result);
	rmdir(dir);
	return code;
}

static void reload_waits_for_a_new_result(void **state UNUSED)
{
	assert_int_equal(reload("1 ok\n", "2 ok\n"), CTL_EXIT_OK);
	assert_string_equal(text, "reloaded\n");
}

static void a_refused_reload_is_a_failure(void **state UNUSED)
{
	assert_int_equal(reload("1 ok\n", "2 relay.yaml:1:1: unknown key\n"), CTL_EXIT_ERROR);
	assert_string_equal(text, "");
}

static void reload_without_relayd_is_told(void **state UNUSED)
{
	ctl = (struct ctl){.args = {.socket = "/nonexistent/s"}};
	assert_int_equal(ctl_reload(&ctl), CTL_EXIT_UNREACHABLE);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(commands_of_groups_are_found),
		cmocka_unit_test(machines_and_pins_are_groups_of_their_own),
		cmocka_unit_test(global_options_may_stand_anywhere),
		cmocka_unit_test(options_of_a_command_are_its_own),
		cmocka_unit_test(mistakes_are_named),
		cmocka_unit_test(help_is_of_what_stands_before_it),
		cmocka_unit_test(help_lists_every_command),
		cmocka_unit_test(each_kind_of_value_has_its_form),
		cmocka_unit_test(what_is_not_there_is_a_dash),
		cmocka_unit_test(foreign_names_cannot_steer_a_terminal),
		cmocka_unit_test(lists_are_columns),
		cmocka_unit_test(objects_are_lines),
		cmocka_unit_test(json_is_the_whole_answer),
		cmocka_unit_test(reload_waits_for_a_new_result),
		cmocka_unit_test(a_refused_reload_is_a_failure),
		cmocka_unit_test(reload_without_relayd_is_told),
	};

	return RUN_TESTS(tests);
}
