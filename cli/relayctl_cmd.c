/* SPDX-License-Identifier: GPL-2.0-only */
/* The tree of commands, and the way from argv to one of them. */
#include "relayctl.h"

#include <string.h>
#include "../lib/log.h"

#define ARG(member) offsetof(struct ctl_args, member)

const struct opt ctl_global_opts[] = {
	{"socket", 's', "PATH", "relayd's socket (default " CTL_SOCKET_DEFAULT ")", OPT_TEXT,
	 ARG(socket)},
	{"json", 'j', NULL, "print JSON: the form for programs", OPT_FLAG, ARG(json)},
	{"version", 'V', NULL, "print the version", OPT_FLAG, ARG(version)},
	{"help", 'h', NULL, "print this; behind a command, print that command's help", OPT_FLAG,
	 ARG(help)},
	{},
};

static const struct opt token_add_opts[] = {
	{"account", 'a', "NAME", "account that owns the token; made if it is new", OPT_TEXT,
	 ARG(account)},
	{"tier", 't', "TIER", "tier of a new account (default free)", OPT_TEXT, ARG(tier)},
	{"name", 'n', "NAME", "a name for the token, to tell it from others", OPT_TEXT, ARG(name)},
	{"scopes", 0, "LIST",
	 "some of peers:read,peers:add,admin,metrics\n(default peers:read,peers:add)", OPT_TEXT,
	 ARG(scopes)},
	{"max-peers", 0, "N", "so many peers by this token at most", OPT_U32, ARG(max_peers)},
	{"max-ipv4", 0, "N", "so many IPv4 addresses by this token at most", OPT_U32,
	 ARG(max_ipv4)},
	{},
};

static const struct opt join_opts[] = {
	{"host", 0, "HOST", "name or address that agents connect to\n(default: the relay's own)",
	 OPT_TEXT, ARG(host)},
	{},
};

static const struct opt usage_opts[] = {
	{"account", 'a', "NAME", "of this account alone", OPT_TEXT, ARG(account)},
	{"month", 'm', "MONTH", "one like 2026-11 or all (default: this one)", OPT_TEXT,
	 ARG(month)},
	{"peers", 'p', NULL, "peer by peer", OPT_FLAG, ARG(peers)},
	{},
};

static const struct opt monitor_opts[] = {
	{"count", 'n', "N", "end after N packets", OPT_U32, ARG(count)},
	{},
};

static const struct opt audit_opts[] = {
	{"before", 0, "ID", "what was before the entry with this id", OPT_TEXT, ARG(before)},
	{},
};

static const struct opt restore_opts[] = {
	{"state", 0, "FOLDER", "relayd's state.dir (default /var/lib/relayd)", OPT_TEXT,
	 ARG(state)},
	{"force", 0, NULL, "overwrite the database that is there", OPT_FLAG, ARG(force)},
	{},
};

static const struct ctl_cmd token_cmds[] = {
	{"add", NULL, 0, 0, "make a token and print it; it is shown this once", NULL,
	 token_add_opts, ctl_token_add},
	{"list", NULL, 0, 0, "all tokens, revoked ones too", NULL, NULL, ctl_token_list},
	{"revoke", "ID", 1, 1, "make a token invalid; its peers stop at once", NULL, NULL,
	 ctl_token_revoke},
	{},
};

static const struct ctl_cmd peer_cmds[] = {
	{"list", NULL, 0, 0, "all peers", NULL, NULL, ctl_peer_list},
	{"show", "PEER", 1, 1,
	 "one peer with its counters; PEER is a container's name,\n"
	 "a public key, an address or a slot's number",
	 NULL, NULL, ctl_peer_show},
	{"remove", "PEER", 1, 1, "take a peer out; its addresses stay held for it", NULL, NULL,
	 ctl_peer_remove},
	{},
};

static const struct ctl_cmd account_cmds[] = {
	{"list", NULL, 0, 0, "all accounts", NULL, NULL, ctl_account_list},
	{"set-tier", "ACCOUNT TIER", 2, 2, "give an account another tier, at once", NULL, NULL,
	 ctl_account_set_tier},
	{"set-billing", "ACCOUNT TIME", 2, 2,
	 "the account has paid until TIME (2026-12-31, or never):\nthen its peers stop", NULL, NULL,
	 ctl_account_set_billing},
	{},
};

static const struct ctl_cmd machine_cmds[] = {
	{"list", NULL, 0, 0, "hosts that agents have enrolled", NULL, NULL, ctl_machine_list},
	{"show", "MACHINE", 1, 1, "one of them; MACHINE is an id, a key or a name", NULL, NULL,
	 ctl_machine_show},
	{"release", "MACHINE", 1, 1, "forget it: the next agent with this name enrols its host",
	 NULL, NULL, ctl_machine_release},
	{},
};

static const struct opt pin_roll_opts[] = {
	{"force", 0, NULL, "though the standby key is young", OPT_FLAG, ARG(force)},
	{},
};

static const struct ctl_cmd pin_cmds[] = {
	{"list", NULL, 0, 0, "the pins of the live and the standby key", NULL, NULL, ctl_pin_list},
	{"roll", NULL, 0, 0, "make the standby key live, and a new standby; nothing is cut", NULL,
	 pin_roll_opts, ctl_pin_roll},
	{},
};

const struct ctl_cmd ctl_cmds[] = {
	{"status", NULL, 0, 0, "what the relay is and does", NULL, NULL, ctl_status},
	{"join", NULL, 0, 0, "print the join string for agents", NULL, join_opts, ctl_join},
	{"token", NULL, 0, 0, "API tokens", token_cmds, NULL, NULL},
	{"account", NULL, 0, 0, "customers and their tiers", account_cmds, NULL, NULL},
	{"peer", NULL, 0, 0, "containers' tunnels", peer_cmds, NULL, NULL},
	{"machine", NULL, 0, 0, "agents' hosts", machine_cmds, NULL, NULL},
	{"pin", NULL, 0, 0, "the relay's TLS keys", pin_cmds, NULL, NULL},
	{"usage", NULL, 0, 0, "traffic by month and account", NULL, usage_opts, ctl_usage},
	{"audit", NULL, 0, 0, "who changed what, the newest first", NULL, audit_opts, ctl_audit},
	{"backup", "FOLDER", 1, 1, "database and keys into a new folder, while relayd runs", NULL,
	 NULL, ctl_backup},
	{"restore", "FOLDER", 1, 1, "a backup into place, while relayd is stopped", NULL,
	 restore_opts, ctl_restore},
	{"drops", NULL, 0, 0, "packets dropped, by reason", NULL, NULL, ctl_drops},
	{"monitor", NULL, 0, 0, "a sample of the packets dropped, as it happens", NULL,
	 monitor_opts, ctl_monitor},
	{"reload", NULL, 0, 0, "make relayd read its configuration again, and wait for the result",
	 NULL, NULL, ctl_reload},
	{},
};

/* The global options and the command's own as one table. */
static void join_opts_of(const struct ctl_cmd *cmd, struct opt all[static CTL_OPTS_MAX])
{
	size_t n = 0;

	memset(all, 0, CTL_OPTS_MAX * sizeof(*all));
	for (const struct opt *o = cmd->opts; o && o->name && n < CTL_OPTS_MAX - 1; o++)
		all[n++] = *o;
	for (const struct opt *o = ctl_global_opts; o->name && n < CTL_OPTS_MAX - 1; o++)
		all[n++] = *o;
}

static int refuse_word(struct err *err, const char *what, const char *word)
{
	char shown[80];

	return err_set(err, -EINVAL, "%s \"%s\": see relayctl --help", what,
		       log_esc(shown, sizeof(shown), word, strlen(word)));
}

/* The group that a command is in, or NULL. */
static const struct ctl_cmd *group_of(const struct ctl_cmd *cmd)
{
	for (const struct ctl_cmd *g = ctl_cmds; g->name; g++) {
		for (const struct ctl_cmd *c = g->sub; c && c->name; c++) {
			if (c == cmd)
				return g;
		}
	}
	return NULL;
}

static int parse_words(const struct ctl_cmd *cmd, int argc, char **argv, struct ctl *ctl,
		       struct err *err)
{
	const struct ctl_cmd *group = group_of(cmd);
	struct opt opts[CTL_OPTS_MAX];
	int next, r;

	join_opts_of(cmd, opts);
	r = opt_parse(opts, argc, argv, 0, &ctl->args, &next, err);
	if (r)
		return r;
	ctl->n_words = argc - next;
	ctl->words = argv + next;
	if (ctl->args.help || ctl->args.version)
		return 0;
	if (ctl->n_words < cmd->min_words)
		return err_set(err, -EINVAL, "usage: relayctl %s%s%s %s", group ? group->name : "",
			       group ? " " : "", cmd->name, cmd->words);
	if (ctl->n_words > cmd->max_words)
		return refuse_word(err, "too many words, from", ctl->words[cmd->max_words]);
	return 0;
}

int ctl_cmd_parse(int argc, char **argv, struct ctl *ctl, const struct ctl_cmd **ret_cmd,
		  struct err *err)
{
	const struct ctl_cmd *table = ctl_cmds;
	int next, r;

	*ret_cmd = NULL;
	for (;;) {
		const struct ctl_cmd *c = table;

		r = opt_parse(ctl_global_opts, argc, argv, OPT_STOP_AT_WORD, &ctl->args, &next,
			      err);
		if (r)
			return r;
		if (next == argc) {
			if (ctl->args.help || ctl->args.version)
				return 0;
			return err_set(err, -EINVAL, "%s%swhat? See relayctl %s%s--help",
				       *ret_cmd ? (*ret_cmd)->name : "", *ret_cmd ? ": " : "",
				       *ret_cmd ? (*ret_cmd)->name : "", *ret_cmd ? " " : "");
		}
		while (c->name && strcmp(c->name, argv[next]))
			c++;
		if (!c->name)
			return refuse_word(err, "no such command:", argv[next]);
		*ret_cmd = c;
		argc -= next;
		argv += next;
		if (!c->sub)
			return parse_words(c, argc, argv, ctl, err);
		table = c->sub;
	}
}

static void print_commands(FILE *out, const struct ctl_cmd *table, const char *group)
{
	for (const struct ctl_cmd *c = table; c->name; c++) {
		char form[64];
		const char *line = c->help;

		if (c->sub) {
			print_commands(out, c->sub, c->name);
			continue;
		}
		snprintf(form, sizeof(form), "%s%s%s%s%s", group, group[0] ? " " : "", c->name,
			 c->words ? " " : "", c->words ? c->words : "");
		for (const char *name = form; line; name = "") {
			const char *end = strchr(line, '\n');

			fprintf(out, "  %-30s%.*s\n", name,
				end ? (int)(end - line) : (int)strlen(line), line);
			line = end ? end + 1 : NULL;
		}
	}
}

void ctl_cmd_help(FILE *out, const struct ctl_cmd *cmd)
{
	const struct ctl_cmd *group = cmd ? group_of(cmd) : NULL;

	if (cmd && !cmd->sub) {
		fprintf(out, "usage: relayctl %s%s%s%s%s%s\n\n%s\n\n", group ? group->name : "",
			group ? " " : "", cmd->name, cmd->opts ? " [OPTIONS]" : "",
			cmd->words ? " " : "", cmd->words ? cmd->words : "", cmd->help);
		if (cmd->opts)
			opt_print_help(out, cmd->opts);
	} else {
		fprintf(out, "usage: relayctl [OPTIONS] %s%sCOMMAND ...\n\n", cmd ? cmd->name : "",
			cmd ? " " : "");
		print_commands(out, cmd ? cmd->sub : ctl_cmds, cmd ? cmd->name : "");
		fputc('\n', out);
	}
	opt_print_help(out, ctl_global_opts);
}
