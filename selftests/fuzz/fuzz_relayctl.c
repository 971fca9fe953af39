/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What relayctl prints of relayd's answers, and of foreign text in them. The first byte picks the
 * command. No control character reaches the terminal.
 */
// link: cli/relayctl_account.c cli/relayctl_backup.c cli/relayctl_cmd.c cli/relayctl_machine.c
// link: cli/relayctl_monitor.c cli/relayctl_out.c cli/relayctl_peer.c cli/relayctl_pin.c
// link: cli/relayctl_reload.c cli/relayctl_status.c cli/relayctl_token.c cli/relayctl_usage.c
#include <stdlib.h>
#include <string.h>
#include "cli/relayctl.h"
#include "lib/json.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static const char *answer;
static size_t answer_len;
static int called;

enum ctl_exit ctl_fail(enum ctl_exit code, UNUSED const char *fmt, ...)
{
	return code;
}

enum ctl_exit ctl_call(UNUSED struct ctl *ctl, UNUSED const char *method, UNUSED const char *path,
		       json_t *body_taken, json_t **ret_answer)
{
	struct err err;

	json_decref(body_taken);
	if (called++)
		return CTL_EXIT_UNREACHABLE;
	return json_parse(answer, answer_len, "answer", ret_answer, &err) ? CTL_EXIT_ERROR
									  : CTL_EXIT_OK;
}

/* JSON has its own rules: DEL stays, which terminals ignore. */
static void check(const char *text, size_t len, bool is_json)
{
	for (size_t i = 0; i < len; i++) {
		unsigned char c = (unsigned char)text[i];

		if ((c < 0x20 && c != '\n') || (c == 0x7f && !is_json) || c >= 0x80)
			abort();
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static enum ctl_exit (*const commands[])(struct ctl *) = {
		ctl_status,	  ctl_drops,	    ctl_monitor,      ctl_peer_list,
		ctl_peer_show,	  ctl_token_list,   ctl_account_list, ctl_audit,
		ctl_machine_list, ctl_machine_show, ctl_pin_list,
	};
	static char word[] = "1", *words[] = {word, NULL};
	struct ctl ctl = {.args = {.count = 1}, .n_words = 1, .words = words};
	size_t len = 0;
	char *text = NULL;

	if (!size)
		return 0;
	answer = (const char *)data + 1;
	answer_len = size - 1;
	called = 0;
	ctl.args.json = data[0] & 0x80;
	ctl.out.ops = ctl.args.json ? &out_json : &out_text;
	ctl.out.now_s = 1700000000;
	ctl.out.file = open_memstream(&text, &len);
	commands[data[0] % ARRAY_SIZE(commands)](&ctl);
	fclose(ctl.out.file);
	check(text, len, ctl.args.json);
	free(text);
	return 0;
}
