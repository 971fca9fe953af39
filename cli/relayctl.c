/* SPDX-License-Identifier: GPL-2.0-only */
#include "relayctl.h"

#include <time.h>
#include <unistd.h>

/* https://no-color.org: set and not empty. */
static bool wants_colour(void)
{
	const char *no = getenv("NO_COLOR");

	return (!no || !no[0]) && isatty(STDOUT_FILENO);
}

int main(int argc, char **argv)
{
	struct ctl ctl = {
		.args = {.socket = CTL_SOCKET_DEFAULT,
			 .max_peers = CTL_NO_LIMIT,
			 .max_ipv4 = CTL_NO_LIMIT,
			 .count = CTL_NO_LIMIT},
	};
	const struct ctl_cmd *cmd;
	struct err err;
	int code = CTL_EXIT_OK;

	if (ctl_cmd_parse(argc, argv, &ctl, &cmd, &err))
		return ctl_fail(CTL_EXIT_USAGE, "%s", err.text);
	ctl.out = (struct out){
		.ops = ctl.args.json ? &out_json : &out_text,
		.file = stdout,
		.colour = !ctl.args.json && wants_colour(),
		.now_s = time(NULL),
	};
	if (ctl.args.help)
		ctl_cmd_help(stdout, cmd);
	else if (ctl.args.version)
		puts("relayctl " SIDECAR_VERSION);
	else
		code = cmd->run(&ctl);
	if (fflush(stdout) && code == CTL_EXIT_OK)
		code = ctl_fail(CTL_EXIT_ERROR, "standard output cannot be written");
	return code;
}
