/* SPDX-License-Identifier: GPL-2.0-only */
/* The agent's settings, from the environment (and --env FILE). See sidecar-agent.8. */
#ifndef AGENT_CONF_H
#define AGENT_CONF_H

#include "../lib/join.h"
#include "../lib/token.h"

#define CONF_PATH_LEN 160
#define CONF_PROXY_LEN 256

struct conf {
	char token[TOKEN_LEN];		   /* SIDECAR_TOKEN or SIDECAR_TOKEN_FILE */
	struct join join;		   /* SIDECAR_JOIN */
	char docker_socket[CONF_PATH_LEN]; /* DOCKER_HOST without "unix://" */
	char state_dir[CONF_PATH_LEN];	   /* SIDECAR_STATE_DIR */
	char netns_dir[CONF_PATH_LEN];	   /* SIDECAR_NETNS_DIR */
	char proxy[CONF_PROXY_LEN];	   /* HTTPS_PROXY, "" = none */
	uint32_t psk_period_s;		   /* SIDECAR_PSK_PERIOD, 120 */
	uint32_t psk_strict_s;		   /* SIDECAR_PSK_STRICT, 0 = never */
	uint32_t rotate_hours;		   /* SIDECAR_ROTATE_HOURS, 0 = never by itself */
	char control[CONF_PATH_LEN];	   /* SIDECAR_SOCKET */
	int control_fd;			   /* the worker's listening socket, -1 = none */
	bool log_text;			   /* SIDECAR_LOG=text, not codes */
	int verbose;
};

/* Reads getenv(); the error names the variable and what is wrong with it. -EACCES: the token. */
int conf_from_env(struct conf *ret_conf, struct err *err);
int conf_control(char ret_path[static CONF_PATH_LEN], struct err *err); /* SIDECAR_SOCKET */
/* KEY=VALUE lines (systemd's EnvironmentFile form) into the environment; set ones stay. */
int conf_env_file(const char *path, struct err *err);

#endif
