/* SPDX-License-Identifier: GPL-2.0-only */
#include "conf.h"

#include <stdio.h>
#include <string.h>
#include "../lib/file.h"
#include "../lib/parse.h"
#include "control.h"

#define ENV_MAX_BYTES 65536
#define TOKEN_FILE_MAX_BYTES 256

#define DEFAULT_PSK_PERIOD "120"
#define DEFAULT_DOCKER "unix:///var/run/docker.sock"
#define DEFAULT_STATE_DIR "/var/lib/sidecar-agent"
#define DEFAULT_NETNS_DIR "/run/docker/netns"

/* NULL for unset and for empty, which EnvironmentFile makes of "NAME=". */
static const char *env(const char *name)
{
	const char *value = getenv(name);

	return value && value[0] ? value : NULL;
}

static int get_path(const char *name, const char *fallback, char out[static CONF_PATH_LEN],
		    struct err *err)
{
	const char *value = env(name);

	if (!value)
		value = fallback;
	if (value[0] != '/')
		return err_set(err, -EINVAL, "%s: expected an absolute path", name);
	if (strlen(value) >= CONF_PATH_LEN)
		return err_set(err, -EINVAL, "%s: longer than %d characters", name,
			       CONF_PATH_LEN - 1);
	snprintf(out, CONF_PATH_LEN, "%s", value);
	return 0;
}

static int get_docker(struct conf *conf, struct err *err)
{
	static const char scheme[] = "unix://";
	const char *value = env("DOCKER_HOST");

	if (!value)
		value = DEFAULT_DOCKER;
	if (strncmp(value, scheme, strlen(scheme)) || value[strlen(scheme)] != '/')
		return err_set(err, -EINVAL,
			       "DOCKER_HOST: expected unix:///PATH: containers' "
			       "network namespaces are found on this machine only");
	value += strlen(scheme);
	/* What fits into a socket address. */
	if (strlen(value) >= 108)
		return err_set(err, -EINVAL, "DOCKER_HOST: longer than 107 characters");
	snprintf(conf->docker_socket, sizeof(conf->docker_socket), "%s", value);
	return 0;
}

static int read_token_file(const char *path, char ret_token[static TOKEN_LEN], struct err *err)
{
	AUTO_FREE char *text = NULL;
	size_t len;
	int r;

	r = file_read(path, TOKEN_FILE_MAX_BYTES, &text, &len, err);
	if (r)
		return err_prefix(err, "SIDECAR_TOKEN_FILE"), r;
	text[strcspn(text, "\r\n")] = '\0';
	r = token_check(text, err);
	if (r)
		err_prefix(err, "SIDECAR_TOKEN_FILE");
	else
		snprintf(ret_token, TOKEN_LEN, "%s", text);
	explicit_bzero(text, len);
	return r ? -EACCES : 0;
}

static int get_token(struct conf *conf, struct err *err)
{
	const char *token = env("SIDECAR_TOKEN"), *path = env("SIDECAR_TOKEN_FILE");

	if (!token && path)
		return read_token_file(path, conf->token, err);
	if (!token)
		return err_set(err, -EACCES, "SIDECAR_TOKEN: not set, nor SIDECAR_TOKEN_FILE");
	if (token_check(token, err)) {
		err_prefix(err, "SIDECAR_TOKEN");
		return -EACCES;
	}
	snprintf(conf->token, sizeof(conf->token), "%s", token);
	return 0;
}

static int get_join(struct conf *conf, struct err *err)
{
	const char *text = env("SIDECAR_JOIN");
	int r;

	if (!text)
		return err_set(err, -EINVAL,
			       "SIDECAR_JOIN: not set (`relayctl join` on the relay prints it)");
	r = join_parse(text, &conf->join, err);
	if (r)
		err_prefix(err, "SIDECAR_JOIN");
	return r;
}

/* Its form is checked where it is used; its text may hold a password. */
static int get_proxy(struct conf *conf, struct err *err)
{
	const char *value = env("HTTPS_PROXY");

	if (!value)
		value = env("https_proxy");
	if (!value)
		return 0;
	if (strlen(value) >= sizeof(conf->proxy))
		return err_set(err, -EINVAL, "HTTPS_PROXY: longer than %zu characters",
			       sizeof(conf->proxy) - 1);
	if (strncmp(value, "http://", 7))
		return err_set(err, -EINVAL,
			       "HTTPS_PROXY: expected http://[USER:PASSWORD@]HOST:PORT");
	snprintf(conf->proxy, sizeof(conf->proxy), "%s", value);
	return 0;
}

static int get_seconds(const char *name, const char *fallback, uint32_t min, uint32_t max,
		       uint32_t *ret, struct err *err)
{
	const char *value = env(name);

	if (parse_u32(value ? value : fallback, min, max, ret))
		return err_set(err, -EINVAL, "%s: expected a number of seconds, %u to %u", name,
			       min, max);
	return 0;
}

/* Strict with less than two periods would close on one lost message. */
static int get_psk(struct conf *conf, struct err *err)
{
	const char *strict = env("SIDECAR_PSK_STRICT");
	int r = get_seconds("SIDECAR_PSK_PERIOD", DEFAULT_PSK_PERIOD, 5, 3600, &conf->psk_period_s,
			    err);

	if (r || !strict || !strcmp(strict, "0"))
		return r;
	return get_seconds("SIDECAR_PSK_STRICT", strict, conf->psk_period_s * 2, 604800,
			   &conf->psk_strict_s, err);
}

static int get_rotate(struct conf *conf, struct err *err)
{
	const char *value = env("SIDECAR_ROTATE_HOURS");

	if (parse_u32(value ? value : "0", 0, 8760, &conf->rotate_hours))
		return err_set(err, -EINVAL,
			       "SIDECAR_ROTATE_HOURS: expected a number of hours, 0 to 8760");
	return 0;
}

int conf_control(char ret_path[static CONF_PATH_LEN], struct err *err)
{
	return get_path("SIDECAR_SOCKET", CONTROL_DEFAULT, ret_path, err);
}

static int get_log(struct conf *conf, struct err *err)
{
	static const char *const names[] = {"codes", "text", NULL};
	const char *value = env("SIDECAR_LOG");
	int i = 0;

	if (value && parse_name(value, names, &i))
		return err_set(err, -EINVAL, "SIDECAR_LOG: expected codes or text");
	conf->log_text = i == 1;
	return 0;
}

int conf_from_env(struct conf *ret_conf, struct err *err)
{
	struct conf conf = {.control_fd = -1};
	int r;

	r = get_token(&conf, err);
	if (!r)
		r = get_join(&conf, err);
	if (!r)
		r = get_docker(&conf, err);
	if (!r)
		r = get_path("SIDECAR_STATE_DIR", DEFAULT_STATE_DIR, conf.state_dir, err);
	if (!r)
		r = get_path("SIDECAR_NETNS_DIR", DEFAULT_NETNS_DIR, conf.netns_dir, err);
	if (!r)
		r = get_proxy(&conf, err);
	if (!r)
		r = get_psk(&conf, err);
	if (!r)
		r = get_rotate(&conf, err);
	if (!r)
		r = conf_control(conf.control, err);
	if (!r)
		r = get_log(&conf, err);
	if (!r)
		*ret_conf = conf;
	explicit_bzero(&conf, sizeof(conf));
	return r;
}

static bool name_ok(const char *name)
{
	static const char letters[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz_";

	return name[0] && strspn(name, letters) > 0 &&
	       strspn(name, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz_0123456789") ==
		       strlen(name);
}

/* NAME=VALUE, the value perhaps in one pair of quotes. */
static int env_line(char *line, struct err *err)
{
	char *value = strchr(line, '=');
	size_t len;

	line += strspn(line, " \t");
	if (!line[0] || line[0] == '#' || line[0] == ';')
		return 0;
	if (!value)
		return err_set(err, -EINVAL, "expected NAME=VALUE");
	*value++ = '\0';
	if (!name_ok(line))
		return err_set(err, -EINVAL, "not a variable's name before the \"=\"");
	len = strlen(value);
	while (len && strchr(" \t\r", value[len - 1]))
		value[--len] = '\0';
	if (len && (value[0] == '"' || value[0] == '\'')) {
		if (len < 2 || value[len - 1] != value[0])
			return err_set(err, -EINVAL, "%s: a quote is not closed", line);
		value[len - 1] = '\0';
		value++;
	}
	return setenv(line, value, 0) ? err_sys(err, -errno, "%s", line) : 0;
}

int conf_env_file(const char *path, struct err *err)
{
	AUTO_FREE char *text = NULL;
	unsigned int number = 0;
	char *rest, *line;
	size_t len;
	int r;

	r = file_read(path, ENV_MAX_BYTES, &text, &len, err);
	if (r)
		return r;
	rest = text;
	while (!r && (line = strsep(&rest, "\n"))) {
		number++;
		r = env_line(line, err);
	}
	/* It held a token. */
	/* NOLINTNEXTLINE(clang-analyzer-core.NonNullParamChecker): file_read() gave a text */
	explicit_bzero(text, len);
	if (r)
		err_prefix(err, "%s:%u", path, number);
	return r;
}
