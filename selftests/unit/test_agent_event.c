/* SPDX-License-Identifier: GPL-2.0-only */
#include "test.h"
#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include "agent/event.h"
#include "lib/file.h"
#include "lib/log.h"

/* What event_log() writes to standard error. */
static const char *said(bool text, enum event event)
{
	static char line[1024];
	int saved = dup(STDERR_FILENO), pipes[2];
	ssize_t n;

	assert_int_equal(pipe(pipes), 0);
	dup2(pipes[1], STDERR_FILENO);
	event_init(text);
	event_log(event, "web", "6dba50e2c9fb0123456789", "2001:db8::1 %d", 7);
	dup2(saved, STDERR_FILENO);
	n = read(pipes[0], line, sizeof(line) - 1);
	close(saved);
	close(pipes[0]);
	close(pipes[1]);
	assert_true(n > 0);
	line[n] = '\0';
	return line;
}

static int set_up(void **state UNUSED)
{
	unsetenv("JOURNAL_STREAM");
	log_init("worker", LOG_LVL_INFO);
	return 0;
}

static void codes_hold_neither_names_nor_addresses(void **state UNUSED)
{
	assert_string_equal(said(false, EVENT_ATTACHED), "worker: info: 305 6dba50e2c9fb\n");
	assert_string_equal(said(false, EVENT_PSK_FAILED), "worker: warning: 501 6dba50e2c9fb\n");
}

static void text_holds_words_and_the_code(void **state UNUSED)
{
	assert_string_equal(said(true, EVENT_ATTACHED),
			    "worker: info: container web: 2001:db8::1 7: attached [305]\n");
}

static void every_code_is_another_and_found(void **state UNUSED)
{
	for (int i = 0; i < EVENT_MAX; i++) {
		const struct event_info *e = event_at(i);

		assert_ptr_equal(event_find(e->code), e);
		assert_in_range(e->code, 100, 999);
		assert_non_null(e->level);
		assert_true(e->words[0] && e->explanation[0]);
	}
	assert_null(event_find(0));
	assert_null(event_find(999));
}

/* A line's end is as good as a space. */
static void collapse(char *text)
{
	char *out = text;

	for (const char *p = text; *p; p++) {
		if (!isspace((unsigned char)*p))
			*out++ = *p;
		else if (out > text && out[-1] != ' ')
			*out++ = ' ';
	}
	*out = '\0';
}

static void the_man_page_has_each_of_them(void **state UNUSED)
{
	AUTO_FREE char *page = NULL;
	struct err err = {};
	char want[512];
	size_t len;

	if (file_read("agent/sidecar-agent.8", 1 << 20, &page, &len, &err))
		fail_msg("%s", err.text);
	collapse(page);
	for (int i = 0; i < EVENT_MAX; i++) {
		const struct event_info *e = event_at(i);

		snprintf(want, sizeof(want), ".It %u %s: %s %s ", e->code, e->level, e->words,
			 e->explanation);
		collapse(want);
		if (!strstr(page, want))
			fail_msg("sidecar-agent.8 lacks: %s", want);
	}
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(codes_hold_neither_names_nor_addresses),
		cmocka_unit_test(text_holds_words_and_the_code),
		cmocka_unit_test(every_code_is_another_and_found),
		cmocka_unit_test(the_man_page_has_each_of_them),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, set_up, NULL);
}
