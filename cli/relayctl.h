/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The operator's tool. main() finds the command in a tree of tables (relayctl_cmd.c), each command
 * asks relayd over its socket (relayctl_call.c) and prints through a struct of functions
 * (relayctl_out.c). Exit codes are CTL_EXIT_*.
 */
#ifndef CLI_RELAYCTL_H
#define CLI_RELAYCTL_H

#include <jansson.h>
#include <stddef.h>
#include "../lib/err.h"
#include "../lib/opt.h"
#include "relayctl_out.h"

#define CTL_SOCKET_DEFAULT "/run/relayd/relayctl.sock"
#define CTL_NO_LIMIT UINT32_MAX

enum ctl_exit {
	CTL_EXIT_OK = 0,
	CTL_EXIT_ERROR = 1,
	CTL_EXIT_USAGE = 2,
	CTL_EXIT_UNREACHABLE = 4,
};

/* Every option of every command. */
struct ctl_args {
	const char *socket;
	bool json, help, version, force, peers;
	/* NULL = not given */
	const char *account, *tier, *name, *scopes, *host, *before, *state, *month;
	uint32_t max_peers, max_ipv4, count; /* CTL_NO_LIMIT = not given */
};

struct ctl {
	struct ctl_args args;
	struct out out;
	int n_words; /* behind the command */
	char **words;
};

/* A command, or a group of commands when `sub` is set. */
struct ctl_cmd {
	const char *name;  /* NULL ends a table */
	const char *words; /* as the help shows them; NULL = none */
	int min_words, max_words;
	const char *help;
	const struct ctl_cmd *sub;
	const struct opt *opts; /* beside the global ones; NULL = none */
	enum ctl_exit (*run)(struct ctl *ctl);
};

#define CTL_OPTS_MAX 16

extern const struct ctl_cmd ctl_cmds[];
extern const struct opt ctl_global_opts[];

/*
 * Finds the command that argv names and reads its options and words. -EINVAL and in err what is
 * wrong. ret_cmd is set as soon as the command is known; it is NULL when --help or --version came
 * without one. A group is given back only with --help.
 */
int ctl_cmd_parse(int argc, char **argv, struct ctl *ctl, const struct ctl_cmd **ret_cmd,
		  struct err *err);
/* cmd NULL: of the whole tool. */
void ctl_cmd_help(FILE *out, const struct ctl_cmd *cmd);

/* One request; body is taken, NULL = none. On anything but 2xx the reason is printed and the exit
 * code returned; ret_answer is then untouched. */
enum ctl_exit ctl_call(struct ctl *ctl, const char *method, const char *path, json_t *body,
		       json_t **ret_answer);
/* "relayctl: ..." on standard error. Returns code. */
enum ctl_exit ctl_fail(enum ctl_exit code, const char *fmt, ...) PRINTF(2, 3);

/* relayctl_status.c */
enum ctl_exit ctl_status(struct ctl *ctl), ctl_drops(struct ctl *ctl), ctl_join(struct ctl *ctl);
/* relayctl_usage.c */
enum ctl_exit ctl_usage(struct ctl *ctl);
/* relayctl_monitor.c */
enum ctl_exit ctl_monitor(struct ctl *ctl);
/* relayctl_reload.c */
enum ctl_exit ctl_reload(struct ctl *ctl);
/* relayctl_peer.c */
enum ctl_exit ctl_peer_list(struct ctl *ctl), ctl_peer_show(struct ctl *ctl),
	ctl_peer_remove(struct ctl *ctl);
/* relayctl_token.c */
enum ctl_exit ctl_token_add(struct ctl *ctl), ctl_token_list(struct ctl *ctl),
	ctl_token_revoke(struct ctl *ctl);
/* relayctl_account.c */
enum ctl_exit ctl_account_list(struct ctl *ctl), ctl_account_set_tier(struct ctl *ctl),
	ctl_account_set_billing(struct ctl *ctl), ctl_audit(struct ctl *ctl);

/* relayctl_machine.c */
enum ctl_exit ctl_machine_list(struct ctl *ctl), ctl_machine_show(struct ctl *ctl),
	ctl_machine_release(struct ctl *ctl);
/* relayctl_pin.c */
enum ctl_exit ctl_pin_list(struct ctl *ctl), ctl_pin_roll(struct ctl *ctl);

/* relayctl_backup.c */
enum ctl_exit ctl_backup(struct ctl *ctl), ctl_restore(struct ctl *ctl);

#endif
